// SPDX-License-Identifier: GPL-3.0-or-later
//! A throw-away session under one folder: its own bus, keyring, display, flatpak installation and shop.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use usher_demo_store::{DemoStore, StoreOptions, SummaryAuthenticator};
use zbus::Connection;

use crate::bus::{Activatable, Bus};
use crate::display::{self, Display};
use crate::flatpak::Flatpak;
use crate::keyring::{Keyring, KeyringState};
use crate::leaks::{self, Leak};
use crate::processes::{Processes, send, wait_for};
use crate::sandbox::{self, Package, Portals};
use crate::screen::{Screen, accessibility_bus};
use crate::terminal::Terminal;

/// The bus name of the daemon, which remotes name as their authenticator.
pub const AUTHENTICATOR: &str = "io.github.usher.Usher.Devel";
/// The bus name of the daemon for the questions of stores.
pub const ACCESS: &str = "io.github.usher.Usher.Devel.Access";
/// The bus name of the window process.
pub const WINDOW: &str = "io.github.usher.Usher.Devel.Accounts";
/// The settings of a development build.
pub const SETTINGS: &str = "io.github.usher.Usher.Devel";

/// What a session is to be like. The default is what a person at a desktop has.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// How Usher is there.
    pub package: Package,
    /// What it has for a keyring.
    pub keyring: KeyringState,
    /// Where it shows windows.
    pub display: Display,
    /// Whether there is no shop and no remote.
    pub without_shop: bool,
    /// Whether the window process is not installed.
    pub without_window: bool,
    /// What the desktop serves to sandboxes.
    pub portals: Portals,
    /// What `meson install` has made of Usher, if not the development build: a folder in `build`.
    pub stage: Option<&'static str>,
    /// Where its folder is made, if not among temporary files.
    pub parent: Option<PathBuf>,
    /// Further variables of its environment.
    pub environment: Vec<(&'static str, String)>,
    /// Whether all text is twice as large, as it can be set under Accessibility.
    pub large_text: bool,
}

/// A running session. Everything in it ends when it is dropped.
#[derive(Debug)]
pub struct Session {
    /// What runs in it.
    pub processes: Processes,
    /// Its bus.
    pub bus: Bus,
    shop: Option<Arc<DemoStore>>,
    keyring: Option<Keyring>,
    accessibility: Option<Connection>,
    package: Package,
    folder: TempDir,
}

impl Session {
    /// Starts it.
    pub async fn start(setup: Setup) -> Self {
        let stage = setup.stage.map_or_else(stage, |name| workspace().join("build").join(name));
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
        for (name, value) in &setup.environment {
            processes.set(name, value);
        }
        write_gtk_settings(folder.path());
        // The bus hands its own environment to what it starts, so the display comes first.
        setup.display.start(&processes);
        if setup.large_text {
            display::enlarge_text(&processes);
        }
        let bus = start_bus(&processes, &setup, folder.path(), &stage).await;
        let answered = setup.display != Display::Person;
        let keyring = Keyring::start(&processes, &bus, setup.keyring, answered).await;
        let accessibility = match setup.display {
            Display::None => None,
            Display::Virtual | Display::Person => Some(accessibility_bus(&bus.connection).await),
        };
        let shop = if setup.without_shop { None } else { Some(Arc::new(open_shop(folder.path(), package).await)) };
        let session = Self { processes, bus, shop, keyring, accessibility, package, folder };
        if package == Package::Flatpak {
            session.install_usher().await;
        }
        if session.shop.is_some() {
            session.add_remote("demo").await;
        }
        session
    }

    /// Another computer of the same person, on which nothing is set up, with the same shop in reach. It ends before this
    /// one does.
    pub async fn another_computer(&self, setup: Setup) -> Self {
        let mut session = Self::start(Setup { without_shop: true, ..setup }).await;
        session.shop.clone_from(&self.shop);
        session
    }

    /// Adds the shop's repository under this name.
    pub async fn add_remote(&self, name: &str) {
        let further = self.shop().remote_add_arguments(name);
        let arguments: Vec<&str> =
            ["remote-add", "--user"].into_iter().chain(further.iter().map(String::as_str)).collect();
        self.flatpak().run(&arguments).await.expect_success();
    }

    /// Opens another shop, and adds its repository under this name without an authenticator.
    pub async fn open_another_shop(&self, name: &str) -> DemoStore {
        let shop =
            DemoStore::start(shop_options(&self.folder().join("shop").join(name))).await.expect("the shop opens");
        let address = shop.repository_url().to_string();
        self.flatpak().run(&["remote-add", "--user", "--no-gpg-verify", name, &address]).await.expect_success();
        shop
    }

