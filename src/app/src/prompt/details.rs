// SPDX-License-Identifier: GPL-3.0-or-later
//! What the daemon asks, checked as if it came from the network. Pure.

use std::collections::BTreeMap;

use gtk::glib;
use usher_core::{
    account::AccountId,
    binding::option,
    ground::{Ground, GroundError},
    prompt::{Kind, Reason, client, detail},
    refs::AppId,
    remote::Remote,
};

/// Longest text, in bytes (rule R9).
const TEXT_LIMIT: usize = 4096;
/// Most entries of the details, and their size in bytes: that of as many apps as one request may have (rule R9).
const ENTRY_LIMIT: usize = 256;
const SIZE_LIMIT: usize = 2 << 20;
/// Most apps in one request (rule R9).
const APP_LIMIT: usize = 4096;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) kind: Kind,
    /// The repository, and the server that it names.
    pub(super) ground: Ground,
    pub(super) account: Option<AccountId>,
    pub(super) app_ids: Vec<String>,
    /// The program, as the daemon found it; empty if it could not.
    pub(super) client: String,
    pub(super) reason: Reason,
    /// Whether the program goes on without an answer.
    pub(super) is_update: bool,
    /// Whether it wants the list of what the repository has. Counts as an update.
    pub(super) is_listing: bool,
}

impl Details {
    /// Reads the details of a call; names what is wrong with them.
    pub(super) fn parse(kind: Kind, details: &glib::Variant) -> Result<Self, &'static str> {
        if details.n_children() > ENTRY_LIMIT || details.size() > SIZE_LIMIT {
            return Err("details");
        }
        let details = glib::VariantDict::new(Some(details));
        let text = |key: &'static str| -> Result<Option<String>, &'static str> {
            let Some(value) = details.lookup_value(key, None) else {
                return Ok(None);
            };
            value.get::<String>().filter(|text| text.len() <= TEXT_LIMIT).map(Some).ok_or(key)
        };
        let needed = |key: &'static str| text(key)?.filter(|text| !text.is_empty()).ok_or(key);

        let options: BTreeMap<String, String> =
            details.lookup::<BTreeMap<String, String>>(detail::BINDING).ok().flatten().ok_or(detail::BINDING)?;
        let account = text(detail::ACCOUNT)?.map(|id| AccountId::parse(&id).ok_or(detail::ACCOUNT)).transpose()?;
        let (remote, remote_uri) = (needed(detail::REMOTE)?, needed(detail::REMOTE_URI)?);
        let registry = options.get(option::URL).map(String::as_str);
        let ground = Ground::claimed(&remote, &remote_uri, &options, registry).map_err(|error| match error {
            GroundError::Address(_) => detail::REMOTE_URI,
            GroundError::Options(_) => detail::BINDING,
        })?;
        let app_ids = details.lookup::<Vec<String>>(detail::APP_IDS).ok().flatten().ok_or(detail::APP_IDS)?;
        // A store may ask for an account alone; what is to be bought is named.
        let is_nothing = app_ids.is_empty() && kind == Kind::Purchase;
        if is_nothing || app_ids.len() > APP_LIMIT || !app_ids.iter().all(|id| AppId::is_valid(id)) {
            return Err(detail::APP_IDS);
        }
        let reason = Reason::from_word(&needed(detail::REASON)?).ok_or(detail::REASON)?;
        let flag = |key: &'static str| match details.lookup_value(key, None) {
            None => Ok(false),
            Some(value) => value.get::<bool>().ok_or(key),
        };
        Ok(Self {
            kind,
            ground,
            account,
            app_ids,
            client: text(detail::CLIENT)?.unwrap_or_default(),
            reason,
            is_update: flag(detail::UPDATE)?,
            is_listing: flag(detail::LISTING)?,
        })
    }

    /// Whether another request is the same question.
    pub(super) fn asks_the_same(&self, other: &Self) -> bool {
        let (one, other_ground) = (&self.ground, &other.ground);
        self.kind == other.kind && (&one.binding, &one.remote_url) == (&other_ground.binding, &other_ground.remote_url)
    }

    /// Whether the call is kept until the person has answered. `is_wanted` is the person's setting; a program that shows
    /// nobody why an install failed always waits. An update never does.
    pub(super) fn waits(&self, is_wanted: bool) -> bool {
        !self.is_update && (is_wanted || client::is_mute(&self.client))
    }

    /// Takes in what another request of the same question is for.
    pub(super) fn join(&mut self, other: &Self) {
        for app in &other.app_ids {
            if !self.app_ids.contains(app) {
                self.app_ids.push(app.clone());
            }
        }
        // An install among updates is what the person did.
        self.is_update &= other.is_update;
        // Of apps that somebody wants, the person reads more than of a list.
        self.is_listing &= other.is_listing;
    }

    /// The account is there, and these apps are not in it: what is asked now is whether to buy them.
    pub(super) fn turn_to_purchase(&mut self, account: AccountId, app_ids: Vec<String>) {
        self.kind = Kind::Purchase;
        self.reason = Reason::NotBought;
        self.account = Some(account);
        self.app_ids = app_ids;
    }

    /// The account has to be signed in to before anything else.
    pub(super) fn turn_to_sign_in(&mut self) {
        self.kind = Kind::SignIn;
        self.reason = Reason::Rejected;
    }

    /// The repository on this computer that this is about (rule R25).
    pub(super) fn find_remote(&self, remotes: Vec<Remote>) -> Option<Remote> {
        remotes.into_iter().find(|remote| self.ground.is_of(remote))
    }
}

#[cfg(test)]
mod tests {
    use gtk::glib::prelude::*;
    use usher_core::testing;

    use super::*;

