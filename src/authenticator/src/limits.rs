// SPDX-License-Identifier: GPL-3.0-or-later
//! What may be asked at all (rule R9). Pure: from a call's arguments to a request, or the reason why it is refused.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::{
    binding::{Binding, OptionsError, option},
    names::FLATPAK_AUTHENTICATOR_PATH,
    prompt,
    refs::{AppId, FlatpakRef},
    service::ADDRESS_LIMIT,
};
use zbus::zvariant::Value;

/// Most refs of one request.
const REFS_LIMIT: usize = 4096;
/// Most apps that are asked about at once.
const IDS_LIMIT: usize = 1024;
/// Longest string of any kind, in bytes.
const STRING_LIMIT: usize = 4096;
/// Most options of a remote.
const OPTIONS_LIMIT: usize = 256;

/// Why a call is refused before anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitError {
    /// Not 1 to 255 letters, digits and underscores.
    #[error("the handle token is not 1 to 255 letters, digits and underscores")]
    HandleToken,
    /// Nothing is asked for.
    #[error("no refs")]
    NoRefs,
    /// More refs than one request may have.
    #[error("too many refs")]
    TooManyRefs,
    /// A ref that is not `app|runtime/ID/ARCH/BRANCH`.
    #[error("not a full flatpak ref")]
    Ref,
    /// Not the id of an app.
    #[error("not the id of an app")]
    AppId,
    /// More apps than one question may have.
    #[error("too many apps")]
    TooManyIds,
    /// A string that is longer than any sensible one.
    #[error("a string is too long")]
    TooLong,
    /// More options than any sensible remote has.
    #[error("too many options")]
    TooManyOptions,
}

/// Arguments of `RequestRefTokens` as they came.
pub(crate) struct Arguments<'a> {
    pub(crate) authenticator_options: &'a BTreeMap<&'a str, Value<'a>>,
    pub(crate) remote: &'a str,
    pub(crate) remote_uri: &'a str,
    pub(crate) refs: &'a mut dyn Iterator<Item = &'a str>,
    pub(crate) options: &'a BTreeMap<&'a str, Value<'a>>,
    pub(crate) parent_window: &'a str,
}

/// A request within the limits. Everything in it is still only what a caller says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Name of the remote: for showing, never for choosing.
    pub(crate) remote: String,
    /// Its address, verbatim.
    pub(crate) remote_uri: String,
    /// Its authenticator options, as far as they are strings.
    pub(crate) options: BTreeMap<String, String>,
    /// An option that Usher knows and that is not a string.
    pub(crate) odd_option: Option<&'static str>,
    /// What is asked for, each once.
    pub(crate) refs: Vec<FlatpakRef>,
    /// Whether the person may be asked anything.
    pub(crate) interactive: bool,
    /// The client's window, where its handle makes sense.
    pub(crate) parent_window: String,
}

impl Request {
    /// Checks a call's arguments.
    pub(crate) fn read(arguments: Arguments<'_>) -> Result<Self, LimitError> {
        let Arguments { authenticator_options, remote, remote_uri, refs, options, parent_window } = arguments;
        let (strings, odd_option) = read_options(authenticator_options)?;
        Ok(Self {
            remote: text(remote)?,
            remote_uri: text(remote_uri)?,
            options: strings,
            odd_option,
            refs: read_refs(refs)?,
            // Anything but a plain “false” is taken for “do not ask”: a caller that muddles the type meant something.
            interactive: matches!(options.get("no-interaction"), None | Some(Value::Bool(false))),
            parent_window: self::parent_window(parent_window)?,
        })
    }

    /// The binding that the options claim.
    pub(crate) fn claimed(&self) -> Result<Binding, OptionsError> {
        match self.odd_option {
            Some(option) => Err(OptionsError::Malformed(option)),
            None => Binding::claimed(&self.options),
        }
    }

    /// The ids that tokens are asked for, each once.
    pub(crate) fn app_ids(&self) -> BTreeSet<String> {
        self.refs.iter().map(|wanted| wanted.app_id().to_owned()).collect()
    }
}

/// The object path of a request: the one that the client computes itself.
pub(crate) fn handle_path(sender: &str, token: &str) -> Result<String, LimitError> {
    let token = handle_token(token)?;
    let sender = sender.trim_start_matches(':').replace('.', "_");
    Ok(format!("{FLATPAK_AUTHENTICATOR_PATH}/request/{sender}/{token}"))
}

/// What a caller names its call by.
pub(crate) fn handle_token(token: &str) -> Result<&str, LimitError> {
    if prompt::is_handle_token(token) { Ok(token) } else { Err(LimitError::HandleToken) }
}

