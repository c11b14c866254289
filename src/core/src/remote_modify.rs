// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands that make a remote use Usher, and that make it stop. A command is a list of arguments; if a name in it
//! is not plain there is no command (rule R17).
//!
//! What flatpak does (1.16): it refuses an empty authenticator name, so a name that was set cannot be unset. Its own
//! authenticator by name is what it takes for a registry that names none. An option with an empty value is removed.

use std::{io, process::Stdio};

use tokio::process::Command;

use crate::{
    binding::{OptionsError, option},
    error_text::UserFacing,
    i18n::{gettext, gettext_f},
    names,
    remote::{FLATPAK_AUTHENTICATOR, Remote},
    remote_add::where_to,
    text,
};

/// The program that changes remotes.
const FLATPAK: &str = "flatpak";
/// What `flatpak` writes before the sentence about a failure.
const PREFIX: &str = "error: ";
/// The provider of a repository that names no account server: it can only be guarded by a token.
const TOKEN: &str = "token";

/// A command that changes the authenticator of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteModify {
    arguments: Vec<String>,
    command: String,
}

impl RemoteModify {
    /// Makes a remote use Usher, with the options that its provider needs. `None` if Usher could do nothing for it, or if
    /// no safe command can be made.
    pub fn to_use_usher(remote: &Remote) -> Option<Self> {
        remote.address().ok()?;
        Self::of(remote, names::AUTHENTICATOR_NAME, &missing_options(remote)?)
    }

    /// Makes a remote use what flatpak uses on its own, and removes the option that [`Self::to_use_usher`] adds. `None` if
    /// the remote does not use Usher, or if no safe command can be made.
    pub fn to_stop_using_usher(remote: &Remote) -> Option<Self> {
        let was_added = remote.options.get(option::TYPE).is_some_and(|name| name == TOKEN);
        let options: Vec<String> = was_added.then(|| format!("{}=", option::TYPE)).into_iter().collect();
        Self::of(remote, FLATPAK_AUTHENTICATOR, &options).filter(|_| remote.names_usher())
    }

    fn of(remote: &Remote, authenticator: &str, options: &[String]) -> Option<Self> {
        let place = match &remote.installation {
            Some(name) => format!("--installation={name}"),
            None => where_to(remote.is_user).to_owned(),
        };
        let mut arguments = vec!["remote-modify".to_owned(), place, format!("--authenticator-name={authenticator}")];
        arguments.extend(options.iter().map(|option| format!("--authenticator-option={option}")));
        arguments.push(remote.name.clone());
        let all: Vec<&str> = [FLATPAK].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        let command = text::command(&all).filter(|_| text::is_plain_name(&remote.name))?;
        Some(Self { arguments, command })
    }

    /// The command as a person types it.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Runs the command. flatpak itself asks for an administrator's password where one is needed. Dropping the future ends
    /// it.
    pub async fn run(&self) -> Result<(), ModifyError> {
        let mut command = Command::new(FLATPAK);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let ended = command.output().await?;
        if ended.status.success() { Ok(()) } else { Err(ModifyError::Refused(last_sentence(&ended.stderr))) }
    }
}

/// The options without which a remote would not name its accounts. `None` if no option helps.
fn missing_options(remote: &Remote) -> Option<Vec<String>> {
    let is_sound = |remote: &Remote| match remote.claimed() {
        Ok(_) => true,
        // flatpak has not looked at the registry yet.
        Err(error) => error == OptionsError::Missing(option::REGISTRY),
    };
    if is_sound(remote) {
        return Some(Vec::new());
    }
    let mut with_token = remote.clone();
    with_token.options.insert(option::TYPE.to_owned(), TOKEN.to_owned());
    let names_server = remote.options.contains_key(option::URL) || remote.options.contains_key(option::TYPE);
    (!names_server && is_sound(&with_token)).then(|| vec![format!("{}={TOKEN}", option::TYPE)])
}

/// The last line that flatpak wrote, which says what went wrong.
fn last_sentence(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    text::clean(line.strip_prefix(PREFIX).unwrap_or(line), text::SERVER_TEXT_LIMIT)
}

/// Why a remote was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ModifyError {
    /// The program did not start.
    #[error("flatpak did not start")]
    NotStarted(#[from] io::Error),
    /// It changed nothing. Holds what it said, cleaned.
    #[error("flatpak refused the change")]
    Refused(String),
}

impl UserFacing for ModifyError {
    fn reason(&self) -> String {
        match self {
            Self::NotStarted(error) => error.reason(),
            Self::Refused(said) if said.is_empty() => gettext("it did not say why"),
            Self::Refused(said) => said.clone(),
        }
    }

