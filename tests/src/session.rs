// SPDX-License-Identifier: GPL-3.0-or-later
//! A throw-away session in one folder, with its own bus, keyring, display, flatpak installation and shop.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use usher_demo_store::{DemoIssuer, DemoStore, SignInKind};

use crate::accessibility::Accessibility;
use crate::bus::{Activatable, Bus};
use crate::display::{self, Display};
use crate::environment::{data_folder, environment, write_gtk_settings};
use crate::flatpak::{Flatpak, Outcome};
use crate::keyring::{Keyring, KeyringState};
use crate::leaks::{self, Leak};
use crate::processes::{Processes, send_signal, wait_until};
use crate::sandbox::{self, Package, Portals};
use crate::screen::Screen;
use crate::secure_front::{SecureFront, ShopAddress};
use crate::shop_opening::{open_named_shop, open_shop, options_of_shop_in, shop_options, start_issuer};
use crate::terminal::Terminal;
use crate::usherctl::CommandOutput;

/// The daemon's bus name, which remotes name as their authenticator.
pub const AUTHENTICATOR: &str = "io.github.usher.Usher.Devel";
/// The daemon's bus name for the questions of stores.
pub const ACCESS: &str = "io.github.usher.Usher.Devel.Access";
/// The bus name of the window process.
pub const WINDOW: &str = "io.github.usher.Usher.Devel.Accounts";
/// The settings schema of a development build.
pub const SETTINGS: &str = "io.github.usher.Usher.Devel";

/// How to set up a session. The default is what a person at a desktop has.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that a person has or has not")]
pub struct Setup {
    /// How Usher is installed.
    pub package: Package,
    /// The keyring.
    pub keyring: KeyringState,
    /// The display.
    pub display: Display,
    /// Where the shop is.
    pub shop_address: ShopAddress,
    /// How people sign in to the shop.
    pub sign_in: SignInKind,
    /// The shop's repository is signed.
    pub signed: bool,
    /// The shop's repository shows what it has only to those who are signed in.
    pub private_listing: bool,
    /// Let people sign in to the shop at an issuer, by `OpenID`.
    pub single_sign_on: bool,
    /// With single sign-on: have the issuer at another host than the shop.
    pub issuer_at_another_host: bool,
    /// Let the shop sign its download tokens with a key pair, so that others can check them.
    pub signed_tokens: bool,
    /// How long the shop's download tokens last, if not as long as usual.
    pub token_lifetime: Option<Duration>,
    /// Start no shop and add no remote.
    pub without_shop: bool,
    /// Leave the window process out.
    pub without_window: bool,
    /// The portals that the desktop serves to sandboxes.
    pub portals: Portals,
    /// The folder in `build` that holds Usher, if not the development build in `stage`.
    pub stage: Option<&'static str>,
    /// Where to make its folder, if not among temporary files.
    pub parent: Option<PathBuf>,
    /// More environment variables.
    pub environment: Vec<(&'static str, String)>,
    /// Make all text twice as large, as a person can under Accessibility.
    pub large_text: bool,
}

impl Setup {
    /// A person in a terminal, without a display.
    pub fn without_display() -> Self {
        Self { display: Display::None, ..Self::default() }
    }

