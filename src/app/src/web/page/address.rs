// SPDX-License-Identifier: GPL-3.0-or-later
//! Where the page is, in our own words (rule R19): the host of the document that is there, and a lock only when it is
//! there.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, accessible::Property};
use url::Url;
use usher_core::service;
use webkit6::prelude::*;

use super::imp;
use crate::{
    i18n::{gettext, gettext_f},
    text,
    web::policy,
    widgets::{BannerText, accessible::bare, show_banner},
};

/// How a document got here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// It is not there yet.
    Pending,
    /// It has no address of its own: a page has made it.
    NoAddress,
    Secure,
    ThisComputer,
}

/// What the header says of the document in a view.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// The last document with a host.
    document: Url,
    security: Security,
}

/// Where a view is whose document has this address. `before` is what the header has said until now: the document that
/// was in the view, or in that of its opener.
fn place(before: &Url, address: &str) -> Place {
    match Url::parse(address).ok().filter(|url| policy::is_showable(url.as_str())) {
        Some(document) if document.scheme() == "https" => Place { document, security: Security::Secure },
        Some(document) => Place { document, security: Security::ThisComputer },
        None => Place { document: before.clone(), security: Security::NoAddress },
    }
}

impl imp::WebPage {
    /// The document that is in the view, as far as it has a host; before there is one, that of the opener or the
    /// approved server. What is still loading does not count.
    pub(in crate::web) fn committed(&self) -> Url {
        self.committed.borrow().clone().unwrap_or_else(|| self.approved().clone())
    }

    /// Shows no lock while a page loads, whatever document is still there.
    pub(super) fn show_pending(&self) {
        self.show_address(&service::host_of(&self.committed()), Security::Pending);
        self.obj().set_server_address(server_address(&self.committed()));
    }

    /// A pop-up begins with a document of its opener's.
    pub(super) fn show_opener(&self, opener: Url) {
        self.committed.replace(Some(opener));
        self.show_place(place(&self.committed(), ""));
    }

    /// A document is there.
    pub(super) fn show_committed(&self) {
        let address = self.view().uri().unwrap_or_default();
        self.show_place(place(&self.committed(), &address));
    }

    fn show_place(&self, place: Place) {
        let host = service::host_of(&place.document);
        self.show_address(&host, place.security);
        self.tell_other_host(&place.document, &host);
        self.obj().set_server_address(server_address(&place.document));
        self.committed.replace(Some(place.document));
    }

    fn show_address(&self, host: &str, security: Security) {
        let host = text::plain(host);
        let values = [("host", host.as_str())];
        let (icon, shown, name, sentence) = match security {
            Security::Pending => {
                (None, host.clone(), gettext_f("Address: {host}, loading", &values), gettext("Not connected yet"))
            }
            Security::NoAddress => (
                None,
                host.clone(),
                gettext_f("Address: opened by {host}", &values),
                gettext("Opened by a page of this server"),
            ),
            Security::Secure => (
                Some("channel-secure-symbolic"),
                host.clone(),
                gettext_f("Address: {host}, secure connection", &values),
                gettext("Secure connection"),
            ),
            Security::ThisComputer => (
                Some("computer-symbolic"),
                gettext_f("{host} · not encrypted, this computer", &values),
                gettext_f("Address: {host}, not encrypted, this computer", &values),
                gettext("Not encrypted, this computer"),
            ),
        };
        let certificate = self.certificate().filter(|_| security == Security::Secure);
        let page = self.obj();
        page.set_address_icon(icon.unwrap_or_default());
        page.set_address_tooltip(shown);
        page.set_is_this_computer(security == Security::ThisComputer);
        page.set_security(sentence);
        page.set_certificate(certificate.unwrap_or_default());
        self.address_button.update_property(&[Property::Label(&name)]);
        if let Some(accounts) = self.accounts.get() {
            self.familiarity.show(accounts, &host, self.task().and_then(|task| task.account()));
            // A screen reader says it where the keyboard comes by, and when the popover opens.
            let familiarity = bare(&self.familiarity.text());
            self.address_button.update_property(&[Property::Description(&familiarity)]);
            self.address_popover.update_property(&[Property::Label(&name), Property::Description(&familiarity)]);
        }
        self.progress.update_property(&[Property::Label(&gettext_f("Loading {host}", &values))]);
        page.set_title(&host);
    }

