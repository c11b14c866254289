// SPDX-License-Identifier: GPL-3.0-or-later
//! A real browser: Debian's chromium without a window, driven over its own protocol (`--remote-debugging-pipe`).

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::environment::data_folder;
use crate::processes::{LIMIT, wait_for};
use crate::session::Session;

/// The protocol is spoken at the descriptors 3 and 4.
const SCRIPT: &str = r#"exec chromium "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

/// A browser with one page. It ends when it is dropped.
#[derive(Debug)]
pub struct Chromium {
    pipe: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    number: AtomicU64,
    page: String,
    _child: Child,
    _profile: TempDir,
}

impl Chromium {
    /// Opens the browser at an address, which no other program sees.
    pub async fn open(session: &Session, address: &str) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the browser can be made");
        let mut command = Command::from(session.processes.command("sh"));
        command.args(["-c", SCRIPT, "sh", "--headless=new", "--remote-debugging-pipe", "--disable-gpu"]);
        // Tests run as root, whom it keeps no sandbox for.
        command.args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).env("HOME", profile.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("a shell starts");
        let input = child.stdin.take().expect("standard input is piped");
        let output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let pipe = Mutex::new((input, output));
        let mut browser =
            Self { pipe, number: AtomicU64::new(1), page: String::new(), _child: child, _profile: profile };
        let created = browser.call("Target.createTarget", &json!({ "url": address })).await;
        let attach = json!({ "targetId": created["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attach).await;
        attached["sessionId"].as_str().expect("the page can be driven").clone_into(&mut browser.page);
        browser
    }

    /// Waits until the page shows this text.
    pub async fn says(&self, text: &str) {
        let content = async || self.evaluate("document.body?.innerText ?? ''").await.as_str().map(str::to_owned);
        let has_text = async || content().await.filter(|content| content.contains(text));
        wait_for(&format!("“{text}” in the browser"), has_text, async || content().await.unwrap_or_default()).await;
    }

    /// The address of the page.
    pub async fn address(&self) -> String {
        self.evaluate("location.href").await.as_str().expect("a page has an address").to_owned()
    }

    /// Types into the field with this label.
    pub async fn fill(&self, label: &str, text: &str) {
        let find =
            format!("[...document.querySelectorAll('label')].find(label => label.innerText === {label:?}).control");
        self.evaluate(&format!("{find}.focus()")).await;
        self.call("Input.insertText", &json!({ "text": text })).await;
        assert_eq!(self.evaluate(&format!("{find}.value")).await, json!(text));
    }

    /// Presses the button called `name`.
    pub async fn press(&self, name: &str) {
        let press =
            format!("[...document.querySelectorAll('button')].find(button => button.innerText === {name:?}).click()");
        self.evaluate(&press).await;
    }

    /// Signs in as `user` on the issuer's pages, and allows everything.
    pub async fn sign_in_at_the_issuer(&self, user: &str) {
        self.says("User name").await;
        self.fill("User name", user).await;
        self.fill("Password", user).await;
        self.press("Sign In").await;
        self.says("Allow Usher?").await;
        self.press("Allow").await;
    }

    /// The value of an expression in the page. `Null` while another page loads.
    async fn evaluate(&self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "userGesture": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", &parameters).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    async fn call(&self, method: &str, parameters: &Value) -> Value {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({ "id": number, "method": method, "params": parameters });
        if !self.page.is_empty() {
            message["sessionId"] = json!(self.page);
        }
        let answer = timeout(LIMIT, self.exchange(number, &message)).await;
        answer.unwrap_or_else(|_| panic!("the browser answers {method} in time"))
    }

    async fn exchange(&self, number: u64, message: &Value) -> Value {
        let mut pipe = self.pipe.lock().await;
        pipe.0.write_all(format!("{message}\0").as_bytes()).await.expect("the browser reads");
        loop {
            let mut bytes = Vec::new();
            let read = pipe.1.read_until(0, &mut bytes).await.expect("the browser writes");
            assert_ne!(read, 0, "the browser still runs");
            bytes.pop();
            let mut answer: Value = serde_json::from_slice(&bytes).expect("the browser writes JSON");
            if answer["id"] == number {
                return answer["result"].take();
            }
        }
    }
}

impl Session {
    /// Makes a program the desktop's browser that only notes the addresses it gets, for [`Self::address_for_the_browser`].
    /// Programs see it that start from now on.
    pub fn note_addresses_for_the_browser(&self) {
        let folder = self.write_program("browser", r#"printf '%s\n' "$1" >>"$TMPDIR/addresses""#);
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName=Browser\nExec={}/browser %u\nMimeType=x-scheme-handler/http;\n",
            folder.display()
        );
        let applications = data_folder(self.folder()).join("applications");
        fs::create_dir_all(&applications).expect("a folder can be made");
        fs::write(applications.join("browser.desktop"), entry).expect("a file can be written");
        let defaults = "[Default Applications]\nx-scheme-handler/http=browser.desktop\n";
        fs::write(self.folder().join("home/.config/mimeapps.list"), defaults).expect("a file can be written");
    }

    /// Waits until the desktop's browser gets an address. Returns the last one.
    pub async fn address_for_the_browser(&self) -> String {
        let file = self.folder().join("tmp/addresses");
        let last = async || Some(fs::read_to_string(&file).ok()?.lines().last()?.to_owned());
        wait_for("an address for the browser", last, async || String::new()).await
    }
}
