// SPDX-License-Identifier: GPL-3.0-or-later
//! Where the page is, in our own words (rule R19): the host of the document that is there, and a lock only when it is
//! there.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, accessible::Property};
use url::Url;
use usher_core::service;
use webkit6::prelude::*;

use super::WebPage;
use crate::{
    i18n::{gettext, gettext_f},
    text,
    web::policy,
    widgets::toast,
};

/// How a document got here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// It is not there yet, or has no address of its own.
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

impl WebPage {
    /// While a load is pending there is no lock, whatever the document that is still there.
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
        let imp = self.imp();
        let view = imp.web_view.get()?;
        if !imp.is_painted.get() {
            return None;
        }
        Url::parse(&view.uri()?).ok().filter(Url::has_host)
    }

    fn show_address(&self, host: &str, security: Security) {
        let imp = self.imp();
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
        imp.address_icon.set_visible(icon.is_some());
        imp.address_icon.set_icon_name(icon);
        imp.address_label.set_label(&host);
        imp.address_note.set_visible(security == Security::ThisComputer);
        imp.address_button.set_tooltip_text(Some(&shown));
        imp.address_button.update_property(&[Property::Label(&name)]);
        imp.full_host_label.set_label(&host);
        imp.familiarity.show(&host, self.task().and_then(|task| task.account()));
        imp.security_label.set_label(&sentence);
        let certificate = self.certificate().filter(|_| security == Security::Secure);
        imp.certificate_label.set_label(certificate.as_deref().unwrap_or_default());
        imp.certificate_label.set_visible(certificate.is_some());
        imp.progress.update_property(&[Property::Label(&gettext_f("Loading {host}", &values))]);
        self.set_title(&host);
    }

    /// Who vouches for the server of the document, and for how long.
    fn certificate(&self) -> Option<String> {
        let (certificate, _faults) = self.imp().web_view.get()?.tls_info()?;
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
        self.clipboard().set_text(address.as_str());
        self.imp().address_popover.popdown();
        toast::show(self, &gettext("Copied"));
    }

    /// Says once that the page is at another server than the one that was agreed to.
    fn tell_other_host(&self, document: &Url, host: &str) {
        let imp = self.imp();
        if policy::is_at_home(self.approved(), document) {
            imp.announced_host.take();
            imp.other_host_banner.set_revealed(false);
            return;
        }
        let told = imp.announced_host.replace(host.to_owned());
        let approved = service::host_of(self.approved());
        let values = [("host", host), ("approved_host", approved.as_str())];
        imp.other_host_banner.set_title(&gettext_f("Now at {host}, opened by {approved_host}", &values));
        imp.other_host_banner.set_revealed(!imp.understood_hosts.borrow().contains(host));
        if told != host {
            let said = gettext_f("Now at {host}", &[("host", host)]);
            self.announce(&said, AccessibleAnnouncementPriority::Medium);
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
