// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring of a session: a real gnome-keyring, and a prompter whose answers the story chooses.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::sync::Mutex;

use rustix::process::Signal;
use secret_service::{EncryptionType, SecretService};
use zbus::Connection;
use zbus::zvariant::{Fd, ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::bus::Bus;
use crate::processes::{Processes, send_signal};

const NAME: &str = "org.freedesktop.secrets";
const PASSWORD: &str = "keyring-CANARY-6f1d";
/// The schema of a development build's accounts.
pub const SCHEMA: &str = "io.github.usher.Account.Devel";

/// The keyring that a session starts with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyringState {
    /// Running and unlocked.
    #[default]
    Unlocked,
    /// Running and locked.
    Locked,
    /// No keyring runs.
    None,
}

/// A running keyring.
#[derive(Debug)]
pub struct Keyring {
    connection: Connection,
    prompter: Mutex<Option<Prompter>>,
    prompter_log: PathBuf,
}

#[derive(Debug)]
struct Prompter {
    id: u32,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// An account as the keyring stores it.
#[derive(Debug)]
pub struct Item {
    /// The name that a keyring program shows.
    pub label: String,
    /// The attributes, which are readable while the keyring is locked.
    pub attributes: HashMap<String, String>,
    /// The secret, which is readable only while it is unlocked.
    pub secret: Vec<u8>,
}

impl Item {
    /// The secret as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.secret.clone()).expect("the secret of an account is text")
    }
}

impl Keyring {
    /// Starts the keyring. Without `answered` the desktop's own prompter asks for the password.
    pub(crate) async fn start(processes: &Processes, bus: &Bus, state: KeyringState, answered: bool) -> Option<Self> {
        if state == KeyringState::None {
            return None;
        }
        let (name, prompter) = answered.then(|| Prompter::start(processes)).unzip();
        serve(processes, bus, name.as_deref()).await;
        let keyring = Self {
            connection: bus.connection.clone(),
            prompter: Mutex::new(prompter),
            prompter_log: processes.log_file("prompter"),
        };
        if state == KeyringState::Locked {
            keyring.lock().await;
        }
        Some(keyring)
    }

    /// Kills its process. Its items stay on disk.
    pub async fn kill(&self, bus: &Bus) {
        bus.kill_owner(NAME).await;
    }

    /// Starts its process again, unlocked.
    pub async fn restart(&self, processes: &Processes, bus: &Bus) {
        serve(processes, bus, None).await;
    }

    /// Starts its process again after its files were lost: a new keyring with nothing in it, unlocked.
    pub async fn make_anew(&self, processes: &Processes, bus: &Bus) {
        let folder = Self::folder(Path::new(&processes.environment()["XDG_DATA_HOME"]));
        fs::remove_dir_all(folder).expect("the keyring has files");
        serve(processes, bus, None).await;
    }

    /// The folder with the keyring's files, below `XDG_DATA_HOME`.
    pub(crate) fn folder(data: &Path) -> PathBuf {
        data.join("keyrings")
    }

    /// Locks it, as some desktops do with the screen.
    pub async fn lock(&self) {
        let collection = self.login_collection().await;
        let reply = self
            .connection
            .call_method(
                Some(NAME),
                "/org/freedesktop/secrets",
                Some("org.freedesktop.Secret.Service"),
                "Lock",
                &(vec![collection],),
            )
            .await
            .expect("the keyring can be locked");
        let (locked, _prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) =
            reply.body().deserialize().expect("the keyring says what it locked");
        assert!(!locked.is_empty(), "the keyring was locked");
    }

    /// Answers the next prompt with the password.
    pub fn answer_next_prompt(&self) {
        self.queue_answer(&format!("unlock {PASSWORD}"));
    }

    /// Dismisses the next prompt.
    pub fn dismiss_next_prompt(&self) {
        self.queue_answer("cancel");
    }

