// SPDX-License-Identifier: GPL-3.0-or-later
//! What a row of *Needs Attention* says, and where it leads.

use usher_core::ground::Ground;

use super::{
    impostor_row::impostor_row,
    left_out_row::{left_out_row, unusable_row},
};
use crate::{
    i18n::{gettext, gettext_f, ngettext_f},
    model::{App, Apps, Need, Repository, Waiting},
    navigation::{self, Destination, Wanted},
    purchase::{unfinished::UnfinishedPurchase, unfinished_row},
    services::Services,
    text,
    widgets::{MenuEntry, Offer, OfferRow, sign_in_name},
};

/// Something that needs attention, and the app that it is about, if it is about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NeedItem {
    need: Need,
    app: Option<App>,
}

impl NeedItem {
    /// With what is known of the app now.
    pub(super) fn of(need: Need, apps: &Apps) -> Self {
        let app = match &need {
            Need::Unfinished { purchase, .. } => Some(apps.get(&purchase.remote, &purchase.app_id)),
            Need::NoAccess { repository, app_id, .. } => Some(apps.get(&repository.remote.name, app_id)),
            Need::NotBought { repository, app_ids, .. } => {
                app_ids.first().map(|app_id| apps.get(&repository.remote.name, app_id))
            }
            _ => None,
        };
        Self { need, app }
    }

    /// The app with that id, as far as it is known.
    fn app(&self, app_id: &str) -> App {
        self.app.clone().unwrap_or_else(|| App::unknown(app_id))
    }

    /// Whether two rows are about the same thing.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.need.is_same(&other.need)
    }
}

/// The row of a thing that needs attention.
pub(super) fn need_row(services: &Services, item: &NeedItem) -> OfferRow {
    let row = row_of(services, item);
    if let Some(service) = item.need.needed_server(&services.accounts().accounts()) {
        row.gate(services.network(), &service);
    }
    row
}

fn row_of(services: &Services, item: &NeedItem) -> OfferRow {
    let offer = Offer::of(item);
    match item.need.clone() {
        Need::Impostor(impostor) => impostor_row(services, &offer, &impostor),
        Need::FirstSignIn { repository, .. } => {
            let row = OfferRow::leading_to(&offer, Destination::ServerOf(repository.clone()));
            row.add_menu(&offer.title, vec![dismiss(services, repository, None)]);
            row
        }
        Need::Permission { repository } => {
            let row = OfferRow::leading_to(&offer, Destination::Permission(repository.clone()));
            row.add_menu(&offer.title, vec![dismiss(services, repository, None)]);
            row
        }
        Need::ServerChanged { repository, account } => {
            OfferRow::leading_to(&offer, Destination::ChangedServer(repository, account.id))
        }
        Need::LeftOut(left_out) => left_out_row(services, &offer, &left_out),
        Need::Unusable(unusable) => unusable_row(services, &offer, &unusable),
        Need::Unfinished { account, host, purchase } => {
            let app = item.app(&purchase.app_id);
            let unfinished = UnfinishedPurchase { account, host, app, update: None };
            unfinished_row(services, &offer, &unfinished, vec![unfinished.not_paid_entry(services)])
        }
        Need::NotBought { account, repository, app_ids, client } => {
            let wanted = Wanted { repository: repository.clone(), account, app_ids, client, is_update: false };
            let row = OfferRow::leading_to(&offer, Destination::Purchase(wanted.clone()));
            if let Some(app) = &item.app {
                row.set_picture(&app.image(32));
            }
            let other = leading_entry(gettext("Use Another Account…"), Destination::AnotherAccount(repository.clone()));
            row.add_menu(&offer.title, vec![other, dismiss(services, repository, Some(wanted.app_ids))]);
            row
        }
        Need::NoAccess { account, repository, app_id, client } => {
            let app_ids = vec![app_id];
            let wanted = Wanted { repository, account, app_ids, client, is_update: true };
            no_access_row(services, &offer, item.app(&wanted.app_ids[0]), wanted)
        }
    }
}

