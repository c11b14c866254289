// SPDX-License-Identifier: GPL-3.0-or-later
//! An account: one person's saved credential at one service, and its record in a keyring item.

mod label;
mod standing;

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::{
    label::{is_telling, label, told_apart},
    standing::Standing,
};
use crate::{
    binding::{Binding, Link},
    buying::purchases::{self, Purchase},
    credential::Credential,
    provider::{Access, Endpoints, Hints, SignedIn, Way},
    service::RemoteUrl,
    text,
};

/// Version of the record that this build writes. Version 1 only had bearer tokens, as plain text.
const VERSION: u32 = 2;
/// Largest record to write and to read, in bytes.
const RECORD_LIMIT: usize = 2 << 20;

/// Identifies an account on this computer. Random; says nothing about the person or the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(Uuid);

impl AccountId {
    /// A new, random id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Parses the id of a keyring item or of a message between Usher's processes.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether an account can be used. The store, not this, says whether the keyring is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// Signed in, as far as this computer knows.
    SignedIn,
    /// The server ended the sign-in, or its time is up.
    Expired,
    /// The person signed out.
    SignedOut,
}

/// When an account was last used, and by which program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUse {
    /// Seconds since 1970.
    pub at: i64,
    /// Name of the program, as the daemon determined it.
    pub by: String,
}

/// A saved account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    version: u32,
    /// Identifies the account.
    pub id: AccountId,
    /// The service that the account is for.
    pub binding: Binding,
    /// The person's name at the service, or the service's host if it does not say; for showing.
    pub user: String,
    /// The person's own name for the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it can be used.
    pub state: AccountState,
    /// The credential, while the account is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
    /// When the person first signed in to the account: seconds since 1970.
    #[serde(default)]
    pub first_signed_in_at: i64,
    /// When the current sign-in was made: seconds since 1970.
    #[serde(default)]
    pub signed_in_at: i64,
    /// When the credential ends, by its own word: seconds since 1970. A hint; only the server's answer decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
    /// Addresses besides the service's that the sign-in found; no others get the credential (rule R1).
    #[serde(default, skip_serializing_if = "Endpoints::is_empty")]
    pub endpoints: Endpoints,
    /// How the person came to the sign-in page the last time, where there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
    /// Whether the sign-in ended because the server wanted the credential at another address than those.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_moved: bool,
    /// How often in a row the server gave the sign-in no usable answer, up to [`Account::FAILURES`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u8,
    /// When and by which program it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_use: Option<LastUse>,
    /// Remotes that may use it.
    #[serde(default)]
    pub links: Vec<Link>,
    /// What was bought with it, or begun to be; each app once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purchases: Vec<Purchase>,
    /// When the server was last asked about all of them: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchases_checked_at: Option<i64>,
    /// Grows with every change.
    #[serde(default)]
    pub generation: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// The content of a keyring item is not a record that this build understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a readable account record")]
pub struct RecordError;

impl Account {
    /// A new account from a sign-in at `now` (seconds since 1970).
    pub fn signed_in(binding: Binding, signed_in: &SignedIn, now: i64) -> Self {
        Self {
            version: VERSION,
            id: AccountId::random(),
            // If the server gives no name, the host stands for it.
            user: signed_in.user.clone().unwrap_or_else(|| binding.host()),
            binding,
            name: None,
            state: AccountState::SignedIn,
            credential: Some(signed_in.credential.clone()),
            first_signed_in_at: now,
            signed_in_at: now,
            valid_until: signed_in.valid_until,
            endpoints: signed_in.endpoints.clone(),
            way: None,
            is_moved: false,
            failures: 0,
            last_use: None,
            links: Vec::new(),
            purchases: Vec::new(),
            purchases_checked_at: None,
            generation: 0,
        }
    }

    /// Whether the server says whose account it is.
    pub fn is_named(&self) -> bool {
        self.user != self.binding.host()
    }

    /// What the credential says about itself.
    pub fn hints(&self) -> Hints {
        self.credential.as_ref().map(|credential| self.binding.provider.hints(credential)).unwrap_or_default()
    }

