// SPDX-License-Identifier: GPL-3.0-or-later
//! The arguments of `RequestRefTokens` and of `RequestSummaryToken`, read within the limits (rule R9). Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use usher_core::{
    ask::{self, Ask},
    binding::{OptionsError, option},
    ground::{Ground, GroundError},
    refs::FlatpakRef,
    service::{ADDRESS_LIMIT, RemoteUrl},
};

use crate::{
    bounded::{AtMost, RefFacts, Setting, Settings},
    limits::{self, LimitError, REFS_LIMIT},
};

/// The option that forbids asking the person.
const NO_INTERACTION: &str = "no-interaction";

/// Arguments of the call, as received.
pub(crate) struct CallArguments<'a> {
    pub(crate) authenticator_options: &'a Settings<'a>,
    pub(crate) remote: &'a str,
    pub(crate) remote_uri: &'a str,
    /// `None` in a call for a listing.
    pub(crate) refs: Option<&'a RefArguments<'a>>,
    pub(crate) options: &'a Settings<'a>,
    pub(crate) parent_window: &'a str,
}

/// Ref, commit, token type and metadata.
pub(crate) type RefArgument<'a> = (&'a str, &'a str, i32, RefFacts<'a>);

/// The refs of a call.
pub(crate) type RefArguments<'a> = AtMost<RefArgument<'a>, REFS_LIMIT>;

/// A request within the limits. All of it is still only a caller's claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Name of the remote: to show, never to choose by.
    pub(crate) remote: String,
    /// Its address, verbatim.
    pub(crate) remote_uri: String,
    /// Its authenticator options that are strings.
    pub(crate) options: BTreeMap<String, String>,
    /// An option that Usher knows but that is not a string.
    pub(crate) odd_option: Option<&'static str>,
    /// The registry, if the remote is one.
    pub(crate) registry: Option<String>,
    /// What to ask tokens for: each ref once; or the listing, if the remote's address may get a token.
    pub(crate) asks: Vec<Ask>,
    /// Whether it is for a listing.
    pub(crate) is_listing: bool,
    /// Whether the person may be asked anything.
    pub(crate) interactive: bool,
    /// The client's window, if its handle makes sense.
    pub(crate) parent_window: String,
}

impl Request {
    /// Checks a call's arguments.
    pub(crate) fn read(arguments: &CallArguments<'_>) -> Result<Self, LimitError> {
        let (options, odd_option) = read_options(arguments.authenticator_options)?;
        Ok(Self {
            remote: limits::text(arguments.remote)?,
            remote_uri: limits::text(arguments.remote_uri)?,
            options,
            odd_option,
            registry: read_text(arguments.options.get(option::REGISTRY))?,
            asks: match arguments.refs {
                Some(refs) => read_asks(refs.entries(LimitError::TooManyRefs)?)?,
                None => RemoteUrl::parse(arguments.remote_uri).map(Ask::of_listing).into_iter().collect(),
            },
            is_listing: arguments.refs.is_none(),
            // Anything but a plain “false” means “do not ask”: a caller with the wrong type meant something.
            interactive: matches!(arguments.options.get(NO_INTERACTION), None | Some(Setting::Flag(false))),
            parent_window: limits::parent_window(arguments.parent_window)?,
        })
    }

    /// The ground of the request.
    pub(crate) fn ground(&self) -> Result<Ground, GroundError> {
        let ground = Ground::claimed(&self.remote, &self.remote_uri, &self.options, self.registry.as_deref());
        match (self.odd_option, ground) {
            (Some(option), Ok(_) | Err(GroundError::Options(_))) => Err(OptionsError::Malformed(option).into()),
            (_, ground) => ground,
        }
    }

    /// The refs to ask tokens for.
    pub(crate) fn refs(&self) -> Vec<&FlatpakRef> {
        self.asks.iter().filter_map(Ask::full_ref).collect()
    }

    /// The apps to ask tokens for.
    pub(crate) fn app_ids(&self) -> BTreeSet<String> {
        ask::app_ids(&self.asks)
    }
}

fn read_options(options: &Settings<'_>) -> Result<(BTreeMap<String, String>, Option<&'static str>), LimitError> {
    let mut strings = BTreeMap::new();
    let mut odd = None;
    for (&name, value) in &options.0 {
        limits::within(name)?;
        if let Setting::Text(text) = value {
            limits::within(text)?;
            if name == option::URL && text.len() > ADDRESS_LIMIT {
                return Err(LimitError::TooLong);
            }
            strings.insert(name.to_owned(), (*text).to_owned());
        } else {
            odd = [option::URL, option::TYPE].into_iter().find(|&known| known == name).or(odd);
        }
    }
    Ok((strings, odd))
}

