// SPDX-License-Identifier: GPL-3.0-or-later
//! A server that renews sign-ins to the shop, as a test wants it: it counts, gives a new pair of tokens each time, and ends a
//! sign-in whose old token comes again. Nothing else of single sign-on: whoever needs a page uses a real server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use usher_demo_store::Control;

use crate::processes::wait_until;
use crate::session::Session;

/// The name under which the server knows Usher.
const CLIENT_ID: &str = "usher";
/// Who signs in.
const USER: &str = "demo";
/// How long a renewed sign-in lasts, in seconds.
const LIFE: u32 = 3600;

/// How the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// With a new pair of tokens.
    Given,
    /// The same, but the answer waits until [`RenewalServer::let_go`].
    Held,
    /// Not at all.
    Hangs,
    /// With a page and this status.
    Page(u16),
    /// That the sign-in has ended.
    Ended,
}

/// Such a server, until it is dropped.
#[derive(Debug)]
pub struct RenewalServer {
    /// Its address.
    pub address: String,
    state: Arc<Mutex<State>>,
    gate: watch::Sender<bool>,
    _connections: JoinSet<()>,
}

#[derive(Debug)]
struct State {
    /// The shop that takes its access tokens.
    shop: Control,
    /// The number of the newest refresh token.
    newest: usize,
    /// Whether an old one came again.
    is_broken: bool,
    asked: usize,
    given: usize,
    answers: Renewal,
}

impl RenewalServer {
    /// Opens it. Its access tokens are for this shop.
    async fn open(shop: Control) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("it has an address"));
        let state = State { shop, newest: 0, is_broken: false, asked: 0, given: 0, answers: Renewal::Given };
        let state = Arc::new(Mutex::new(state));
        let gate = watch::Sender::new(false);
        let mut connections = JoinSet::new();
        let (served, opened) = (state.clone(), gate.subscribe());
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (state, gate) = (served.clone(), opened.clone());
                // A connection that breaks off concerns its two ends alone.
                open.spawn(async move { drop(serve(stream, &state, gate).await) });
            }
        });
        Self { address, state, gate, _connections: connections }
    }

    /// The authenticator options of a remote that names it and this shop.
    pub fn options(&self, session: &Session) -> HashMap<&'static str, String> {
        let url = session.shop().base_url().to_string();
        let [provider, client] = ["oauth2", CLIENT_ID].map(ToOwned::to_owned);
        HashMap::from([("url", url), ("type", provider), ("issuer", self.address.clone()), ("client-id", client)])
    }

    /// Answers like that from now on.
    pub fn answer(&self, answers: Renewal) {
        self.state().answers = answers;
    }

    /// Sends the answers that were held back.
    pub fn let_go(&self) {
        self.gate.send_replace(true);
    }

    /// How often a renewal was asked for.
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    /// How often it gave a new pair of tokens.
    pub fn given(&self) -> usize {
        self.state().given
    }

    /// The refresh token that works.
    pub fn newest(&self) -> String {
        refresh(self.state().newest)
    }

    /// Waits until a renewal was asked for.
    pub async fn wait_until_asked(&self) {
        wait_until("the sign-in server is asked", async || self.asked() > 0).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with the lock")
    }
}

impl State {
    fn renew(&mut self, refresh_token: &str) -> (u16, Value) {
        if self.is_broken || refresh_token != refresh(self.newest) {
            self.is_broken = true;
            return (400, json!({ "error": "invalid_grant" }));
        }
        self.newest += 1;
        self.given += 1;
        let access = self.shop.issue_credential(USER).expect("the shop knows its user");
        let refresh = refresh(self.newest);
        (200, json!({ "access_token": access, "token_type": "Bearer", "expires_in": LIFE, "refresh_token": refresh }))
    }
}

fn refresh(number: usize) -> String {
    format!("refresh-CANARY-{number}")
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>, mut gate: watch::Receiver<bool>) -> std::io::Result<()> {
    let form = read_form(&mut stream).await?;
    let (answers, (status, body)) = {
        let mut state = state.lock().expect("nobody panics with the lock");
        state.asked += 1;
        let answers = state.answers;
        (
            answers,
            match answers {
                Renewal::Given | Renewal::Held => state.renew(&form["refresh_token"]),
                Renewal::Page(status) => (status, Value::Null),
                Renewal::Ended | Renewal::Hangs => (400, json!({ "error": "invalid_grant" })),
            },
        )
    };
    match answers {
        Renewal::Hangs => std::future::pending().await,
        Renewal::Held => drop(gate.wait_for(|is_open| *is_open).await),
        _ => {}
    }
    let (content_type, text) = if body.is_null() {
        ("text/html", "<!doctype html><title>Not now</title>".to_owned())
    } else {
        ("application/json", body.to_string())
    };
    let length = text.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(format!("{head}{text}").as_bytes()).await?;
    stream.shutdown().await
}

/// Reads a request, and gives the fields of its form.
async fn read_form(stream: &mut TcpStream) -> std::io::Result<HashMap<String, String>> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await?;
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0_usize) {
                let fields = reqwest::Url::parse(&format!("http://form/?{body}")).expect("a form is a query");
                return Ok(fields.query_pairs().into_owned().collect());
            }
        }
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

impl Session {
    /// Signs in for the remote `demo`, and lets that be a sign-in of single sign-on that has lapsed and is to be renewed: the
    /// account in the keyring and the remote name a server of ours.
    pub async fn sign_in_that_lapses(&self) -> RenewalServer {
        self.sign_in_as(USER).await;
        self.stop_daemon().await;
        let server = RenewalServer::open(self.shop().control().clone()).await;
        let item = self.keyring().only_item().await;
        let mut account: Value = serde_json::from_slice(&item.secret).expect("an account is JSON");
        account["binding"]["provider"] = "oauth2".into();
        account["binding"]["terms"] = json!({ "issuer": server.address, "client-id": CLIENT_ID });
        account["credential"] = json!({ "oauth2": { "access": "lapsed", "refresh": refresh(0), "ends": 1 } });
        account["endpoints"] = json!({ "token": format!("{}/token", server.address) });
        let mut attributes = item.attributes;
        attributes.insert("type".to_owned(), "oauth2".to_owned());
        self.keyring().delete_items().await;
        self.keyring().add_item(&item.label, &attributes, account.to_string().as_bytes()).await;
        let options = server.options(self);
        let options: Vec<_> =
            options.iter().map(|(name, value)| format!("--authenticator-option={name}={value}")).collect();
        let mut arguments = vec!["remote-modify", "--user"];
        arguments.extend(options.iter().map(String::as_str));
        arguments.push("demo");
        self.flatpak().run(&arguments).await.expect_success();
        server
    }
}
