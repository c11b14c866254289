// SPDX-License-Identifier: GPL-3.0-or-later
//! The checks of the credential that a remote may use: whether its service accepts it, and what it says about itself.

use super::{Check, Problem, Topic, Verdict};
use crate::{
    account::{Account, Standing},
    clock,
    ground::Ground,
    lookup::{self, Lookup},
    provider::{Acceptance, Hints},
    remote::{self, Remote},
    session::{Session, SessionError},
    store::Entry,
};

/// A token that lives longer than this is worth a note: seconds.
const LONG: i64 = 30 * DAY;
const DAY: i64 = 24 * 60 * 60;

/// Checks the credential of a remote that may use a signed-in account.
pub(super) async fn check(session: &Session, remote: &Remote, entries: &[Entry]) -> Vec<Check> {
    let now = clock::now();
    let Some(account) = usable(remote, entries, now) else { return Vec::new() };
    let account = &match session.usable(account).await {
        Ok(account) => account,
        Err(error) => return not_renewed(error).into_iter().collect(),
    };
    let answer = session.check(account, &remote::samples_of(remote).await).await.unwrap_or_else(|error| {
        // Another check reports what is wrong with the server.
        tracing::debug!(%error, "cannot ask whether a sign-in is accepted");
        Some(Acceptance::Unknown)
    });
    let token = answer.map(|answer| Check { topic: Topic::Token, verdict: verdict(answer, remote, account) });
    token.into_iter().chain(notes(remote, account, now)).collect()
}

/// What keeps a sign-in from being renewed, if that is its server. The rest is the keyring's, or the account's state says it.
fn not_renewed(error: SessionError) -> Option<Check> {
    let SessionError::NotRenewed { host, error } = error else { return None };
    Some(Check { topic: Topic::SignIn, verdict: Verdict::Problem(Problem::Unreachable { host, error }) })
}

/// The account that a remote may use now.
fn usable<'a>(remote: &Remote, entries: &'a [Entry], now: i64) -> Option<&'a Account> {
    let ground = Ground::of(remote).ok().filter(|_| remote.is_ours())?;
    match lookup::find(entries, &ground.binding, &ground.remote_url) {
        Lookup::Linked(account) if Standing::of(account, now).is_usable() => Some(account),
        _ => None,
    }
}

fn verdict(answer: Acceptance, remote: &Remote, account: &Account) -> Verdict {
    match answer {
        Acceptance::Accepted => Verdict::Passed,
        Acceptance::Unknown => Verdict::NotChecked,
        Acceptance::Refused { .. } => {
            Verdict::Problem(Problem::TokenNotAccepted { remote: remote.name.clone(), host: account.binding.host() })
        }
    }
}

/// What is worth knowing of a sign-in that works.
fn notes(remote: &Remote, account: &Account, now: i64) -> Vec<Check> {
    let hints = account.hints();
    let host = || account.binding.host();
    let mut notes = Vec::new();
    if let Some(end) = account.ends_soon(now) {
        let days = usize::try_from((end - now).saturating_add(DAY - 1) / DAY).unwrap_or(usize::MAX);
        notes.push(Problem::EndsSoon { remote: remote.name.clone(), user: account.label(), host: host(), days });
    }
    if lives_long(account, &hints) {
        notes.push(Problem::TokenLivesLong { host: host() });
    }
    if hints.covers_all() {
        notes.push(Problem::TokenCoversAll { host: host() });
    }
    notes.into_iter().map(|note| Check { topic: Topic::SignIn, verdict: Verdict::Problem(note) }).collect()
}

