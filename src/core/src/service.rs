// SPDX-License-Identifier: GPL-3.0-or-later
//! Addresses of account servers and repositories. Only this file parses, normalises and compares them: with one parser,
//! and by parsed parts, never by substrings (rules R2 and R4).

mod below;
mod loopback;
mod registry;

use std::{fmt, path::Path};

use serde::{Deserialize, Serialize};
use url::Url;

use self::registry::without_tag;
pub use self::{
    loopback::{is_allowed_loopback, is_literal_loopback},
    registry::{RealmUrl, is_registry, is_tag, tag},
};
use crate::repository_file;

/// Longest address, in bytes (rule R9).
pub const ADDRESS_LIMIT: usize = 2048;

/// Before the scheme of the address of a container registry's index.
const REGISTRY: &str = "oci+";

/// Why a text is not an address that Usher uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an address, or one with parts that do not belong (dot segments, odd characters).
    #[error("not an address")]
    NotAnAddress,
    /// Not https, and not a literal loopback address in a development build.
    #[error("not a secure address")]
    NotSecure,
    /// It has a user name or password before the host.
    #[error("an address with a user name")]
    UserInfo,
    /// A repository in a container registry (`oci+https:`), in place of an account server.
    #[error("the address of a repository in a registry")]
    Registry,
    /// A link that hands a file to an app store (`flatpak+https:`).
    #[error("a link to a file")]
    FlatpakLink,
    /// A file that describes a repository or an app.
    #[error("the address of a file")]
    File,
    /// It has a query.
    #[error("an address with a query")]
    Query,
    /// It has a fragment.
    #[error("an address with a fragment")]
    Fragment,
    /// A folder of this computer.
    #[error("a place on this computer")]
    Local,
}

/// Base address of an account server: scheme, host, port and path, normalised, with a closing slash.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceUrl(Url);

impl ServiceUrl {
    /// Parses an address from a remote or a keyring item.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if has_prefix(text, "oci+https:") {
            return Err(UrlError::Registry);
        }
        let mut url = parse_strictly(text)?;
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        // The whole is read again from the keyring.
        if url.as_str().len() > ADDRESS_LIMIT { Err(UrlError::NotAnAddress) } else { Ok(Self(url)) }
    }

    /// Parses what a person typed: adds a missing `https://`, and converts non-ASCII names to their A-label form.
    pub fn from_input(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        if address.is_ascii() {
            return Self::parse(&address);
        }
        let url = Url::parse(&address).map_err(|_| UrlError::NotAnAddress)?;
        Self::parse(url.as_str())
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address as a parsed URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The host for showing, with the port if it is not the default.
    pub fn host(&self) -> String {
        host_of(&self.0)
    }

    /// The address without its path. `None` if there is none.
    pub fn root(&self) -> Option<Self> {
        self.0.join("/").ok().map(Self)
    }

    /// The address of a path on this server. `relative` is a constant of a provider, such as `api/v1/get_tokens`.
    pub fn join(&self, relative: &str) -> Result<Url, UrlError> {
        let url = self.0.join(relative).map_err(|_| UrlError::NotAnAddress)?;
        if self.has_origin_of(&url) { Ok(url) } else { Err(UrlError::NotAnAddress) }
    }

    /// A page that the server itself named, relative or absolute. Only pages of the same origin pass, whose text the
    /// parser took unchanged, and without a parameter that is ours to set (rule R4).
    pub fn page(&self, text: &str) -> Option<Url> {
        let is_sound = !text.is_empty()
            && text.len() <= ADDRESS_LIMIT
            && text.chars().all(|c| c.is_ascii_graphic())
            && !text.contains(['\\', '#', '@']);
        let url = self.0.join(text).ok().filter(|url| is_sound && self.has_origin_of(url))?;
        let is_ours = url.query_pairs().any(|(key, _)| matches!(&*key, "state" | "redirect_uri"));
        (!is_ours).then_some(url)
    }

    /// Whether scheme, host and port are those of `url`.
    pub fn has_origin_of(&self, url: &Url) -> bool {
        self.0.scheme() == url.scheme()
            && self.0.host() == url.host()
            && self.0.port_or_known_default() == url.port_or_known_default()
    }
}

