// SPDX-License-Identifier: GPL-3.0-or-later
//! Rows of what was left out and is nobody's question: updates for want of a server, and requests of a repository that does
//! not say in a usable way where its accounts are.

use gtk::glib;
use usher_core::{checks::InstallationKind, pending::UnusableRemote};

use crate::{
    i18n::{gettext, gettext_f, ngettext_f},
    model::LeftOut,
    navigation,
    purchase::unfinished,
    services::Services,
    text,
    widgets::{Advice, AdvicePage, BusyButton, MenuEntry, Offer, OfferRow, toast},
};

/// The row of updates that a server gave nothing for.
pub(super) fn left_out_row(services: &Services, offer: &Offer, left_out: &LeftOut) -> OfferRow {
    let row = OfferRow::new(offer);
    let (asked, pressed) = (services.clone(), left_out.clone());
    row.connect_pressed(move |button| {
        glib::spawn_future_local(check(button.clone(), asked.clone(), pressed.clone()));
    });
    let (notes, left_out) = (services.notes().clone(), left_out.clone());
    let dismiss = MenuEntry::new(gettext("Dismiss"), move |_| {
        notes.forget(left_out.repository.remote.url.verbatim(), &left_out.refs);
    });
    row.add_menu(&offer.title, vec![dismiss]);
    row
}

/// Asks the server again. If it answers, the next update goes on.
async fn check(button: BusyButton, services: Services, left_out: LeftOut) {
    // The row may be gone when the answer comes.
    let Some(stack) = navigation::stack_of(&button) else { return };
    button.set_busy(true);
    let said = match unfinished::ask(&services, left_out.account, left_out.app_ids(), None).await {
        Ok(_) => {
            services.notes().forget(left_out.repository.remote.url.verbatim(), &left_out.refs);
            let host = text::within(&left_out.host);
            gettext_f("{host} is responding again. The next update includes these apps", &[("host", &host)])
        }
        Err(error) => {
            tracing::warn!(%error, "cannot ask a server again");
            unfinished::problem(&error, &left_out.repository.host())
        }
    };
    toast::show(&stack, &said);
    button.set_busy(false);
}

/// The row of a repository whose options cannot be used.
pub(super) fn unusable_row(services: &Services, offer: &Offer, unusable: &UnusableRemote) -> OfferRow {
    let row = OfferRow::new(offer);
    let page = advice(unusable);
    row.connect_pressed(move |button| navigation::push(button, &AdvicePage::new(&page)));
    let (notes, remote) = (services.notes().clone(), unusable.remote.clone());
    let dismiss = MenuEntry::new(gettext("Dismiss"), move |_| notes.forget_unusable(&remote));
    row.add_menu(&offer.title, vec![dismiss]);
    row
}

impl Offer {
    pub(super) fn left_out(left_out: &LeftOut) -> Self {
        let host = text::within(&left_out.host);
        Self {
            icon: "network-error-symbolic",
            title: left_out.repository.title(),
            subtitle: ngettext_f(
                "{n} update was skipped: {host} answered in an unexpected way",
                "{n} updates were skipped: {host} answered in an unexpected way",
                left_out.app_ids().len(),
                &[("host", &host)],
            ),
            button: gettext("Check Again"),
            // Translators: the name of a button for screen readers
            button_name: gettext_f("Ask {host} again", &[("host", &host)]),
        }
    }

    pub(super) fn unusable(unusable: &UnusableRemote) -> Self {
        let title = text::plain(unusable.remote.display_name());
        Self {
            icon: "dialog-warning-symbolic",
            // Translators: the name of a button for screen readers; {what} is the title of its row
            button_name: gettext_f("Review: {what}", &[("what", &title)]),
            title,
            subtitle: unusable.error.reason(),
            button: gettext("Review…"),
        }
    }
}

fn advice(unusable: &UnusableRemote) -> Advice {
    let remote = &unusable.remote;
    let advice = gettext(
        "The people who run the repository can fix this. Until then, its apps that need an account cannot be installed or updated.",
    );
    Advice {
        heading: gettext("No Account Can Be Used"),
        description: format!("{} {advice}", unusable.error.of_remote(&remote.name)),
        facts: vec![
            (gettext("Repository"), text::plain(remote.display_name())),
            (gettext("Address"), text::plain(&remote.url.to_string())),
            (gettext("Name in Flatpak"), text::plain(&remote.name)),
            (gettext("For"), text::installed_for(InstallationKind::of(remote.is_user))),
        ],
        command: None,
    }
}
