// SPDX-License-Identifier: GPL-3.0-or-later
//! The page with what was bought with an account.

use std::collections::BTreeSet;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::High, gio, glib};
use usher_core::{
    account::{Account, AccountId},
    buying::record::{self, Purchase},
    clock,
    http::HttpError,
    provider::Access,
    remote,
    session::SessionError,
};

use super::{
    purchase_item::{PurchaseItem, command_for_all},
    purchase_row::purchase_row,
};
use crate::{
    application::Application,
    desktop::software,
    i18n::{gettext, gettext_f},
    keyring,
    main_window::Window,
    model::{KeyringState, Standing},
    purchase::unfinished,
    text,
    widgets::{BusyButton, RowGroup, follow_width, toast},
};

/// More purchases than this can be searched.
const SEARCHED_FROM: usize = 10;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/account/purchases.blp")]
    pub struct PurchasesPage {
        pub(super) id: OnceCell<AccountId>,
        pub(super) handlers: RefCell<Vec<(glib::Object, glib::SignalHandlerId)>>,
        pub(super) has_software: Cell<bool>,
        /// Whether it was shown before: the keyboard goes back to where it was left.
        was_shown: Cell<bool>,
        /// The purchased apps that are installed.
        pub(super) installed: RefCell<BTreeSet<String>>,
        /// Why the last check told nothing.
        pub(super) problem: RefCell<Option<String>>,
        /// All purchases, whether they are searched for or not.
        pub(super) all: RefCell<Vec<PurchaseItem>>,
        pub(super) unfinished: RowGroup<PurchaseItem>,
        pub(super) bought: RowGroup<PurchaseItem>,
        #[template_child]
        pub(super) menu_button: TemplateChild<gtk::MenuButton>,
        #[template_child]
        pub(super) search_button: TemplateChild<gtk::ToggleButton>,
        #[template_child]
        pub(super) check_button: TemplateChild<BusyButton>,
        #[template_child]
        pub(super) search_bar: TemplateChild<gtk::SearchBar>,
        #[template_child]
        pub(super) search_entry: TemplateChild<gtk::SearchEntry>,
        #[template_child]
        pub(super) banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) stack: TemplateChild<gtk::Stack>,
        #[template_child]
        pub(super) account_label: TemplateChild<gtk::Label>,
        #[template_child]
        empty_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        no_results_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        unfinished_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) bought_group: TemplateChild<adw::PreferencesGroup>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PurchasesPage {
        const NAME: &'static str = "UsherPurchasesPage";
        type Type = super::PurchasesPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            BusyButton::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            class.install_action("purchases.copy-command", None, |page, _, _| page.copy_command());
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for PurchasesPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.check_button.set_icon("view-refresh-symbolic");
            self.search_bar.connect_entry(&*self.search_entry);
            follow_width(&self.empty_page);
            follow_width(&self.no_results_page);
            self.unfinished.attach(&self.unfinished_group);
            self.bought.attach(&self.bought_group);
            let page = self.obj().downgrade();
            self.check_button.connect_pressed(move |button| {
                if let Some(page) = page.upgrade() {
                    button.set_busy(true);
                    glib::spawn_future_local(page.check());
                }
            });
        }

        fn dispose(&self) {
            for (object, handler) in self.handlers.take() {
                object.disconnect(handler);
            }
        }
    }

    impl WidgetImpl for PurchasesPage {}
    impl NavigationPageImpl for PurchasesPage {}

    #[gtk::template_callbacks]
    impl PurchasesPage {
        #[template_callback]
        fn on_shown(&self) {
            self.obj().refresh();
            if !self.was_shown.replace(true) && !self.stack.child_focus(gtk::DirectionType::TabForward) {
                self.check_button.grab_focus();
            }
        }

        #[template_callback]
        fn on_search_changed(&self) {
            self.obj().show_list();
        }

        #[template_callback]
        fn on_banner(&self) {
            let page = self.obj();
            keyring::help(&*page, page.id());
        }
    }
}