    /// Who vouches for the server of the document, and for how long.
    fn certificate(&self) -> Option<String> {
        let (certificate, _faults) = self.web_view.get()?.tls_info()?;
        let issuer = issuer(&certificate.issuer_name()?);
        let date = certificate.not_valid_after()?.format("%-d %B %Y").ok()?;
        Some(gettext_f("Certificate from {issuer}, valid until {date}", &[("issuer", &issuer), ("date", &date)]))
    }

    /// Says once that the page is at another server than the one that the person agreed to.
    fn tell_other_host(&self, document: &Url, host: &str) {
        if policy::is_at_home(self.approved(), document) {
            self.announced_host.take();
            self.other_host_banner.set_revealed(false);
            return;
        }
        let told = self.announced_host.replace(host.to_owned());
        let approved = service::host_of(self.approved());
        let values = [("host", host), ("approved_host", approved.as_str())];
        let banner = BannerText {
            title: gettext_f("Now at {host}, opened by {approved_host}", &values),
            button: Some(gettext("Got It")),
        };
        let is_understood = self.understood_hosts.borrow().contains(host);
        show_banner(&self.other_host_banner, Some(&banner).filter(|_| !is_understood));
        if told != host {
            let said = gettext_f("Now at {host}", &[("host", host)]);
            self.obj().announce(&said, AccessibleAnnouncementPriority::Medium);
        }
    }
}

/// The organisation of a distinguished name (RFC 4514), else its common name, else all of it. Cleaned: it comes from the
/// server.
fn issuer(distinguished_name: &str) -> String {
    let part = |key: &str| distinguished_name.split(',').find_map(|part| part.trim().strip_prefix(key));
    let name = part("O=").or_else(|| part("CN=")).unwrap_or(distinguished_name);
    usher_core::text::clean(name, usher_core::text::NAME_LIMIT)
}

/// Scheme, host and port of an address. The rest of a page's address can be as good as a key.
fn server_address(address: &Url) -> String {
    format!("{}/", address.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(address: &str) -> Url {
        Url::parse(address).unwrap()
    }

    #[test]
    fn an_issuer_is_called_by_its_organisation() {
        assert_eq!(issuer("CN=R3,O=Let's Encrypt,C=US"), "Let's Encrypt");
        assert_eq!(issuer("CN=Shop Root"), "Shop Root");
        assert_eq!(issuer("OU=x\u{202e}"), "OU=x");
    }

    #[test]
    fn only_an_encrypted_document_has_a_lock() {
        let at = place(&url("https://before.example/"), "https://a.example/x");
        assert_eq!(at, Place { document: url("https://a.example/x"), security: Security::Secure });
    }

    #[test]
    fn w27_a_document_without_a_host_is_shown_under_the_one_before() {
        let before = url("https://evil.example/x");
        let addresses = [
            "",
            "about:blank",
            "about:srcdoc",
            "data:text/html,x",
            "blob:https://a.example/x",
            "javascript:1",
            "http://a.example/",
            "https:",
        ];
        for address in addresses {
            let shown = Place { document: before.clone(), security: Security::NoAddress };
            assert_eq!(place(&before, address), shown, "{address}");
        }
    }

    #[test]
    fn w22_only_the_server_of_an_address_is_copied() {
        let cases = [
            ("https://a.example/purchase/1/CANARY?key=CANARY#CANARY", "https://a.example/"),
            ("https://CANARY:CANARY@a.example:444/", "https://a.example:444/"),
            ("http://127.0.0.1:8080/CANARY", "http://127.0.0.1:8080/"),
        ];
        for (address, copied) in cases {
            assert_eq!(server_address(&url(address)), copied);
        }
    }
}