/// A text within the limits.
pub(crate) fn text(text: &str) -> Result<String, LimitError> {
    within(text).map(|()| text.to_owned())
}

/// The caller's window, where its handle makes sense; else none.
pub(crate) fn parent_window(text: &str) -> Result<String, LimitError> {
    within(text)?;
    Ok(if is_window_handle(text) { text.to_owned() } else { String::new() })
}

/// The id of an app.
pub(crate) fn app_id(text: &str) -> Result<String, LimitError> {
    AppId::parse(text).map(String::from).map_err(|_| LimitError::AppId)
}

/// The ids of apps that are asked about at once, each once.
pub(crate) fn app_ids(texts: &[&str]) -> Result<BTreeSet<String>, LimitError> {
    if texts.len() > IDS_LIMIT {
        return Err(LimitError::TooManyIds);
    }
    texts.iter().map(|text| app_id(text)).collect()
}

fn within(text: &str) -> Result<(), LimitError> {
    if text.len() > STRING_LIMIT { Err(LimitError::TooLong) } else { Ok(()) }
}

fn read_options(
    options: &BTreeMap<&str, Value<'_>>,
) -> Result<(BTreeMap<String, String>, Option<&'static str>), LimitError> {
    if options.len() > OPTIONS_LIMIT {
        return Err(LimitError::TooManyOptions);
    }
    let mut strings = BTreeMap::new();
    let mut odd = None;
    for (&name, value) in options {
        within(name)?;
        if let Value::Str(text) = value {
            within(text)?;
            if name == option::URL && text.len() > ADDRESS_LIMIT {
                return Err(LimitError::TooLong);
            }
            strings.insert(name.to_owned(), text.to_string());
        } else {
            odd = [option::URL, option::TYPE].into_iter().find(|&known| known == name).or(odd);
        }
    }
    Ok((strings, odd))
}

fn read_refs(texts: &mut dyn Iterator<Item = &str>) -> Result<Vec<FlatpakRef>, LimitError> {
    let mut seen = BTreeSet::new();
    let mut refs = Vec::new();
    for (count, text) in texts.enumerate() {
        if count >= REFS_LIMIT {
            return Err(LimitError::TooManyRefs);
        }
        if seen.insert(text) {
            refs.push(text.parse().map_err(|_| LimitError::Ref)?);
        }
    }
    if refs.is_empty() { Err(LimitError::NoRefs) } else { Ok(refs) }
}