    fn sentence(&self) -> String {
        let reason = self.reason();
        let values = [("reason", reason.as_str())];
        match self {
            Self::NotStarted(error) if error.kind() == io::ErrorKind::NotFound => {
                gettext("flatpak is not installed, so nothing was changed.")
            }
            Self::NotStarted(_) => gettext_f("flatpak did not start ({reason}), so nothing was changed.", &values),
            // Translators: the reason is what flatpak itself said, in its own words
            Self::Refused(_) => gettext_f("flatpak changed nothing: {reason}", &values),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::testing;

    fn remote(url: &str, options: &[(&str, &str)]) -> Remote {
        let options: BTreeMap<_, _> = options.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        Remote { authenticator: None, options, ..testing::remote("demo", url, "store.example.org") }
    }

    fn to_use(remote: &Remote) -> Option<String> {
        RemoteModify::to_use_usher(remote).map(|modify| modify.command().to_owned())
    }

    fn to_stop(remote: &Remote) -> Option<String> {
        RemoteModify::to_stop_using_usher(remote).map(|modify| modify.command().to_owned())
    }

    #[test]
    fn the_command_names_usher_and_what_its_provider_needs() {
        let name = format!("flatpak remote-modify --user --authenticator-name={}", names::AUTHENTICATOR_NAME);
        let server = ("url", "https://store.example.org/");
        for (url, options, end) in [
            ("oci+https://index.example.org/flatpaks", vec![], Some("demo")),
            ("oci+https://index.example.org", vec![("auth", "x")], Some("demo")),
            ("oci+https://index.example.org#beta", vec![("type", "oci")], Some("demo")),
            ("oci+https://index.example.org", vec![("type", "other")], None),
            ("https://repo.example.org", vec![server], Some("demo")),
            ("https://repo.example.org", vec![], Some("--authenticator-option=type=token demo")),
            ("https://repo.example.org", vec![("url", "ftp://store.example.org")], None),
            ("https://repo.example.org", vec![server, ("type", "other")], None),
            ("https://repo.example.org", vec![("type", "other")], None),
            ("http://repo.example.org", vec![server], None),
            ("oci+http://index.example.org", vec![], None),
            ("file:///srv/repo", vec![server], None),
        ] {
            let wanted = end.map(|end| format!("{name} {end}"));
            assert_eq!(to_use(&remote(url, &options)), wanted, "{url} {options:?}");
        }
    }

    #[test]
    fn a_registry_that_is_not_secure_is_not_given_to_usher() {
        let behind = |registry: &str| Remote {
            registry: Some(registry.to_owned()),
            ..remote("oci+https://index.example.org", &[])
        };
        assert!(to_use(&behind("https://registry.example.org/")).is_some());
        assert_eq!(to_use(&behind("http://registry.example.org/")), None);
    }

    #[test]
    fn the_command_names_the_installation_and_no_odd_name() {
        let registry = remote("oci+https://index.example.org", &[]);
        let named = |name: &str| Remote { installation: Some(name.to_owned()), is_user: false, ..registry.clone() };
        let start = |remote: &Remote| to_use(remote).map(|command| command.split(" --auth").next().unwrap().to_owned());
        let system = Remote { is_user: false, ..registry.clone() };
        assert_eq!(start(&system).as_deref(), Some("flatpak remote-modify --system"));
        assert_eq!(start(&named("extra")).as_deref(), Some("flatpak remote-modify --installation=extra"));
        assert_eq!(start(&named("a b")).as_deref(), Some("flatpak remote-modify '--installation=a b'"));
        assert_eq!(start(&named("a\nb")), None);
        for odd in ["--user", "a b", "a;b", "ä"] {
            assert_eq!(to_use(&Remote { name: odd.to_owned(), ..registry.clone() }), None, "{odd}");
        }
    }

    #[test]
    fn the_way_back_leads_to_flatpaks_own_authenticator_and_removes_the_option() {
        let start = "flatpak remote-modify --user --authenticator-name=org.flatpak.Authenticator.Oci";
        for (url, options, end) in [
            ("oci+https://index.example.org/flatpaks", vec![], " demo"),
            ("https://repo.example.org", vec![("type", "token")], " --authenticator-option=type= demo"),
            ("https://repo.example.org", vec![("url", "https://store.example.org/")], " demo"),
            // A remote whose address has become unusable can be taken back too.
            ("http://repo.example.org", vec![], " demo"),
        ] {
            let ours = Remote { authenticator: Some(names::AUTHENTICATOR_NAME.to_owned()), ..remote(url, &options) };
            assert_eq!(to_stop(&ours), Some(format!("{start}{end}")), "{url} {options:?}");
            assert_eq!(to_stop(&remote(url, &options)), None, "{url}: it does not use Usher");
        }
    }

    #[test]
    fn what_flatpak_said_last_is_the_reason() {
        for (said, reason) in [
            ("error: No remote demo\n", "No remote demo"),
            ("Note: x\n\nerror: Not allowed\u{1b}[0m\n", "Not allowed [0m"),
            ("", "it did not say why"),
        ] {
            assert_eq!(ModifyError::Refused(last_sentence(said.as_bytes())).reason(), reason);
        }
        let missing = ModifyError::NotStarted(io::Error::from(io::ErrorKind::NotFound));
        assert!(missing.sentence().contains("not installed"), "{}", missing.sentence());
    }
}
