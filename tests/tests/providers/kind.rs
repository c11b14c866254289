// SPDX-License-Identifier: GPL-3.0-or-later
//! A kind of server, as the table sees it: what a person does there, and what the server does.

use usher_tests::{Session, Setup, Terminal, Window};

/// What a person gives to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// What the server accepts now.
    Right,
    /// What it does not accept.
    Wrong,
}

/// What is left in the window of a wrong credential, in the field of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// This text.
    Text(&'static str, &'static str),
    /// So many characters, which are not shown.
    Hidden(&'static str, usize),
}

/// Who meets the end of a sign-in at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lapse {
    /// Usher, with the next install or update.
    MetByUsher,
    /// flatpak alone, with the next download; Usher once a person has the repository checked.
    MetByFlatpak,
}

/// What a server does when a person signs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignOut {
    /// It ends the sign-in. So many times so far.
    Ends(usize),
    /// It is asked to, and answers that it keeps none. So many times so far.
    Declines(usize),
    /// It keeps none, and is asked nothing.
    KeepsNone,
}

/// Whom a person meets who signs in while the server is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meets {
    /// Usher, before it asks for anything: it talks to the server first.
    UsherFirst,
    /// Usher, once the credential was entered.
    UsherThen,
    /// Their browser: usherctl only prints an address.
    Browser,
}

/// What an install needs of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Install {
    /// Usher asks the server for download tokens.
    AsksTheServer,
    /// Usher hands out what was pasted. Only flatpak meets the server.
    AsksNobody,
}

/// One kind of server in a session, with a remote that names Usher. Whoever implements it gets every row of the table.
pub(crate) trait Kind: Sized {
    /// The provider's name, as the keyring has it.
    const PROVIDER: &'static str;
    /// The remote.
    const REMOTE: &'static str = "demo";
    /// An app that needs the account, which has it.
    const APP: &'static str = "org.example.Postcard";
    /// An app of the same remote that needs none.
    const OPEN_APP: &'static str = "org.example.Metronome";
    /// The person who signs in, as Usher shows them.
    const USER: &'static str = "demo";
    /// Who meets the end of a sign-in.
    const LAPSE: Lapse = Lapse::MetByUsher;
    /// The first field that the window shows after “Continue to …”.
    const FIRST_FIELD: &'static str;
    /// What `usherctl sign-in` prints when it waits for the person.
    const FIRST_QUESTION: &'static str;
    /// Who says that the server is down.
    const MEETS: Meets;
    /// What an install needs.
    const INSTALL: Install = Install::AsksTheServer;

    /// A session in which such a server can be opened.
    fn setup(setup: Setup) -> Setup;

    /// Opens the server, and adds its remote, unless the session has them.
    async fn open(session: &Session) -> Self;

    /// The address of the server, as the keyring has it.
    fn address(&self) -> String;

    /// The server's host, as Usher shows it.
    fn host(&self) -> String;

    /// The host at which one signs in, if that is another one.
    fn sign_in_host(&self) -> String {
        self.host()
    }

    /// Whether an item of the keyring holds a credential.
    fn is_credential_in(&self, item: &str) -> bool {
        item.contains("CANARY")
    }

    /// Fills in what the window asks for after “Continue to …”, and sends it.
    async fn enter_in_window(&self, window: &Window<'_>, credential: Credential);

    /// Answers what `usherctl sign-in` asks for after the server was agreed to. It has asked `before` times already.
    async fn enter_in_terminal(&self, terminal: &Terminal, credential: Credential, before: usize);

    /// What is said of a wrong credential, in the window or on the page there.
    fn refusal(&self) -> String;

    /// What is left of a wrong credential in the window.
    fn kept(&self) -> Kept;

    /// Waits until a terminal has said that the credential was wrong. On a server's page the page says it.
    async fn refused_in_terminal(&self, terminal: &Terminal) {
        terminal.wait_for_text(&format!("{}.\n", self.refusal())).await;
    }

    /// Ends the sign-in at the server, as if somebody had done so there. What is [`Credential::Right`] may be another one
    /// from now on.
    fn let_lapse(&self);

    /// Stops answering, as far as accounts and downloads go that need one.
    fn go_down(&self);

    /// Answers again.
    fn come_back(&self);

    /// What signing out does there.
    fn sign_out(&self) -> SignOut;

    /// The paths of all requests so far, of accounts and of downloads.
    fn requests(&self) -> Vec<String>;

    /// Lets the account have another app that needs it, and returns the app.
    fn another_app(&self) -> &'static str;

    /// Publishes new versions of the two apps.
    async fn publish_updates(&self);
}