/// Whether a text can be a window's handle: `x11:` and a number in hexadecimal, or `wayland:` and a printable word.
fn is_window_handle(text: &str) -> bool {
    if let Some(id) = text.strip_prefix("x11:") {
        return (1..=16).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    text.strip_prefix("wayland:").is_some_and(|word| {
        (1..=255).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Given<'a> {
        authenticator_options: BTreeMap<&'a str, Value<'a>>,
        options: BTreeMap<&'a str, Value<'a>>,
        refs: Vec<&'a str>,
        remote: &'a str,
        parent_window: &'a str,
    }

    impl Default for Given<'_> {
        fn default() -> Self {
            Self {
                authenticator_options: BTreeMap::from([("url", Value::from("https://store.example.org"))]),
                options: BTreeMap::new(),
                refs: vec!["app/org.example.App/x86_64/stable"],
                remote: "demo",
                parent_window: "",
            }
        }
    }

    impl Given<'_> {
        fn read(&self) -> Result<Request, LimitError> {
            Request::read(Arguments {
                authenticator_options: &self.authenticator_options,
                remote: self.remote,
                remote_uri: "https://repo.example.org/",
                refs: &mut self.refs.iter().copied(),
                options: &self.options,
                parent_window: self.parent_window,
            })
        }
    }

    #[test]
    fn d01_an_empty_handle_token_is_refused() {
        assert_eq!(handle_path(":1.42", ""), Err(LimitError::HandleToken));
    }

    #[test]
    fn d02_a_handle_token_is_one_element_of_a_path() {
        for bad in ["a/b", "..", "a-b", "é", &"a".repeat(256)] {
            assert_eq!(handle_path(":1.42", bad), Err(LimitError::HandleToken), "{bad}");
        }
        assert!(handle_path(":1.42", &"a".repeat(255)).is_ok());
        assert_eq!(handle_path(":1.42", "7").unwrap(), "/org/freedesktop/Flatpak/Authenticator/request/1_42/7");
    }

    #[test]
    fn d05_4096_refs_are_read_and_4097_are_not() {
        let texts: Vec<String> = (0..4097).map(|number| format!("app/org.example.A{number}/x86_64/stable")).collect();
        let mut given = Given { refs: texts.iter().map(String::as_str).collect(), ..Given::default() };
        assert_eq!(given.read(), Err(LimitError::TooManyRefs));
        given.refs.pop();
        assert_eq!(given.read().unwrap().refs.len(), 4096);
    }

    #[test]
    fn d04_nothing_cannot_be_asked_for() {
        assert_eq!(Given { refs: vec![], ..Given::default() }.read(), Err(LimitError::NoRefs));
    }

    #[test]
    fn d06_only_full_refs_are_asked_for() {
        for text in ["app/x", "app/org.example.App/x86_64/stable\n"] {
            assert_eq!(Given { refs: vec![text], ..Given::default() }.read(), Err(LimitError::Ref));
        }
    }

    #[test]
    fn d07_a_ref_that_comes_twice_is_asked_for_once() {
        let text = "app/org.example.App/x86_64/stable";
        let request =
            Given { refs: vec![text, text, "runtime/org.example.App.Locale/x86_64/stable"], ..Given::default() };
        let request = request.read().unwrap();
        assert_eq!(request.refs.len(), 2);
        assert_eq!(request.app_ids(), BTreeSet::from(["org.example.App".to_owned()]));
    }

    #[test]
    fn d08_an_address_that_is_no_string_is_named() {
        for value in [Value::from(5), Value::from(vec!["a"]), Value::new(Value::new(Value::from("x")))] {
            let given = Given { authenticator_options: BTreeMap::from([("url", value)]), ..Given::default() };
            assert_eq!(given.read().unwrap().claimed(), Err(OptionsError::Malformed("url")));
        }
        let given = Given { authenticator_options: BTreeMap::new(), ..Given::default() };
        assert_eq!(given.read().unwrap().claimed(), Err(OptionsError::Missing("url")));
    }

    #[test]
    fn d09_unknown_options_of_any_type_are_ignored() {
        let mut given = Given::default();
        given.authenticator_options.insert("later", Value::from(vec![1u8]));
        given.authenticator_options.insert("nested", Value::new(Value::from(1)));
        assert!(given.read().unwrap().claimed().is_ok());
    }

    #[test]
    fn d16_a_window_handle_without_sense_is_dropped_and_a_huge_one_refused() {
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
    fn d05_1024_apps_are_asked_about_at_once_and_1025_are_not() {
        let texts: Vec<String> = (0..1025).map(|number| format!("org.example.A{number}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(app_ids(&texts), Err(LimitError::TooManyIds));
        assert_eq!(app_ids(&texts[1..]).unwrap().len(), 1024);
        assert_eq!(app_ids(&[]), Ok(BTreeSet::new()));
    }

    #[test]
    fn d06_only_ids_of_apps_are_asked_about() {
        for bad in ["", "x", "a/b.c", "a.b/c", "a.b\n", "a..b", ".a.b", "é.b", &format!("a.{}", "b".repeat(5000))] {
            assert_eq!(app_ids(&["org.example.App", bad]), Err(LimitError::AppId), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_handle_is_a_valid_path_of_eight_elements_and_tells_all_apart(
            first in (0u32..50, 0u32..50, "[A-Za-z0-9_./-]{0,4}"), second in (0u32..50, 0u32..50, "[A-Za-z0-9_]{1,4}"),
        ) {
            let path = |(a, b, token): &(u32, u32, String)| handle_path(&format!(":{a}.{b}"), token);
            if let (Ok(one), Ok(two)) = (path(&first), path(&second)) {
                prop_assert!(zbus::zvariant::ObjectPath::try_from(one.as_str()).is_ok());
                prop_assert_eq!(one.split('/').count(), 8);
                prop_assert_eq!(one == two, first == second);
            }
        }

        #[test]
        fn whatever_is_read_is_within_the_limits(refs in proptest::collection::vec("(app|runtime)/[a-c.]{1,6}/x/[0-9]?", 0..6), remote in ".{0,20}") {
            let given = Given { refs: refs.iter().map(String::as_str).collect(), remote: &remote, ..Given::default() };
            if let Ok(request) = given.read() {
                let mut read: Vec<String> = request.refs.iter().map(ToString::to_string).collect();
                prop_assert!(refs.iter().all(|text| read.contains(text)));
                read.sort();
                read.dedup();
                prop_assert_eq!(read.len(), request.refs.len());
            }
        }
    }
}
