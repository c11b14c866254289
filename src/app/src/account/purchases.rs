// SPDX-License-Identifier: GPL-3.0-or-later
//! The page with what was bought with an account.

use std::collections::BTreeSet;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::High, gio, glib};
use usher_core::{
    account::{Account, AccountId},
    buying::purchases,
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
    desktop::software,
    i18n::{gettext, gettext_f},
    keyring,
    model::KeyringState,
    navigation::{self, Destination},
    purchase::unfinished,
    services::Services,
    text,
    widgets::{BannerText, BusyButton, RowGroup, focus, follow_width, show_banner, toast},
};

/// More purchases than this can be searched.
const SEARCHED_FROM: usize = 10;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::PurchasesPage)]
    #[template(file = "src/account/purchases.blp")]
    pub struct PurchasesPage {
        /// With whose account, and where.
        #[property(get, set)]
        account: RefCell<String>,
        /// Whether the account is known.
        #[property(get, set)]
        is_known: Cell<bool>,
        /// Whether its server can be asked now.
        #[property(get, set)]
        can_check: Cell<bool>,
        #[property(get, set)]
        has_purchases: Cell<bool>,
        /// What would be listed, where nothing is. With markup escaped.
        #[property(get, set)]
        empty_text: RefCell<String>,
        /// Whether there is enough to be searched.
        #[property(get, set)]
        can_search: Cell<bool>,
        /// The heading above what was bought: none where it is the only list.
        #[property(get, set)]
        bought_title: RefCell<String>,
        pub(super) id: OnceCell<AccountId>,
        pub(super) services: OnceCell<Services>,
        has_software: Cell<bool>,
        /// The purchased apps that are installed.
        installed: RefCell<BTreeSet<String>>,
        /// Why the last check failed.
        problem: RefCell<Option<String>>,
        /// All purchases, whether they are searched for or not.
        all: RefCell<Vec<PurchaseItem>>,
        unfinished: RowGroup<PurchaseItem>,
        bought: RowGroup<PurchaseItem>,
        #[template_child]
        check_button: TemplateChild<BusyButton>,
        #[template_child]
        search_bar: TemplateChild<gtk::SearchBar>,
        #[template_child]
        search_entry: TemplateChild<gtk::SearchEntry>,
        #[template_child]
        banner: TemplateChild<adw::Banner>,
        #[template_child]
        stack: TemplateChild<gtk::Stack>,
        #[template_child]
        empty_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        no_results_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        unfinished_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        bought_group: TemplateChild<adw::PreferencesGroup>,
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
            class.install_action("purchases.copy-command", None, |page, _, _| page.imp().copy_command());
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for PurchasesPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.search_bar.connect_entry(&*self.search_entry);
            follow_width(&self.empty_page);
            follow_width(&self.no_results_page);
            self.unfinished.attach(&self.unfinished_group);
            self.bought.attach(&self.bought_group);
            self.check_button.connect_pressed(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |button| {
                    let (page, asked) = (imp.obj().clone(), imp.obj().clone());
                    button.run(async move { problem_of(&asked).await }, move |problem| page.imp().checked(problem));
                }
            ));
            focus::when_first_shown(&*self.obj(), |page| page.imp().place_focus());
        }
    }

    impl WidgetImpl for PurchasesPage {}
    impl NavigationPageImpl for PurchasesPage {}

    #[gtk::template_callbacks]
    impl PurchasesPage {
        fn id(&self) -> AccountId {
            *self.id.get().expect("set when the page is made")
        }

        pub(super) fn services(&self) -> &Services {
            self.services.get().expect("set when the page is made")
        }

        #[template_callback]
        fn on_banner(&self) {
            keyring::help(&*self.obj(), self.services(), self.id());
        }

        fn place_focus(&self) {
            if !self.stack.child_focus(gtk::DirectionType::TabForward) {
                self.check_button.grab_focus();
            }
        }

        pub(super) fn search(&self) {
            if self.can_search.get() {
                self.search_bar.set_search_mode(true);
                self.search_entry.grab_focus();
            }
        }

        #[template_callback]
        pub(super) fn refresh(&self) {
            let services = self.services();
            let state = services.accounts().state();
            let account = services.accounts().find(self.id());
            self.obj().set_is_known(account.is_some());
            self.obj().set_can_check(false);
            let Some(account) = account else {
                show_banner(&self.banner, keyring::banner(state).as_ref());
                // Not while a page above this one is shown.
                if state == KeyringState::Ready && self.obj().is_mapped() {
                    navigation::go_to(&*self.obj(), &Destination::FirstPage);
                }
                return;
            };
            let problem = self.problem.borrow().clone().map(|title| BannerText { title, button: None });
            let is_reached = services.network().reaches(&account.binding.service);
            self.obj().set_can_check(is_reached);
            show_banner(&self.banner, keyring::sign_in_banner(&account, is_reached).or(problem).as_ref());
            let all = PurchaseItem::all(
                &account,
                &self.installed.borrow(),
                self.has_software.get(),
                |known| services.apps().get(&known.remote, &known.app_id),
                |address| Some(services.repositories().at(address)?.remote.name),
            );
            self.obj().action_set_enabled("purchases.copy-command", command_for_all(&all).is_some());
            self.obj().set_has_purchases(!all.is_empty());
            let host = text::within(&account.binding.host());
            let empty_text =
                gettext_f("Apps that {host} gives this account access to appear here.", &[("host", &host)]);
            self.obj().set_empty_text(glib::markup_escape_text(&empty_text));
            self.obj().set_account(gettext_f(
                "{user} at {host}",
                &[("user", &text::within(&account.label())), ("host", &host)],
            ));
            self.all.replace(all);
            self.show_list();
        }

        #[template_callback]
        fn show_list(&self) {
            let mut listed = self.all.borrow().clone();
            let can_search = listed.len() > SEARCHED_FROM;
            self.obj().set_can_search(can_search);
            if !can_search {
                self.search_bar.set_search_mode(false);
            }
            self.search_bar.set_key_capture_widget(can_search.then(|| self.obj().clone()).as_ref());
            let words = self.search_entry.text();
            let is_empty = listed.is_empty();
            if self.search_bar.is_search_mode() {
                listed.retain(|row| row.matches(&words));
            }
            self.stack.set_visible_child_name(match (is_empty, listed.is_empty()) {
                (true, _) => "empty",
                (false, true) => "no-results",
                (false, false) => "purchases",
            });
            let (unfinished, bought): (Vec<_>, Vec<_>) = listed.into_iter().partition(PurchaseItem::is_unfinished);
            self.obj().set_bought_title(if unfinished.is_empty() { String::new() } else { gettext("Bought") });
            let is_focus_lost = [(&self.unfinished, unfinished), (&self.bought, bought)].map(|(group, items)| {
                group.show(items, PurchaseItem::is_same, |item| purchase_row(self.services(), item), |_, _| false)
            });
            if is_focus_lost.contains(&true) {
                self.check_button.grab_focus();
            }
        }

        fn checked(&self, problem: Option<String>) {
            if let Some(problem) = &problem {
                self.obj().announce(problem, High);
            }
            self.problem.replace(problem);
            self.refresh();
        }

        fn copy_command(&self) {
            if let Some(command) = command_for_all(&self.all.borrow()) {
                toast::copy(&*self.obj(), &command);
            }
        }
    }

    /// Asks the server about all purchases; returns what is to be said where it gave no answer.
    async fn problem_of(page: &super::PurchasesPage) -> Option<String> {
        let imp = page.imp();
        let account = imp.services().accounts().find(imp.id())?;
        ask(page, &account).await
    }

    /// Asks the server of the account; returns what is to be said where it gave no answer.
    async fn ask(page: &super::PurchasesPage, account: &Account) -> Option<String> {
        let ids: BTreeSet<String> = account.purchases.iter().map(|known| known.app_id.clone()).collect();
        let access = if ids.is_empty() {
            Ok(Access::default())
        } else {
            unfinished::ask(page.imp().services(), account.id, ids, None).await
        };
        match access {
            Ok(access) => {
                let mut purchases = account.purchases.clone();
                purchases::settle(&mut purchases, &access, clock::now());
                if purchases == account.purchases {
                    toast::show(page, &gettext("Nothing has changed"));
                }
                None
            }
            Err(error) => {
                tracing::warn!(%error, "cannot check purchases");
                Some(problem(&error, account))
            }
        }
    }

    pub(super) async fn look_for_installed(page: super::PurchasesPage) {
        let imp = page.imp();
        let Some(account) = imp.services().accounts().find(imp.id()) else {
            return;
        };
        let looking = gio::spawn_blocking(move || {
            let installations = remote::installations();
            let ids = account.purchases.into_iter().map(|known| known.app_id);
            ids.filter(|id| remote::is_app_installed(&installations, id)).collect()
        });
        if let Ok(installed) = looking.await {
            imp.installed.replace(installed);
        }
        imp.refresh();
    }

    pub(super) async fn look_for_software(page: super::PurchasesPage) {
        if software::is_available().await {
            page.imp().has_software.set(true);
            page.imp().refresh();
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
    pub(crate) fn new(services: &Services, id: AccountId) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let _ = imp.id.set(id);
        let _ = imp.services.set(services.clone());
        for changes in [services.accounts().changes(), services.repositories().changes()] {
            changes.follow(&page, |page| _ = glib::spawn_future_local(imp::look_for_installed(page.clone())));
        }
        services.apps().changes().follow(&page, |page| page.imp().refresh());
        services.network().changes().follow(&page, |page| page.imp().refresh());
        imp.refresh();
        glib::spawn_future_local(imp::look_for_installed(page.clone()));
        glib::spawn_future_local(imp::look_for_software(page.clone()));
        page
    }

    /// Opens the search, where there is enough to be searched.
    pub(crate) fn search(&self) {
        self.imp().search();
    }
}

/// What is said where the server gave no answer, with the date of the list where that is known.
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
