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
    widgets::{BannerText, show_banner, toast},
};

/// How a document got here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// Nothing has loaded yet, or it has no address of its own.
    None,
    Secure,
    ThisComputer,
}

fn security(address: &Url) -> Security {
    match address.scheme() {
        "https" => Security::Secure,
        _ if policy::is_showable(address.as_str()) => Security::ThisComputer,
        _ => Security::None,
    }
}

impl imp::WebPage {
    /// Shows no lock while a page loads, whatever document is still there.
    pub(super) fn show_pending(&self) {
        let host = self.document().map_or_else(|| service::host_of(self.approved()), |url| service::host_of(&url));
        self.show_address(&host, Security::None);
    }

    /// A document is there.
    pub(super) fn show_committed(&self) {
        let Some(document) = self.document() else {
            self.show_pending();
            return;
        };
        let host = service::host_of(&document);
        self.show_address(&host, security(&document));
        self.tell_other_host(&document, &host);
    }

    /// The address of what is in the view, if it has a host.
    fn document(&self) -> Option<Url> {
        let view = self.web_view.get()?;
        if !self.is_painted.get() {
            return None;
        }
        Url::parse(&view.uri()?).ok().filter(Url::has_host)
    }

    fn show_address(&self, host: &str, security: Security) {
        let host = text::plain(host);
        let values = [("host", host.as_str())];
        let (icon, shown, name, sentence) = match security {
            Security::None => {
                (None, host.clone(), gettext_f("Address: {host}, loading", &values), gettext("Not connected yet"))
            }
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

    /// Copies the address without its query, in which secrets may be.
    pub(super) fn copy_address(&self) {
        let address = self.view().uri().and_then(|uri| Url::parse(&uri).ok()).filter(Url::has_host);
        let mut address = address.unwrap_or_else(|| self.approved().clone());
        address.set_query(None);
        address.set_fragment(None);
        self.obj().clipboard().set_text(address.as_str());
        self.address_popover.popdown();
        toast::show(&*self.obj(), &gettext("Copied"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_called_by_its_organisation() {
        assert_eq!(issuer("CN=R3,O=Let's Encrypt,C=US"), "Let's Encrypt");
        assert_eq!(issuer("CN=Shop Root"), "Shop Root");
        assert_eq!(issuer("OU=x\u{202e}"), "OU=x");
    }

    #[test]
    fn only_an_encrypted_document_has_a_lock() {
        let of = |address: &str| security(&Url::parse(address).unwrap());
        assert_eq!(of("https://a.example/"), Security::Secure);
        assert_eq!(of("http://a.example/"), Security::None);
        assert_eq!(of("data:text/html,x"), Security::None);
        assert_eq!(of("blob:https://a.example/x"), Security::None);
    }
}
