// SPDX-License-Identifier: GPL-3.0-or-later
//! The page with the lists. At first it is its header alone, which is what the first frame shows: the lists are made, and what
//! they show is read, once that is painted.

use std::time::Duration;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::clock;

use super::{
    account_item::AccountItem,
    banner::{self, BannerMessage},
    impostor_row::impostor_page,
    lists::{AccountsLists, Showing},
};
use crate::{
    desktop::restart,
    keyring::{self, keyring_status},
    model::{KeyringState, Need, Overview, overview},
    navigation,
    services::Services,
    widgets::{AdvicePage, labels, show_banner},
};

/// How long the keyring may take before its being asked is shown.
const PATIENCE: Duration = Duration::from_millis(200);
/// More accounts than this can be searched.
const SEARCHED_FROM: usize = 12;

mod imp {
    use std::cell::{Cell, OnceCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::AccountsPage)]
    #[template(file = "src/accounts/page.blp")]
    pub struct AccountsPage {
        /// Whether there is enough to be searched.
        #[property(get, set)]
        can_search: Cell<bool>,
        pub(super) services: OnceCell<Services>,
        pub(super) lists: OnceCell<AccountsLists>,
        message: Cell<Option<BannerMessage>>,
        #[template_child]
        add_button: TemplateChild<gtk::Button>,
        #[template_child]
        search_bar: TemplateChild<gtk::SearchBar>,
        #[template_child]
        search_entry: TemplateChild<gtk::SearchEntry>,
        #[template_child]
        banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) menu_button: TemplateChild<gtk::MenuButton>,
        #[template_child]
        pub(super) main_menu: TemplateChild<gio::MenuModel>,
        #[template_child]
        pub(super) body: TemplateChild<adw::Bin>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AccountsPage {
        const NAME: &'static str = "UsherAccountsPage";
        type Type = super::AccountsPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for AccountsPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.search_bar.connect_entry(&*self.search_entry);
            labels::settle(&*self.banner);
            let menu = self.main_menu.get();
            // It can be opened before the menu is made.
            self.menu_button.set_create_popup_func(move |button| button.set_menu_model(Some(&menu)));
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

        pub(super) fn search(&self) {
            if self.can_search.get() {
                self.search_bar.set_search_mode(true);
                self.search_entry.grab_focus();
            }
        }

        /// Shows what there is now.
        #[template_callback]
        pub(super) fn refresh(&self) {
            let Some(lists) = self.lists.get() else { return };
            let state = self.services().accounts().state();
            self.show_message(state);
            if let Some(status) = keyring_status(state) {
                lists.show_keyring(status);
            } else if state != KeyringState::Loading {
                self.refresh_lists(lists);
            }
        }

        fn refresh_lists(&self, lists: &AccountsLists) {
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
            lists.show_count(if is_searching { 0 } else { remotes });
            let is_focus_lost = lists.fill(overview, listed);
            lists.set_has_repositories_alone(has_nothing && has_repositories);
            lists.turn_to(if is_searching && !lists.has_accounts() {
                Showing::NoResults
            } else if has_nothing && !has_repositories {
                Showing::Nothing
            } else {
                Showing::Lists
            });
            if is_focus_lost {
                self.add_button.grab_focus();
            }
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
                        if let Some(lists) = imp.lists.get()
                            && imp.services().accounts().state() == KeyringState::Loading
                        {
                            lists.turn_to(Showing::Loading);
                        }
                    }
                ),
            );
        }
    }
}

glib::wrapper! {
    pub struct AccountsPage(ObjectSubclass<imp::AccountsPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl AccountsPage {
    /// Makes what is below the header, begins to show what is known, and follows it.
    pub(crate) fn follow(&self, services: &Services) {
        let imp = self.imp();
        imp.menu_button.set_menu_model(Some(&*imp.main_menu));
        imp.menu_button.unset_create_popup_func();
        let _ = imp.services.set(services.clone());
        let lists = imp.lists.get_or_init(|| AccountsLists::new(services));
        imp.body.set_child(Some(lists));
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
        let weak = self.downgrade();
        lists.look_for_software(move || {
            if let Some(page) = weak.upgrade() {
                page.imp().refresh();
            }
        });
    }

    /// Opens the search, where there is enough to be searched.
    pub(crate) fn search(&self) {
        self.imp().search();
    }
}
