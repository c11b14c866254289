// SPDX-License-Identifier: GPL-3.0-or-later
//! What the page of a repository says where no account can be chosen, or none is allowed: its rows and where they lead.

use adw::prelude::*;
use gtk::glib;
use usher_core::{
    account::AccountId,
    binding::{OptionsError, option},
    remote::Remote,
};

use crate::{
    i18n::{gettext, gettext_f},
    model::{Repository, RepositoryUse},
    navigation::{self, Destination},
    services::Services,
    text,
    widgets::{Offer, OfferRow, accessible, decorative_icon, toast},
};

/// What there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// It may not use an account, since the person said so.
    Refused(Repository),
    /// It names another server than that of an account. The person may have decided that it stays blocked.
    Blocked { repository: Repository, account: AccountId, is_kept: bool },
    /// It is a registry at which flatpak has not looked yet: nobody knows where its accounts are.
    AsksLater,
    /// No account can be used, for this reason.
    Unusable(String),
}

impl Notice {
    /// About a repository; `reason` says why no account can be used with it, if none can, or says that only flatpak's first
    /// look will tell.
    pub(super) fn of(
        used: &RepositoryUse,
        repository: Option<&Repository>,
        reason: Option<Reason>,
        is_kept_blocked: impl Fn(&Repository) -> bool,
    ) -> Option<Self> {
        match (used, repository) {
            (RepositoryUse::Refused, Some(repository)) => Some(Self::Refused(repository.clone())),
            (RepositoryUse::Blocked(account), Some(repository)) => Some(Self::Blocked {
                account: account.id,
                is_kept: is_kept_blocked(repository),
                repository: repository.clone(),
            }),
            _ => reason.map(|reason| match reason {
                Reason::NotLooked => Self::AsksLater,
                Reason::Unusable(reason) => Self::Unusable(reason),
            }),
        }
    }

    /// Whether two are of one kind.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// Its row.
    pub(super) fn row(&self, services: &Services) -> gtk::Widget {
        match self {
            Self::Refused(repository) => refused_row(services, repository).upcast(),
            Self::Blocked { repository, account, is_kept } => {
                let destination = Destination::ChangedServer(repository.clone(), *account);
                OfferRow::leading_to(&blocked(repository, *is_kept), destination).upcast()
            }
            Self::AsksLater => asks_later_row().upcast(),
            Self::Unusable(reason) => unusable_row(reason).upcast(),
        }
    }
}

/// Why no account can be used with a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is a registry at which flatpak has not looked yet.
    NotLooked,
    /// Something is wrong with it, in words.
    Unusable(String),
}

impl Reason {
    /// The reason, if there is one.
    pub(super) fn of(remote: &Remote) -> Option<Self> {
        if let Err(fault) = remote.address() {
            return Some(Self::Unusable(fault.of_remote(&remote.name)));
        }
        match remote.claimed() {
            Ok(_) => None,
            Err(OptionsError::Missing(option::REGISTRY)) => Some(Self::NotLooked),
            Err(error) => Some(Self::Unusable(error.of_remote(&remote.name))),
        }
    }
}

/// Says that the repository may not use an account. The button lets it ask again.
fn refused_row(services: &Services, repository: &Repository) -> OfferRow {
    let title = text::within(&repository.title());
    let row = OfferRow::new(&Offer {
        icon: "action-unavailable-symbolic",
        title: gettext_f("Not allowed to use an account at {host}", &[("host", &text::within(&repository.host()))]),
        subtitle: gettext("It no longer asks"),
        button: gettext("Ask Again"),
        // Translators: the name of a button for screen readers
        button_name: gettext_f("Let {repository} Ask Again", &[("repository", &title)]),
    });
    let (services, repository) = (services.clone(), repository.clone());
    row.connect_pressed(move |button| {
        let stack = navigation::stack_of(button);
        glib::spawn_future_local(let_ask_again(stack, services.clone(), repository.clone()));
    });
    row
}

