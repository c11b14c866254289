// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks whether installs that need an account can work on this computer: the remotes, the keyring, the helper, and
//! who may have replaced Usher (rule R23). The decisions are pure; their facts are gathered beforehand.

mod credential;
mod examine;
mod findings;
mod gather;
mod impostors;
mod remotes;
mod sentences;

use std::collections::BTreeMap;

use crate::{
    binding::OptionsError,
    folders::SessionFault,
    http::HttpError,
    service::{RemoteUrl, UrlError},
};

pub use self::{
    examine::{examine, notes_of, session_problems},
    findings::{ExaminedRemote, Facts, Findings},
    gather::{installation_facts, proxy_problems, reachable_processes},
    impostors::{InstallationFacts, impostors},
    remotes::{Check, Topic, Verdict, is_checked, server_to_ask},
};

/// A server's answer to the question whether it speaks the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAnswer {
    /// It speaks the protocol.
    Speaks,
    /// It answered, but does not speak the protocol.
    DoesNotSpeak,
    /// There was no answer.
    Failed(HttpError),
}

/// Which parts of Usher are on the session bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReachableProcesses {
    /// The helper that flatpak calls.
    pub has_helper: bool,
    /// The window process.
    pub has_window: bool,
}

/// Where a remote or an app is installed; flatpak needs a different option for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstallationKind {
    /// The installation of the current user.
    User,
    /// An installation for all users.
    System,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The remote's address may not get tokens.
    AddressUnusable {
        /// The remote.
        remote: String,
        /// Where it is.
        place: InstallationKind,
        /// Why.
        fault: UrlError,
        /// The same address without the part that does not belong, if that is sound.
        sound: Option<RemoteUrl>,
    },
    /// An authenticator option is missing or cannot be used.
    OptionUnusable {
        /// The remote.
        remote: String,
        /// What is wrong with the option.
        error: OptionsError,
    },
    /// The remote may use an account, but now names another authenticator.
    OtherAuthenticator {
        /// The remote.
        remote: String,
        /// Where it is.
        place: InstallationKind,
    },
    /// The remote names another server than the one the person agreed to.
    ServerChanged {
        /// The remote.
        remote: String,
        /// Where it is.
        place: InstallationKind,
        /// The options that name the server the person agreed to, if options can.
        way_back: Option<BTreeMap<String, String>>,
        /// The host of that server.
        old_host: String,
        /// Host of the server that the remote names now.
        new_host: String,
    },
    /// There is no account at the remote's server.
    NoAccount {
        /// The remote.
        remote: String,
        /// Host of the server.
        host: String,
    },
    /// The person signed out of the account.
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
    /// The sign-in of the account may have ended, although the server has not said so.
    MayHaveEnded {
        /// The remote.
        remote: String,
        /// The person's name.
        user: String,
        /// Host of the server.
        host: String,
    },
    /// There is an account, but the remote may not use it.
    NotAllowed {
        /// The remote.
        remote: String,
        /// Host of the server.
        host: String,
    },
    /// The person does not let the remote use an account.
    Refused {
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
    /// The repository does not accept the access token that was pasted for it.
    TokenNotAccepted {
        /// The remote.
        remote: String,
        /// Host of the repository.
        host: String,
    },
    /// The access token lives long. Only a note, since its operator wanted that.
    TokenLivesLong {
        /// Host of the repository.
        host: String,
    },
    /// The access token is for every app. Only a note.
    TokenCoversAll {
        /// Host of the repository.
        host: String,
    },
    /// The sign-in ends soon. Only a note, since all still works.
    EndsSoon {
        /// The remote.
        remote: String,
        /// The person's name.
        user: String,
        /// Host of the server.
        host: String,
        /// In how many days, the last one included.
        days: usize,
    },
    /// The server gave no usable answer.
    Unreachable {
        /// Its host.
        host: String,
        /// Why.
        error: HttpError,
    },
    /// The server answers, but offers no accounts for apps.
    NotSpoken {
        /// Its host.
        host: String,
    },
    /// Updates were left out, because the server gave no usable answer then.
    LeftOut {
        /// The host of the server.
        host: String,
        /// The number of apps.
        updates: usize,
    },
    /// The proxy in this environment variable is not understood.
    ProxyNotUnderstood {
        /// The variable.
        variable: &'static str,
    },
    /// The desktop does not say which proxy to use.
    ProxySettingsSilent,
    /// The keyring is locked.
    KeyringLocked,
    /// No keyring is running.
    NoKeyring,
    /// Inside a sandbox: no portal gives the key.
    NoPortal,
    /// The keyring fails.
    KeyringFailed,
    /// The folder of the login session is not used. Only a note if another one serves.
    NoSessionFolder {
        /// Why.
        fault: SessionFault,
        /// The folder that serves.
        folder: String,
        /// Whether that folder can be written.
        is_usable: bool,
    },
    /// No variable names a folder for Usher's files.
    NoFolder,
    /// There is no session bus, so nobody can ask for accounts.
    NoBus,
    /// The helper that flatpak calls is not installed.
    NoHelper,
    /// Usher is also installed from somewhere else.
    SecondUsher {
        /// The full ref.
        app: String,
        /// Where it is installed.
        place: InstallationKind,
        /// The remote it came from.
        origin: String,
        /// Whether that remote installs it again, unasked, when it is gone.
        comes_again: bool,
    },
    /// A remote installed Usher unasked, and there is no other Usher. Only a note, since its operator wanted that.
    CameAlong {
        /// The remote.
        remote: String,
        /// Where it is.
        place: InstallationKind,
    },
    /// A remote may install its own version of Usher unasked.
    MayReplaceUsher {
        /// The remote.
        remote: String,
        /// Where it is.
        place: InstallationKind,
    },
    /// A remote may install its own version, unasked, of an app that is there from another remote.
    MayReplaceApp {
        /// The remote.
        remote: String,
        /// Where it is.
        place: InstallationKind,
        /// The app.
        app_id: String,
        /// The remote that the app came from.
        origin: String,
        /// The full ref of that version, if it is installed already.
        replaced_by: Option<String>,
    },
    /// An installed app may take Usher's bus names.
    TakesNames {
        /// The app.
        app_id: String,
        /// The full ref.
        app: String,
        /// Where it is installed.
        place: InstallationKind,
        /// The remote it came from.
        origin: String,
        /// Whether that remote installs it again, unasked, when it is gone.
        comes_again: bool,
    },
}

impl InstallationKind {
    /// The current user's installation, or one for all users.
    pub fn of(is_user: bool) -> Self {
        if is_user { Self::User } else { Self::System }
    }
}