/// Address of a repository that may get tokens: https, or a registry behind https. Normalised, without a closing slash.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemoteUrl(String);

impl RemoteUrl {
    /// Parses the `url` of a remote. Gives [`UrlError::NotSecure`] for those that never get a token (`file:`, `http:`,
    /// `oci:`).
    ///
    /// The fragment of a registry's address, which chooses the tag of its index, is checked and dropped: one index is one
    /// remote.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let (prefix, plain) = match text.strip_prefix(REGISTRY) {
            Some(plain) => (REGISTRY, without_tag(plain)?),
            None => ("", text),
        };
        let url = parse_strictly(plain)?;
        Ok(Self(format!("{prefix}{}", url.as_str().trim_end_matches('/'))))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host for showing, with the port if it is not the default.
    pub fn host(&self) -> String {
        let plain = self.0.strip_prefix(REGISTRY).unwrap_or(&self.0);
        Url::parse(plain).map_or_else(|_| plain.to_owned(), |url| host_of(&url))
    }
}

macro_rules! text_conversions {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = UrlError;
            fn try_from(text: String) -> Result<Self, UrlError> {
                Self::parse(&text)
            }
        }
        impl From<$type> for String {
            fn from(address: $type) -> String {
                address.as_str().to_owned()
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
text_conversions!(ServiceUrl);
text_conversions!(RemoteUrl);

/// The host of a URL for showing, with the port if it is not the scheme's default.
pub fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Parses `text` only if the parser changes nothing: what we show and compare is what was written.
fn parse_strictly(text: &str) -> Result<Url, UrlError> {
    let is_plain = |c: char| c.is_ascii_graphic() && !r#"\"<>`{}|^"#.contains(c);
    if text.len() > ADDRESS_LIMIT || !text.chars().all(is_plain) {
        return Err(UrlError::NotAnAddress);
    }
    let (scheme, rest) = text.split_once("://").ok_or(UrlError::NotAnAddress)?;
    if let Some(fault) = fault_of_scheme(&scheme.to_ascii_lowercase()) {
        return Err(if Url::parse(text).is_ok() { fault } else { UrlError::NotAnAddress });
    }
    for (mark, fault) in [('#', UrlError::Fragment), ('?', UrlError::Query)] {
        if rest.contains(mark) {
            return Err(fault);
        }
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(UrlError::UserInfo);
    }
    let dotted = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if authority.is_empty() || authority.contains('%') || path.split('/').any(dotted) {
        return Err(UrlError::NotAnAddress);
    }
    let url = Url::parse(text).map_err(|_| UrlError::NotAnAddress)?;
    let host = url.host_str().ok_or(UrlError::NotAnAddress)?;
    if host.ends_with('.') || !is_host_of(authority, host) {
        return Err(UrlError::NotAnAddress);
    }
    if url.scheme() == "http" && !is_allowed_loopback(&url) {
        return Err(UrlError::NotSecure);
    }
    if repository_file::is_named_so(Path::new(path.trim_end_matches('/'))) {
        return Err(UrlError::File);
    }
    Ok(url)
}

/// What is wrong with addresses of this scheme; `None` for those that may be sound.
fn fault_of_scheme(scheme: &str) -> Option<UrlError> {
    match scheme {
        "https" | "http" => None,
        "flatpak+https" => Some(UrlError::FlatpakLink),
        "file" | "oci" => Some(UrlError::Local),
        _ => Some(UrlError::NotSecure),
    }
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Whether `host` is the host part of `authority`, exactly except for case.
fn is_host_of(authority: &str, host: &str) -> bool {
    let authority = authority.to_ascii_lowercase();
    match authority.strip_prefix(host) {
        Some("") => true,
        Some(port) => port
            .strip_prefix(':')
            .is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())),
        None => false,
    }
}

#[cfg(test)]
mod tests;
