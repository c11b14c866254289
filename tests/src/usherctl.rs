// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl` at work while a browser elsewhere does its part: `curl`, which follows where the shop leads.

use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::processes::LIMIT;
use crate::session::Session;

/// How a command ended: its code, results and everything else it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("its output is text");
        Self {
            code: output.status.code().expect("it ends by itself"),
            output: text(output.stdout),
            errors: text(output.stderr),
        }
    }
}

/// `usherctl sign-in` or `usherctl buy`, waiting for the browser.
#[derive(Debug)]
pub struct Waiting {
    child: Child,
    errors: BufReader<ChildStderr>,
    /// What it said before the address.
    pub said: String,
    /// The address that it told to open.
    pub address: String,
}

impl Waiting {
    /// Starts it, without a terminal, up to the point where it waits.
    pub async fn start(session: &Session, arguments: &[&str]) -> Self {
        let mut child = Command::from(session.command("usherctl"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("usherctl starts");
        let errors = BufReader::new(child.stderr.take().expect("its errors were piped"));
        let mut waiting = Self { child, errors, said: String::new(), address: String::new() };
        timeout(LIMIT, waiting.read_address()).await.expect("usherctl tells an address in time");
        waiting
    }

    async fn read_address(&mut self) {
        loop {
            let mut line = String::new();
            let read = self.errors.read_line(&mut line).await.expect("usherctl tells what to do");
            assert_ne!(read, 0, "usherctl tells an address; it said: {}", self.said);
            if line.starts_with("http") {
                line.trim().clone_into(&mut self.address);
                line.clear();
                self.errors.read_line(&mut line).await.expect("usherctl tells that it waits");
                assert_eq!(line, "Waiting… (Ctrl+C to stop)\n");
                return;
            }
            self.said.push_str(&line);
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it still runs")
    }

    /// Waits for its end.
    pub async fn end(mut self) -> Told {
        let mut errors = String::new();
        timeout(LIMIT * 4, self.errors.read_to_string(&mut errors)).await.expect("it ends").expect("it ends");
        let output = self.child.wait_with_output().await.expect("it ends");
        Told { errors, ..Told::from(output) }
    }
}

/// Signs in on the page at `address`, as a person does in a browser. Gives the page at which the browser ends.
pub async fn sign_in_in_browser(address: &str, user: &str) -> String {
    let (page, query) = address.split_once('?').expect("the address has parameters");
    send_form(page, query.split('&').chain([&*format!("user={user}"), &*format!("password={user}")])).await
}

/// Buys on the page at `address`, as a person does in a browser. Gives the page at which the browser ends.
pub async fn buy_in_browser(address: &str) -> String {
    let (page, query) = address.split_once('?').expect("the address has parameters");
    send_form(&format!("{page}/done"), query.split('&')).await
}

/// Where the shop leads after signing in on the page at `address`: a browser on another computer ends there.
pub async fn redirect_of_sign_in(address: &str, user: &str) -> String {
    let (page, query) = address.split_once('?').expect("the address has parameters");
    let fields = [format!("user={user}"), format!("password={user}")];
    redirect_of(page, query.split('&').chain(fields.iter().map(String::as_str))).await
}

/// Where the shop leads after buying on the page at `address`: a browser on another computer ends there.
pub async fn redirect_of_purchase(address: &str) -> String {
    let (page, query) = address.split_once('?').expect("the address has parameters");
    redirect_of(&format!("{page}/done"), query.split('&')).await
}

async fn send_form<'a>(page: &str, fields: impl Iterator<Item = &'a str>) -> String {
    curl(page, fields, &["--location"]).await
}

async fn redirect_of<'a>(page: &str, fields: impl Iterator<Item = &'a str>) -> String {
    curl(page, fields, &["--output", "/dev/null", "--write-out", "%{redirect_url}"]).await
}

async fn curl<'a>(page: &str, fields: impl Iterator<Item = &'a str>, further: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30"]).args(further);
    for field in fields {
        curl.args(["--data", field]);
    }
    let output = curl.arg(page).output().await.expect("curl starts");
    String::from_utf8(output.stdout).expect("a page is text")
}
