// SPDX-License-Identifier: GPL-3.0-or-later
//! The redirect that ends a sign-in: issues one, recognises one. Pure (rule R5).

use std::time::Duration;

use url::Url;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::text;

/// Longest wait for the redirect of a sign-in, on every surface.
pub const WAIT: Duration = Duration::from_secs(15 * 60);
/// The option of the window's program that ends sign-ins earlier, in seconds. Only a development build has it.
pub const WAIT_OPTION: Option<&str> = if cfg!(feature = "insecure-loopback") { Some("sign-in-limit") } else { None };
/// Longest redirect to look at, in bytes.
const REDIRECT_LIMIT: usize = 16 * 1024;
/// Ports for the embedded view's redirects: none that WebKit restricts, none that the kernel hands out.
const PORTS: std::ops::Range<u16> = 20000..30000;
/// The path of redirects from single sign-on servers.
const CALLBACK: &str = "/io.github.usher/callback";
/// What a page says when the person pressed its own *Cancel* (RFC 6749, 4.1.2.1).
const CANCELLED: &str = "access_denied";

/// A redirect address for one flow. It holds the state, so `Debug` does not show it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Redirect {
    #[zeroize(skip)]
    port: u16,
    path: String,
    state: String,
}

/// The parameters of a redirect besides the state. No name occurs twice.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Parameters(Vec<(String, String)>);

/// Why a page led back without what the person came for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The person pressed the page's own *Cancel*.
    Cancelled,
    /// The server stopped it. Holds its reason, cleaned.
    Stopped(String),
}

/// How an address relates to a flow.
pub enum Match {
    /// Any other address.
    Other,
    /// Our redirect address, but wrong in detail. It does not end the flow.
    Invalid,
    /// The redirect of this flow.
    Redirect(Parameters),
}

/// The operating system has no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("no random numbers: {0}")]
pub struct RandomError(#[from] getrandom::Error);

impl Redirect {
    /// Issues a redirect for the embedded view. Nothing listens at it.
    pub fn issue() -> Result<Self, RandomError> {
        let width = u32::from(PORTS.end - PORTS.start);
        let offset = u16::try_from(getrandom::u32()? % width).unwrap_or(0);
        Self::issue_at(PORTS.start + offset)
    }

    /// Issues a redirect to our own listener at this port of 127.0.0.1.
    pub fn issue_at(port: u16) -> Result<Self, RandomError> {
        Ok(Self { port, path: format!("/io.github.usher/{}", random()?), state: random()? })
    }

    /// Gives it the fixed path under which single sign-on servers know Usher (rule R24). Its state alone tells flows apart.
    #[must_use]
    pub fn at_callback(mut self) -> Self {
        CALLBACK.clone_into(&mut self.path);
        self
    }

    /// The address to give to the server, without parameters.
    pub fn uri(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path)
    }

    /// The path of the address.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The state to give to the server.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Checks whether an address is this redirect: the exact scheme, literal host, port and path, the right state, no
    /// parameter twice, nothing in the fragment, no user name, no white space.
    pub fn recognise(&self, uri: &str) -> Match {
        let Some(rest) = uri.strip_prefix(self.uri().as_str()) else {
            return if is_near(uri, self.port) { Match::Invalid } else { Match::Other };
        };
        // Other parsers take no notice of a line break or a tab: they would read other parameters.
        let is_odd = |c: char| c == '#' || c.is_whitespace() || c.is_control();
        if uri.len() > REDIRECT_LIMIT || !rest.starts_with('?') || rest.contains(is_odd) {
            return Match::Invalid;
        }
        let Some(mut parameters) = parse_query(&rest[1..]) else {
            return Match::Invalid;
        };
        match parameters.take("state") {
            Some(state) if same(state.as_bytes(), self.state.as_bytes()) => Match::Redirect(parameters),
            _ => Match::Invalid,
        }
    }
}

impl Parameters {
    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Why the page led back without what the person came for; `None` if it says that all went well.
    pub fn refusal(&self) -> Option<Refusal> {
        let error = self.get("error")?;
        if error == CANCELLED {
            return Some(Refusal::Cancelled);
        }
        let reason = self.get("error_description").unwrap_or(error);
        Some(Refusal::Stopped(text::clean(reason, text::SERVER_TEXT_LIMIT)))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(index).1)
    }
}

/// 128 random bits as hexadecimal digits.
fn random() -> Result<String, RandomError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Whether an address leads to the redirect's loopback port without being the redirect: such a page must never load.
fn is_near(uri: &str, port: u16) -> bool {
    Url::parse(uri).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        url.port_or_known_default() == Some(port) && matches!(host, "127.0.0.1" | "localhost" | "[::1]")
    })
}

/// The parameters of a query; `None` if one occurs twice or is not UTF-8.
fn parse_query(query: &str) -> Option<Parameters> {
    let mut parameters = Parameters(Vec::new());
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if parameters.get(&key).is_some() || key.contains('\u{fffd}') || value.contains('\u{fffd}') {
            return None;
        }
        parameters.0.push((key.into_owned(), value.into_owned()));
    }
    Some(parameters)
}

