// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring of a session: a real gnome-keyring, with a prompter whose answers the story chooses.

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
use crate::processes::{Processes, send};

const NAME: &str = "org.freedesktop.secrets";
const PASSWORD: &str = "keyring-CANARY-6f1d";
/// The schema of the accounts of a development build.
pub const SCHEMA: &str = "io.github.usher.Account.Devel";

/// What the session has for a keyring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyringState {
    /// Running and open.
    #[default]
    Unlocked,
    /// Running, not open.
    Locked,
    /// Nobody serves one.
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

/// An account as it rests in the keyring.
#[derive(Debug)]
pub struct Item {
    /// What a person sees in a keyring program.
    pub label: String,
    /// What can be read while the keyring is locked.
    pub attributes: HashMap<String, String>,
    /// What can only be read while it is open.
    pub secret: Vec<u8>,
}

impl Item {
    /// The secret as the text that it is for all accounts of ours.
    pub fn text(&self) -> String {
        String::from_utf8(self.secret.clone()).expect("the secret of an account is text")
    }
}

impl Keyring {
    /// Starts the keyring. Without `answered` the desktop's own prompter asks its questions.
    pub(crate) async fn start(processes: &Processes, bus: &Bus, state: KeyringState, answered: bool) -> Option<Self> {
        if state == KeyringState::None {
            return None;
        }
        let (name, prompter) = answered.then(|| Prompter::start(processes)).unzip();
        serve(processes, bus, name.as_deref()).await;
        let keyring = Self {
            connection: bus.connection.clone(),
            prompter: Mutex::new(prompter),
            prompter_log: processes.log("prompter"),
        };
        if state == KeyringState::Locked {
            keyring.lock().await;
        }
        Some(keyring)
    }

    /// Ends its process. What it keeps stays.
    pub async fn end(&self, bus: &Bus) {
        bus.kill_owner(NAME).await;
    }

    /// Its process is there again, and open.
    pub async fn come_back(&self, processes: &Processes, bus: &Bus) {
        serve(processes, bus, None).await;
    }

    /// Where the keyring keeps its files, below the folder for data of programs.
    pub(crate) fn folder(data: &Path) -> PathBuf {
        data.join("keyrings")
    }

    /// Locks it, as a desktop does when the screen is locked.
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
            reply.body().deserialize().expect("the keyring tells what it locked");
        assert!(!locked.is_empty(), "the keyring was locked");
    }

    /// The next question for the password is answered with it.
    pub fn the_next_question_is_answered(&self) {
        self.expect_answer(&format!("unlock {PASSWORD}"));
    }

    /// The next question for the password is dismissed.
    pub fn the_next_question_is_dismissed(&self) {
        self.expect_answer("cancel");
    }

    /// Whatever is asked from now on stays on the screen, and nobody comes.
    pub fn questions_stay_open(&self) {
        self.prompter(|prompter| send(prompter.id, Signal::STOP));
    }

    /// Somebody is there again.
    pub fn questions_are_seen_again(&self) {
        self.prompter(|prompter| send(prompter.id, Signal::CONT));
    }

    fn expect_answer(&self, answer: &str) {
        self.prompter(|prompter| prompter.tell(answer));
    }

    fn prompter(&self, act: impl FnOnce(&mut Prompter)) {
        let mut prompter = self.prompter.lock().expect("nobody panics with the lock");
        act(prompter.as_mut().expect("this session answers the keyring's questions"));
    }

    /// Asks the keyring to open, as any program may, and tells whether it did.
    pub async fn ask_to_unlock(&self) -> bool {
        let service = self.service().await;
        let collection = service.get_default_collection().await.expect("the keyring has a default collection");
        let _ = collection.unlock().await;
        !self.is_locked().await
    }

    /// Whether the keyring has asked a question that nobody expected; such a question is dismissed.
    pub fn was_asked_unexpectedly(&self) -> bool {
        fs::metadata(&self.prompter_log).is_ok_and(|log| log.len() > 0)
    }

    /// All accounts of ours. Only an open keyring tells them.
    pub async fn items(&self) -> Vec<Item> {
        let service = self.service().await;
        let found =
            service.search_items(HashMap::from([("xdg:schema", SCHEMA)])).await.expect("the keyring can be searched");
        assert!(found.locked.is_empty(), "the keyring is open");
        let mut items = Vec::new();
        for item in found.unlocked {
            items.push(Item {
                label: item.get_label().await.expect("an item has a label"),
                attributes: item.get_attributes().await.expect("an item has attributes"),
                secret: item.get_secret().await.expect("an item has a secret"),
            });
        }
        items
    }

    /// The key that an application in a sandbox gets from it by way of the Secret portal.
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
            answer.body().deserialize().expect("an answer has its form");
        assert_eq!(code, 0, "the keyring gives the key");
        drop(arguments);
        let mut key = Vec::new();
        reader.read_to_end(&mut key).expect("the key can be read");
        key
    }

    /// The one account of ours.
    pub async fn the_item(&self) -> Item {
        let mut items = self.items().await;
        assert_eq!(items.len(), 1, "one account is in the keyring");
        items.remove(0)
    }

    /// As if the one account of ours had been signed in to so many days earlier than it was.
    pub async fn the_sign_in_was_earlier(&self, days: i64) {
        let service = self.service().await;
        let found =
            service.search_items(HashMap::from([("xdg:schema", SCHEMA)])).await.expect("the keyring can be searched");
        let [item] = found.unlocked.as_slice() else { panic!("one account is in the keyring") };
        let secret = item.get_secret().await.expect("an item has a secret");
        let mut account: serde_json::Value = serde_json::from_slice(&secret).expect("an account is JSON");
        let at = account["signed_in_at"].as_i64().expect("it is written down when somebody signed in");
        account["signed_in_at"] = (at - days * 24 * 60 * 60).into();
        let secret = account.to_string();
        item.set_secret(secret.as_bytes(), "application/json").await.expect("an item can be changed");
    }

    /// Whether its default collection is locked.
    pub async fn is_locked(&self) -> bool {
        let service = self.service().await;
        let collection = service.get_default_collection().await.expect("the keyring has a default collection");
        collection.is_locked().await.expect("the keyring tells whether it is locked")
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

/// Starts the process of a keyring that is open, and waits for it.
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
    let mut input = daemon.stdin.take().expect("its input was piped");
    // The password ends with the input.
    input.write_all(PASSWORD.as_bytes()).expect("the keyring takes its password");
    drop(input);
    processes.keep(daemon);
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
            input: child.stdin.take().expect("its input was piped"),
            output: BufReader::new(child.stdout.take().expect("its output was piped")),
        };
        processes.keep(child);
        let name = prompter.line();
        (name, prompter)
    }

    fn tell(&mut self, answer: &str) {
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
    fs::File::create(processes.log(name)).expect("a log can be made")
}
