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
    application::Application,
    desktop::{restart, software},
    keyring::{self, keyring_status},
    main_window::Window,
    model::{KeyringState, Need, Overview, Repository, overview},
    widgets::{AdvicePage, RowGroup, follow_width, labels},
};

/// How long the keyring may take before its being asked is shown.
const PATIENCE: Duration = Duration::from_millis(200);
/// More accounts than this can be searched.
const SEARCHED_FROM: usize = 12;

mod imp {
    use std::cell::Cell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/accounts/page.blp")]
    pub struct AccountsPage {
        pub(super) has_software: Cell<bool>,
        notice: Cell<Option<BannerMessage>>,
        pub(super) needs: RowGroup<NeedItem>,
        pub(super) ready: RowGroup<ReadyApp>,
        pub(super) accounts: RowGroup<AccountItem>,
        pub(super) repositories: RowGroup<Repository>,
        #[template_child]
        pub(super) add_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) search_button: TemplateChild<gtk::ToggleButton>,
        #[template_child]
        pub(super) search_bar: TemplateChild<gtk::SearchBar>,
        #[template_child]
        pub(super) search_entry: TemplateChild<gtk::SearchEntry>,
        #[template_child]
        pub(super) banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) stack: TemplateChild<gtk::Stack>,
        #[template_child]
        nothing_yet_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        needs_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        ready_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        accounts_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        repositories_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        empty_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        keyring_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        no_results_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        keyring_button: TemplateChild<gtk::Button>,
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

    impl ObjectImpl for AccountsPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.empty_page.set_icon_name(Some(names::APP_ID));
            self.search_bar.connect_entry(&*self.search_entry);
            self.needs.attach(&self.needs_group);
            self.ready.attach(&self.ready_group);
            self.accounts.attach(&self.accounts_group);
            self.repositories.attach(&self.repositories_group);
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
        #[template_callback]
        fn on_search_changed(&self) {
            self.refresh();
        }

        #[template_callback]
        fn on_banner(&self) {
            let page = self.obj();
            let (Some(notice), Some(window)) = (self.notice.get(), Window::of(&*page)) else {
                return;
            };
            match notice {
                BannerMessage::KeyringLocked => keyring::unlock(&*page),
                BannerMessage::Impostor => {
                    let impostors = Application::current().repositories().impostors();
                    if let Some(impostor) = impostors.iter().find(|impostor| !impostor.problem.is_note()) {
                        window.push(&impostor_page(impostor));
                    }
                }
                BannerMessage::NoHelper => window.push(&AdvicePage::new(&banner::no_helper())),
                BannerMessage::Updated => restart::restart(&window),
                BannerMessage::Removed => window.close(),
            }
        }

        #[template_callback]
        fn on_keyring_button(&self) {
            let accounts = Application::current().accounts().clone();
            match accounts.state() {
                KeyringState::Sealed => keyring::unlock(&*self.obj()),
                _ => accounts.reload(),
            }
        }

        /// Shows what there is now.
        pub(super) fn refresh(&self) {
            let application = Application::current();
            let state = application.accounts().state();
            self.show_notice(state, &application);
            if let Some(words) = keyring_status(state) {
                self.keyring_page.set_title(&words.title);
                self.keyring_page.set_description(Some(&words.description));
                self.keyring_button.set_label(&words.button);
                self.stack.set_visible_child_name("no-keyring");
            } else if state != KeyringState::Loading {
                self.refresh_lists(&application);
            }
        }

        fn refresh_lists(&self, application: &Application) {
            let now = clock::now();
            let entries = application.accounts().entries();
            let mut overview = overview(&entries, &application.repositories().all(), &application.notes().all(), now);
            overview.needs.retain(|need| match need {
                Need::ServerChanged { repository, .. } => !application.notes().is_kept_blocked(repository),
                _ => true,
            });
            overview.warn_of(&application.repositories().impostors());
            let has_nothing = entries.is_empty() && overview.needs.is_empty() && overview.ready.is_empty();
            let has_repositories = !overview.without_account.is_empty();
            let can_search = entries.len() > SEARCHED_FROM;
            self.search_button.set_visible(can_search);
            if !can_search {
                self.search_bar.set_search_mode(false);
            }
            self.search_bar.set_key_capture_widget(can_search.then(|| self.obj().clone()).as_ref());
            let words = self.search_entry.text();
            let is_searching = self.search_bar.is_search_mode() && !words.trim().is_empty();
            let mut listed = AccountItem::all(&entries, now);
            listed.retain(|row| !is_searching || row.matches(&words));

            if is_searching {
                overview = Overview::default();
            }
            let needs = overview.needs.into_iter().map(|need| NeedItem::of(need, application)).collect();
            let has_software = self.has_software.get();
            let ready = |ready| ReadyApp::of(ready, has_software, application);
            let ready = overview.ready.into_iter().map(ready).collect();
            let lost = [
                self.needs.show(needs, NeedItem::is_same, |need| need_row(need).upcast(), |_, _| false),
                self.ready.show(ready, ReadyApp::is_same, ready_row, |_, _| false),
                self.accounts.show(listed, AccountItem::is_same, account_row, update_account_row),
                self.repositories.show(
                    overview.without_account,
                    |a, b| a.address == b.address,
                    |repository| repository_row(repository).upcast(),
                    |_, _| false,
                ),
            ];
            self.nothing_yet_group.set_visible(has_nothing && has_repositories);
            self.stack.set_visible_child_name(if is_searching && self.accounts.len() == 0 {
                "no-results"
            } else if has_nothing && !has_repositories {
                "empty"
            } else {
                "accounts"
            });
            if lost.contains(&true) {
                self.add_button.grab_focus();
            }
        }

        fn show_notice(&self, keyring: KeyringState, application: &Application) {
            let own = application.own_installation();
            let is_listed = keyring_status(keyring).is_none();
            // Where there are lists it is the first row of them.
            let impostors = application.repositories().impostors();
            let has_impostor = !is_listed && impostors.iter().any(|impostor| !impostor.problem.is_note());
            let notice = BannerMessage::of(keyring, own.deployment(), own.lacks_helper(), has_impostor);
            self.notice.set(notice);
            if let Some(notice) = notice {
                self.banner.set_title(&notice.text());
                self.banner.set_button_label(Some(&notice.button()));
            }
            self.banner.set_revealed(notice.is_some());
        }
    }
}

