// SPDX-License-Identifier: GPL-3.0-or-later
//! A keyring that others wrote, and a person who answers its questions on the screen.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;
use usher_tests::{Session, wait_until};
use zbus::Message;
use zbus::zvariant::{DynamicType, OwnedObjectPath};

const NAME: &str = "org.freedesktop.secrets";
/// The password of every keyring here. It protects nothing.
const PASSWORD: &str = "interop";

/// The end of the title of `KeePassXC`'s window while its database is locked.
const LOCKED_DATABASE: &str = "[Locked] - KeePassXC";
/// The pause between two looks at the screen.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// A database with one group, which the keyring's interface shows.
const DATABASE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile>
  <Meta><CustomData><Item>
    <Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{00112233-4455-6677-8899-aabbccddeeff}</Value>
  </Item></CustomData></Meta>
  <Root><Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>Usher</Name></Group></Root>
</KeePassFile>"#;

/// Who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// `kwalletd6` of KDE.
    KWallet,
    /// `KeePassXC`, which serves an open database as a keyring.
    KeePassXc,
    /// `oo7-daemon`.
    Oo7,
}

/// What a keyring asks, and how a person answers.
#[derive(Debug)]
struct Question {
    /// A text that only this question shows.
    text: &'static str,
    /// The title of its window.
    title: &'static str,
    answer: &'static [Act],
}

#[derive(Debug)]
enum Act {
    Press(&'static str),
    TypePassword,
    Key(&'static str),
}

impl Maker {
    /// The name of the program that asks.
    fn program(self) -> &'static str {
        match self {
            Self::KWallet => "kwalletd6",
            Self::KeePassXc => "KeePassXC",
            Self::Oo7 => "gcr-prompter",
        }
    }

    fn questions(self) -> &'static [Question] {
        match self {
            Self::KWallet => &[
                Question {
                    text: "KDE has requested to create a new wallet",
                    title: "KDE Wallet Service",
                    answer: &[Act::Press("Classic, blowfish encrypted file"), Act::Press("Finish")],
                },
                Question {
                    text: "Please enter a password to use with this wallet",
                    title: "KDE Wallet Service",
                    answer: &[Act::TypePassword, Act::Key("Tab"), Act::TypePassword, Act::Key("Return")],
                },
                Question {
                    text: "Please enter the password for this wallet below",
                    title: "KDE Wallet Service",
                    answer: &[Act::TypePassword, Act::Key("Return")],
                },
            ],
            Self::KeePassXc => &[Question {
                text: "is requesting access to the following entries",
                title: "KeePassXC -  Access Request",
                answer: &[Act::Press("Allow Selected")],
            }],
            Self::Oo7 => &[Question {
                text: "wants access to the keyring",
                title: "Unlock Keyring",
                answer: &[Act::TypePassword, Act::Key("Return")],
            }],
        }
    }
}

/// A running keyring.
#[derive(Debug)]
pub struct OtherKeyring<'s> {
    session: &'s Session,
    maker: Maker,
}

impl<'s> OtherKeyring<'s> {
    /// Sets it up as its own first-run settings do, starts it, and leaves it locked or without a collection if it can ask for more.
    pub async fn start(session: &'s Session, maker: Maker) -> Self {
        let keyring = Self { session, maker };
        match maker {
            Maker::KWallet => keyring.write_config(
                "kwalletrc",
                "[Wallet]\nEnabled=true\nFirst Use=false\n\n[org.freedesktop.secrets]\napiEnabled=true\n",
            ),
            Maker::KeePassXc => {
                keyring.write_config("keepassxc/keepassxc.ini", "[FdoSecrets]\nEnabled=true\nShowNotification=false\n");
                keyring.make_database();
            }
            Maker::Oo7 => start_prompter(session).await,
        }
        keyring.run().await;
        if maker == Maker::KeePassXc {
            keyring.open_database().await;
        }
        keyring
    }

    /// Opens the database in the program's own window. Its dialog that asks other programs' users to unlock ends the
    /// whole program (2.7.10; for `secret-tool` too).
    pub async fn open_database(&self) {
        let screen = self.session.screen().of_program(self.maker.program());
        screen.front().mentions(LOCKED_DATABASE).await;
        screen.xdotool(&["search", "--onlyvisible", "--name", "Locked. - KeePassXC", "windowfocus"]).await;
        screen.type_text(PASSWORD).await;
        screen.key("Return").await;
        wait_until("the open database", async || !screen.tree().await.mentions(LOCKED_DATABASE)).await;
    }

    /// Ends its process and starts another one, which knows no password.
    pub async fn restart(&self) {
        self.session.bus.kill_owner(NAME).await;
        self.run().await;
    }

