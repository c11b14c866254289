// SPDX-License-Identifier: GPL-3.0-or-later
//! What is below the header of the first page: the lists, or what the page says in place of them.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::names;

use super::{
    account_item::AccountItem,
    account_row::{account_row, update_account_row},
    need_row::{NeedItem, need_row},
    ready_row::{ReadyApp, ready_row},
    repository_row::repository_row,
};
use crate::{
    desktop::software,
    details::DetailsButton,
    i18n::ngettext_f,
    keyring::{self, KeyringStatus},
    model::{Overview, Repository},
    navigation::{self, Destination},
    services::Services,
    widgets::{Closures, RowGroup, Wait, accessible, follow_width, labels},
};

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Showing {
    /// A spinner, while the keyring is asked.
    Loading,
    /// The lists.
    Lists,
    /// That there is nothing to list.
    Nothing,
    /// That nothing was found.
    NoResults,
}

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::AccountsLists)]
    #[template(file = "src/accounts/lists.blp")]
    pub struct AccountsLists {
        /// Whether there is nothing but repositories without an account.
        #[property(get, set)]
        has_repositories_alone: Cell<bool>,
        /// How many repositories there are on this computer; empty where there are none, or accounts are searched.
        #[property(get, set)]
        remotes: RefCell<String>,
        /// What the page says in place of its lists while the keyring tells nothing.
        #[property(get, set)]
        keyring_title: RefCell<String>,
        #[property(get, set)]
        keyring_description: RefCell<String>,
        #[property(get, set)]
        keyring_help: RefCell<String>,
        pub(super) services: OnceCell<Services>,
        pub(super) has_software: Cell<bool>,
        pub(super) needs: RowGroup<NeedItem>,
        pub(super) ready: RowGroup<ReadyApp>,
        pub(super) accounts: RowGroup<AccountItem>,
        pub(super) repositories: RowGroup<Repository>,
        #[template_child]
        pub(super) stack: TemplateChild<gtk::Stack>,
        #[template_child]
        needs_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        ready_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        accounts_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        repositories_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) remotes_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        empty_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        keyring_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        pub(super) keyring_details: TemplateChild<DetailsButton>,
        #[template_child]
        no_results_page: TemplateChild<adw::StatusPage>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AccountsLists {
        const NAME: &'static str = "UsherAccountsLists";
        type Type = super::AccountsLists;
        type ParentType = adw::Bin;

        fn class_init(class: &mut Self::Class) {
            DetailsButton::ensure_type();
            Wait::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for AccountsLists {
        fn constructed(&self) {
            self.parent_constructed();
            self.empty_page.set_icon_name(Some(names::APP_ID));
            self.needs.attach(&self.needs_group);
            self.ready.attach(&self.ready_group);
            self.accounts.attach(&self.accounts_group);
            self.repositories.attach(&self.repositories_group);
            accessible::can_be_pressed(&*self.remotes_row);
            for page in [&self.empty_page, &self.keyring_page, &self.no_results_page] {
                follow_width(page);
            }
            labels::settle(&*self.stack);
        }
    }

    impl WidgetImpl for AccountsLists {}
    impl BinImpl for AccountsLists {}

    #[gtk::template_callbacks]
    impl AccountsLists {
        pub(super) fn services(&self) -> &Services {
            self.services.get().expect("set when the lists are made")
        }

        #[template_callback]
        fn on_keyring_button(&self) {
            keyring::open(&*self.obj(), self.services());
        }

        #[template_callback]
        fn on_repositories(&self) {
            navigation::go_to(&*self.obj(), &Destination::Repositories);
        }
    }
}

glib::wrapper! {
    pub struct AccountsLists(ObjectSubclass<imp::AccountsLists>)
        @extends adw::Bin, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl AccountsLists {
    /// Shows nothing yet.
    pub(super) fn new(services: &Services) -> Self {
        let lists: Self = glib::Object::new();
        let _ = lists.imp().services.set(services.clone());
        lists
    }

    pub(super) fn turn_to(&self, showing: Showing) {
        self.imp().stack.set_visible_child_name(match showing {
            Showing::Loading => "loading",
            Showing::Lists => "accounts",
            Showing::Nothing => "empty",
            Showing::NoResults => "no-results",
        });
    }

    /// Says in place of the lists why the keyring tells nothing.
    pub(super) fn show_keyring(&self, status: KeyringStatus) {
        let imp = self.imp();
        imp.keyring_details.set_visible(status.is_fault);
        imp.keyring_details.tell(&status.title, &status.description, "");
        self.set_keyring_title(status.title);
        self.set_keyring_description(status.description);
        self.set_keyring_help(status.button);
        imp.stack.set_visible_child_name("no-keyring");
    }

    /// Shows how many repositories there are. Where there is nothing to count, the row with the count is hidden.
    pub(super) fn show_count(&self, remotes: usize) {
        let count = ngettext_f("{n} on this computer", "{n} on this computer", remotes, &[]);
        self.set_remotes(if remotes > 0 { count } else { String::new() });
        let row = &*self.imp().remotes_row;
        accessible::name(row, &format!("{}, {}", row.title(), self.remotes()));
    }

    /// Fills the lists. Returns whether the row with the keyboard focus is gone.
    pub(super) fn fill(&self, overview: Overview, accounts: Vec<AccountItem>) -> bool {
        let imp = self.imp();
        let services = imp.services();
        let needs = overview.needs.into_iter().map(|need| NeedItem::of(need, services.apps())).collect();
        let ready = overview.ready.into_iter();
        let ready = ready.map(|app| ReadyApp::of(app, imp.has_software.get(), services.apps())).collect();
        let lost = [
            imp.needs.show(needs, NeedItem::is_same, |need| need_row(services, need).upcast(), |_, _| false),
            imp.ready.show(ready, ReadyApp::is_same, |app| ready_row(services, app).upcast(), |_, _| false),
            imp.accounts.show(
                accounts,
                AccountItem::is_same,
                |item| account_row(services, item).upcast(),
                update_account_row,
            ),
            imp.repositories.show(
                overview.without_account,
                |a, b| a.address == b.address,
                |repository| repository_row(services, repository).upcast(),
                |_, _| false,
            ),
        ];
        lost.contains(&true)
    }

    /// Whether an account is listed.
    pub(super) fn has_accounts(&self) -> bool {
        self.imp().accounts.len() > 0
    }

    /// Calls back if Software can install apps, from when on the lists offer that.
    pub(super) fn look_for_software(&self, found: impl FnOnce() + 'static) {
        let weak = self.downgrade();
        glib::spawn_future_local(async move {
            if software::is_available().await
                && let Some(lists) = weak.upgrade()
            {
                lists.imp().has_software.set(true);
                found();
            }
        });
    }
}
