// SPDX-License-Identifier: GPL-3.0-or-later
//! What surrounds Usher: versions, desktop, keyring and proxy. Each part that cannot be found is `None`.

use std::{env, fs, path::Path, process::Stdio, time::Duration};

use tokio::process::Command;
use url::Url;
use zbus::{fdo::DBusProxy, names::BusName};

use super::Redaction;
use crate::{
    files,
    http::ProxyUse,
    keyfile::KeyFile,
    names,
    patience::within,
    session::Session,
    store::{AccountStore, Entry, StoreError},
};

/// Longest wait for a program or the bus.
const LIMIT: Duration = Duration::from_secs(3);
/// Largest file to read, in bytes.
const SIZE_LIMIT: u64 = 64 << 10;
/// What a sandbox says of itself.
const SANDBOX_INFO: &str = "/.flatpak-info";
/// Where the distribution says what it is; a sandbox shows the host's in the first place.
const RELEASES: [&str; 3] = ["/run/host/os-release", "/etc/os-release", "/usr/lib/os-release"];
/// Bus name of the Secret Service.
const SECRETS: &str = "org.freedesktop.secrets";

/// What surrounds Usher.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The program that makes the report.
    pub program: &'static str,
    /// Names and versions of the libraries that this program shows windows with.
    pub libraries: Vec<(&'static str, String)>,
    /// Whether it runs in a Flatpak.
    pub in_sandbox: bool,
    /// Version of flatpak.
    pub flatpak: Option<String>,
    /// The distribution, by its own name.
    pub distribution: Option<String>,
    /// The desktop.
    pub desktop: Option<String>,
    /// The type of the desktop's session.
    pub display: Option<String>,
    /// The keyring.
    pub keyring: KeyringState,
    /// Whether servers are reached through a proxy.
    pub proxy: Option<ProxyUse>,
}

/// The keyring, as far as a report tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyringState {
    /// Whether it is a file whose key the desktop's portal gives.
    pub is_file: bool,
    /// The program that serves it, if it is none.
    pub program: Option<String>,
    /// Whether it is there and open; or else why not. `None` if nobody knows.
    pub state: Option<&'static str>,
}

impl Surroundings {
    /// Looks around. Contacts no server. To be called in a tokio runtime.
    pub async fn gather(program: &'static str, libraries: Vec<(&'static str, String)>) -> Self {
        let (flatpak, distribution, keyring_program) = tokio::join!(flatpak_version(), release(), keyring_program());
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let keyring = KeyringState { is_file: names::in_sandbox(), program: keyring_program, state: None };
        Self {
            program,
            libraries,
            in_sandbox: names::in_sandbox(),
            flatpak,
            distribution: distribution.and_then(|release| release_value(&release, "PRETTY_NAME")),
            desktop: variable("XDG_CURRENT_DESKTOP"),
            display: variable("XDG_SESSION_TYPE"),
            keyring,
            proxy: None,
        }
    }

    /// Adds how the keyring is.
    pub(super) async fn look_at_keyring(&mut self, store: &AccountStore, entries: Result<&[Entry], &StoreError>) {
        self.keyring.state = match entries {
            Err(StoreError::NoKeyring) => Some("none is running"),
            Err(StoreError::NoPortal) => Some("no portal gives its key"),
            Err(StoreError::Locked) => Some("locked"),
            Err(StoreError::TimedOut) => Some("does not answer"),
            Err(_) => Some("cannot be read"),
            Ok(_) => match store.is_locked().await {
                Ok(true) => Some("locked"),
                Ok(false) => Some("open"),
                Err(_) => None,
            },
        };
    }

    /// Adds whether the servers of these accounts are reached through a proxy. Nobody is asked about a server to which the
    /// person has not agreed (rule R25): a desktop may look up its name.
    pub(super) async fn look_at_proxy(&mut self, session: &Session, entries: &[Entry]) {
        let mut hosts: Vec<_> =
            entries.iter().filter_map(Entry::account).map(|account| account.binding.host()).collect();
        // For any other server.
        hosts.push("invalid.".to_owned());
        for host in hosts {
            let Ok(url) = Url::parse(&format!("https://{host}/")) else { continue };
            let known = session.http().proxy_use(&url).await;
            if self.proxy.is_none() || known != ProxyUse::None {
                self.proxy = Some(known);
            }
            if known != ProxyUse::None {
                return;
            }
        }
    }
}

