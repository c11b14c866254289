// SPDX-License-Identifier: GPL-3.0-or-later
//! The checks of one remote. Pure.

use super::{InstallationKind, Problem, ServerAnswer};
use crate::{
    account::{Account, AccountState},
    binding::Binding,
    clock,
    lookup::{self, Lookup},
    provider::Claim,
    remote::{FLATPAK_AUTHENTICATOR, Remote},
    server_change,
    service::RemoteUrl,
    store::Entry,
};

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Whether the remote uses Usher.
    Authenticator,
    /// Whether its address is secure.
    Address,
    /// Whether it names its account server.
    Options,
    /// Whether it may use an account.
    Account,
    /// Whether the server answers.
    Server,
    /// Whether the repository accepts the access token that was pasted for it.
    Token,
    /// What is worth knowing of the sign-in.
    SignIn,
    /// Whether updates were left out.
    Updates,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Passed,
    /// Something is wrong.
    Problem(Problem),
    /// Cannot be checked until something else is corrected, or without contacting a server that nobody agreed to.
    NotChecked,
}

/// One check of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What the check looks at.
    pub topic: Topic,
    /// Its result.
    pub verdict: Verdict,
}

impl Check {
    /// What is wrong, if anything is.
    pub(super) fn problem(self) -> Option<Problem> {
        match self.verdict {
            Verdict::Problem(problem) => Some(problem),
            Verdict::Passed | Verdict::NotChecked => None,
        }
    }
}

/// Whether a remote concerns Usher: it names Usher, or it may use an account. One that names flatpak's own authenticator was
/// taken back from Usher, so what it may use is no matter.
pub fn is_checked(remote: &Remote, entries: &[Entry]) -> bool {
    let is_linked = |account: &Account| remote.address().is_ok_and(|address| account.is_linked_to(&address));
    let is_taken_back = remote.authenticator.as_deref() == Some(FLATPAK_AUTHENTICATOR);
    let may_use = || !is_taken_back && entries.iter().filter_map(Entry::account).any(is_linked);
    !remote.is_disabled && (remote.is_ours() || may_use())
}

/// The server to ask about a remote: one at which there is an account, so that the person has agreed to it (rule R25).
pub fn server_to_ask(remote: &Remote, entries: &[Entry]) -> Option<Binding> {
    let claimed = remote.claimed().ok().filter(|_| remote.is_ours())?;
    entries.iter().filter_map(Entry::account).any(|account| account.binding == claimed).then_some(claimed)
}

/// All checks of a remote. `entries` is `None` if the keyring could not be read, `answer` if no server was asked.
/// `is_refused` if the person does not let it use an account: what it lacks is no lack that signing in would end.
pub(super) fn check_remote(
    remote: &Remote,
    entries: Option<&[Entry]>,
    is_refused: bool,
    answer: Option<&ServerAnswer>,
) -> Vec<Check> {
    let (name, place) = (|| remote.name.clone(), InstallationKind::of(remote.is_user));
    let mut checks = Vec::new();
    let mut add = |topic, verdict| checks.push(Check { topic, verdict });
    let is_ours = remote.is_ours();
    let told = |is_well: bool, problem: Problem| if is_well { Verdict::Passed } else { Verdict::Problem(problem) };
    add(Topic::Authenticator, told(is_ours, Problem::OtherAuthenticator { remote: name(), place }));
    let address = remote.address();
    add(
        Topic::Address,
        match &address {
            Ok(_) => Verdict::Passed,
            Err(fault) => Verdict::Problem(Problem::AddressUnusable {
                remote: name(),
                place,
                fault: *fault,
                sound: RemoteUrl::parse(&remote.url.to_string()).ok(),
            }),
        },
    );
    let claimed = remote.claimed();
    let options = match &claimed {
        _ if !is_ours => Verdict::NotChecked,
        Ok(_) => Verdict::Passed,
        Err(error) => Verdict::Problem(Problem::OptionUnusable { remote: name(), error: error.clone() }),
    };
    add(Topic::Options, options);
    let account = match (&claimed, &address, entries) {
        (Ok(claimed), Ok(address), Some(entries)) if is_ours => {
            account_verdict(remote, claimed, &lookup::find(entries, claimed, address), is_refused)
        }
        _ => Verdict::NotChecked,
    };
    add(Topic::Account, account);
    let server = match (&claimed, answer) {
        (Ok(claimed), Some(answer)) => server_verdict(claimed.host(), answer),
        _ => Verdict::NotChecked,
    };
    add(Topic::Server, server);
    checks
}

