// SPDX-License-Identifier: GPL-3.0-or-later
//! Texts that people read, addresses, and names.

use std::path::Path;

use hyper::Uri;
use url::Url;

use super::input::{self, arguments_of, assert_is_plain, assert_runs_flatpak, letters, lines};
use crate::{
    address::{self, WrittenAddress},
    redirect::{Match, Redirect, Refusal},
    refs::{AppId, FlatpakRef},
    repository_file::{RepositoryFile, SetUp},
    repository_link::RepositoryLink,
    service::{self, RealmUrl, RemoteUrl, ServiceUrl},
    text, user_code,
};

/// What stands for a password.
const SECRET: &str = "Pa55word";

/// Cleaned text is short and plain, and clean. What was quoted is read back.
pub(super) fn text(bytes: &[u8]) {
    let written = input::text(bytes);
    for limit in [0, 1, text::NAME_LIMIT, text::SERVER_TEXT_LIMIT] {
        let cleaned = text::clean(&written, limit);
        assert!(cleaned.chars().count() <= limit);
        assert_is_plain(&cleaned);
        assert_eq!(text::clean(&cleaned, limit), cleaned);
    }
    let arguments: Vec<&str> = written.split('\n').collect();
    if let Some(command) = text::command(&arguments) {
        assert_is_plain(&command);
        assert_eq!(arguments_of(&command), arguments);
    }
    if text::is_plain_name(&written) {
        assert_eq!(text::command(&[&written]), Some(written));
    }
}

/// Showing and spelling a code adds separators and changes nothing else.
pub(super) fn user_code(bytes: &[u8]) {
    let code = input::text(bytes);
    let bare = |text: &str| text.replace(['-', ' ', ','], "");
    assert_eq!(bare(&user_code::grouped(&code)), bare(code.trim()));
    assert_eq!(bare(&user_code::spelled(&code)), bare(code.trim()));
}

/// What is accepted as a ref or an id is written as it was read.
pub(super) fn refs(bytes: &[u8]) {
    let written = input::text(bytes);
    if let Ok(read) = written.parse::<FlatpakRef>() {
        assert_eq!(read.to_string(), written);
        assert!(AppId::is_valid(read.id()) && AppId::is_valid(read.app_id()));
        assert_eq!(Path::new(&written).components().count(), 4, "it is safe as a path");
    }
    if let Ok(id) = AppId::parse(&written) {
        assert_eq!(id.as_str(), written);
        let whole = id.whole_app();
        assert!(AppId::is_valid(whole.as_str()) && whole.whole_app() == whole);
    }
}

/// Addresses of servers and remotes mean the same to another parser, hold no user and show none.
pub(super) fn address(bytes: &[u8]) {
    let written = input::text(bytes);
    if let Ok(service) = ServiceUrl::parse(&written) {
        assert_eq!(ServiceUrl::parse(service.as_str()).as_ref(), Ok(&service));
        assert_is_sound(service.url());
        assert_means(&written, service.url());
    }
    if let Ok(remote) = RemoteUrl::parse(&written) {
        assert_eq!(RemoteUrl::parse(remote.as_str()).as_ref(), Ok(&remote));
        let plain = Url::parse(remote.as_str().trim_start_matches("oci+")).expect("it was parsed");
        assert_is_sound(&plain);
        if let Ok(file) = remote.file("objects/ab/cd.commit") {
            assert!(file.as_str().starts_with(plain.as_str().trim_end_matches('/')), "{file}");
        }
    }
    if let Ok(realm) = RealmUrl::parse(&written) {
        assert_is_sound(realm.url());
        assert_means(&written, realm.url());
        let asked = realm.with([("service", "a b&c#d"), ("scope", "x")]);
        assert!(asked.origin() == realm.url().origin() && asked.path() == realm.url().path());
    }
    for typed in [ServiceUrl::from_input(&written), ServiceUrl::parse(&written)].into_iter().flatten() {
        assert_eq!(ServiceUrl::from_input(typed.as_str()), Ok(typed));
    }
    if let Some(link) = RepositoryLink::from_input(&written)
        && let SetUp::Missing(Some(command)) = link.set_up(&[])
    {
        assert_runs_flatpak(&command);
    }
    if let Some(SetUp::Missing(Some(command))) =
        RepositoryFile::of_registry(&written).map(|file| file.set_up(None, &[]))
    {
        assert_runs_flatpak(&command);
    }
    assert!(service::tag(&written).is_none_or(service::is_tag));
    assert_shows_no_user(&written);
}