    /// The shop. It has the remote `demo`.
    pub fn shop(&self) -> &DemoStore {
        self.shop.as_deref().expect("this session has a shop")
    }

    /// Ends the shop: nobody listens at its address any more, and no shop of another session will while it is kept.
    pub async fn close_the_shop(&mut self) -> TcpSocket {
        let shop = self.shop.take().and_then(Arc::into_inner).expect("this session alone has a shop");
        let address = shop.base_url().socket_addrs(|| None).expect("the shop has an address")[0];
        shop.stop().await;
        let port = TcpSocket::new_v4().expect("a socket can be made");
        port.set_reuseaddr(true).expect("a socket can be set up");
        port.bind(address).expect("the port is free again");
        port
    }

    /// The shop's host as Usher shows it.
    pub fn host(&self) -> String {
        let url = self.shop().base_url();
        let port = url.port().expect("the shop is at a port of its own");
        format!("{}:{port}", url.host_str().expect("the shop has a host"))
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

    /// Ends the daemon, as it ends by itself when nothing was asked for a while.
    pub async fn end_the_daemon(&self) {
        if self.package.is_sandboxed() {
            // On the bus the sandbox stands for what is in it.
            if let Some(daemon) = self.daemon() {
                send(daemon, Signal::TERM);
            }
            let is_gone = async || self.daemon().is_none().then_some(());
            wait_for("the end of the daemon", is_gone, async || String::new()).await;
            self.bus.wait_until_free(AUTHENTICATOR).await;
        } else {
            self.bus.end_owner(AUTHENTICATOR).await;
        }
        // It gives up one name after the other; until then a store would still ask the one that ends.
        self.bus.wait_until_free(ACCESS).await;
    }

    /// Opens Usher as a person does, from the list of apps.
    pub fn open_usher(&self) -> u32 {
        self.processes.start("usher", self.command("usher"))
    }

    /// A program of Usher's, as it is started from outside.
    pub fn command(&self, program: &str) -> Command {
        if !self.package.is_sandboxed() {
            return self.processes.command(program);
        }
        let mut command = self.processes.command("flatpak");
        command.args(["run", &format!("--command={program}"), AUTHENTICATOR]);
        command
    }

    /// Runs `usherctl` to its end.
    pub async fn usherctl(&self, arguments: &[&str]) -> std::process::Output {
        tokio::process::Command::from(self.command("usherctl")).args(arguments).output().await.expect("usherctl starts")
    }

    /// Changes a setting of Usher's.
    pub async fn set(&self, key: &str, value: &str) {
        // In a sandbox the settings are in a file of the sandbox's own.
        let status = tokio::process::Command::from(self.command("gsettings"))
            .args(["set", SETTINGS, key, value])
            .status()
            .await
            .expect("gsettings starts");
        assert!(status.success(), "the setting {key} can be {value}");
    }

    /// The names of ours that have ever been on the bus of this session.
    pub async fn started(&self) -> BTreeSet<String> {
        let mut names = self.bus.names_ever_owned().await;
        names.retain(|name| name.starts_with("io.github.usher."));
        names
    }

    /// Every place of the session outside keyring and shop that holds a secret.
    pub fn leaks(&self) -> Vec<Leak> {
        let folder = self.folder.path();
        let mut allowed = vec![Keyring::folder(&data_folder(folder)), folder.join("shop")];
        allowed.extend(sandbox::programs(folder));
        let secrets = self.shop.as_ref().map(|shop| shop.control().issued_secrets()).unwrap_or_default();
        leaks::find(folder, &allowed, &self.processes, &secrets)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.processes.end_all();
        let left = self.processes.left();
        // A test that fails anyway says why by itself.
        assert!(left.is_empty() || std::thread::panicking(), "nothing of the session still runs: {left:?}");
    }
}

async fn start_bus(processes: &Processes, setup: &Setup, folder: &Path, stage: &Path) -> Bus {
    let mut of_the_system = Vec::new();
    if setup.display == Display::Person {
        of_the_system.push("org.gnome.keyring.SystemPrompter.service");
    }
    let mut activatable = Activatable::default();
    if setup.package.is_sandboxed() {
        activatable.folders = sandbox::services(folder);
        of_the_system.extend(setup.portals.services());
        activatable.of_the_system = of_the_system;
        return Bus::start(processes, folder, &activatable, Some(&sandbox::within(folder))).await;
    }
    let without: &[&str] = if setup.without_window { &[WINDOW] } else { &[] };
    activatable.of_the_system = of_the_system;
    activatable.stage = Some((stage.to_owned(), without));
    Bus::start(processes, folder, &activatable, None).await
}

/// Opens the shop. Where Usher is not there yet, its repository brings it along.
async fn open_shop(folder: &Path, package: Package) -> DemoStore {
    let mut options = shop_options(&folder.join("shop"));
    if package == Package::NotYet {
        let brought_from = Some(sandbox::repository());
        options.summary_authenticator =
            Some(SummaryAuthenticator { name: AUTHENTICATOR.to_owned(), url: None, brought_from });
    }
    DemoStore::start(options).await.expect("the shop opens")
}

/// A shop in that folder. Its repository is made once, and copied for every session after that.
fn shop_options(folder: &Path) -> StoreOptions {
    StoreOptions { repository_cache: Some(workspace().join("build/demo-repository")), ..StoreOptions::new(folder) }
}

/// What `meson install` has made of Usher.
fn stage() -> PathBuf {
    env::var_os("USHER_STAGE").map_or_else(|| workspace().join("build/stage"), PathBuf::from)
}

/// The top of the source tree.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests are in the workspace")
}