glib::wrapper! {
    pub struct PurchasesPage(ObjectSubclass<imp::PurchasesPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl PurchasesPage {
    /// The purchases of an account, which are followed as they change.
    pub(crate) fn new(application: &Application, id: AccountId) -> Self {
        let page: Self = glib::Object::new();
        let _ = page.imp().id.set(id);
        let weak = page.downgrade();
        let refresh = move || {
            if let Some(page) = weak.upgrade() {
                page.refresh();
            }
        };
        let weak = page.downgrade();
        let refresh_installed = move || {
            if let Some(page) = weak.upgrade() {
                glib::spawn_future_local(page.look_for_installed());
            }
        };
        let (accounts, repositories, apps) = (application.accounts(), application.repositories(), application.apps());
        let also = refresh_installed.clone();
        page.imp().handlers.replace(vec![
            (accounts.clone().upcast(), accounts.connect_changed(move |_| refresh_installed())),
            (repositories.clone().upcast(), repositories.connect_changed(move |_| also())),
            (apps.clone().upcast(), apps.connect_changed(move |_| refresh())),
        ]);
        page.refresh();
        glib::spawn_future_local(page.clone().look_for_installed());
        glib::spawn_future_local(page.clone().look_for_software());
        page
    }

    /// Opens the search, where there is enough to be searched.
    pub(crate) fn search(&self) {
        let imp = self.imp();
        if imp.search_button.is_visible() {
            imp.search_bar.set_search_mode(true);
            imp.search_entry.grab_focus();
        }
    }

    fn id(&self) -> AccountId {
        *self.imp().id.get().expect("set when it was made")
    }

    fn refresh(&self) {
        let application = Application::current();
        let state = application.accounts().state();
        let account = application.accounts().find(self.id());
        self.imp().check_button.set_sensitive(account.is_some());
        self.refresh_banner(account.as_ref(), state);
        let Some(account) = account else {
            // A page above this one is not taken from the person.
            if let (KeyringState::Ready, true, Some(window)) = (state, self.is_mapped(), Window::of(self)) {
                window.show_first_page();
            }
            return;
        };
        let app = |known: &Purchase| application.apps().get(&known.remote, &known.app_id);
        let remote_at = |address: &_| Some(application.repositories().at(address)?.remote.name);
        let imp = self.imp();
        let all = PurchaseItem::all(&account, &imp.installed.borrow(), imp.has_software.get(), app, remote_at);
        self.action_set_enabled("purchases.copy-command", command_for_all(&all).is_some());
        imp.menu_button.set_visible(!all.is_empty());
        imp.account_label.set_label(&gettext_f(
            "With the account of {user} at {host}",
            &[("user", &text::within(&account.user)), ("host", &text::within(&account.binding.host()))],
        ));
        imp.all.replace(all);
        self.show_list();
    }

    fn refresh_banner(&self, account: Option<&Account>, state: KeyringState) {
        let standing = account.map(|account| Standing::of(account, clock::now()));
        let (text, button) = match (standing, self.imp().problem.borrow().clone()) {
            (None, _) => keyring::banner(state).map_or_else(Default::default, |(text, button)| (text, Some(button))),
            (Some(Standing::Ended), _) => (gettext("Sign-in has expired"), Some(gettext("Sign In…"))),
            (Some(Standing::SignedOut), _) => (gettext("Signed out"), Some(gettext("Sign In…"))),
            (Some(_), Some(problem)) => (problem, None),
            _ => (String::new(), None),
        };
        let banner = &self.imp().banner;
        banner.set_revealed(!text.is_empty());
        if !text.is_empty() {
            banner.set_title(&text);
            banner.set_button_label(button.as_deref());
        }
    }

    fn show_list(&self) {
        let imp = self.imp();
        let mut listed = imp.all.borrow().clone();
        let can_search = listed.len() > SEARCHED_FROM;
        imp.search_button.set_visible(can_search);
        if !can_search {
            imp.search_bar.set_search_mode(false);
        }
        imp.search_bar.set_key_capture_widget(can_search.then_some(self));
        let words = imp.search_entry.text();
        let is_empty = listed.is_empty();
        if imp.search_bar.is_search_mode() {
            listed.retain(|row| row.matches(&words));
        }
        imp.stack.set_visible_child_name(match (is_empty, listed.is_empty()) {
            (true, _) => "empty",
            (false, true) => "no-results",
            (false, false) => "purchases",
        });
        let (unfinished, bought): (Vec<_>, Vec<_>) = listed.into_iter().partition(PurchaseItem::is_unfinished);
        // A heading is needed where there is another one.
        imp.bought_group.set_title(&if unfinished.is_empty() { String::new() } else { gettext("Bought") });
        let lost = [
            imp.unfinished.show(unfinished, PurchaseItem::is_same, purchase_row, |_, _| false),
            imp.bought.show(bought, PurchaseItem::is_same, purchase_row, |_, _| false),
        ];
        if lost.contains(&true) {
            imp.check_button.grab_focus();
        }
    }

    /// Asks the server about all purchases.
    async fn check(self) {
        if let Some(account) = Application::current().accounts().find(self.id()) {
            let problem = self.ask(&account).await;
            if let Some(problem) = &problem {
                self.announce(problem, High);
            }
            self.imp().problem.replace(problem);
        }
        self.imp().check_button.set_busy(false);
        self.refresh();
    }

    /// Asks the server of the account; returns why it told nothing.
    async fn ask(&self, account: &Account) -> Option<String> {
        let ids: BTreeSet<String> = account.purchases.iter().map(|known| known.app_id.clone()).collect();
        let access = if ids.is_empty() { Ok(Access::default()) } else { unfinished::ask(account.id, ids).await };
        match access {
            Ok(access) => {
                let mut purchases = account.purchases.clone();
                record::settle(&mut purchases, &access, clock::now());
                if purchases == account.purchases {
                    toast::show(self, &gettext("Nothing has changed"));
                }
                None
            }
            Err(error) => {
                tracing::warn!(%error, "purchases cannot be checked");
                Some(problem(&error, account))
            }
        }
    }

    fn copy_command(&self) {
        if let Some(command) = command_for_all(&self.imp().all.borrow()) {
            toast::copy(self, &command);
        }
    }

    async fn look_for_installed(self) {
        let accounts = Application::current().accounts().clone();
        let Some(account) = accounts.find(self.id()) else {
            return;
        };
        let looking = gio::spawn_blocking(move || {
            let installations = remote::installations();
            let ids = account.purchases.into_iter().map(|known| known.app_id);
            ids.filter(|id| remote::is_app_installed(&installations, id)).collect()
        });
        if let Ok(installed) = looking.await {
            self.imp().installed.replace(installed);
        }
        self.refresh();
    }

    async fn look_for_software(self) {
        if software::is_available().await {
            self.imp().has_software.set(true);
            self.refresh();
        }
    }
}

/// Why the server told nothing, and from when the list is, where that is known.
fn problem(error: &SessionError, account: &Account) -> String {
    let host = account.binding.host();
    match (error, account.purchases_checked_at) {
        (SessionError::Http(error), Some(at))
            if !matches!(error, HttpError::Certificate(_) | HttpError::Unexpected) =>
        {
            gettext_f(
                "{host} cannot be reached. The list is from {date}",
                &[("host", &text::within(&host)), ("date", &text::day(at))],
            )
        }
        _ => unfinished::problem(error, &host),
    }
}
