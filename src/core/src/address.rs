// SPDX-License-Identifier: GPL-3.0-or-later
//! Addresses as people and files write them: shown without what is nobody's business (rule R17), and in words what is
//! wrong with one that Usher does not use. [`crate::service`] parses and compares them.

use std::fmt;

use url::Url;

use crate::{
    binding::{OptionsError, option},
    i18n::{gettext, gettext_f},
    service::{self, ADDRESS_LIMIT, UrlError, host_of},
    text,
};

/// What may stand before the scheme of an address that flatpak knows.
const PREFIXES: [&str; 2] = ["oci+", "flatpak+"];

/// An address as somebody wrote it. Shows itself, in `Debug` too, without user name, password, query and fragment (but the
/// tag of a registry's index); only
/// [`Self::verbatim`] gives all of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct WrittenAddress(String);

impl WrittenAddress {
    /// All of it, to parse and to compare: never to show, log, save or put into a command.
    pub fn verbatim(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for WrittenAddress {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl PartialEq<str> for WrittenAddress {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl fmt::Display for WrittenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = service::tag(&self.0).map(|tag| format!("#{tag}")).unwrap_or_default();
        f.write_str(&text::clean(&format!("{}{tag}", public_part(&self.0)), ADDRESS_LIMIT))
    }
}

impl fmt::Debug for WrittenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An address without user name, password, query and fragment.
fn public_part(address: &str) -> String {
    let prefix = PREFIXES.into_iter().find(|prefix| address.starts_with(prefix)).unwrap_or_default();
    let plain = &address[prefix.len()..];
    match Url::parse(plain) {
        Ok(url) if url.has_authority() && (!url.username().is_empty() || url.password().is_some()) => {
            let mut url = url;
            let is_clean = url.set_username("").is_ok() && url.set_password(None).is_ok();
            if is_clean { format!("{prefix}{}", cut(url.as_str())) } else { after_last_at(plain).to_owned() }
        }
        Ok(url) if url.has_authority() || !plain.contains('@') => format!("{prefix}{}", cut(plain)),
        Err(_) if !plain.contains('@') => format!("{prefix}{}", cut(plain)),
        // Nobody knows where the user name of such a text ends. It may hold what ends an address elsewhere.
        _ => {
            let scheme = plain.split_once("://").map_or("", |(scheme, _)| &plain[..scheme.len() + 3]);
            let scheme = if scheme.contains('@') { "" } else { scheme };
            format!("{prefix}{scheme}{}", cut(after_last_at(plain)))
        }
    }
}

fn after_last_at(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

fn cut(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}

/// The host of an address as somebody wrote it, with the port where that is not the usual one; the address itself if it
/// has none.
pub fn host(address: &WrittenAddress) -> String {
    let shown = address.to_string();
    let plain = PREFIXES.into_iter().find_map(|prefix| shown.strip_prefix(prefix)).unwrap_or(&shown);
    match Url::parse(plain) {
        Ok(url) if url.has_host() => host_of(&url),
        _ => shown,
    }
}

impl UrlError {
    /// What is wrong with the address of an account server that a person typed, and what to do instead.
    pub fn of_typed(self) -> String {
        match self {
            Self::NotAnAddress => gettext("This is not an address"),
            Self::NotSecure => gettext("Only secure addresses (https) can be used"),
            Self::UserInfo => gettext("Addresses with a user name are not accepted. Leave out everything before “@”."),
            Self::Registry => {
                gettext("This is the address of a repository in a container registry. Set up the repository first.")
            }
            Self::FlatpakLink => {
                gettext("This is a link to a file for app stores. Save that file, then open it with Usher.")
            }
            Self::File => gettext("This is the address of a repository file. Save that file, then open it with Usher."),
            Self::Query => gettext("Addresses with “?” are not accepted. Leave out “?” and everything after it."),
            Self::Fragment => gettext("Addresses with “#” are not accepted. Leave out “#” and everything after it."),
            Self::Local => gettext("This is a location on this computer. Enter the address of an account server."),
        }
    }

    /// Why no account is used for a remote with such an address.
    pub fn of_remote(self, remote: &str) -> String {
        let remote = text::clean(remote, text::NAME_LIMIT);
        let values = &[("remote", remote.as_str())];
        match self {
            Self::NotAnAddress | Self::Registry => {
                gettext_f("No account is used for “{remote}”, because Usher does not understand its address.", values)
            }
            Self::NotSecure => {
                gettext_f("No account is used for “{remote}”, because its address is not secure (https).", values)
            }
            Self::UserInfo => {
                gettext_f("No account is used for “{remote}”, because its address has a user name in it.", values)
            }
            Self::FlatpakLink | Self::File => gettext_f(
                "No account is used for “{remote}”, because its address leads to a repository file. Set the repository up from that file.",
                values,
            ),
            Self::Query => gettext_f("No account is used for “{remote}”, because its address has “?” in it.", values),
            Self::Fragment => {
                gettext_f("No account is used for “{remote}”, because its address has “#” in it.", values)
            }
            Self::Local => gettext_f("No account is used for “{remote}”, because it is on this computer.", values),
        }
    }

    /// What is wrong with the address of the account server that a remote's option names.
    fn of_option(self, values: &[(&str, &str)]) -> String {
        match self {
            Self::NotAnAddress => {
                gettext_f("The authenticator option “{option}” of remote “{remote}” cannot be used.", values)
            }
            Self::NotSecure => gettext_f(
                "The address in the authenticator option “{option}” of remote “{remote}” is not secure (https).",
                values,
            ),
            Self::UserInfo => gettext_f(
                "The address in the authenticator option “{option}” of remote “{remote}” has a user name in it.",
                values,
            ),
            Self::Registry => gettext_f(
                "The address in the authenticator option “{option}” of remote “{remote}” is that of a repository in a container registry, not of an account server.",
                values,
            ),
            Self::FlatpakLink | Self::File => gettext_f(
                "The address in the authenticator option “{option}” of remote “{remote}” leads to a repository file, not to an account server.",
                values,
            ),
            Self::Query => gettext_f(
                "The address in the authenticator option “{option}” of remote “{remote}” has “?” in it.",
                values,
            ),
            Self::Fragment => gettext_f(
                "The address in the authenticator option “{option}” of remote “{remote}” has “#” in it.",
                values,
            ),
            Self::Local => gettext_f(
                "The address in the authenticator option “{option}” of remote “{remote}” is a location on this computer, not an account server.",
                values,
            ),
        }
    }
}

impl OptionsError {
    /// What is wrong with the options of a remote: the same sentence in every surface.
    pub fn of_remote(&self, remote: &str) -> String {
        let remote = text::clean(remote, text::NAME_LIMIT);
        let values = &[("remote", remote.as_str()), ("option", self.option())];
        match self {
            Self::Missing(option::URL) => {
                gettext_f("Remote “{remote}” does not say where its accounts are (authenticator option “url”).", values)
            }
            Self::Missing(option::REGISTRY) => gettext_f(
                "flatpak has not looked at “{remote}” yet, so Usher does not know its container registry.",
                values,
            ),
            Self::Missing(_) => gettext_f("Remote “{remote}” lacks the authenticator option “{option}”.", values),
            Self::Malformed(_) => UrlError::NotAnAddress.of_option(values),
            Self::UnknownType(name) => gettext_f(
                "Remote “{remote}” asks for accounts of the type “{type}”, which Usher does not know. Another program may serve it.",
                &[("remote", remote.as_str()), ("type", name)],
            ),
            Self::Address(_, error) => error.of_option(values),
        }
    }

    /// The same in a few words, without the remote and a full stop: for a row.
    pub fn reason(&self) -> String {
        match self {
            Self::Missing(option::URL) => gettext("Does not say where its accounts are"),
            Self::Missing(option::REGISTRY) => gettext("flatpak has not looked at it yet"),
            Self::UnknownType(_) => gettext("Asks for accounts of a type that Usher does not know"),
            Self::Address(..) => gettext("The address of its accounts cannot be used"),
            Self::Missing(_) | Self::Malformed(_) => gettext("Its options cannot be used"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::service::{RemoteUrl, ServiceUrl};

    #[test]
    fn u01_an_address_is_shown_without_what_is_nobody_s_business() {
        for (written, shown) in [
            ("https://store.example.org/repo/", "https://store.example.org/repo/"),
            ("https://ada:hunter2@store.example.org/repo", "https://store.example.org/repo"),
            ("https://hunter2@store.example.org", "https://store.example.org/"),
            ("https://:hunter2@store.example.org/", "https://store.example.org/"),
            ("https://ada:hun@ter2@store.example.org/", "https://store.example.org/"),
            ("https://ada:hun/ter2@store.example.org/repo", "https://store.example.org/repo"),
            ("https://ada:hun?ter2@store.example.org/repo", "https://store.example.org/repo"),
            ("https://ada:hun#ter2@store.example.org/repo", "https://store.example.org/repo"),
            ("https:ada:hunter2@store.example.org/", "https://store.example.org/"),
            ("https:/\\ada:hunter2@store.example.org/", "https://store.example.org/"),
            ("oci+https://ada:hunter2@r.example.org/x", "oci+https://r.example.org/x"),
            ("flatpak+https://ada:hunter2@r.example.org/x", "flatpak+https://r.example.org/x"),
            ("ssh://ada:hunter2@r.example.org/x", "ssh://r.example.org/x"),
            ("ada:hunter2@store.example.org", "store.example.org"),
            ("hunter2@store.example.org/repo", "store.example.org/repo"),
            ("//ada:hunter2@store.example.org", "store.example.org"),
            ("https://store.example.org/@scope/x@1", "https://store.example.org/@scope/x@1"),
            ("https://store.example.org/?token=hunter2", "https://store.example.org/"),
            ("https://store.example.org/#hunter2", "https://store.example.org/"),
            ("file:///srv/a@b", "file:///srv/a@b"),
            ("/srv/repo", "/srv/repo"),
            ("https://store.example.org/\u{1b}[31m", "https://store.example.org/ [31m"),
        ] {
            let address = WrittenAddress::from(written);
            assert_eq!(address.to_string(), shown, "{written}");
            assert_eq!(format!("{address:?}"), shown, "{written}");
            assert!(!address.to_string().contains("hunter"), "{written}");
            assert_eq!(address.verbatim(), written);
        }
    }

    /// What a person types, and what is said of it.
    #[test]
    fn u02_each_kind_of_address_that_is_not_used_has_its_own_sentence() {
        let kinds = [
            ("http://store.example.org", UrlError::NotSecure),
            ("ftp://store.example.org", UrlError::NotSecure),
            ("oci+http://store.example.org", UrlError::NotSecure),
            ("flatpak+http://store.example.org/x.flatpakref", UrlError::NotSecure),
            ("oci+https://store.example.org", UrlError::Registry),
            ("OCI+HTTPS://store.example.org", UrlError::Registry),
            ("flatpak+https://store.example.org/x.flatpakref", UrlError::FlatpakLink),
            ("ada@store.example.org", UrlError::UserInfo),
            ("https://ada:hunter2@store.example.org", UrlError::UserInfo),
            ("https://store.example.org/x.flatpakrepo", UrlError::File),
            ("store.example.org/repo/X.FlatpakRef", UrlError::File),
            ("https://store.example.org/#top", UrlError::Fragment),
            ("store.example.org/?a=b#top", UrlError::Fragment),
            ("store.example.org/?a=b", UrlError::Query),
            ("file:///srv/repo", UrlError::Local),
            ("oci:///srv/repo", UrlError::Local),
            ("not an address", UrlError::NotAnAddress),
            ("", UrlError::NotAnAddress),
        ];
        for (typed, error) in kinds {
            assert_eq!(ServiceUrl::from_input(typed), Err(error), "{typed}");
            let sentences =
                [error.of_typed(), error.of_remote("demo"), OptionsError::Address("url", error).of_remote("demo")];
            let is_secure_the_reason = error == UrlError::NotSecure;
            for sentence in sentences {
                assert_eq!(
                    sentence.contains("secure (https)") || sentence.contains("secure addresses (https)"),
                    is_secure_the_reason,
                    "{sentence}"
                );
                assert!(!sentence.contains("hunter2") && !sentence.contains('{'), "{sentence}");
            }
        }
        let mut said: Vec<_> = kinds.iter().map(|(_, error)| error.of_typed()).collect();
        said.sort();
        said.dedup();
        assert_eq!(said.len(), 9, "one sentence for each kind");
    }

    #[test]
    fn u02_the_address_of_a_remote_says_why_it_gets_no_account() {
        for (url, error) in [
            ("http://r.example.org/repo", UrlError::NotSecure),
            ("oci+http://r.example.org", UrlError::NotSecure),
            ("https://ada:hunter2@r.example.org/repo", UrlError::UserInfo),
            ("oci+https://ada:hunter2@r.example.org/repo", UrlError::UserInfo),
            ("https://r.example.org/x.flatpakrepo", UrlError::File),
            ("flatpak+https://r.example.org/x.flatpakref", UrlError::FlatpakLink),
            ("https://r.example.org/repo?a=b", UrlError::Query),
            ("https://r.example.org/repo#a", UrlError::Fragment),
            ("file:///srv/repo", UrlError::Local),
            ("oci:///srv/repo", UrlError::Local),
            ("oci+file:///srv/repo", UrlError::Local),
            ("nonsense", UrlError::NotAnAddress),
        ] {
            assert_eq!(RemoteUrl::parse(url), Err(error), "{url}");
        }
        assert!(RemoteUrl::parse("oci+https://r.example.org/x").is_ok());
    }

    proptest! {
        #[test]
        fn no_written_address_shows_its_user_info(
            scheme in "((oci\\+|flatpak\\+)?(https?|ssh|ftp)://|https:|//)?",
            user in "[a-z:@?#/\\\\%]{0,8}", secret in "hunter[0-9]{2}", path in "(/[a-z@]{0,8}){0,2}",
        ) {
            let shown = WrittenAddress::from(format!("{scheme}{user}{secret}@store.example.org{path}")).to_string();
            // Behind a slash it is no longer user info, unless nothing can be told apart.
            if !user.contains(['/', '\\', '?', '#']) {
                prop_assert!(!shown.contains(&secret), "{}", shown);
            }
        }

        #[test]
        fn any_text_can_be_shown(text in any::<String>()) {
            let _ = WrittenAddress::from(text).to_string();
        }
    }
}
