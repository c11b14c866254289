// SPDX-License-Identifier: GPL-3.0-or-later
//! One row of the table in its session: the steps that many rows have in common.

use serde_json::Value;
use usher_tests::{Outcome, Screen, Session, Setup, Story, Terminal, Window};

use super::kind::{Credential, Kind};

/// A row: a session, and one server in it.
pub(crate) struct Row<K> {
    pub(crate) story: Story,
    pub(crate) server: K,
    pub(crate) host: String,
}

/// `usherctl sign-in`, which has asked for the credential.
pub(crate) struct TerminalSignIn {
    pub(crate) terminal: Terminal,
    is_first: bool,
}

impl<K: Kind> Row<K> {
    /// A person at a desktop.
    pub(crate) async fn at_a_desktop(name: &'static str, title: &str) -> Self {
        Self::begin(name, title, Setup::default()).await
    }

    /// A person in a terminal, without a display and without the window.
    pub(crate) async fn in_a_terminal(name: &'static str, title: &str) -> Self {
        Self::begin(name, title, Setup { without_window: true, ..Setup::without_display() }).await
    }

    async fn begin(name: &'static str, title: &str, setup: Setup) -> Self {
        let title = format!("{}: {title}", K::PROVIDER);
        let story = Story::begin(name, &title, K::setup(setup)).await;
        let server = K::open(&story.session).await;
        let host = server.host();
        Self { story, server, host }
    }

    pub(crate) async fn step(&self, what: &str) {
        self.story.step(what).await;
    }

    pub(crate) async fn end(self) {
        self.story.end().await;
    }

    pub(crate) fn session(&self) -> &Session {
        &self.story.session
    }

    pub(crate) fn screen(&self) -> Screen<'_> {
        self.session().screen()
    }

    /// Starts the install of an app in a terminal.
    pub(crate) fn start_install(&self, app: &str) -> Terminal {
        self.session().flatpak().in_terminal(&["install", "--user", K::REMOTE, app]).answering_yes()
    }

    pub(crate) async fn install(&self, app: &str) -> Outcome {
        self.start_install(app).end().await
    }

    pub(crate) async fn uninstall(&self, app: &str) {
        self.session().flatpak().run(&["uninstall", "--user", "--noninteractive", app]).await.expect_success();
    }

    /// What flatpak says where an account is needed and the window opens.
    pub(crate) fn account_needed(&self) -> String {
        format!("Account needed. Sign in to {} in the Usher window, then try again.", self.host)
    }

    /// The install of the app stops, and leads to a prompt. Returns the title of the prompt.
    pub(crate) async fn prompt_of_an_install(&self) -> String {
        self.install(K::APP).await.expect_refusal(&self.account_needed());
        format!("Sign In to {}", self.host)
    }

    /// Goes on from a prompt or from the page of a server to what the server asks for.
    pub(crate) async fn go_on(&self, window: &Window<'_>) {
        window.press(&format!("Continue to {}", self.host)).await;
    }

    /// Signs in from the question for the credential to “Signed In”, and leaves that.
    pub(crate) async fn sign_in_and_finish(&self, window: &Window<'_>) {
        self.server.enter_in_window(window, Credential::Right).await;
        let screen = self.screen();
        screen.front().says("Signed In").await;
        screen.front().press("Done").await;
    }

    /// Starts `usherctl sign-in`, and agrees to the server if that is asked.
    pub(crate) async fn start_in_terminal(&self) -> TerminalSignIn {
        let is_first = self.accounts().await.is_empty();
        let terminal = self.session().in_terminal(&["usherctl", "sign-in", K::REMOTE]);
        if is_first {
            terminal.wait_for_text(&self.first_time()).await;
            terminal.enter("y");
        }
        TerminalSignIn { terminal, is_first }
    }

    /// How `usherctl` asks about servers that are new here.
    fn first_time(&self) -> String {
        let (host, sign_in_host) = (&self.host, self.server.sign_in_host());
        if *host == sign_in_host {
            return format!("First time at {host}. Continue? [y/N] ");
        }
        format!("First time at {host} and at {sign_in_host}. Continue? [y/N] ")
    }

    /// Waits until `usherctl sign-in` has succeeded, and lets the remote use the account if that is asked.
    pub(crate) async fn finish_in_terminal(&self, sign_in: TerminalSignIn) {
        let TerminalSignIn { terminal, is_first } = sign_in;
        terminal.wait_for_text(&format!("Signed in to {} as {}.", self.host, K::USER)).await;
        if is_first {
            terminal.wait_for_text("Allow? [y/N] ").await;
            terminal.enter("y");
        }
        let end = terminal.end().await;
        assert!(!end.expect_success().text.contains("CANARY"), "no secret is shown: {}", end.text);
    }

    /// Signs in with `usherctl`.
    pub(crate) async fn sign_in_in_terminal(&self) {
        let sign_in = self.start_in_terminal().await;
        self.server.enter_in_terminal(&sign_in.terminal, Credential::Right, 0).await;
        self.finish_in_terminal(sign_in).await;
    }

    /// The accounts, as `usherctl` lists them for programs.
    pub(crate) async fn accounts(&self) -> Vec<Value> {
        let list = self.session().usherctl(&["list", "--json"]).await.expect_success().stdout.clone();
        let list: Value = serde_json::from_str(&list).expect("the accounts are JSON");
        list["accounts"].as_array().expect("the accounts are a list").clone()
    }

    /// The only account.
    pub(crate) async fn account(&self) -> Value {
        let mut accounts = self.accounts().await;
        assert_eq!(accounts.len(), 1, "there is one account: {accounts:?}");
        accounts.remove(0)
    }

    /// Opens Usher.
    pub(crate) fn open_usher(&self) {
        self.session().open_usher();
    }

    /// The start of the account's row in the main window.
    pub(crate) fn account_row(&self) -> String {
        format!("{}, {}", K::USER, self.host)
    }

    /// Nothing is left of a sign-in that did not happen.
    pub(crate) async fn nothing_is_left(&self) {
        assert!(self.accounts().await.is_empty(), "nobody is signed in");
        assert!(self.session().keyring().items().await.is_empty(), "the keyring holds nothing");
    }
}