    /// Takes the credential of a fresh sign-in to the same account; keeps permissions and name. Drops the purchases if
    /// another person signed in.
    pub(crate) fn renew(&mut self, fresh: &Self) {
        if self.user != fresh.user {
            self.purchases.clear();
            self.purchases_checked_at = None;
        }
        self.user.clone_from(&fresh.user);
        self.credential.clone_from(&fresh.credential);
        self.valid_until = fresh.valid_until;
        self.endpoints.clone_from(&fresh.endpoints);
        self.way = fresh.way.or(self.way);
        self.is_moved = false;
        self.signed_in_at = fresh.signed_in_at;
        self.state = AccountState::SignedIn;
        self.failures = 0;
    }

    /// Takes the new credential that the server issued for `old`, also if somebody has met the end of `old` since. Leaves
    /// any other credential alone.
    pub(crate) fn replace(&mut self, old: &Credential, new: Credential) {
        if self.credential.as_ref() == Some(old) {
            self.credential = Some(new);
            self.state = AccountState::SignedIn;
        }
    }

    /// Sets the person's own name for the account, cleaned. An empty name removes it.
    pub fn rename(&mut self, name: &str) {
        self.name = Some(text::clean(name, text::NAME_LIMIT)).filter(|name| !name.is_empty());
    }

    /// Forgets the credential and returns it; keeps name and permissions.
    pub fn sign_out(&mut self) -> Option<Credential> {
        self.valid_until = None;
        self.failures = 0;
        self.is_moved = false;
        self.state = AccountState::SignedOut;
        self.credential.take()
    }

    /// Marks the account as expired, since the server no longer accepts this credential, or wants it at another address
    /// (`is_moved`). Leaves a newer credential alone.
    pub fn reject(&mut self, rejected: &Credential, is_moved: bool) {
        if self.credential.as_ref() == Some(rejected) && self.state == AccountState::SignedIn {
            self.state = AccountState::Expired;
            self.is_moved = is_moved;
        }
    }

    /// Records what the server says about the purchases. Where nothing is sold, access is no purchase.
    pub(crate) fn settle(&mut self, access: &Access, now: i64) {
        let known = Access { ground: None, ..access.clone() };
        let is_shop = self.binding.provider.shop().is_some();
        purchases::settle(&mut self.purchases, if is_shop { access } else { &known }, now);
        let is_told =
            |known: &Purchase| access.granted.contains(&known.app_id) || access.denied.contains(&known.app_id);
        if !self.purchases.is_empty() && self.purchases.iter().all(is_told) {
            self.purchases_checked_at = Some(now);
        }
    }

    /// Whether a remote at this address may use the account.
    pub fn is_linked_to(&self, remote: &RemoteUrl) -> bool {
        self.links.iter().any(|link| &link.remote_url == remote)
    }

    /// Lets a remote use the account. A second permission for one address replaces the first.
    pub fn link(&mut self, link: Link) {
        self.links.retain(|known| known.remote_url != link.remote_url);
        self.links.push(link);
    }

    /// Takes back a remote's permission.
    pub fn unlink(&mut self, remote: &RemoteUrl) {
        self.links.retain(|link| &link.remote_url != remote);
    }