impl Redaction {
    /// Takes out what this computer knows of the person who uses it. To be called in a tokio runtime.
    pub async fn of_person() -> Self {
        let distribution = release().await.and_then(|release| release_value(&release, "ID"));
        // On many a computer the distribution's name is the first user's, or the computer's.
        let is_telling = |name: &str| Some(name.to_lowercase()) != distribution.as_ref().map(|id| id.to_lowercase());
        let mut redaction = Self::default();
        for home in ["HOME", "HOST_HOME"].into_iter().filter_map(|name| env::var(name).ok()) {
            let name = home.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default().to_owned();
            redaction = redaction.and_home(&home);
            if is_telling(&name) {
                redaction = redaction.and_user(&name);
            }
        }
        let users = ["USER", "LOGNAME"].into_iter().filter_map(|name| env::var(name).ok());
        for name in users.filter(|name| is_telling(name)) {
            redaction = redaction.and_user(&name);
        }
        let computer = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
        if is_telling(&computer) { redaction.and_computer(&computer) } else { redaction }
    }

    /// Takes out the users of these accounts as well.
    #[must_use]
    pub fn and_accounts(self, entries: &[Entry]) -> Self {
        entries.iter().filter_map(Entry::account).fold(self, |redaction, account| {
            let names = [Some(&account.user), account.name.as_ref()].into_iter().flatten();
            // A server that gives no name has its own there.
            let names = names.filter(|name| **name != account.binding.host());
            names.fold(redaction, |redaction, name| redaction.and_account(name))
        })
    }
}

/// The version of flatpak: outside a sandbox that of the program, inside one that of the flatpak which started it.
async fn flatpak_version() -> Option<String> {
    if names::in_sandbox() {
        let info = KeyFile::read(Path::new(SANDBOX_INFO))?;
        let (_, instance) = info.groups().find(|(group, _)| *group == "Instance")?;
        return instance.get("flatpak-version").cloned();
    }
    let mut command = Command::new("flatpak");
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let ended = within(LIMIT, command.output()).await.ok()?.ok()?;
    let said = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
    said.rsplit(' ').next().filter(|version| !version.is_empty()).map(str::to_owned)
}

async fn release() -> Option<String> {
    let read = || RELEASES.iter().find_map(|path| files::read_regular(Path::new(path), SIZE_LIMIT).ok());
    let bytes = files::apart(Path::new(RELEASES[1]), read).await.ok()??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A value of `os-release(5)`.
fn release_value(release: &str, key: &str) -> Option<String> {
    let value = release.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
}

/// The program that serves the keyring. Starts none.
async fn keyring_program() -> Option<String> {
    let found = async {
        let connection = zbus::Connection::session().await.ok()?;
        let bus = DBusProxy::new(&connection).await.ok()?;
        let owner = bus.get_name_owner(BusName::try_from(SECRETS).ok()?).await.ok()?;
        let process = bus.get_connection_unix_process_id(owner.into_inner().into()).await.ok()?;
        let command = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        let program = command.split(|byte| *byte == 0).next()?;
        let program = String::from_utf8_lossy(program).into_owned();
        program.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
    };
    within(LIMIT, found).await.ok()?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_distribution_is_named_as_it_names_itself() {
        let release = "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nID=debian\nEMPTY=\n";
        assert_eq!(release_value(release, "PRETTY_NAME").as_deref(), Some("Debian GNU/Linux 13 (trixie)"));
        assert_eq!(release_value(release, "ID").as_deref(), Some("debian"));
        for missing in ["VERSION", "EMPTY", "PRETTY"] {
            assert_eq!(release_value(release, missing), None);
        }
    }

    #[test]
    fn users_and_own_names_of_accounts_are_private_and_a_host_in_their_place_is_not() {
        let mut named = testing::account("store.example.org", "ada");
        named.name = Some("Work".to_owned());
        let nameless = testing::account("other.example.org", "other.example.org");
        let redaction = Redaction::default().and_accounts(&[testing::open(named), testing::open(nameless)]);
        let shown = redaction.apply("ada (work) at store.example.org, and one at other.example.org");
        assert_eq!(shown, "[account] ([account]) at store.example.org, and one at other.example.org");
    }
}
