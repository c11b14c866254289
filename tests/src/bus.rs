// SPDX-License-Identifier: GPL-3.0-or-later
//! The private session bus, and a record of every name that ever had an owner on it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use rustix::process::Signal;
use zbus::Connection;
use zbus::fdo::DBusProxy;

use crate::processes::{Processes, send_signal, wait_for, wait_until};

/// The system's services that every session may start: accessibility, and flatpak's own authenticator. A keyring must not
/// start unasked.
const SYSTEM_SERVICES: [&str; 2] = ["org.a11y.Bus.service", "org.flatpak.Authenticator.Oci.service"];

/// The services that the bus starts when somebody calls them.
#[derive(Debug, Default)]
pub(crate) struct Activatable<'a> {
    /// Files of the system's services to add to accessibility.
    pub(crate) system_services: Vec<&'a str>,
    /// Where Usher is installed outside a sandbox, and the bus names to leave out.
    pub(crate) stage: Option<(PathBuf, &'a [&'a str])>,
    /// More folders with service files. They need not exist yet.
    pub(crate) folders: Vec<PathBuf>,
}

impl Activatable<'_> {
    fn copy_to(&self, services: &Path) {
        let copy = |from: &Path| {
            let name = from.file_name().expect("a service file has a name");
            fs::copy(from, services.join(name)).expect("a service file can be copied");
        };
        for name in SYSTEM_SERVICES.iter().chain(&self.system_services) {
            let from = Path::new("/usr/share/dbus-1/services").join(name);
            if from.exists() {
                copy(&from);
            }
        }
        let Some((stage, without)) = &self.stage else { return };
        let installed = stage.join("share/dbus-1/services");
        for service in fs::read_dir(&installed).expect("Usher is installed").flatten() {
            let name = service.file_name();
            if !without.iter().any(|without| name.to_string_lossy() == format!("{without}.service")) {
                copy(&service.path());
            }
        }
    }
}

/// The bus of a session.
#[derive(Debug)]
pub struct Bus {
    /// The test's own connection.
    pub connection: Connection,
    /// Where the bus listens.
    pub address: String,
    owned: Arc<Mutex<BTreeSet<String>>>,
    probes: AtomicU32,
}

impl Bus {
    /// Starts `dbus-daemon` in `folder`; `wrapper` is a program that starts it, if any.
    pub(crate) async fn start(
        processes: &Processes,
        folder: &Path,
        activatable: &Activatable<'_>,
        wrapper: Option<&Path>,
    ) -> Self {
        let services = folder.join("services");
        fs::create_dir_all(&services).expect("a folder for services can be made");
        activatable.copy_to(&services);
        let socket = folder.join("bus");
        let config = folder.join("session.conf");
        fs::write(&config, configuration(&socket, &services, &activatable.folders))
            .expect("the bus configuration can be written");
        let address = format!("unix:path={}", socket.display());
        processes.set("DBUS_SESSION_BUS_ADDRESS", &address);
        // Without a system bus, flatpak checks parental controls on this one, and learns that nobody serves them.
        processes.set("DBUS_SYSTEM_BUS_ADDRESS", &address);
        let mut command = match wrapper {
            None => processes.command("dbus-daemon"),
            Some(wrapper) => {
                let mut command = processes.command(&wrapper.display().to_string());
                command.arg("dbus-daemon");
                command
            }
        };
        command.arg(format!("--config-file={}", config.display())).arg("--nofork");
        processes.start("bus", command);

        let connection = wait_for(
            "the session bus",
            async || connect(&address).await.ok(),
            async || fs::read_to_string(processes.log_file("bus")).unwrap_or_default(),
        )
        .await;
        let owned = Arc::new(Mutex::new(BTreeSet::new()));
        record_names(&address, Arc::clone(&owned)).await;
        Self { connection, address, owned, probes: AtomicU32::new(0) }
    }

    /// Every well-known name that has had an owner since the bus started, up to this moment.
    pub async fn names_ever_owned(&self) -> BTreeSet<String> {
        // The record fills in order: once it has this name, it has all that came before.
        let number = self.probes.fetch_add(1, Ordering::Relaxed);
        let probe = format!("io.github.usher.Tests.Probe{number}");
        self.connection.request_name(probe.as_str()).await.expect("a name of our own is free");
        wait_until("the record of bus names", async || self.owned_so_far().contains(&probe)).await;
        let mut names = self.owned_so_far();
        names.retain(|name| !name.starts_with("io.github.usher.Tests."));
        names
    }