pub(crate) fn data_folder(folder: &Path) -> PathBuf {
    folder.join("home/.local/share")
}

/// The environment of a session with Usher on the system, and its folders.
fn environment(folder: &Path, stage: &Path) -> BTreeMap<String, String> {
    let flatpak = folder.join("flatpak");
    let exports = |installation: &str| flatpak.join(installation).join("exports/share");
    let mut environment = common_environment(folder, &[stage.join("share"), exports("user"), exports("system")]);
    let folders = [
        ("FLATPAK_USER_DIR", flatpak.join("user")),
        ("FLATPAK_SYSTEM_DIR", flatpak.join("system")),
        ("FLATPAK_SYSTEM_CACHE_DIR", flatpak.join("cache")),
        ("FLATPAK_CONFIG_DIR", flatpak.join("etc")),
        ("FLATPAK_RUN_DIR", flatpak.join("run")),
    ];
    for (name, path) in folders {
        environment.insert(name.to_owned(), made(&path));
    }
    environment.insert("PATH".to_owned(), search_path(&stage.join("bin")));
    environment
}

/// What every session has: folders of its own, and `data` before the system's data.
pub(crate) fn common_environment(folder: &Path, data: &[PathBuf]) -> BTreeMap<String, String> {
    let home = folder.join("home");
    let folders = [
        ("HOME", home.clone()),
        ("XDG_DATA_HOME", data_folder(folder)),
        ("XDG_CONFIG_HOME", home.join(".config")),
        ("XDG_CACHE_HOME", home.join(".cache")),
        ("XDG_STATE_HOME", home.join(".local/state")),
        ("XDG_RUNTIME_DIR", folder.join("run")),
        ("TMPDIR", folder.join("tmp")),
    ];
    let mut environment: BTreeMap<_, _> =
        folders.into_iter().map(|(name, path)| (name.to_owned(), made(&path))).collect();
    let system = [PathBuf::from("/usr/local/share"), PathBuf::from("/usr/share")];
    let further = [
        ("XDG_DATA_DIRS", joined(data.iter().chain(&system))),
        ("LANG", "C.UTF-8".to_owned()),
        ("GIO_USE_VFS", "local".to_owned()),
        // In a file, so that what one process sets another one sees.
        ("GSETTINGS_BACKEND", "keyfile".to_owned()),
        ("NO_AT_BRIDGE", "0".to_owned()),
        ("RUST_BACKTRACE", "1".to_owned()),
    ];
    environment.extend(further.map(|(name, value)| (name.to_owned(), value)));
    environment
}

/// The folder, which is there and closed to others from now on.
fn made(path: &Path) -> String {
    fs::create_dir_all(path).expect("a folder of the session can be made");
    fs::set_permissions(path, Permissions::from_mode(0o700)).expect("a folder of the session can be closed to others");
    path.display().to_string()
}

/// Where programs are looked for: in `first`, then in the system.
pub(crate) fn search_path(first: &Path) -> String {
    joined([first, Path::new("/usr/local/bin"), Path::new("/usr/bin"), Path::new("/bin")])
}

fn joined(paths: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    env::join_paths(paths).expect("no folder has a colon in its name").to_string_lossy().into_owned()
}

/// Without a settings service GTK takes a font that nobody has on a desktop; and pictures need windows at rest.
fn write_gtk_settings(folder: &Path) {
    let settings = [
        "[Settings]",
        "gtk-font-name=Inter 11",
        "gtk-enable-animations=false",
        // As GNOME has it.
        "gtk-decoration-layout=:close",
        "",
    ];
    // A sandbox sees its own folder only.
    for config in [folder.join("home/.config"), sandbox::folder_of_usher(folder).join("config")] {
        let config = config.join("gtk-4.0");
        fs::create_dir_all(&config).expect("a folder of the session can be made");
        fs::write(config.join("settings.ini"), settings.join("\n")).expect("GTK's settings can be written");
    }
}
