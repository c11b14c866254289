// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether installs that need an account can work on this computer: checks of remotes, of the keyring and the helper, and
//! of who may have replaced Usher (rule R23). The decisions are pure, over facts that are gathered beforehand.

mod gather;
mod impostors;
mod remotes;
mod words;

use crate::http::HttpError;

pub use self::{
    gather::{ask_server, bus_names, installation_facts},
    impostors::{InstallationFacts, impostors},
    remotes::{Check, Topic, Verdict, check_remote, is_checked, server_to_ask},
};

/// What a server said when it was asked whether it speaks the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAnswer {
    /// It does.
    Speaks,
    /// It answered, and does not.
    DoesNotSpeak,
    /// There was no answer.
    Failed(HttpError),
}

/// What of Usher can be reached on the bus of this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusNames {
    /// The helper that flatpak calls.
    pub has_helper: bool,
    /// The window process.
    pub has_window: bool,
}

/// Where a remote or an app is: which option flatpak needs to change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The installation of the current user.
    User,
    /// One for all users.
    System,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The address of the remote is not one that may be given tokens.
    AddressNotSecure {
        /// The remote.
        remote: String,
    },
    /// An authenticator option is missing.
    OptionMissing {
        /// The remote.
        remote: String,
        /// Where it is.
        place: Place,
        /// The option.
        option: &'static str,
    },
    /// An authenticator option cannot be used.
    OptionUnusable {
        /// The remote.
        remote: String,
        /// Where it is.
        place: Place,
        /// The option.
        option: &'static str,
    },
    /// The remote may use an account, and names another authenticator now.
    OtherAuthenticator {
        /// The remote.
        remote: String,
        /// Where it is.
        place: Place,
    },
    /// The remote names another server than the one that was agreed to.
    ServerChanged {
        /// The remote.
        remote: String,
        /// Where it is.
        place: Place,
        /// Address of the server that was agreed to.
        agreed: String,
        /// Its host.
        old_host: String,
        /// Host of the server that it names now.
        new_host: String,
    },
    /// There is no account at its server.
    NoAccount {
        /// The remote.
        remote: String,
        /// Host of the server.
        host: String,
    },
    /// The account was signed out of.
    SignedOut {
        /// The remote.
        remote: String,
        /// The person's name.
        user: String,
        /// Host of the server.
        host: String,
    },
    /// The sign-in of the account has ended.
    Expired {
        /// The remote.
        remote: String,
        /// The person's name.
        user: String,
        /// Host of the server.
        host: String,
    },
    /// There is an account, and the remote may not use it.
    NotAllowed {
        /// The remote.
        remote: String,
        /// Host of the server.
        host: String,
    },
    /// The remote may use several accounts.
    Ambiguous {
        /// The remote.
        remote: String,
        /// Host of the server.
        host: String,
    },
    /// The server gave no usable answer.
    Unreachable {
        /// Its host.
        host: String,
        /// Why.
        error: HttpError,
    },
    /// The server answers, and offers no accounts for apps.
    NotSpoken {
        /// Its host.
        host: String,
    },
    /// The keyring is locked.
    KeyringLocked,
    /// No keyring is running.
    NoKeyring,
    /// Inside a sandbox: no portal opens it.
    NoPortal,
    /// The keyring does not answer as it should.
    KeyringFailed,
    /// There is no session bus, so nobody can ask for accounts.
    NoBus,
    /// The helper that flatpak calls is not installed.
    NoHelper,
    /// Usher is installed from somewhere else besides.
    SecondUsher {
        /// The full ref.
        app: String,
        /// Where it is installed.
        place: Place,
        /// The remote it came from.
        origin: String,
        /// Whether that remote brings it again, by itself, when it is gone.
        comes_again: bool,
    },
    /// A remote brought Usher, by itself, and there is no other: a note, since it is what the operator wanted.
    CameAlong {
        /// The remote.
        remote: String,
        /// Where it is.
        place: Place,
    },
    /// A remote may install what it calls Usher by itself.
    MayReplaceUsher {
        /// The remote.
        remote: String,
        /// Where it is.
        place: Place,
    },
    /// A remote may install, by itself, an app that is there from another remote.
    MayReplaceApp {
        /// The remote.
        remote: String,
        /// Where it is.
        place: Place,
        /// The app.
        app_id: String,
        /// The remote that the app came from.
        origin: String,
        /// The full ref of its own that it has installed already.
        replaced_by: Option<String>,
    },
    /// An installed app may take names of Usher's.
    TakesNames {
        /// The app.
        app_id: String,
        /// The full ref.
        app: String,
        /// Where it is installed.
        place: Place,
        /// The remote it came from.
        origin: String,
        /// Whether that remote brings it again, by itself, when it is gone.
        comes_again: bool,
    },
}

impl Place {
    /// The place for the current user alone, or for all.
    pub fn of(is_user: bool) -> Self {
        if is_user { Self::User } else { Self::System }
    }
}