    /// Leaves every prompt unanswered from now on, as if nobody were there.
    pub fn pause_prompter(&self) {
        self.with_prompter(|prompter| send_signal(prompter.id, Signal::STOP));
    }

    /// Answers prompts again.
    pub fn resume_prompter(&self) {
        self.with_prompter(|prompter| send_signal(prompter.id, Signal::CONT));
    }

    fn queue_answer(&self, answer: &str) {
        self.with_prompter(|prompter| prompter.queue(answer));
    }

    fn with_prompter(&self, act: impl FnOnce(&mut Prompter)) {
        let mut prompter = self.prompter.lock().expect("nobody panics with the lock");
        act(prompter.as_mut().expect("this session answers the keyring's questions"));
    }

    /// Asks the keyring to unlock, as any program may, and returns whether it did.
    pub async fn ask_to_unlock(&self) -> bool {
        let service = self.service().await;
        let collection = service.get_default_collection().await.expect("the keyring has a default collection");
        let _ = collection.unlock().await;
        !self.is_locked().await
    }

    /// Whether the keyring has prompted without an answer prepared. The prompter dismisses such a prompt.
    pub fn saw_unexpected_prompt(&self) -> bool {
        fs::metadata(&self.prompter_log).is_ok_and(|log| log.len() > 0)
    }

    /// All of Usher's accounts. The keyring must be unlocked.
    pub async fn items(&self) -> Vec<Item> {
        let service = self.service().await;
        let mut items = Vec::new();
        for item in accounts_in(&service).await {
            items.push(Item {
                label: item.get_label().await.expect("an item has a label"),
                attributes: item.get_attributes().await.expect("an item has attributes"),
                secret: item.get_secret().await.expect("an item has a secret"),
            });
        }
        items
    }

    /// The key that a sandboxed application gets from the keyring through the Secret portal.
    pub(crate) async fn key_of(&self, application: &str) -> Vec<u8> {
        let (mut reader, writer) = std::io::pipe().expect("a pipe can be made");
        let handle = ObjectPath::from_static_str_unchecked("/io/github/usher/Tests");
        let options = HashMap::<&str, Value<'_>>::new();
        let arguments = (handle, application, Fd::from(OwnedFd::from(writer)), options);
        let path = "/org/freedesktop/portal/desktop";
        let interface = Some("org.freedesktop.impl.portal.Secret");
        let reply = self.connection.call_method(Some(NAME), path, interface, "RetrieveSecret", &arguments).await;
        let answer = reply.expect("the keyring serves the portal");
        let (code, _): (u32, HashMap<String, OwnedValue>) =
            answer.body().deserialize().expect("an answer is well-formed");
        assert_eq!(code, 0, "the keyring gives the key");
        drop(arguments);
        let mut key = Vec::new();
        reader.read_to_end(&mut key).expect("the key can be read");
        key
    }

    /// The one account of Usher's.
    pub async fn only_item(&self) -> Item {
        let mut items = self.items().await;
        assert_eq!(items.len(), 1, "one account is in the keyring");
        items.remove(0)
    }

    /// Moves the sign-in of the one account `days` days into the past.
    pub async fn backdate_sign_in(&self, days: i64) {
        self.change_account(|account| {
            let at = account["signed_in_at"].as_i64().expect("an account knows when it was signed in to");
            account["signed_in_at"] = (at - days * 24 * 60 * 60).into();
        })
        .await;
    }

    /// Lets the sign-in of the one account lapse, which a server renews.
    pub async fn let_sign_in_lapse(&self) {
        self.change_account(|account| {
            let ends = &mut account["credential"]["oauth2"]["ends"];
            assert!(ends.is_number(), "the sign-in says when it ends");
            *ends = 1.into();
        })
        .await;
    }