fn account_verdict(remote: &Remote, claimed: &Binding, found: &Lookup<'_>, is_refused: bool) -> Verdict {
    let (name, host) = (remote.name.clone(), claimed.host());
    Verdict::Problem(match found {
        // Another check reports the locked keyring once, instead of once for each remote.
        Lookup::Locked => return Verdict::NotChecked,
        found if is_refused && found.yields_to_refusal() => Problem::Refused { remote: name, host },
        Lookup::Linked(account) => {
            let user = account.user.clone();
            match account.state {
                AccountState::SignedIn if account.may_have_ended(clock::now()) => {
                    Problem::MayHaveEnded { remote: name, user, host }
                }
                AccountState::SignedIn => return Verdict::Passed,
                AccountState::Expired => Problem::Expired { remote: name, user, host },
                AccountState::SignedOut => Problem::SignedOut { remote: name, user, host },
            }
        }
        Lookup::Ambiguous(_) => Problem::Ambiguous { remote: name, host },
        Lookup::Unlinked(_) => Problem::NotAllowed { remote: name, host },
        Lookup::Changed(account) => {
            let [old_host, new_host] = server_change::hosts(&account.binding, claimed);
            Problem::ServerChanged {
                remote: name,
                place: InstallationKind::of(remote.is_user),
                way_back: account.binding.options_beside(&Claim {
                    remote_uri: remote.url.verbatim(),
                    options: &remote.options,
                    registry: remote.registry.as_deref(),
                }),
                old_host,
                new_host,
            }
        }
        // Nobody has said yet that it keeps anything back.
        Lookup::Nothing if claimed.provider.serves_anybody() => return Verdict::NotChecked,
        Lookup::Nothing => Problem::NoAccount { remote: name, host },
    })
}