/// Nothing before the host of an address is shown.
fn assert_shows_no_user(written: &str) {
    if letters(written).contains(SECRET) {
        return;
    }
    for scheme in ["https://", "oci+https://", "flatpak+https://", ""] {
        let with_user = WrittenAddress::from(format!("{scheme}{SECRET}:{SECRET}@{written}"));
        for shown in [with_user.to_string(), format!("{with_user:?}"), address::host(&with_user)] {
            assert_is_plain(&shown);
            assert!(!shown.contains(SECRET), "{with_user:?} of {written:?}");
        }
    }
}

/// Panics unless an address may be asked: https (or this computer, in a development build), and no user name.
fn assert_is_sound(url: &Url) {
    assert!(url.scheme() == "https" || service::is_allowed_loopback(url), "{url}");
    assert!(url.host().is_some() && url.username().is_empty() && url.password().is_none(), "{url}");
    assert!(url.fragment().is_none(), "{url}");
}

/// Panics if another parser reads other hosts or ports.
fn assert_means(written: &str, url: &Url) {
    let Ok(other) = written.parse::<Uri>() else { return };
    let host = other.host().unwrap_or_default();
    assert!(host.eq_ignore_ascii_case(url.host_str().unwrap_or_default()), "{written:?} {host:?} {url}");
    let port = other.port_u16().or_else(|| url.port_or_known_default());
    assert_eq!(port, url.port_or_known_default(), "{written:?} {url}");
}

/// A page or a file that a server names is at that server. A line with the server, then what it names.
pub(super) fn page_address(bytes: &[u8]) {
    let ([server], named) = lines(bytes);
    let (server, named) = (input::text(server), input::text(named));
    let Ok(service) = ServiceUrl::parse(&server) else { return };
    if let Some(page) = service.page(&named) {
        assert_is_sound(&page);
        assert!(service.has_origin_of(&page), "{server:?} {named:?}");
        assert!(page.query_pairs().all(|(name, _)| name != "state" && name != "redirect_uri"));
        if named.to_ascii_lowercase().starts_with("https://") {
            assert_means(&named, &page);
        }
    }
    if let Ok(file) = service.file(&named) {
        assert_is_sound(&file);
        assert!(service.has_origin_of(&file) && file.as_str().starts_with(service.as_str()), "{server:?} {named:?}");
    }
}

/// A redirect is recognised only if others read it as that redirect. In a seed, `{uri}`, `{path}` and `{state}` stand for
/// those of the redirect, which are random.
pub(super) fn redirect(bytes: &[u8]) {
    let written = input::text(bytes);
    let Ok(issued) = Redirect::issue_at(20_001) else { return };
    for issued in [issued.clone(), issued.at_callback()] {
        let uri = written.replace("{uri}", &issued.uri());
        let uri = uri.replace("{path}", issued.path()).replace("{state}", issued.state());
        let Match::Redirect(parameters) = issued.recognise(&uri) else { continue };
        let url = Url::parse(&uri).expect("a redirect is an address");
        let place = (url.scheme(), url.host_str(), url.port(), url.path(), url.fragment(), url.username());
        assert_eq!(place, ("http", Some("127.0.0.1"), Some(20_001), issued.path(), None, ""));
        let states: Vec<_> = url.query_pairs().filter(|(name, _)| name == "state").map(|(_, state)| state).collect();
        assert_eq!(states, [issued.state()]);
        assert_eq!(parameters.get("state"), None);
        if let Some(Refusal::Stopped(reason)) = parameters.refusal() {
            assert!(reason.chars().count() <= text::SERVER_TEXT_LIMIT);
            assert_is_plain(&reason);
        }
    }
}
