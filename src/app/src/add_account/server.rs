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
    i18n::{gettext, gettext_f},
    model::Repository,
    navigation::{self, Destination},
    services::Services,
    text,
    widgets::{Body, Closures, FamiliarityLine, Guard, Heading, accessible},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::ServerPage)]
    #[template(file = "src/add_account/server.blp")]
    pub struct ServerPage {
        /// What the button leads to; empty where that is a form, which the way to sign in says.
        #[property(get, construct_only)]
        what_follows: RefCell<String>,
        /// Whose account is expected; empty where that is not known.
        #[property(get, construct_only)]
        user: RefCell<String>,
        /// The repository that the account is for; empty where there is none.
        #[property(get, construct_only)]
        repository: RefCell<String>,
        #[property(get, construct_only)]
        way_to_sign_in: RefCell<String>,
        /// What the button says.
        #[property(get, construct_only)]
        continue_text: RefCell<String>,
        pub(super) binding: OnceCell<Binding>,
        /// The account to sign in again.
        pub(super) account: Cell<Option<AccountId>>,
        /// The repository that may use the account from then on.
        pub(super) remote: RefCell<Option<Remote>>,
        #[template_child]
        pub(super) familiarity_line: TemplateChild<FamiliarityLine>,
        #[template_child]
        pub(super) continue_button: TemplateChild<gtk::Button>,
        #[template_child]
        guard: TemplateChild<Guard>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ServerPage {
        const NAME: &'static str = "UsherServerPage";
        type Type = super::ServerPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            FamiliarityLine::ensure_type();
            Guard::ensure_type();
            Heading::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for ServerPage {}
    impl WidgetImpl for ServerPage {}
    impl NavigationPageImpl for ServerPage {}

    #[gtk::template_callbacks]
    impl ServerPage {
        #[template_callback]
        fn on_shown(&self) {
            self.guard.place_focus();
        }

        /// What a screen reader says after the heading.
        #[template_callback(function)]
        fn told(what_follows: &str, familiarity: &str) -> String {
            format!("{what_follows} {familiarity}").trim_start().to_owned()
        }

        #[template_callback]
        fn on_continue(&self) {
            if let Some(binding) = self.binding.get().cloned() {
                let (account, remote) = (self.account.get(), self.remote.borrow().clone());
                navigation::go_to(
                    &*self.obj(),
                    &Destination::SignIn { binding, account, remote, way: None, is_typed: false },
                );
            }
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
    pub(crate) fn new(services: &Services, repository: Option<&Repository>, binding: Binding) -> Self {
        Self::build(services, repository, None, binding, "")
    }

    /// The page before the person signs in to an account that another computer has.
    pub(crate) fn expecting(services: &Services, repository: Option<&Repository>, taken: &TakenAccount) -> Self {
        Self::build(services, repository, None, taken.binding.clone(), &taken_user(taken))
    }

    /// The page before the person signs in to an account again.
    pub(crate) fn again(services: &Services, account: &Account) -> Self {
        Self::build(services, None, Some(account.id), account.binding.clone(), &text::user(account))
    }

    fn build(
        services: &Services,
        repository: Option<&Repository>,
        account: Option<AccountId>,
        binding: Binding,
        user: &str,
    ) -> Self {
        let host = binding.host();
        let has_page = binding.provider.has_sign_in_page();
        let what_follows = has_page.then(|| gettext("The sign-in page of this server opens next."));
        let continue_text = gettext_f("Continue to {host}", &[("host", &text::within(&host))]);
        let page: Self = glib::Object::builder()
            .property("title", gettext_f("Sign In to {host}", &[("host", &text::within(&host))]))
            .property("what-follows", what_follows.unwrap_or_default())
            .property("user", user)
            .property("repository", repository.map_or_else(String::new, Repository::title))
            .property("way-to-sign-in", binding.provider.sign_in_method())
            .property("continue-text", &continue_text)
            .build();
        let imp = page.imp();
        services.network().gate(&*imp.continue_button, &binding.service);
        imp.familiarity_line.show(services.accounts(), &host, account);
        accessible::name(&*imp.continue_button, &continue_text);
        imp.account.set(account);
        imp.remote.replace(repository.map(|repository| repository.remote.clone()));
        let _ = imp.binding.set(binding);
        page
    }
}

/// What an account of another computer is called, where that says more than its host.
fn taken_user(taken: &TakenAccount) -> String {
    let user = taken.label();
    if user == taken.binding.host() { String::new() } else { text::plain(&user) }
}