    /// A person at a desktop, where Usher is a Flatpak.
    pub fn with_flatpak() -> Self {
        Self { package: Package::Flatpak, ..Self::default() }
    }
}

/// A running session. Everything in it ends when it is dropped.
#[derive(Debug)]
pub struct Session {
    /// Its processes.
    pub processes: Processes,
    /// Its bus.
    pub bus: Bus,
    shop: Option<Arc<DemoStore>>,
    issuer: Option<Arc<DemoIssuer>>,
    // It serves until it is dropped.
    _front: Option<SecureFront>,
    keyring: Option<Keyring>,
    accessibility: Option<Accessibility>,
    package: Package,
    folder: TempDir,
}

impl Session {
    /// Starts a session.
    pub async fn start(setup: Setup) -> Self {
        let stage = setup.stage.map_or_else(default_stage, |name| workspace().join("build").join(name));
        let folder = tempfile::Builder::new()
            .prefix("session-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(setup.parent.clone().unwrap_or_else(env::temp_dir))
            .expect("a folder for the session can be made");
        let package = setup.package;
        let environment = if package.is_sandboxed() {
            sandbox::environment(folder.path())
        } else {
            environment(folder.path(), &stage)
        };
        let processes = Processes::new(folder.path(), environment);
        write_gtk_settings(folder.path());
        // The bus passes its own environment on to the services that it starts, so these come first.
        setup.display.start(&processes);
        for (name, value) in &setup.environment {
            processes.set(name, value);
        }
        if setup.large_text {
            display::enlarge_text(&processes);
        }
        let bus = start_bus(&processes, &setup, folder.path(), &stage).await;
        let answered = setup.display != Display::Inherited;
        let keyring = Keyring::start(&processes, &bus, setup.keyring, answered).await;
        let accessibility = match setup.display {
            Display::None => None,
            Display::Virtual | Display::Inherited => Some(Accessibility::open(&bus.connection).await),
        };
        let issuer = if setup.single_sign_on { Some(start_issuer(setup.issuer_at_another_host).await) } else { None };
        let shop_options = shop_options(&folder.path().join("shop"), &setup, issuer.as_ref());
        let (shop, front) = match setup.shop_address {
            _ if setup.without_shop => (None, None),
            ShopAddress::ThisComputer => (Some(open_shop(shop_options, package).await), None),
            ShopAddress::Named => {
                let shop = open_named_shop(shop_options).await;
                let front = SecureFront::open(shop.port()).await;
                (Some(shop), Some(front))
            }
        };
        let shop = shop.map(Arc::new);
        let issuer = issuer.map(Arc::new);
        let session = Self { processes, bus, shop, issuer, _front: front, keyring, accessibility, package, folder };
        if package == Package::Flatpak {
            session.install_usher().await;
        }
        if session.shop.is_some() {
            let added = session.try_to_add_remote("demo").await;
            // The remote is there nevertheless.
            if setup.private_listing {
                added.expect_error("Server returned status 401")
            } else {
                added.expect_success()
            };
        }
        session
    }

    /// Another computer of the same person: nothing is set up there, and it reaches the same shop. It must end before
    /// this one.
    pub async fn another_computer(&self, setup: Setup) -> Self {
        let mut session = Self::start(Setup { without_shop: true, ..setup }).await;
        session.shop.clone_from(&self.shop);
        session.issuer.clone_from(&self.issuer);
        session
    }

    /// Adds the shop's repository under this name.
    pub async fn add_remote(&self, name: &str) {
        self.try_to_add_remote(name).await.expect_success();
    }

    async fn try_to_add_remote(&self, name: &str) -> Outcome {
        let remote = self.shop().remote_add_arguments(name);
        let arguments: Vec<&str> =
            ["remote-add", "--user"].into_iter().chain(remote.iter().map(String::as_str)).collect();
        self.flatpak().run(&arguments).await
    }

    /// Opens another shop, and adds its repository under this name, without an authenticator.
    pub async fn open_another_shop(&self, name: &str) -> DemoStore {
        let options = options_of_shop_in(&self.folder().join("shop").join(name));
        let shop = DemoStore::start(options).await.expect("the shop opens");
        let address = shop.repository_url().to_string();
        self.flatpak().run(&["remote-add", "--user", "--no-gpg-verify", name, &address]).await.expect_success();
        shop
    }

    /// The shop. The remote `demo` is its repository.
    pub fn shop(&self) -> &DemoStore {
        self.shop.as_deref().expect("this session has a shop")
    }

    pub(crate) fn issuer_if_any(&self) -> Option<&Arc<DemoIssuer>> {
        self.issuer.as_ref()
    }

    /// Stops the shop. The socket that this returns keeps the port, so that no other session's shop listens there.
    pub async fn close_shop(&mut self) -> TcpSocket {
        let shop = self.shop.take().and_then(Arc::into_inner).expect("this session alone has a shop");
        let address = shop.base_url().socket_addrs(|| None).expect("the shop has an address")[0];
        shop.stop().await;
        let port = TcpSocket::new_v4().expect("a socket can be made");
        port.set_reuseaddr(true).expect("a socket can be set up");
        port.bind(address).expect("the port is free again");
        port
    }

    /// The shop's host, as Usher shows it.
    pub fn host(&self) -> String {
        let url = self.shop().base_url();
        let host = url.host_str().expect("the shop has a host");
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its flatpak.
    pub fn flatpak(&self) -> Flatpak<'_> {
        Flatpak { processes: &self.processes }
    }

    /// Starts a command in a terminal of its own.
    pub fn in_terminal(&self, command: &[&str]) -> Terminal {
        Terminal::start(&self.processes, command)
    }

    /// Its keyring.
    pub fn keyring(&self) -> &Keyring {
        self.keyring.as_ref().expect("this session has a keyring")
    }

    /// Its screen.
    pub fn screen(&self) -> Screen<'_> {
        self.screen_if_any().expect("this session has a display")
    }