async fn let_ask_again(stack: Option<adw::NavigationView>, services: Services, repository: Repository) {
    let is_saved = services.decisions().take_back(repository.subject()).await;
    let Some(stack) = stack else {
        return;
    };
    if is_saved {
        let title = text::within(&repository.title());
        toast::show(&stack, &gettext_f("{repository} can ask for an account again", &[("repository", &title)]));
    } else {
        toast::show(&stack, &gettext("The permission could not be saved"));
    }
}

fn blocked(repository: &Repository, is_kept: bool) -> Offer {
    let title = text::within(&repository.title());
    Offer {
        icon: "dialog-warning-symbolic",
        title: if is_kept { gettext("Kept Blocked") } else { gettext("Blocked") },
        subtitle: gettext_f("Now asks for an account at {host}", &[("host", &text::within(&repository.host()))]),
        button: gettext("Review…"),
        // Translators: the name of a button for screen readers
        button_name: gettext_f("Review {repository}", &[("repository", &title)]),
    }
}

fn asks_later_row() -> adw::ActionRow {
    let row = adw::ActionRow::builder()
        .title(gettext("Asks With the Next Install"))
        .subtitle(gettext("Its account server is known once flatpak has looked at it"))
        .use_markup(false)
        .build();
    row.add_prefix(&decorative_icon("dialog-information-symbolic"));
    accessible::name(&row, &format!("{}, {}", row.title(), row.subtitle().unwrap_or_default()));
    row
}

fn unusable_row(reason: &str) -> adw::ActionRow {
    let row =
        adw::ActionRow::builder().title(gettext("No Account Can Be Used")).subtitle(reason).use_markup(false).build();
    row.add_prefix(&decorative_icon("dialog-warning-symbolic"));
    accessible::name(&row, &format!("{}, {}", row.title(), accessible::bare(reason)));
    row
}

#[cfg(test)]
mod tests {
    use usher_core::{account::Account, testing};

    use super::*;

    #[test]
    fn a_registry_that_flatpak_has_not_looked_at_is_no_problem() {
        let good = testing::remote("demo", "https://repo.example/", "https://store.example");
        let registry = Remote {
            url: "oci+https://index.example/".into(),
            options: std::collections::BTreeMap::new(),
            ..good.clone()
        };
        let other = Remote { options: [("type".to_owned(), "other".to_owned())].into(), ..registry.clone() };
        assert_eq!(Reason::of(&good), None);
        assert_eq!(Reason::of(&registry), Some(Reason::NotLooked));
        assert!(matches!(Reason::of(&other), Some(Reason::Unusable(said)) if said.contains("other")));
        let local = Remote { url: "file:///srv".into(), ..good };
        assert!(matches!(Reason::of(&local), Some(Reason::Unusable(_))));
    }

    #[test]
    fn the_page_says_what_keeps_a_repository_from_an_account_and_nothing_where_one_can_be_chosen() {
        let remote = testing::remote("demo", "https://repo.example/", "https://store.example");
        let repository = Repository::of(remote).unwrap();
        let account: Account = testing::account("https://old.example", "ada");
        let (id, here) = (account.id, Some(&repository));
        let blocked = RepositoryUse::Blocked(Box::new(account.clone()));
        let blocked_notice = |is_kept| Notice::Blocked { repository: repository.clone(), account: id, is_kept };
        for (used, repository, reason, is_kept, notice) in [
            (RepositoryUse::Refused, here, None, false, Some(Notice::Refused(repository.clone()))),
            (blocked.clone(), here, None, false, Some(blocked_notice(false))),
            (blocked, here, None, true, Some(blocked_notice(true))),
            (
                RepositoryUse::Unusable,
                None,
                Some(Reason::Unusable("why".to_owned())),
                false,
                Some(Notice::Unusable("why".into())),
            ),
            (RepositoryUse::Unusable, None, Some(Reason::NotLooked), false, Some(Notice::AsksLater)),
            (RepositoryUse::None, here, None, false, None),
            (RepositoryUse::Locked, here, None, false, None),
            (RepositoryUse::Account(Box::new(account)), here, None, false, None),
        ] {
            assert_eq!(Notice::of(&used, repository, reason, |_| is_kept), notice, "{used:?}");
        }
    }
}