fn read_asks(refs: &[RefArgument<'_>]) -> Result<Vec<Ask>, LimitError> {
    let (mut seen, mut asks) = (HashSet::with_capacity(refs.len()), Vec::with_capacity(refs.len()));
    for (text, commit, _, facts) in refs {
        if seen.insert(*text) {
            let mut ask = Ask::of_ref(text.parse().map_err(|_| LimitError::Ref)?);
            ask.commit = Some(limits::text(commit)?).filter(|commit| !commit.is_empty());
            ask.repository = read_text(facts.repository.as_ref())?;
            asks.push(ask);
        }
    }
    if asks.is_empty() { Err(LimitError::NoRefs) } else { Ok(asks) }
}

/// A string within the limits. `None` for anything else.
fn read_text(value: Option<&Setting<'_>>) -> Result<Option<String>, LimitError> {
    match value {
        Some(Setting::Text(text)) => limits::text(text).map(Some),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zbus::zvariant::Value;

    use super::*;
    use crate::bounded::REPOSITORY;

    const APP: &str = "app/org.example.App/x86_64/stable";

    /// A ref without metadata.
    fn plain(text: &str) -> RefArgument<'_> {
        (text, "", 1, RefFacts::default())
    }

    struct Given<'a> {
        authenticator_options: BTreeMap<&'a str, Value<'a>>,
        options: BTreeMap<&'a str, Value<'a>>,
        refs: Vec<RefArgument<'a>>,
        remote: &'a str,
        parent_window: &'a str,
    }

    impl Default for Given<'_> {
        fn default() -> Self {
            Self {
                authenticator_options: BTreeMap::from([("url", Value::from("https://store.example.org"))]),
                options: BTreeMap::new(),
                refs: vec![plain(APP)],
                remote: "demo",
                parent_window: "",
            }
        }
    }

    impl Given<'_> {
        fn read(self) -> Result<Request, LimitError> {
            Request::read(&CallArguments {
                authenticator_options: &Settings::from(&self.authenticator_options),
                remote: self.remote,
                remote_uri: "https://repo.example.org/",
                refs: Some(&self.refs.into()),
                options: &Settings::from(&self.options),
                parent_window: self.parent_window,
            })
        }
    }

    #[test]
    fn d05_4096_refs_are_read_and_4097_are_not() {
        let texts: Vec<String> = (0..4097).map(|number| format!("app/org.example.A{number}/x86_64/stable")).collect();
        let given = |texts: &[String]| {
            Given { refs: texts.iter().map(|text| plain(text)).collect(), ..Given::default() }.read()
        };
        assert_eq!(given(&texts), Err(LimitError::TooManyRefs));
        assert_eq!(given(&texts[1..]).unwrap().asks.len(), 4096);
    }

    #[test]
    fn d04_a_request_for_nothing_is_refused() {
        assert_eq!(Given { refs: vec![], ..Given::default() }.read(), Err(LimitError::NoRefs));
    }

    #[test]
    fn d06_only_full_refs_are_accepted() {
        for text in ["app/x", "app/org.example.App/x86_64/stable\n"] {
            assert_eq!(Given { refs: vec![plain(text)], ..Given::default() }.read(), Err(LimitError::Ref));
        }
    }

    #[test]
    fn d07_a_double_ref_counts_once() {
        let refs = [APP, APP, "runtime/org.example.App.Locale/x86_64/stable"].map(plain).into();
        let request = Given { refs, ..Given::default() }.read().unwrap();
        assert_eq!(request.refs().len(), 2);
        assert_eq!(request.app_ids(), BTreeSet::from(["org.example.App".to_owned()]));
    }

    #[test]
    fn d08_an_address_that_is_not_a_string_is_named() {
        for value in [Value::from(5), Value::from(vec!["a"]), Value::new(Value::new(Value::from("x")))] {
            let given = Given { authenticator_options: BTreeMap::from([("url", value)]), ..Given::default() };
            assert_eq!(given.read().unwrap().ground(), Err(OptionsError::Malformed("url").into()));
        }
        let given = Given { authenticator_options: BTreeMap::new(), ..Given::default() };
        assert_eq!(given.read().unwrap().ground(), Err(OptionsError::Missing("url").into()));
    }

    #[test]
    fn d09_unknown_options_of_any_type_are_ignored() {
        let mut given = Given::default();
        given.authenticator_options.insert("later", Value::from(vec![1u8]));
        given.authenticator_options.insert("nested", Value::new(Value::from(1)));
        assert!(given.read().unwrap().ground().is_ok());
    }

    #[test]
    fn d16_a_senseless_window_handle_is_dropped_and_a_huge_one_refused() {
        let window = |parent_window| Given { parent_window, ..Given::default() }.read().map(|read| read.parent_window);
        assert_eq!(window("x11:3a0001").unwrap(), "x11:3a0001");
        assert_eq!(window("wayland:a3F-b_c").unwrap(), "wayland:a3F-b_c");
        for odd in ["x11:zz", ";rm", "wayland:", "x11:", "wayland:a b"] {
            assert_eq!(window(odd).unwrap(), "", "{odd}");
        }
        let huge = format!("wayland:{}", "a".repeat(1 << 20));
        assert_eq!(Given { parent_window: &huge, ..Given::default() }.read(), Err(LimitError::TooLong));
    }

    #[test]
    fn d18_no_interaction_of_an_odd_type_means_no_interaction() {
        let interactive = |value: Option<Value<'static>>| {
            let options = value.map(|value| ("no-interaction", value)).into_iter().collect();
            Given { options, ..Given::default() }.read().unwrap().interactive
        };
        assert!(interactive(None) && interactive(Some(false.into())));
        for value in [Value::from(true), Value::from("true"), Value::from(1), Value::from("false")] {
            assert!(!interactive(Some(value)));
        }
    }

    #[test]
    fn details_for_a_registry_are_read_with_the_ref() {
        let ask = |repository: Value<'static>, commit| {
            let metadata = BTreeMap::from([(REPOSITORY, repository)]);
            let given = Given { refs: vec![(APP, commit, 1, RefFacts::from(&metadata))], ..Given::default() };
            given.read().map(|request| (request.asks[0].repository.clone(), request.asks[0].commit.clone()))
        };
        let both = (Some("acme/app".to_owned()), Some("ab12".to_owned()));
        assert_eq!(ask("acme/app".into(), "ab12"), Ok(both));
        assert_eq!(ask(Value::from(5), ""), Ok((None, None)));
        assert_eq!(ask("a".repeat(5000).into(), ""), Err(LimitError::TooLong));
        let registry = |value: Value<'static>| {
            let given = Given { options: BTreeMap::from([(option::REGISTRY, value)]), ..Given::default() };
            given.read().map(|request| request.registry)
        };
        assert_eq!(registry("https://registry.example/".into()), Ok(Some("https://registry.example/".to_owned())));
        assert_eq!(registry(Value::from(1)), Ok(None));
    }

    #[test]
    fn a_call_for_a_listing_is_read_like_one_for_refs() {
        let read = |remote_uri: &str, options: &BTreeMap<&str, Value<'_>>, window: &str| {
            Request::read(&CallArguments {
                authenticator_options: &Settings::from(&BTreeMap::from([("url", "https://s.example".into())])),
                remote: "demo",
                remote_uri,
                refs: None,
                options: &Settings::from(options),
                parent_window: window,
            })
        };
        let none = BTreeMap::new();
        let request = read("https://repo.example.org/", &none, "x11:3a").unwrap();
        assert!(request.is_listing && request.interactive && request.refs().is_empty() && request.app_ids().is_empty());
        let wanted = Ask::of_listing(RemoteUrl::parse("https://repo.example.org").unwrap());
        assert_eq!((request.asks.as_slice(), request.parent_window.as_str()), (&[wanted][..], "x11:3a"));
        let silent = BTreeMap::from([(NO_INTERACTION, Value::from("true")), (option::REGISTRY, "https://r/".into())]);
        let request = read("oci+https://repo.example.org/#beta", &silent, "").unwrap();
        assert_eq!((request.interactive, request.registry.as_deref()), (false, Some("https://r/")));
        for insecure in ["http://repo.example.org/", "file:///srv", "https://u@repo.example.org/", "?", ""] {
            let request = read(insecure, &none, "").unwrap();
            assert!(request.is_listing && request.asks.is_empty() && request.ground().is_err(), "{insecure}");
        }
        let long = format!("https://repo.example.org/{}", "a".repeat(5000));
        assert_eq!(read(&long, &none, ""), Err(LimitError::TooLong));
        assert_eq!(read("https://repo.example.org/", &none, &long), Err(LimitError::TooLong));
    }

    proptest! {
        #[test]
        fn a_request_that_is_read_is_within_the_limits(refs in proptest::collection::vec("(app|runtime)/[a-c.]{1,6}/x/[0-9]?", 0..6), remote in ".{0,20}") {
            let given = Given { refs: refs.iter().map(|text| plain(text)).collect(), remote: &remote, ..Given::default() };
            if let Ok(request) = given.read() {
                let mut read: Vec<String> = request.refs().iter().map(ToString::to_string).collect();
                prop_assert!(refs.iter().all(|text| read.contains(text)));
                read.sort();
                read.dedup();
                prop_assert_eq!(read.len(), request.asks.len());
            }
        }
    }
}