/// Compares in constant time, so that the time does not show where the difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redirect() -> Redirect {
        Redirect { port: 20001, path: "/io.github.usher/aa".into(), state: "s1".into() }
    }

    fn is_hit(uri: &str) -> bool {
        matches!(redirect().recognise(uri), Match::Redirect(_))
    }

    #[test]
    fn w01_the_issued_redirect_is_recognised_with_its_parameters() {
        let Match::Redirect(parameters) =
            redirect().recognise("http://127.0.0.1:20001/io.github.usher/aa?token=t%2B&state=s1")
        else {
            panic!("not recognised");
        };
        assert_eq!(parameters.get("token"), Some("t+"));
        assert_eq!(parameters.get("state"), None);
    }

    #[test]
    fn w02_a_wrong_missing_double_or_misplaced_state_does_not_match() {
        for query in [
            "",
            "?",
            "?token=t",
            "?token=t&state=s2",
            "?state=s1&state=s1",
            "?token=t#state=s1",
            "?token=a&token=b&state=s1",
            "?state=s1&token=%ff",
            "?state=s1#x",
            "?sta\nte=s2&state=s1",
            "?state=s1&token=t\t",
            "?state=s1&token=t u",
        ] {
            assert!(!is_hit(&format!("http://127.0.0.1:20001/io.github.usher/aa{query}")), "{query}");
        }
    }

    #[test]
    fn w04_other_spellings_of_the_address_do_not_match() {
        for base in [
            "http://localhost:20001/io.github.usher/aa",
            "http://127.1:20001/io.github.usher/aa",
            "http://[::1]:20001/io.github.usher/aa",
            "http://127.0.0.1:20002/io.github.usher/aa",
            "http://u@127.0.0.1:20001/io.github.usher/aa",
            "http://127.0.0.1:20001/io.github.usher/%61a",
            "http://127.0.0.1:20001/IO.github.usher/aa",
            "https://127.0.0.1:20001/io.github.usher/aa",
            "http://127.0.0.1:20001/io.github.usher/aa/",
        ] {
            assert!(!is_hit(&format!("{base}?token=t&state=s1")), "{base}");
        }
    }

    #[test]
    fn w19_a_pages_own_cancel_differs_from_what_the_server_stops() {
        let refusal = |query: &str| match redirect().recognise(&format!("{}?state=s1{query}", redirect().uri())) {
            Match::Redirect(parameters) => parameters.refusal(),
            Match::Other | Match::Invalid => panic!("{query} is not recognised"),
        };
        let stopped = |reason: &str| Some(Refusal::Stopped(reason.to_owned()));
        let long = "x".repeat(500);
        for (query, expected) in [
            ("", None),
            ("&token=t", None),
            ("&error_description=x", None),
            ("&error=access_denied", Some(Refusal::Cancelled)),
            ("&error=access_denied&error_description=x&token=t", Some(Refusal::Cancelled)),
            ("&error=server_error", stopped("server_error")),
            ("&error=server_error&error_description=Closed%1b[0m%20today", stopped("Closed [0m today")),
            ("&error=access_denied%1b", stopped("access_denied")),
            ("&error=ACCESS_DENIED", stopped("ACCESS_DENIED")),
            (&format!("&error={long}"), stopped(&text::clean(&long, text::SERVER_TEXT_LIMIT))),
        ] {
            assert_eq!(refusal(query), expected, "{query}");
        }
    }

    #[test]
    fn an_address_close_to_the_redirect_is_recognised_as_such() {
        assert!(matches!(redirect().recognise("http://localhost:20001/x"), Match::Invalid));
        assert!(matches!(redirect().recognise("https://store.example.org/?x=http://127.0.0.1:20001/"), Match::Other));
    }

    #[test]
    fn each_flow_has_a_state_and_a_path_of_its_own() {
        let (a, b) = (Redirect::issue().unwrap(), Redirect::issue().unwrap());
        assert_ne!(a.state(), b.state());
        assert_ne!(a.path(), b.path());
        assert_eq!(a.state().len(), 32);
    }

    proptest! {
        #[test]
        fn a_second_parser_also_reads_an_accepted_address_as_the_issued_one(uri in "http://(127\\.0\\.0\\.1|localhost|\\[::1\\]):2000[01]/(io\\.github\\.usher/aa|x)[?#&=a-z0-9]{0,20}") {
            if is_hit(&uri) {
                let url = Url::parse(&uri).unwrap();
                prop_assert_eq!((url.scheme(), url.host_str(), url.port(), url.path()), ("http", Some("127.0.0.1"), Some(20001), "/io.github.usher/aa"));
                prop_assert_eq!(url.query_pairs().filter(|(key, value)| key == "state" && value == "s1").count(), 1);
            }
        }
    }
}