/// Whether a token that was handed out lives long, from when it was issued or else from when it was pasted.
fn lives_long(account: &Account, hints: &Hints) -> bool {
    let from_signing_in = || account.valid_until.map(|end| end.saturating_sub(account.signed_in_at));
    hints.is_handed_out && hints.lifetime.or_else(from_signing_in).is_some_and(|lifetime| lifetime > LONG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        credential::Credential,
        http::HttpError,
        provider::{Endpoints, Provider, SignedIn},
        testing,
    };

    const REPOSITORY: &str = "https://repo.example.org/";
    const NOW: i64 = 1_800_000_000;

    fn remote() -> Remote {
        let options = [("type".to_owned(), "token".to_owned())].into();
        Remote { options, ..testing::remote("demo", REPOSITORY, "") }
    }

    /// An account with a token of this payload, which was pasted at `NOW`.
    fn account(payload: &str, days: i64) -> Account {
        let token = testing::jwt(payload);
        let signed_in = SignedIn {
            credential: Credential::Pasted(testing::token(&token)),
            user: None,
            valid_until: Some(NOW + days * DAY),
            endpoints: Endpoints::new(),
        };
        let binding = Provider::from_name("token").unwrap().at(testing::binding(REPOSITORY).service);
        testing::linked(Account::signed_in(binding, &signed_in, NOW), &[REPOSITORY])
    }

    #[test]
    fn a_token_that_opens_much_for_long_or_ends_soon_is_worth_a_note() {
        for (payload, days, later, words) in [
            (r#"{"prefixes":["org.a"]}"#, 30, 0, &[][..]),
            (r#"{"prefixes":["org.a"]}"#, 31, 0, &["token-lives-long"]),
            (r#"{"prefixes":["org.a"],"iat":0,"exp":86400}"#, 31, 0, &[]),
            (r#"{"prefixes":["org.a"],"iat":0,"exp":31536000}"#, 10, 0, &["token-lives-long"]),
            (r#"{"prefixes":[]}"#, 10, 0, &["token-covers-all"]),
            (r#"{"prefixes":[""]}"#, 10, 0, &["token-covers-all"]),
            (r#"{"apps":["org.a.A"]}"#, 10, 0, &["token-covers-all"]),
            (r#"{"scope":"x"}"#, 10, 0, &[]),
            (r#"{"prefixes":["org.a"]}"#, 10, 5 * DAY, &["ends-soon"]),
            (r#"{"prefixes":[""]}"#, 90, 89 * DAY, &["ends-soon", "token-lives-long", "token-covers-all"]),
        ] {
            let found = notes(&remote(), &account(payload, days), NOW + later);
            let said: Vec<_> = found
                .iter()
                .map(|check| match &check.verdict {
                    Verdict::Problem(note) if note.is_note() => note.word(),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(said, words, "{payload} {days} {later}");
        }
    }

    #[test]
    fn the_server_that_does_not_renew_a_sign_in_is_named() {
        let (host, error) = ("sso.example.org".to_owned(), HttpError::TimedOut);
        let found = not_renewed(SessionError::NotRenewed { host, error }).unwrap();
        let Verdict::Problem(problem) = found.verdict else { panic!("a problem") };
        assert_eq!(problem.sentence(), "sso.example.org cannot be reached.");
        assert_eq!(not_renewed(SessionError::Expired), None);
    }

    #[test]
    fn other_sign_ins_may_last() {
        let mut webflow = testing::account("https://store.example.org/", "ada");
        webflow.valid_until = Some(365 * DAY);
        assert_eq!(notes(&testing::remote("demo", REPOSITORY, "https://store.example.org/"), &webflow, 0), []);
    }

    #[test]
    fn the_days_left_count_the_last_one() {
        let account = account(r#"{"prefixes":["org.a"]}"#, 10);
        for (later, words) in [
            (9 * DAY + 1, "The sign-in of repo.example.org at repo.example.org ends within 1 day."),
            (5 * DAY, "The sign-in of repo.example.org at repo.example.org ends within 5 days."),
        ] {
            let [Check { verdict: Verdict::Problem(note), .. }] = &notes(&remote(), &account, NOW + later)[..] else {
                panic!("one note")
            };
            assert_eq!(note.sentence(), words);
        }
    }

    #[test]
    fn only_an_account_that_the_remote_may_use_now_is_checked() {
        let good = account(r#"{"prefixes":["org.a"]}"#, 10);
        let mut expired = good.clone();
        expired.reject(&good.credential.clone().unwrap(), false);
        let mut unlinked = good.clone();
        unlinked.links.clear();
        let is_checked =
            |account: &Account, at: i64| usable(&remote(), &[testing::open(account.clone())], at).is_some();
        assert!(is_checked(&good, NOW));
        assert!(!is_checked(&good, NOW + 11 * DAY), "it has ended by its own word");
        assert!(!is_checked(&expired, NOW) && !is_checked(&unlinked, NOW));
    }

    #[test]
    fn what_the_repository_says_of_a_token_is_a_verdict() {
        let account = account(r#"{"prefixes":["org.a"]}"#, 10);
        let said = |answer| verdict(answer, &remote(), &account);
        assert_eq!(said(Acceptance::Accepted), Verdict::Passed);
        assert_eq!(said(Acceptance::Unknown), Verdict::NotChecked);
        for is_final in [true, false] {
            let Verdict::Problem(problem) = said(Acceptance::Refused { is_final }) else { panic!("a problem") };
            assert_eq!(problem.sentence(), "The access token is not accepted by repo.example.org.");
            assert!(problem.fix().unwrap().ends_with("sign-in demo") && !problem.is_note());
        }
    }
}