    async fn change_account(&self, change: impl FnOnce(&mut serde_json::Value)) {
        let service = self.service().await;
        let items = accounts_in(&service).await;
        let [item] = items.as_slice() else { panic!("one account is in the keyring") };
        let secret = item.get_secret().await.expect("an item has a secret");
        let mut account: serde_json::Value = serde_json::from_slice(&secret).expect("an account is JSON");
        change(&mut account);
        let secret = account.to_string();
        item.set_secret(secret.as_bytes(), "application/json").await.expect("an item can be changed");
    }

    /// Adds an item with these attributes, as another program may.
    pub async fn add_item(&self, label: &str, attributes: &HashMap<String, String>, secret: &[u8]) {
        let service = self.service().await;
        let collection = service.get_default_collection().await.expect("the keyring has a default collection");
        let attributes = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let item = collection.create_item(label, attributes, secret, false, "application/octet-stream").await;
        item.expect("the keyring takes an item");
    }

    /// Deletes all of Usher's accounts, as another program may.
    pub async fn delete_items(&self) {
        let service = self.service().await;
        let items = accounts_in(&service).await;
        assert!(!items.is_empty(), "there is something to delete");
        for item in items {
            item.delete().await.expect("an item can be deleted");
        }
    }

    /// Whether its default collection is locked.
    pub async fn is_locked(&self) -> bool {
        let service = self.service().await;
        let collection = service.get_default_collection().await.expect("the keyring has a default collection");
        collection.is_locked().await.expect("the keyring says whether it is locked")
    }

    async fn login_collection(&self) -> OwnedObjectPath {
        let service = self.service().await;
        let collection = service.get_default_collection().await.expect("the keyring has a default collection");
        collection.collection_path.clone()
    }

    async fn service(&self) -> SecretService<'_> {
        SecretService::connect_with_existing(EncryptionType::Dh, self.connection.clone())
            .await
            .expect("the keyring answers")
    }
}

/// All of Usher's accounts in an unlocked keyring.
async fn accounts_in<'s>(service: &'s SecretService<'_>) -> Vec<secret_service::Item<'s>> {
    let schema = HashMap::from([("xdg:schema", SCHEMA)]);
    let items = service.search_items(schema).await.expect("the keyring can be searched");
    assert!(items.locked.is_empty(), "the keyring is unlocked");
    items.unlocked
}

/// Starts an unlocked keyring, and waits until it is on the bus.
async fn serve(processes: &Processes, bus: &Bus, prompter: Option<&str>) {
    let mut command = processes.command("gnome-keyring-daemon");
    command
        .args(["--foreground", "--unlock", "--components=secrets"])
        .stdin(Stdio::piped())
        .stdout(log(processes, "keyring"))
        .stderr(log(processes, "keyring-errors"));
    if let Some(name) = prompter {
        command.env("GNOME_KEYRING_TEST_PROMPTER", name);
    }
    let mut daemon = command.spawn().expect("gnome-keyring-daemon starts");
    let mut input = daemon.stdin.take().expect("standard input is piped");
    // The password ends with the input.
    input.write_all(PASSWORD.as_bytes()).expect("the keyring takes its password");
    drop(input);
    processes.adopt(daemon);
    bus.wait_for_owner(NAME).await;
}

impl Prompter {
    fn start(processes: &Processes) -> (String, Self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("helpers/prompter.py");
        let mut child = processes
            .command("/usr/bin/python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log(processes, "prompter"))
            .spawn()
            .expect("the prompter starts");
        let mut prompter = Self {
            id: child.id(),
            input: child.stdin.take().expect("standard input is piped"),
            output: BufReader::new(child.stdout.take().expect("standard output is piped")),
        };
        processes.adopt(child);
        let name = prompter.line();
        (name, prompter)
    }

    fn queue(&mut self, answer: &str) {
        writeln!(self.input, "{answer}").expect("the prompter takes answers");
        assert_eq!(self.line(), "ok", "the prompter took the answer");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the prompter answers");
        line.trim().to_owned()
    }
}

fn log(processes: &Processes, name: &str) -> fs::File {
    fs::File::create(processes.log_file(name)).expect("a log can be made")
}
