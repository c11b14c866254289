// SPDX-License-Identifier: GPL-3.0-or-later
//! The main window: a stack of pages under toasts. Pages ask it to lead on.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::{
    account::AccountId,
    binding::Binding,
    names,
    takeout::{TakenAccount, Takeout},
};

use crate::{
    account::{AccountPage, ChangedServerPage, PermissionPage, PurchasesPage},
    accounts::AccountsPage,
    add_account::{AddAccountPage, ServerPage},
    application::Application,
    i18n::gettext,
    main_window::files,
    model::{KeyringState, OfferedRepository, Repository},
    sign_in::{self, SignInRequest},
    take_along::{ExportPage, WelcomePage},
    widgets::{labels, toast},
};

mod imp {
    use std::cell::Cell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::Window)]
    #[template(file = "src/main_window/window.blp")]
    pub struct Window {
        /// Whether there is little width.
        #[property(get, set)]
        narrow: Cell<bool>,
        #[template_child]
        pub(super) view: TemplateChild<adw::NavigationView>,
        #[template_child]
        pub(super) accounts_page: TemplateChild<AccountsPage>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Window {
        const NAME: &'static str = "UsherWindow";
        type Type = super::Window;
        type ParentType = adw::ApplicationWindow;

        fn class_init(class: &mut Self::Class) {
            AccountsPage::ensure_type();
            class.bind_template();
            class.install_action("win.search", None, |window, _, _| window.search());
            class.install_action("win.back", None, |window, _, _| {
                let view = window.imp().view.get();
                match view.visible_page() {
                    Some(page) if page.can_pop() => _ = view.pop(),
                    // A web page goes back in its own history.
                    Some(page) => _ = WidgetExt::activate_action(&page, "web.back", None),
                    None => {}
                }
            });
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for Window {
        fn constructed(&self) {
            self.parent_constructed();
            if names::is_devel() {
                self.obj().add_css_class("devel");
            }
            self.view.connect_visible_page_notify(|view| {
                if let Some(page) = view.visible_page() {
                    labels::settle(&page);
                }
                Application::current().quit_if_uninstalled();
            });
        }
    }

    impl WidgetImpl for Window {}
    impl WindowImpl for Window {}
    impl ApplicationWindowImpl for Window {}
    impl AdwApplicationWindowImpl for Window {}
}

glib::wrapper! {
    pub struct Window(ObjectSubclass<imp::Window>)
        @extends adw::ApplicationWindow, gtk::ApplicationWindow, gtk::Window, gtk::Widget,
        @implements gio::ActionGroup, gio::ActionMap, gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget,
            gtk::Native, gtk::Root, gtk::ShortcutManager;
}

impl Window {
    /// The window of the application, in the size that it had last.
    pub(crate) fn new(application: &Application) -> Self {
        let window: Self = glib::Object::builder().property("application", application).build();
        files::accept_dropped(&window);
        let settings = application.settings();
        settings.bind("window-width", &window, "default-width").build();
        settings.bind("window-height", &window, "default-height").build();
        settings.bind("window-maximized", &window, "maximized").build();
        window.imp().accounts_page.follow(application);
        application.own_installation().look_for_helper();
        window.connect_is_active_notify(|window| {
            if window.is_active() {
                Application::current().own_installation().look_for_helper();
            }
        });
        window
    }

    /// The main window that a widget is in.
    pub(crate) fn of(widget: &impl IsA<gtk::Widget>) -> Option<Self> {
        widget.root().and_downcast()
    }

    /// Shows an account, as soon as the keyring has told of it.
    pub(crate) fn show_account(&self, id: AccountId) {
        self.once_accounts_are_read(move |window| window.push_account(id));
    }

    /// Does what needs the accounts, as soon as the keyring has told of them.
    pub(crate) fn once_accounts_are_read(&self, act: impl FnOnce(&Self) + 'static) {
        let accounts = Application::current().accounts().clone();
        if accounts.state() != KeyringState::Loading {
            act(self);
            return;
        }
        let act = std::cell::Cell::new(Some(act));
        let handler = std::rc::Rc::new(std::cell::Cell::new(None));
        let once = handler.clone();
        let connected = accounts.connect_changed(glib::clone!(
            #[weak(rename_to = window)]
            self,
            move |accounts| {
                if let (Some(handler), Some(act)) = (once.take(), act.take()) {
                    accounts.disconnect(handler);
                    act(&window);
                }
            }
        ));
        handler.set(Some(connected));
    }

    fn push_account(&self, id: AccountId) {
        let application = Application::current();
        if application.accounts().find(id).is_some() && self.may_show_other_page() {
            self.show_first_page();
            self.imp().view.push(&AccountPage::new(&application, id));
        }
    }

    /// Shows what was bought with an account.
    pub(crate) fn show_purchases(&self, id: AccountId) {
        self.imp().view.push(&PurchasesPage::new(&Application::current(), id));
    }

    /// Opens the search of the page that is shown.
    fn search(&self) {
        let Some(page) = self.imp().view.visible_page() else {
            return;
        };
        if let Some(page) = page.downcast_ref::<PurchasesPage>() {
            page.search();
        } else if let Some(page) = page.downcast_ref::<AccountsPage>() {
            page.search();
        }
    }

    /// Shows where an account is added. Does nothing while a page of that flow is shown.
    pub(crate) fn add_account(&self) {
        let view = &self.imp().view;
        let is_first = view.visible_page().is_some_and(|page| page.tag().as_deref() == Some("accounts"));
        if is_first {
            view.push(&AddAccountPage::new(&Application::current()));
        }
    }

    /// Fills in where an account is added with what a file says of a repository. A sign-in is not broken off for it.
    pub(crate) fn add_account_for(&self, offered: OfferedRepository) {
        if !self.may_show_other_page() {
            return;
        }
        let view = &self.imp().view;
        let page = view.visible_page().and_downcast::<AddAccountPage>().unwrap_or_else(|| {
            self.show_first_page();
            let page = AddAccountPage::new(&Application::current());
            view.push(&page);
            page
        });
        page.fill(offered);
    }

    /// Shows the server that is about to be dealt with, and leads to its sign-in from there.
    pub(crate) fn confirm_server(&self, repository: Option<&Repository>, binding: Binding) {
        self.imp().view.push(&ServerPage::new(repository, binding));
    }

    /// Begins a first sign-in for a repository.
    pub(crate) fn sign_in_for(&self, repository: &Repository) {
        self.confirm_server(Some(repository), repository.binding.clone());
    }

    /// Begins to sign in to an account that another computer has. Its server is new here until it was agreed to.
    pub(crate) fn sign_in_as(&self, taken: &TakenAccount) {
        let repositories = Application::current().repositories().all();
        let repository = repositories.iter().find(|repository| repository.binding == taken.binding);
        self.imp().view.push(&ServerPage::expecting(repository, taken));
    }

    /// Shows what goes along to another computer. Does nothing but on the first page.
    pub(crate) fn export(&self) {
        let view = &self.imp().view;
        if view.visible_page().is_some_and(|page| page.tag().as_deref() == Some("accounts")) {
            view.push(&ExportPage::new(&Application::current()));
        }
    }

    /// Whether other pages may be shown now. If not, it says why: a sign-in is not broken off.
    pub(crate) fn may_show_other_page(&self) -> bool {
        let is_signing_in = self.imp().view.find_page("web").is_some();
        if is_signing_in {
            toast::show(&self.content_widget(), &gettext("Finish or cancel the sign-in first"));
        }
        !is_signing_in
    }

    /// Shows what came along from another computer. A sign-in is not broken off for it.
    pub(crate) fn welcome_back(&self, takeout: Takeout) {
        if !self.may_show_other_page() {
            return;
        }
        self.show_first_page();
        self.imp().view.push(&WelcomePage::new(&Application::current(), takeout));
    }

    /// Begins to sign in again. No stray key opens a server's page: the server is shown first.
    pub(crate) fn sign_in_again(&self, id: AccountId) {
        if let Some(account) = Application::current().accounts().find(id) {
            self.imp().view.push(&ServerPage::again(&account));
        }
    }

    /// Shows the pages of a sign-in. After it the page is shown on which it began, if that leads to several, else the first
    /// one.
    pub(crate) fn sign_in(&self, request: SignInRequest) {
        let services = Application::current().services().clone();
        let view = self.imp().view.get();
        let weak = view.downgrade();
        let origin = ["account", "welcome-back"].into_iter().find_map(|tag| view.find_page(tag));
        let origin = origin.map(|page| page.downgrade());
        sign_in::start(&view, &services, request, move |outcome| {
            let (Some(view), Some(_)) = (weak.upgrade(), outcome) else {
                return;
            };
            Application::current().accounts().reload();
            match origin.and_then(|page| page.upgrade()) {
                Some(page) => view.pop_to_page(&page),
                None => view.pop_to_tag("accounts"),
            };
        });
    }

    /// Asks what is to become of a repository that names another server.
    pub(crate) fn review_server(&self, repository: &Repository, account: AccountId) {
        if let Some(account) = Application::current().accounts().find(account) {
            self.imp().view.push(&ChangedServerPage::new(repository, &account));
        }
    }

    /// Asks whether a repository may use an account.
    pub(crate) fn review_permission(&self, repository: &Repository) {
        self.imp().view.push(&PermissionPage::new(&Application::current(), repository));
    }

    /// Leads a repository to the server that it names now, away from the account that it used.
    pub(crate) fn accept_server(&self, repository: &Repository) {
        let is_known =
            Application::current().accounts().accounts().iter().any(|known| known.binding == repository.binding);
        let page: adw::NavigationPage = if is_known {
            PermissionPage::new(&Application::current(), repository).upcast()
        } else {
            ServerPage::new(Some(repository), repository.binding.clone()).upcast()
        };
        self.imp().view.push(&page);
    }

    /// Whether only the accounts are shown, and nothing is under way.
    pub(crate) fn is_at_rest(&self) -> bool {
        let page = self.imp().view.visible_page();
        page.is_some_and(|page| page.tag().as_deref() == Some("accounts")) && self.visible_dialog().is_none()
    }

    /// Leads back to the accounts.
    pub(crate) fn show_first_page(&self) {
        self.imp().view.pop_to_tag("accounts");
    }

    /// A widget within the window's overlay for messages, whatever page is shown.
    pub(crate) fn content_widget(&self) -> adw::NavigationView {
        self.imp().view.get()
    }

    /// Shows a page above the one that is shown.
    pub(crate) fn push(&self, page: &impl IsA<adw::NavigationPage>) {
        self.imp().view.push(page);
    }

    /// Leads back by one page.
    pub(crate) fn go_back(&self) {
        self.imp().view.pop();
    }
}