    /// The record for the keyring. Holds the credential. Fails if the record could not be read again.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, RecordError> {
        serde_json::to_vec(self).ok().filter(|record| record.len() <= RECORD_LIMIT).ok_or(RecordError)
    }

    /// Reads a record. Refuses later versions, so as not to lose what this build does not know.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > RECORD_LIMIT {
            return Err(RecordError);
        }
        let mut account: Self = serde_json::from_slice(bytes).map_err(|_| RecordError)?;
        let consistent = account.state != AccountState::SignedIn || account.credential.is_some();
        if !(1..=VERSION).contains(&account.version) || !consistent {
            return Err(RecordError);
        }
        account.version = VERSION;
        Ok(account)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{credential::Token, ground::Ground, provider::Provider, service::ServiceUrl};

    fn bearer(token: &str) -> Credential {
        Credential::Bearer(Token::parse(token).unwrap())
    }

    fn signed_in(user: &str, token: &str, valid_until: Option<i64>, now: i64) -> Account {
        let service = ServiceUrl::parse("https://store.example.org").unwrap();
        let signed_in =
            SignedIn { credential: bearer(token), user: Some(user.into()), valid_until, endpoints: Endpoints::new() };
        Account::signed_in(Provider::default_provider().at(service), &signed_in, now)
    }

    fn account() -> Account {
        signed_in("demo", "secret", Some(5), 1)
    }

    #[test]
    fn purchases_do_not_pass_to_another_person() {
        let ground = Ground::new("demo", "https://r.example.org/", account().binding).unwrap();
        let mut account = account();
        assert!(purchases::begin(&mut account.purchases, &ground, "org.a.A", 1));
        account.renew(&signed_in("demo", "new", None, 2));
        assert_eq!((account.purchases.len(), account.first_signed_in_at, account.signed_in_at), (1, 1, 2));
        account.renew(&signed_in("demo2", "new", None, 3));
        assert_eq!(account.purchases, []);
    }

    #[test]
    fn a_name_is_cleaned_and_an_empty_one_is_none() {
        let mut account = account();
        account.rename(" \u{202e}Wo\u{1b}[31mrk\n at home ");
        assert_eq!(account.name.as_deref(), Some("Wo [31mrk at home"));
        account.rename("\u{200b} ");
        assert_eq!(account.name, None);
    }

    #[test]
    fn only_the_credential_that_was_used_is_replaced() {
        let mut account = account();
        account.replace(&bearer("older"), bearer("newer"));
        assert_eq!(account.credential, Some(bearer("secret")));
        account.replace(&bearer("secret"), bearer("newer"));
        assert_eq!(account.credential, Some(bearer("newer")));
    }

    #[test]
    fn only_the_rejected_credential_ends_a_sign_in() {
        let mut account = account();
        account.reject(&bearer("older"), false);
        assert_eq!(account.state, AccountState::SignedIn);
        account.reject(&bearer("secret"), false);
        assert_eq!(account.state, AccountState::Expired);
        assert_eq!(account.sign_out(), Some(bearer("secret")));
        account.reject(&bearer("secret"), false);
        assert_eq!(account.state, AccountState::SignedOut);
    }

    #[test]
    fn a_written_record_reads_back_unchanged() {
        let mut account = account();
        account.link(Link { remote_url: RemoteUrl::parse("https://r.example.org/").unwrap(), remote: "demo".into() });
        account.name = Some("Work".into());
        assert_eq!(Account::decode(&account.encode().unwrap()).unwrap(), account);
        account.sign_out();
        let read = Account::decode(&account.encode().unwrap()).unwrap();
        assert_eq!((read.state, read.credential), (AccountState::SignedOut, None));
        assert_eq!(read.links.len(), 1);
    }

    #[test]
    fn a_record_of_an_older_version_is_read_and_updated() {
        let account = account();
        let text = String::from_utf8(account.encode().unwrap()).unwrap();
        let old = text.replace("\"version\":2", "\"version\":1").replace(r#"{"bearer":"secret"}"#, r#""secret""#);
        assert!(old.contains(r#""credential":"secret""#), "{old}");
        assert_eq!(Account::decode(old.as_bytes()), Ok(account));
    }

    #[test]
    fn k08_a_record_of_a_later_version_is_not_read() {
        let text = String::from_utf8(account().encode().unwrap()).unwrap();
        for version in [0, 3] {
            let other = text.replace("\"version\":2", &format!("\"version\":{version}"));
            assert_eq!(Account::decode(other.as_bytes()), Err(RecordError));
        }
        assert_eq!(Account::decode(&vec![b' '; 5 << 20]), Err(RecordError));
        assert_eq!(Account::decode(b"\xff\xfe"), Err(RecordError));
    }

    #[test]
    fn a_record_that_could_not_be_read_again_is_not_written() {
        let mut account = account();
        account.name = Some("x".repeat(RECORD_LIMIT));
        assert_eq!(account.encode(), Err(RecordError));
    }

    #[test]
    fn k08_absurd_times_do_no_harm() {
        let mut account = account();
        account.signed_in_at = i64::MIN;
        account.valid_until = Some(10);
        assert_eq!(account.ends_soon(1), Some(10));
        account.valid_until = Some(i64::MAX);
        assert_eq!(account.ends_soon(i64::MIN), None);
    }

    #[test]
    fn debug_output_holds_no_credential() {
        assert!(!format!("{:?}", account()).contains("secret"));
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_record(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(Account::decode(&bytes), Err(RecordError));
        }
    }
}