    /// Whether `name` has an owner now.
    pub async fn has_owner(&self, name: &str) -> bool {
        let bus = DBusProxy::new(&self.connection).await.expect("the bus has its own interface");
        bus.name_has_owner(name.try_into().expect("a valid name")).await.expect("the bus answers")
    }

    /// The process that owns `name` now.
    pub async fn process_of(&self, name: &str) -> u32 {
        let bus = DBusProxy::new(&self.connection).await.expect("the bus has its own interface");
        let owner = bus.get_connection_unix_process_id(name.try_into().expect("a valid name")).await;
        owner.expect("the name has an owner")
    }

    /// Ends the process that owns `name`, if there is one, and waits until the name is free.
    pub(crate) async fn end_owner(&self, name: &str) {
        if let Some(owner) = self.owner_of(name).await {
            send_signal(owner, Signal::TERM);
        }
        self.wait_until_free(name).await;
    }

    /// Kills the process that owns `name`, so that it can do nothing more. Another one may take its place at once.
    pub async fn kill_owner(&self, name: &str) {
        let owner = self.owner_of(name).await;
        if let Some(owner) = owner {
            send_signal(owner, Signal::KILL);
        }
        let is_gone = async || owner.is_none() || self.owner_of(name).await != owner;
        wait_until(&format!("the end of {name}"), is_gone).await;
    }

    /// The process that owns `name`. None may: it may have ended a moment ago.
    async fn owner_of(&self, name: &str) -> Option<u32> {
        let bus = DBusProxy::new(&self.connection).await.expect("the bus has its own interface");
        bus.get_connection_unix_process_id(name.try_into().expect("a valid name")).await.ok()
    }

    /// Waits until nobody owns `name`.
    pub async fn wait_until_free(&self, name: &str) {
        wait_until(&format!("the end of {name}"), async || !self.has_owner(name).await).await;
    }

    /// Waits until `name` has an owner.
    pub async fn wait_for_owner(&self, name: &str) {
        wait_for(
            &format!("an owner of {name}"),
            async || self.has_owner(name).await.then_some(()),
            async || format!("ever owned: {:?}", self.owned_so_far()),
        )
        .await;
    }

    fn owned_so_far(&self) -> BTreeSet<String> {
        self.owned.lock().expect("nobody panics with the lock").clone()
    }
}

/// Another connection to the bus at `address`.
pub(crate) async fn connect(address: &str) -> zbus::Result<Connection> {
    zbus::connection::Builder::address(address)?.build().await
}

async fn record_names(address: &str, owned: Arc<Mutex<BTreeSet<String>>>) {
    let connection = connect(address).await.expect("the bus takes another connection");
    let bus = DBusProxy::new(&connection).await.expect("the bus has its own interface");
    let mut changes = bus.receive_name_owner_changed().await.expect("the bus reports changes of names");
    tokio::spawn(async move {
        while let Some(change) = changes.next().await {
            let Ok(change) = change.args() else { continue };
            if change.new_owner().is_some() && !change.name().starts_with(':') {
                owned.lock().expect("nobody panics with the lock").insert(change.name().to_string());
            }
        }
    });
}

fn configuration(socket: &Path, services: &Path, more: &[PathBuf]) -> String {
    let folders = std::iter::once(services).chain(more.iter().map(PathBuf::as_path));
    let folders: Vec<String> = folders.map(|folder| format!("<servicedir>{}</servicedir>", escaped(folder))).collect();
    let folders = folders.join("\n  ");
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <keep_umask/>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  {folders}
  <!-- The limits of every session bus: on a busy computer a program starts slowly. -->
  <limit name="service_start_timeout">120000</limit>
  <limit name="auth_timeout">240000</limit>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
  <limit name="max_message_size">1000000000</limit>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        escaped(socket)
    )
}

fn escaped(path: &Path) -> String {
    path.display().to_string().replace('&', "&amp;").replace('<', "&lt;")
}