    fn variant(change: impl FnOnce(&glib::VariantDict)) -> glib::Variant {
        let details = glib::VariantDict::new(None);
        details.insert_value(
            "binding",
            &BTreeMap::from([
                ("type".to_owned(), "webflow".to_owned()),
                ("url".to_owned(), "https://s.example".to_owned()),
            ])
            .to_variant(),
        );
        details.insert("remote", "demo");
        details.insert("remote-uri", "https://r.example/repo/");
        details.insert_value("app-ids", &vec!["org.example.App".to_owned()].to_variant());
        details.insert("reason", "no-account");
        change(&details);
        details.end()
    }

    fn parse(change: impl FnOnce(&glib::VariantDict)) -> Result<Details, &'static str> {
        Details::parse(Kind::SignIn, &variant(change))
    }

    #[test]
    fn a_question_is_read_with_what_may_be_left_out() {
        let details = parse(|_| {}).unwrap();
        assert_eq!((details.account, details.client.as_str(), details.is_update), (None, "", false));
        assert_eq!(details.ground.host(), "s.example");
    }

    #[test]
    fn a_question_about_a_registry_names_it() {
        let about = |url: Option<&str>| {
            let mut binding = BTreeMap::from([("type".to_owned(), "oci".to_owned())]);
            binding.extend(url.map(|url| ("url".to_owned(), url.to_owned())));
            parse(|d| {
                d.insert("remote-uri", "oci+https://index.example/");
                d.insert_value("binding", &binding.to_variant());
            })
            .map(|details| details.ground.host())
        };
        assert_eq!(about(Some("https://registry.example:5000/")), Ok("registry.example:5000".to_owned()));
        assert_eq!(about(None), Err("binding"));
        assert_eq!(about(Some("http://registry.example/")), Err("binding"));
    }

    #[test]
    fn d21_what_is_malformed_is_refused_and_named() {
        assert_eq!(parse(|d| d.insert("remote", "")), Err("remote"));
        assert_eq!(parse(|d| d.insert("remote", 1u32)), Err("remote"));
        assert_eq!(parse(|d| d.insert("remote-uri", "http://r.example/")), Err("remote-uri"));
        assert_eq!(parse(|d| d.insert("remote-uri", "file:///srv")), Err("remote-uri"));
        assert_eq!(parse(|d| d.insert("binding", "https://s.example")), Err("binding"));
        assert_eq!(parse(|d| d.insert("account", "x")), Err("account"));
        assert_eq!(parse(|d| d.insert("client", "x".repeat(5000))), Err("client"));
        assert_eq!(parse(|d| d.insert("reason", "because")), Err("reason"));
        assert_eq!(parse(|d| d.insert("update", "true")), Err("update"));
        assert_eq!(parse(|d| d.insert("listing", 1u32)), Err("listing"));
        let without_apps = variant(|d| d.insert_value("app-ids", &Vec::<String>::new().to_variant()));
        assert_eq!(Details::parse(Kind::Purchase, &without_apps), Err("app-ids"));
        assert!(Details::parse(Kind::SignIn, &without_apps).is_ok(), "an account alone may be asked for");
        assert_eq!(parse(|d| d.insert_value("app-ids", &vec!["a b".to_owned()].to_variant())), Err("app-ids"));
    }

    #[test]
    fn d23_details_that_are_too_large_are_refused() {
        let filled = |count: u32| parse(|d| (0..count).for_each(|number| d.insert(&format!("more{number}"), number)));
        assert!(filled(200).is_ok());
        assert_eq!(filled(257), Err("details"));
        assert_eq!(parse(|d| d.insert("more", "x".repeat(3 << 20))), Err("details"));
        let apps: Vec<String> = (0..4096).map(|number| format!("org.example.{}{number}", "a".repeat(230))).collect();
        assert_eq!(parse(|d| d.insert_value("app-ids", &apps.to_variant())).map(|read| read.app_ids.len()), Ok(4096));
    }

    #[test]
    fn c01_requests_join_only_for_the_same_question() {
        let mut first = parse(|_| {}).unwrap();
        let apps = vec!["org.example.App".to_owned(), "org.example.Other".to_owned()];
        let second = parse(|d| d.insert_value("app-ids", &apps.to_variant())).unwrap();
        let elsewhere = parse(|d| d.insert("remote-uri", "https://other.example/")).unwrap();
        assert!(first.asks_the_same(&second) && !first.asks_the_same(&elsewhere));
        assert!(!first.asks_the_same(&Details { kind: Kind::Link, ..second.clone() }));
        first.join(&second);
        assert_eq!(first.app_ids, apps);
    }

    #[test]
    fn an_install_waits_where_the_person_wants_that_or_the_program_would_say_nothing() {
        for (client, is_update, is_wanted, waits) in [
            ("flatpak", false, false, false),
            ("flatpak", false, true, true),
            ("plasma-discover", false, false, true),
            ("plasma-discover", false, true, true),
            ("claimed:plasma-discover", false, false, false),
            ("plasma-discover", true, false, false),
            ("plasma-discover", true, true, false),
            ("", true, true, false),
        ] {
            let details = parse(|d| {
                d.insert("client", client);
                d.insert("update", is_update);
            });
            assert_eq!(details.unwrap().waits(is_wanted), waits, "{client} {is_update} {is_wanted}");
        }
    }

    #[test]
    fn only_a_repository_of_this_computer_is_found() {
        let remote = testing::remote("demo", "https://r.example/repo/", "https://s.example/");
        let details = parse(|_| {}).unwrap();
        assert!(details.find_remote(vec![remote.clone()]).is_some());
        let elsewhere = testing::remote("demo", "https://r.example/repo/", "https://evil.example/");
        assert_eq!(details.find_remote(vec![Remote { name: "other".into(), ..remote }, elsewhere]), None);
    }
}
