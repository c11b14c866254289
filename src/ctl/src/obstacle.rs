// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a remote can use no account, and the command that helps.

use usher_core::{
    account::{Account, AccountState},
    binding::Binding,
    decisions::{DecisionFile, Decisions},
    i18n::gettext_f,
    lookup::Lookup,
    remote::Remote,
    server_change,
    session::SessionError,
    store::StoreError,
    text,
};

use crate::{command, failure::Failure, remotes};

/// The account, if it is signed in.
pub(crate) fn signed_in(account: &Account) -> Result<&Account, Failure> {
    match account.state {
        AccountState::SignedIn => Ok(account),
        AccountState::Expired if account.is_moved => {
            Err(Failure::of_session(SessionError::Moved, &account.binding.host()))
        }
        AccountState::Expired => Err(Failure::expired(&account.binding.host())),
        AccountState::SignedOut => Err(account_needed(&account.binding)),
    }
}

/// There is no account at the server.
pub(crate) fn account_needed(binding: &Binding) -> Failure {
    Failure::AccountNeeded(gettext_f(
        "Account needed. Run “{command}”, then try again.",
        &[("command", &command::usherctl(&["sign-in", &binding.host()]))],
    ))
}

/// The remote may not use the account.
fn permission_needed(remote: &Remote) -> Failure {
    let command = command::usherctl(&["sign-in", &remotes::word(&remote.name, &remote.url)]);
    Failure::AccountNeeded(gettext_f("Permission needed. Run “{command}”, then try again.", &[("command", &command)]))
}

/// What the person decided about repositories.
pub(crate) fn decisions() -> Decisions {
    DecisionFile::of_person().map(|file| file.load()).unwrap_or_default()
}

/// Whether the person does not let the remote use an account at the server that it names.
pub(crate) fn is_refused(remote: &Remote) -> bool {
    decisions().refuses(remote)
}

/// The person does not let the remote use an account.
fn refused(remote: &Remote, binding: &Binding) -> Failure {
    Failure::AccountNeeded(gettext_f(
        "Not allowed: “{remote}” may not use an account at {host}. “{command}” changes that.",
        &[
            ("remote", &text::clean(&remote.name, text::NAME_LIMIT)),
            ("host", &binding.host()),
            ("command", &command::usherctl(&["allow", &remotes::word(&remote.name, &remote.url)])),
        ],
    ))
}

/// Why no account can be used for a remote.
pub(crate) fn of(found: &Lookup<'_>, remote: &Remote, binding: &Binding) -> Failure {
    match found {
        found if found.yields_to_refusal() && is_refused(remote) => refused(remote, binding),
        Lookup::Locked => Failure::Keyring(StoreError::Locked),
        Lookup::Changed(agreed) => {
            let [old_host, new_host] = server_change::hosts(&agreed.binding, binding);
            Failure::Other(gettext_f(
                "Blocked: “{remote}” now asks for an account at {new_host} instead of {old_host}. Run “{command}”.",
                &[
                    ("command", &command::usherctl(&["review", &remotes::word(&remote.name, &remote.url)])),
                    ("remote", &text::clean(&remote.name, text::NAME_LIMIT)),
                    ("new_host", &new_host),
                    ("old_host", &old_host),
                ],
            ))
        }
        Lookup::Linked(account) => signed_in(account).err().unwrap_or_else(|| account_needed(binding)),
        Lookup::Ambiguous(_) | Lookup::Unlinked(_) => permission_needed(remote),
        Lookup::Nothing => account_needed(binding),
    }
}
