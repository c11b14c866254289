// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that names the server: the only confirmation before anything of it is opened.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    binding::Binding,
    remote::Remote,
    takeout::TakenAccount,
};

use crate::{
    i18n::gettext_f,
    main_window::Window,
    model::Repository,
    sign_in::{Purpose, SignInRequest},
    text,
    widgets::{FamiliarityLine, accessible},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/add_account/server.blp")]
    pub struct ServerPage {
        pub(super) binding: OnceCell<Binding>,
        /// The account to sign in again.
        pub(super) account: Cell<Option<AccountId>>,
        /// The repository that may use the account from then on.
        pub(super) remote: RefCell<Option<Remote>>,
        #[template_child]
        pub(super) host_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) familiarity_line: TemplateChild<FamiliarityLine>,
        #[template_child]
        pub(super) account_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) repository_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) sign_in_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) continue_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) continue_label: TemplateChild<gtk::Label>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ServerPage {
        const NAME: &'static str = "UsherServerPage";
        type Type = super::ServerPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            FamiliarityLine::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for ServerPage {}
    impl WidgetImpl for ServerPage {}
    impl NavigationPageImpl for ServerPage {}

    #[gtk::template_callbacks]
    impl ServerPage {
        #[template_callback]
        fn on_shown(&self) {
            self.continue_button.grab_focus();
        }

        #[template_callback]
        fn on_continue(&self) {
            let (Some(window), Some(binding)) = (Window::of(&*self.obj()), self.binding.get()) else {
                return;
            };
            let purpose = Purpose::ByHand { remote: self.remote.borrow().clone() };
            let request = SignInRequest { binding: binding.clone(), account: self.account.get(), purpose };
            window.sign_in(request);
        }
    }
}

glib::wrapper! {
    pub struct ServerPage(ObjectSubclass<imp::ServerPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl ServerPage {
    /// The page before a sign-in, for a repository or for a typed address.
    pub(crate) fn new(repository: Option<&Repository>, binding: Binding) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let host = binding.host();
        page.set_title(&host);
        imp.host_label.set_label(&host);
        imp.familiarity_line.show(&host, None);
        match repository {
            Some(repository) => imp.repository_row.set_subtitle(&repository.title()),
            None => imp.repository_row.set_visible(false),
        }
        imp.sign_in_row.set_subtitle(&binding.provider.sign_in_method());
        let label = gettext_f("Continue to {host}", &[("host", &text::within(&host))]);
        imp.continue_label.set_label(&label);
        accessible::name(&*imp.continue_button, &label);
        imp.remote.replace(repository.map(|repository| repository.remote.clone()));
        let _ = imp.binding.set(binding);
        page
    }

    /// The page before an account is signed in to that another computer has.
    pub(crate) fn expecting(repository: Option<&Repository>, taken: &TakenAccount) -> Self {
        let page = Self::new(repository, taken.binding.clone());
        page.imp().account_row.set_subtitle(&text::plain(&taken.user));
        page.imp().account_row.set_visible(true);
        page
    }

    /// The page before an account is signed in again.
    pub(crate) fn again(account: &Account) -> Self {
        let page = Self::new(None, account.binding.clone());
        let imp = page.imp();
        imp.account.set(Some(account.id));
        imp.familiarity_line.show(&account.binding.host(), Some(account.id));
        imp.account_row.set_subtitle(&text::user(account));
        imp.account_row.set_visible(true);
        page
    }
}