fn server_verdict(host: String, answer: &ServerAnswer) -> Verdict {
    match answer {
        ServerAnswer::Speaks => Verdict::Passed,
        ServerAnswer::DoesNotSpeak => Verdict::Problem(Problem::NotSpoken { host }),
        ServerAnswer::Failed(error) => Verdict::Problem(Problem::Unreachable { host, error: error.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http::HttpError, testing};

    fn remote(url: &str, service: Option<&str>) -> Remote {
        let options = service.map(testing::options).unwrap_or_default();
        Remote { options, ..testing::remote("demo", url, "") }
    }

    fn sound() -> Remote {
        remote("https://store.example.org/repo", Some("https://store.example.org/"))
    }

    fn account(service: &str, is_linked: bool) -> Account {
        let mut account = testing::account(service, "demo");
        if is_linked {
            account.link(testing::link("demo", sound().url.verbatim()));
        }
        account
    }

    fn entries(accounts: &[Account]) -> Vec<Entry> {
        accounts.iter().map(|account| testing::open(account.clone())).collect()
    }

    fn problems(remote: &Remote, accounts: &[Account], answer: Option<&ServerAnswer>) -> Vec<&'static str> {
        check_remote(remote, Some(&entries(accounts)), false, answer)
            .into_iter()
            .filter_map(|check| match check.verdict {
                Verdict::Problem(problem) => Some(problem.word()),
                Verdict::Passed | Verdict::NotChecked => None,
            })
            .collect()
    }

    const STORE: &str = "https://store.example.org/";

    #[test]
    fn a_registry_that_may_be_open_to_anybody_needs_no_account() {
        let registry = Some("https://registry.example.org/".to_owned());
        let index = Remote { registry, ..remote("oci+https://index.example.org", None) };
        assert_eq!(problems(&index, &[], None), [""; 0]);
        let mut lapsed = testing::account_of(index.claimed().unwrap(), "demo", 0);
        lapsed.link(testing::link("demo", "oci+https://index.example.org"));
        lapsed.state = AccountState::Expired;
        assert_eq!(problems(&index, &[lapsed], None), ["expired"]);
    }

    #[test]
    fn a_remote_with_an_account_and_a_server_that_answers_passes_all_checks() {
        let checks =
            check_remote(&sound(), Some(&entries(&[account(STORE, true)])), false, Some(&ServerAnswer::Speaks));
        assert!(checks.iter().all(|check| check.verdict == Verdict::Passed), "{checks:?}");
    }

    #[test]
    fn what_keeps_a_remote_from_an_account_is_reported() {
        assert_eq!(problems(&sound(), &[], None), ["no-account"]);
        assert_eq!(problems(&sound(), &[account(STORE, false)], None), ["not-allowed"]);
        let changed = [account("https://old.example.org/", true)];
        assert_eq!(problems(&sound(), &changed, None), ["server-changed"]);
        assert_eq!(problems(&sound(), &[account(STORE, true), account(STORE, true)], None), ["ambiguous"]);
        let mut expired = account(STORE, true);
        expired.state = AccountState::Expired;
        assert_eq!(problems(&sound(), &[expired], None), ["expired"]);
        let mut past = account(STORE, true);
        past.valid_until = Some(1);
        let mut failing = account(STORE, true);
        failing.failures = Account::FAILURES;
        for doubtful in [past, failing] {
            assert_eq!(problems(&sound(), &[doubtful], Some(&ServerAnswer::Speaks)), ["may-have-ended"]);
        }
        let mut signed_out = account(STORE, true);
        signed_out.sign_out();
        assert_eq!(problems(&sound(), &[signed_out], None), ["signed-out"]);
    }

    #[test]
    fn a_remote_that_was_refused_lacks_nothing_but_the_permission() {
        let verdicts = |accounts: &[Account]| {
            let checks = check_remote(&sound(), Some(&entries(accounts)), true, None);
            let found = checks.iter().filter_map(|check| match &check.verdict {
                Verdict::Problem(problem) => Some(problem.word()),
                Verdict::Passed | Verdict::NotChecked => None,
            });
            found.collect::<Vec<_>>()
        };
        assert_eq!(verdicts(&[account(STORE, false)]), ["refused"]);
        assert_eq!(verdicts(&[]), ["refused"]);
        assert_eq!(verdicts(&[account(STORE, true), account(STORE, true)]), ["refused"]);
        assert_eq!(verdicts(&[account(STORE, true)]), [""; 0], "a permission is newer, and wins");
        assert_eq!(verdicts(&[account("https://old.example.org/", true)]), ["server-changed"]);
    }

    #[test]
    fn what_is_wrong_with_a_remote_is_reported() {
        let insecure = remote("http://store.example.org/repo", Some(STORE));
        assert_eq!(problems(&insecure, &[], None), ["address-not-secure"]);
        assert_eq!(problems(&remote("https://store.example.org/repo", None), &[], None), ["option-missing"]);
        let nonsense = remote("https://store.example.org/repo", Some("http://store.example.org/"));
        assert_eq!(problems(&nonsense, &[], None), ["option-unusable"]);
        let mut unknown = sound();
        unknown.options.insert("type".into(), "ticket".into());
        assert_eq!(problems(&unknown, &[], None), ["type-unknown"]);
        let other = Remote { authenticator: Some("org.example.Other".into()), ..sound() };
        assert_eq!(problems(&other, &[account(STORE, true)], None), ["other-authenticator"]);
        assert!(is_checked(&other, &entries(&[account(STORE, true)])));
        assert!(!is_checked(&other, &entries(&[account(STORE, false)])));
        let taken_back = Remote { authenticator: Some(FLATPAK_AUTHENTICATOR.into()), ..sound() };
        assert!(!is_checked(&taken_back, &entries(&[account(STORE, true)])));
        assert!(!is_checked(&Remote { is_disabled: true, ..sound() }, &[]));
    }

    #[test]
    fn a_server_without_an_account_is_never_asked() {
        assert_eq!(server_to_ask(&sound(), &[]), None);
        assert_eq!(server_to_ask(&sound(), &entries(&[account("https://old.example.org/", true)])), None);
        assert!(server_to_ask(&sound(), &entries(&[account(STORE, false)])).is_some());
        let other = Remote { authenticator: None, ..sound() };
        assert_eq!(server_to_ask(&other, &entries(&[account(STORE, true)])), None);
    }

    #[test]
    fn a_server_that_answers_wrongly_is_reported() {
        let accounts = [account(STORE, true)];
        assert_eq!(problems(&sound(), &accounts, Some(&ServerAnswer::DoesNotSpeak)), ["not-spoken"]);
        let failed = ServerAnswer::Failed(HttpError::Unreachable);
        assert_eq!(problems(&sound(), &accounts, Some(&failed)), ["unreachable"]);
    }
}