/// An update that lacks access: the server can be asked again, and there is more that a person can do.
fn no_access_row(services: &Services, offer: &Offer, app: App, wanted: Wanted) -> OfferRow {
    let repository = wanted.repository.clone();
    let (account, host, update) = (wanted.account, repository.host(), Ground::of(&repository.remote).ok());
    let buy = || leading_entry(gettext("Buy…"), Destination::Purchase(wanted.clone()));
    let mut entries: Vec<MenuEntry> = repository.binding.provider.shop().map(|_| buy()).into_iter().collect();
    entries.extend([
        leading_entry(gettext("Use Another Account…"), Destination::AnotherAccount(repository.clone())),
        dismiss(services, repository, Some(wanted.app_ids)),
    ]);
    unfinished_row(services, offer, &UnfinishedPurchase { account, host, app, update }, entries)
}

fn leading_entry(label: String, destination: Destination) -> MenuEntry {
    MenuEntry::new(label, move |button| navigation::go_to(button, &destination))
}

/// Forgets what a repository was asked for: all of it, or these apps.
fn dismiss(services: &Services, repository: Repository, app_ids: Option<Vec<String>>) -> MenuEntry {
    let notes = services.notes().clone();
    MenuEntry::new(gettext("Dismiss"), move |_| notes.dismiss(&repository, app_ids.as_deref()))
}

impl Offer {
    fn of(item: &NeedItem) -> Self {
        match &item.need {
            Need::Impostor(impostor) => Self::impostor(impostor),
            Need::FirstSignIn { repository, waiting } => Self {
                icon: "avatar-default-symbolic",
                title: repository.title(),
                subtitle: waiting_for_host(*waiting, &repository.host()),
                button: gettext("Sign In…"),
                button_name: sign_in_name(&repository.host()),
            },
            Need::Permission { repository } => Self {
                icon: "network-server-symbolic",
                title: repository.title(),
                subtitle: gettext_f(
                    "Wants to use an account at {host}",
                    &[("host", &text::within(&repository.host()))],
                ),
                button: gettext("Review…"),
                button_name: review_name(&repository.title()),
            },
            Need::ServerChanged { repository, .. } => Self {
                icon: "dialog-warning-symbolic",
                title: repository.title(),
                subtitle: gettext_f(
                    "Now asks for an account at {host}",
                    &[("host", &text::within(&repository.host()))],
                ),
                button: gettext("Review…"),
                button_name: review_name(&repository.title()),
            },
            Need::LeftOut(left_out) => Self::left_out(left_out),
            Need::Unusable(unusable) => Self::unusable(unusable),
            Need::Unfinished { host, purchase, .. } => {
                let host = text::within(host);
                let app = item.app(&purchase.app_id);
                Self::unfinished(&app, gettext_f("Unfinished purchase at {host}", &[("host", &host)]))
            }
            Need::NotBought { repository, app_ids, .. } => {
                let title = text::apps(app_ids, &|id| item.app(id).title());
                let host = text::within(&repository.host());
                Self {
                    icon: "package-x-generic-symbolic",
                    subtitle: gettext_f("Not bought at {host} yet", &[("host", &host)]),
                    button: gettext("Buy…"),
                    button_name: gettext_f("Buy {app}", &[("app", &title)]),
                    title,
                }
            }
            Need::NoAccess { repository, app_id, .. } => {
                let app = item.app(app_id);
                let host = text::within(&repository.host());
                let subtitle = gettext_f("Not updated: the account at {host} no longer has access", &[("host", &host)]);
                Self::unfinished(&app, subtitle)
            }
        }
    }
}

fn review_name(repository: &str) -> String {
    // Translators: the name of a button for screen readers
    gettext_f("Review {repository}", &[("repository", repository)])
}

fn waiting_for_host(waiting: Waiting, host: &str) -> String {
    let host = text::within(host);
    let values = [("host", host.as_str())];
    if waiting.updates > 0 {
        ngettext_f(
            "{n} update is waiting for an account at {host}",
            "{n} updates are waiting for an account at {host}",
            waiting.updates,
            &values,
        )
    } else {
        ngettext_f(
            "{n} app is waiting for an account at {host}",
            "{n} apps are waiting for an account at {host}",
            waiting.installs,
            &values,
        )
    }
}