glib::wrapper! {
    pub struct AccountsPage(ObjectSubclass<imp::AccountsPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl AccountsPage {
    /// Begins to show what the application knows, and follows it.
    pub(crate) fn follow(&self, application: &Application) {
        let refresh = |page: &Self| page.imp().refresh();
        let weak = self.downgrade();
        let handler = move || {
            if let Some(page) = weak.upgrade() {
                refresh(&page);
            }
        };
        let (on_accounts, on_repositories, on_notes, on_apps, on_own) =
            (handler.clone(), handler.clone(), handler.clone(), handler.clone(), handler);
        application.accounts().connect_changed(move |_| on_accounts());
        application.repositories().connect_changed(move |_| on_repositories());
        application.notes().connect_changed(move |_| on_notes());
        application.apps().connect_changed(move |_| on_apps());
        application.own_installation().connect_changed(move |_| on_own());
        self.imp().refresh();
        self.show_spinner_later();
        self.look_for_software();
    }

    /// Opens the search, where there is enough to be searched.
    pub(crate) fn search(&self) {
        let imp = self.imp();
        if imp.search_button.is_visible() {
            imp.search_bar.set_search_mode(true);
            imp.search_entry.grab_focus();
        }
    }

    /// Nothing at first, so that a quick keyring makes nothing flash.
    fn show_spinner_later(&self) {
        let weak = self.downgrade();
        glib::timeout_add_local_once(PATIENCE, move || {
            if let Some(page) = weak.upgrade()
                && Application::current().accounts().state() == KeyringState::Loading
            {
                page.imp().stack.set_visible_child_name("loading");
            }
        });
    }

    fn look_for_software(&self) {
        let weak = self.downgrade();
        glib::spawn_future_local(async move {
            let found = software::is_available().await;
            if let Some(page) = weak.upgrade()
                && found
            {
                page.imp().has_software.set(true);
                page.imp().refresh();
            }
        });
    }
}
