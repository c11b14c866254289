// SPDX-License-Identifier: GPL-3.0-or-later
//! Running an `OpenID` server: oidc-provider, which `build-aux/openid` installs, behind the switches of `openid/server.mjs`.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::Issuer;
use crate::{StoreError, repository::commands};

/// An `OpenID` server on loopback with one client, and the accounts and passwords of the shop.
///
/// It ends when it is dropped, and with the program that started it.
#[derive(Debug)]
pub struct DemoIssuer {
    process: Mutex<Process>,
    issuer: Issuer,
    elsewhere: String,
}

#[derive(Debug)]
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// One request to the issuer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct IssuerRequest {
    /// `metadata`, `authorization`, `token`, `revocation`, `device_authorization`, `code_page`, `keys`, `userinfo`,
    /// `sign_in_page` or `page`.
    pub route: String,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The grant type, of a request for tokens.
    pub grant: Option<String>,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long the issuer worked on it, if there was an answer.
    pub microseconds: Option<u64>,
}

#[derive(Deserialize)]
struct Addresses {
    issuer: String,
    elsewhere: String,
    client: String,
}

#[derive(Deserialize)]
struct State {
    requests: Vec<IssuerRequest>,
    grants: usize,
    secrets: Vec<String>,
}

impl DemoIssuer {
    /// Starts the server at 127.0.0.1, at ports that the system chooses.
    pub async fn start() -> Result<Self, StoreError> {
        Self::start_at("127.0.0.1").await
    }

    /// Starts the server at `[::1]`, which is another host than the shop's.
    pub async fn start_at_another_host() -> Result<Self, StoreError> {
        Self::start_at("::1").await
    }

    async fn start_at(host: &'static str) -> Result<Self, StoreError> {
        let started = tokio::task::spawn_blocking(|| Self::start_blocking(host));
        started.await.map_err(|error| StoreError::Runtime(error.into()))?
    }

    /// What keeps this computer from running it, if anything does.
    pub fn missing_program() -> Option<String> {
        match commands::find("node") {
            Err(_) => Some("node".to_owned()),
            Ok(_) => (!installed().join("installed").is_file()).then(|| "oidc-provider".to_owned()),
        }
    }

    fn start_blocking(host: &str) -> Result<Self, StoreError> {
        if let Some(program) = Self::missing_program() {
            return Err(StoreError::MissingProgram(program));
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("openid/server.mjs");
        let mut child = Command::new(commands::find("node")?)
            .arg(script)
            .arg(installed())
            .arg(host)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(StoreError::file("node"))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let mut process = Process { child, input, output };
        let Addresses { issuer: address, elsewhere, client } = process.read()?;
        let issuer = Issuer { address, client_id: client };
        Ok(Self { process: Mutex::new(process), issuer, elsewhere })
    }

    /// Its address and its client, for [`StoreOptions::issuer`](crate::StoreOptions::issuer).
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Its address, as its metadata says it.
    pub fn address(&self) -> &str {
        &self.issuer.address
    }

    /// The host and the port of its address.
    pub fn host(&self) -> &str {
        self.issuer.address.trim_start_matches("http://")
    }

    /// The address where its endpoints for programs are with the setting `endpoints_elsewhere`.
    pub fn elsewhere(&self) -> &str {
        &self.elsewhere
    }

    /// Changes settings. `openid/server.mjs` lists them with what they are at the start.
    ///
    /// # Panics
    /// If the server does not know a setting.
    pub fn set(&self, settings: &Value) {
        self.command(&json!({ "command": "set", "settings": settings }));
    }

    /// Makes every answer of a route fail with this status and body: JSON, or a page if it is text.
    pub fn fail(&self, route: &str, status: u16, body: &Value) {
        self.set(&json!({ "failures": { route: { "status": status, "body": body } } }));
    }

    /// Closes every connection without an answer.
    pub fn go_down(&self) {
        self.set(&json!({ "down": true }));
    }

    /// Undoes all failures.
    pub fn succeed(&self) {
        self.set(&json!({ "failures": {}, "down": false }));
    }

    /// Signs with a new key from now on, and forgets the old one.
    pub fn rotate_keys(&self) {
        self.command(&json!({ "command": "rotate-keys" }));
    }

    /// Ends all sign-ins with everything that they gave. Access tokens that a shop can check by itself stay.
    pub fn end_everything(&self) {
        self.command(&json!({ "command": "end-everything" }));
    }

    /// All requests so far, oldest first.
    pub fn requests(&self) -> Vec<IssuerRequest> {
        self.state().requests
    }

    /// How many requests there were for this route.
    pub fn count(&self, route: &str) -> usize {
        self.requests().iter().filter(|request| request.route == route).count()
    }

    /// How many requests for tokens there were with this grant type.
    pub fn count_grant(&self, grant: &str) -> usize {
        self.requests().iter().filter(|request| request.grant.as_deref() == Some(grant)).count()
    }

    /// How many sign-ins there are that have not been ended.
    pub fn grants(&self) -> usize {
        self.state().grants
    }

    /// Every token, code and state so far, for tests that search for leaks.
    pub fn issued_secrets(&self) -> Vec<String> {
        self.state().secrets
    }

    fn state(&self) -> State {
        serde_json::from_value(self.command(&json!({ "command": "state" }))).expect("the server describes its state")
    }

    fn command(&self, command: &Value) -> Value {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let input = process.input.as_mut().expect("it is open until the end");
        writeln!(input, "{command}").expect("the server reads its commands");
        process.read().expect("the server knows the command, and answers it")
    }
}

impl Process {
    fn read<T: for<'a> Deserialize<'a>>(&mut self) -> Result<T, StoreError> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(StoreError::file("node"))?;
        serde_json::from_str(&line).map_err(|_| StoreError::Issuer("the OpenID server has ended".to_owned()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Where `build-aux/openid` installs oidc-provider.
fn installed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build/openid")
}