    async fn run(&self) {
        let processes = &self.session.processes;
        match self.maker {
            Maker::KWallet => {
                processes.start("kwalletd6", processes.command("kwalletd6"));
            }
            Maker::KeePassXc => {
                let mut command = processes.command("keepassxc");
                command.arg(self.database());
                processes.start("keepassxc", command);
            }
            Maker::Oo7 => {
                // As a plain user starts it. With capabilities it locks all its memory, for which a container is too small.
                let mut command = processes.command("setpriv");
                command.args(["--bounding-set=-all", &oo7_daemon()]);
                processes.start("oo7-daemon", command);
            }
        }
        self.session.bus.wait_for_owner(NAME).await;
    }

    /// Locks it, as some desktops do with the screen.
    pub async fn lock(&self) {
        if self.maker == Maker::KeePassXc {
            // What its interface locks, it asks about first.
            let status = self.session.processes.command("keepassxc").arg("--lock").status();
            assert!(status.expect("keepassxc starts").success(), "keepassxc locks its databases");
            self.session.screen().of_program(self.maker.program()).front().mentions(LOCKED_DATABASE).await;
            return;
        }
        let collection = self.call("ReadAlias", &"default").await;
        let collection: OwnedObjectPath = collection.body().deserialize().expect("an alias is a collection");
        self.call("Lock", &(vec![collection],)).await;
    }

    async fn call(&self, method: &str, arguments: &(impl Serialize + DynamicType)) -> Message {
        let path = "/org/freedesktop/secrets";
        let interface = Some("org.freedesktop.Secret.Service");
        let reply = self.session.bus.connection.call_method(Some(NAME), path, interface, method, arguments).await;
        reply.expect("the keyring answers")
    }

    /// Does something, and meanwhile answers what the keyring asks. Returns the questions too.
    pub async fn answering<T>(&self, doing: impl Future<Output = T>) -> (T, Vec<&'static str>) {
        let mut asked = Vec::new();
        let answer = async {
            loop {
                asked.push(self.answer().await);
            }
        };
        let done = tokio::select! {
            done = doing => done,
            never = answer => never,
        };
        (done, asked)
    }

    /// Waits for a question, answers it, and returns what it asked.
    pub async fn answer(&self) -> &'static str {
        let screen = self.session.screen();
        let screen = screen.of_program(self.maker.program());
        // A later question covers an earlier one, which may stay behind it.
        let latest = async || {
            let tree = screen.tree().await;
            self.maker.questions().iter().rfind(|question| tree.mentions(question.text))
        };
        let question = loop {
            match latest().await {
                Some(question) => break question,
                None => sleep(POLL_INTERVAL).await,
            }
        };
        let window = screen.front();
        for act in question.answer {
            match act {
                Act::Press(button) => window.press(button).await,
                Act::TypePassword => {
                    screen.xdotool(&["search", "--onlyvisible", "--name", question.title, "windowfocus"]).await;
                    screen.type_text(PASSWORD).await;
                }
                Act::Key(key) => screen.key(key).await,
            }
        }
        wait_until("the end of the question", async || latest().await.is_none_or(|next| next.text != question.text))
            .await;
        question.text
    }

    fn write_config(&self, file: &str, text: &str) {
        let file = self.folder("XDG_CONFIG_HOME").join(file);
        fs::create_dir_all(file.parent().expect("the file is in a folder"))
            .expect("a folder of the session can be made");
        fs::write(file, text).expect("a file of the session can be written");
    }

    fn folder(&self, variable: &str) -> PathBuf {
        self.session.processes.environment()[variable].clone().into()
    }

    fn database(&self) -> PathBuf {
        self.folder("XDG_DATA_HOME").join("interop.kdbx")
    }

    /// Makes a database whose only group is open to other programs, as *Database Settings* would.
    fn make_database(&self) {
        let description = self.folder("TMPDIR").join("interop.xml");
        fs::write(&description, DATABASE).expect("a file of the session can be written");
        let mut import = self.session.processes.command("keepassxc-cli");
        import.args(["import", "--quiet", "--set-password"]).arg(&description).arg(self.database());
        let mut import = import.stdin(Stdio::piped()).spawn().expect("keepassxc-cli starts");
        let mut input = import.stdin.take().expect("standard input is piped");
        writeln!(input, "{PASSWORD}\n{PASSWORD}").expect("keepassxc-cli reads the password");
        assert!(import.wait().expect("keepassxc-cli ends").success(), "keepassxc-cli makes a database");
    }
}

/// Starts the program in which GNOME asks for the password of a keyring.
async fn start_prompter(session: &Session) {
    let processes = &session.processes;
    processes.start("prompter", processes.command("/usr/libexec/gcr-prompter"));
    session.bus.wait_for_owner("org.gnome.keyring.SystemPrompter").await;
}

fn oo7_daemon() -> String {
    std::env::var("USHER_OO7_DAEMON").expect("build-aux/interop names oo7-daemon")
}
