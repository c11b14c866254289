// SPDX-License-Identifier: GPL-3.0-or-later
//! The page with the lists.

use std::time::Duration;

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{clock, names};

use super::{
    account_item::AccountItem,
    account_row::{account_row, update_account_row},
    banner::{self, BannerMessage},
    impostor_row::impostor_page,
    need_row::{NeedItem, need_row},
    ready_row::{ReadyApp, ready_row},
    repository_row::repository_row,
};
use crate::{
    desktop::{restart, software},
    details::DetailsButton,
    i18n::ngettext_f,
    keyring::{self, keyring_status},
    model::{KeyringState, Need, Overview, Repository, overview},
    navigation::{self, Destination},
    services::Services,
    widgets::{AdvicePage, Closures, RowGroup, Wait, accessible, follow_width, labels, show_banner},
};

/// How long the keyring may take before its being asked is shown.
const PATIENCE: Duration = Duration::from_millis(200);
/// More accounts than this can be searched.
const SEARCHED_FROM: usize = 12;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::AccountsPage)]
    #[template(file = "src/accounts/page.blp")]
    pub struct AccountsPage {
        /// Whether there is enough to be searched.
        #[property(get, set)]
        can_search: Cell<bool>,
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
        has_software: Cell<bool>,
        message: Cell<Option<BannerMessage>>,
        needs: RowGroup<NeedItem>,
        ready: RowGroup<ReadyApp>,
        accounts: RowGroup<AccountItem>,
        repositories: RowGroup<Repository>,
        #[template_child]
        add_button: TemplateChild<gtk::Button>,
        #[template_child]
        search_bar: TemplateChild<gtk::SearchBar>,
        #[template_child]
        search_entry: TemplateChild<gtk::SearchEntry>,
        #[template_child]
        banner: TemplateChild<adw::Banner>,
        #[template_child]
        stack: TemplateChild<gtk::Stack>,
        #[template_child]
        needs_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        ready_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        accounts_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        repositories_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        remotes_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        empty_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        keyring_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        keyring_details: TemplateChild<DetailsButton>,
        #[template_child]
        no_results_page: TemplateChild<adw::StatusPage>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AccountsPage {
        const NAME: &'static str = "UsherAccountsPage";
        type Type = super::AccountsPage;
        type ParentType = adw::NavigationPage;

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
    impl ObjectImpl for AccountsPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.empty_page.set_icon_name(Some(names::APP_ID));
            self.search_bar.connect_entry(&*self.search_entry);
            self.needs.attach(&self.needs_group);
            self.ready.attach(&self.ready_group);
            self.accounts.attach(&self.accounts_group);
            self.repositories.attach(&self.repositories_group);
            accessible::can_be_pressed(&*self.remotes_row);
            for page in [&self.empty_page, &self.keyring_page, &self.no_results_page] {
                follow_width(page);
            }
            labels::settle(&*self.banner);
            labels::settle(&*self.stack);
        }
    }

    impl WidgetImpl for AccountsPage {}
    impl NavigationPageImpl for AccountsPage {}

    #[gtk::template_callbacks]
    impl AccountsPage {
        fn services(&self) -> &Services {
            self.services.get().expect("set when the page begins to follow")
        }

        #[template_callback]
        fn on_banner(&self) {
            let page = self.obj();
            match self.message.get() {
                Some(BannerMessage::KeyringLocked) => keyring::unlock(&*page, self.services()),
                Some(BannerMessage::Impostor) => {
                    let impostors = self.services().repositories().impostors();
                    if let Some(impostor) = impostors.iter().find(|impostor| !impostor.problem.is_note()) {
                        navigation::push(&*page, &impostor_page(self.services(), impostor));
                    }
                }
                Some(BannerMessage::NoHelper) => navigation::push(&*page, &AdvicePage::new(&banner::no_helper())),
                Some(BannerMessage::Updated) => restart::restart(&*page),
                Some(BannerMessage::Removed) => _ = WidgetExt::activate_action(&*page, "window.close", None),
                None => {}
            }
        }

        #[template_callback]
        fn on_keyring_button(&self) {
            keyring::open(&*self.obj(), self.services());
        }

        #[template_callback]
        fn on_repositories(&self) {
            navigation::go_to(&*self.obj(), &Destination::Repositories);
        }

        pub(super) fn search(&self) {
            if self.can_search.get() {
                self.search_bar.set_search_mode(true);
                self.search_entry.grab_focus();
            }
        }

        /// Shows what there is now.
        #[template_callback]
        pub(super) fn refresh(&self) {
            let state = self.services().accounts().state();
            self.show_message(state);
            if let Some(status) = keyring_status(state) {
                self.keyring_details.set_visible(status.is_fault);
                self.keyring_details.tell(&status.title, &status.description, "");
                self.obj().set_keyring_title(status.title);
                self.obj().set_keyring_description(status.description);
                self.obj().set_keyring_help(status.button);
                self.stack.set_visible_child_name("no-keyring");
            } else if state != KeyringState::Loading {
                self.refresh_lists();
            }
        }

        fn refresh_lists(&self) {
            let services = self.services();
            let entries = services.accounts().entries();
            let mut overview = self.overview();
            let has_nothing = entries.is_empty() && overview.needs.is_empty() && overview.ready.is_empty();
            let repositories = services.repositories();
            let has_repositories = !repositories.remotes().is_empty();
            let remotes = repositories.remotes().len() + repositories.others().len();
            let can_search = entries.len() > SEARCHED_FROM;
            self.obj().set_can_search(can_search);
            if !can_search {
                self.search_bar.set_search_mode(false);
            }
            self.search_bar.set_key_capture_widget(can_search.then(|| self.obj().clone()).as_ref());
            let words = self.search_entry.text();
            let is_searching = self.search_bar.is_search_mode() && !words.trim().is_empty();
            let mut listed = AccountItem::all(&entries, &services.notes().all(), clock::now());
            let unsaved = services.accounts().all_unsaved();
            for item in &mut listed {
                item.note_unsaved(&unsaved);
            }
            if is_searching {
                listed.retain(|row| row.matches(&words));
                overview = Overview::default();
            }
            self.show_count(if is_searching { 0 } else { remotes });
            let is_focus_lost = self.show_lists(overview, listed);
            self.obj().set_has_repositories_alone(has_nothing && has_repositories);
            self.stack.set_visible_child_name(if is_searching && self.accounts.len() == 0 {
                "no-results"
            } else if has_nothing && !has_repositories {
                "empty"
            } else {
                "accounts"
            });
            if is_focus_lost {
                self.add_button.grab_focus();
            }
        }

        /// Where there is nothing to count, the row with the count is hidden.
        fn show_count(&self, remotes: usize) {
            let count = ngettext_f("{n} on this computer", "{n} on this computer", remotes, &[]);
            self.obj().set_remotes(if remotes > 0 { count } else { String::new() });
            accessible::name(&*self.remotes_row, &format!("{}, {}", self.remotes_row.title(), self.obj().remotes()));
        }

        fn overview(&self) -> Overview {
            let services = self.services();
            let (repositories, notes, decisions) = (services.repositories(), services.notes(), services.decisions());
            let mut overview =
                overview(&services.accounts().entries(), &repositories.all(), &notes.all(), clock::now());
            overview.needs.retain(|need| match need {
                Need::ServerChanged { repository, .. } => !decisions.is_kept_blocked(repository, notes),
                Need::Permission { repository } | Need::FirstSignIn { repository, .. } => {
                    !decisions.is_refused(&repository.subject())
                }
                _ => true,
            });
            overview.add_unusable(&notes.unusable());
            overview.warn_of(&repositories.impostors());
            overview
        }

        /// Returns whether the row with the keyboard focus is gone.
        fn show_lists(&self, overview: Overview, accounts: Vec<AccountItem>) -> bool {
            let services = self.services();
            let needs = overview.needs.into_iter().map(|need| NeedItem::of(need, services.apps())).collect();
            let ready = overview.ready.into_iter();
            let ready = ready.map(|app| ReadyApp::of(app, self.has_software.get(), services.apps())).collect();
            let lost = [
                self.needs.show(needs, NeedItem::is_same, |need| need_row(services, need).upcast(), |_, _| false),
                self.ready.show(ready, ReadyApp::is_same, |app| ready_row(services, app).upcast(), |_, _| false),
                self.accounts.show(
                    accounts,
                    AccountItem::is_same,
                    |item| account_row(services, item).upcast(),
                    update_account_row,
                ),
                self.repositories.show(
                    overview.without_account,
                    |a, b| a.address == b.address,
                    |repository| repository_row(services, repository).upcast(),
                    |_, _| false,
                ),
            ];
            lost.contains(&true)
        }

        fn show_message(&self, keyring: KeyringState) {
            let own = self.services().own_installation();
            let is_listed = keyring_status(keyring).is_none();
            // Where there are lists it is the first row of them.
            let impostors = self.services().repositories().impostors();
            let has_impostor = !is_listed && impostors.iter().any(|impostor| !impostor.problem.is_note());
            let message = BannerMessage::of(keyring, own.deployment(), own.lacks_helper(), has_impostor);
            self.message.set(message);
            show_banner(&self.banner, message.map(BannerMessage::text).as_ref());
        }

        /// Nothing at first, so that a quick keyring makes nothing flash.
        pub(super) fn show_spinner_later(&self) {
            glib::timeout_add_local_once(
                PATIENCE,
                glib::clone!(
                    #[weak(rename_to = imp)]
                    self,
                    move || {
                        if imp.services().accounts().state() == KeyringState::Loading {
                            imp.stack.set_visible_child_name("loading");
                        }
                    }
                ),
            );
        }

        pub(super) fn look_for_software(&self) {
            glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    if software::is_available().await {
                        imp.has_software.set(true);
                        imp.refresh();
                    }
                }
            ));
        }
    }
}

glib::wrapper! {
    pub struct AccountsPage(ObjectSubclass<imp::AccountsPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl AccountsPage {
    /// Begins to show what is known, and follows it.
    pub(crate) fn follow(&self, services: &Services) {
        let imp = self.imp();
        let _ = imp.services.set(services.clone());
        for changes in [
            services.accounts().changes(),
            services.repositories().changes(),
            services.notes().changes(),
            services.decisions().changes(),
            services.apps().changes(),
            services.own_installation().changes(),
        ] {
            changes.follow(self, |page| page.imp().refresh());
        }
        imp.refresh();
        imp.show_spinner_later();
        imp.look_for_software();
    }

    /// Opens the search, where there is enough to be searched.
    pub(crate) fn search(&self) {
        self.imp().search();
    }
}