    pub(crate) fn screen_if_any(&self) -> Option<Screen<'_>> {
        Some(Screen::new(&self.processes, self.accessibility.as_ref()?))
    }

    /// Ends the daemon, as an idle daemon ends by itself.
    pub async fn stop_daemon(&self) {
        if self.package.is_sandboxed() {
            // The bus sees the process of the sandbox's proxy, not the daemon.
            if let Some(daemon) = self.daemon() {
                send_signal(daemon, Signal::TERM);
            }
            wait_until("the end of the daemon", async || self.daemon().is_none()).await;
            self.bus.wait_until_free(AUTHENTICATOR).await;
        } else {
            self.bus.end_owner(AUTHENTICATOR).await;
        }
        // The daemon gives up one name after the other. Until both are free, a store would still ask the daemon that
        // ends.
        self.bus.wait_until_free(ACCESS).await;
    }

    /// Opens Usher, as a person does from the list of apps.
    pub fn open_usher(&self) -> u32 {
        self.processes.start("usher", self.command("usher"))
    }

    /// A command that starts one of Usher's programs from outside.
    pub fn command(&self, program: &str) -> Command {
        if !self.package.is_sandboxed() {
            return self.processes.command(program);
        }
        let mut command = self.processes.command("flatpak");
        command.args(["run", &format!("--command={program}"), AUTHENTICATOR]);
        command
    }

    /// Runs `usherctl`, and waits until it ends.
    pub async fn usherctl(&self, arguments: &[&str]) -> CommandOutput {
        let mut command = tokio::process::Command::from(self.command("usherctl"));
        command.args(arguments).output().await.expect("usherctl starts").into()
    }

    /// Changes a setting of Usher's.
    pub async fn change_setting(&self, key: &str, value: &str) {
        // A sandbox keeps its settings in a file of its own.
        let status = tokio::process::Command::from(self.command("gsettings"))
            .args(["set", SETTINGS, key, value])
            .status()
            .await
            .expect("gsettings starts");
        assert!(status.success(), "the setting {key} can be {value}");
    }

    /// The names of Usher that ever had an owner on this session's bus.
    pub async fn started_names(&self) -> BTreeSet<String> {
        let mut names = self.bus.names_ever_owned().await;
        names.retain(|name| name.starts_with("io.github.usher."));
        names
    }

    /// Every place of the session, outside keyring and shop, that holds a secret.
    pub fn leaks(&self) -> Vec<Leak> {
        let folder = self.folder.path();
        let mut allowed = vec![Keyring::folder(&data_folder(folder)), folder.join("shop")];
        allowed.extend(sandbox::program_folders(folder));
        let marked = self.shop.as_ref().map(|shop| shop.control().issued_secrets()).unwrap_or_default();
        let unmarked = self.issuer.as_ref().map(|issuer| issuer.issued_secrets()).unwrap_or_default();
        leaks::find(folder, &allowed, &self.processes, &marked, &unmarked)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.processes.end_all();
        let remaining = self.processes.remaining();
        if std::thread::panicking() {
            // A keyring that gave up has said why.
            let said = fs::read_to_string(self.processes.log_file("keyring-errors")).unwrap_or_default();
            // A closed output is no error.
            let _ = std::io::stderr().write_all(said.as_bytes());
        }
        // A failing test has a reason of its own to report.
        assert!(remaining.is_empty() || std::thread::panicking(), "nothing of the session still runs: {remaining:?}");
    }
}

async fn start_bus(processes: &Processes, setup: &Setup, folder: &Path, stage: &Path) -> Bus {
    let mut system_services = Vec::new();
    if setup.display == Display::Inherited {
        system_services.push("org.gnome.keyring.SystemPrompter.service");
    }
    let mut activatable = Activatable::default();
    if setup.package.is_sandboxed() {
        activatable.folders = sandbox::services(folder);
        system_services.extend(setup.portals.services());
        activatable.system_services = system_services;
        return Bus::start(processes, folder, &activatable, Some(&sandbox::wrapper(folder))).await;
    }
    let without: &[&str] = if setup.without_window { &[WINDOW] } else { &[] };
    activatable.system_services = system_services;
    activatable.stage = Some((stage.to_owned(), without));
    Bus::start(processes, folder, &activatable, None).await
}

/// The folder that `meson install` filled.
fn default_stage() -> PathBuf {
    env::var_os("USHER_STAGE").map_or_else(|| workspace().join("build/stage"), PathBuf::from)
}

/// The top of the source tree.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests are in the workspace")
}
