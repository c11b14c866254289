// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that names the server: the only confirmation before anything of it is opened.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    binding::Binding,
    provider::Way,
    remote::Remote,
    takeout::TakenAccount,
};

use crate::{
    i18n::gettext_f,
    model::{Repository, SignInPlace},
    navigation::{self, Destination},
    services::Services,
    sign_in, text,
    widgets::{Body, Closures, FamiliarityLine, Guard, Heading, MoreWays, accessible},
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
        /// The server, where another one signs people in; empty otherwise.
        #[property(get, construct_only)]
        server: RefCell<String>,
        /// The server whose sign-in page it is, where that is another one; empty otherwise.
        #[property(get, construct_only)]
        other_host: RefCell<String>,
        /// What the server learns and may do, one a line; empty where nothing needs saying.
        #[property(get, construct_only)]
        server_gets: RefCell<String>,
        #[property(get, construct_only)]
        way_to_sign_in: RefCell<String>,
        /// What the button says.
        #[property(get, construct_only)]
        continue_text: RefCell<String>,
        pub(super) binding: OnceCell<Binding>,
        /// The account to sign in again.
        pub(super) account: Cell<Option<AccountId>>,
        /// Whether the person typed all that the binding says.
        pub(super) is_typed: Cell<bool>,
        /// The repository that may use the account from then on.
        pub(super) remote: RefCell<Option<Remote>>,
        #[template_child]
        pub(super) familiarity_line: TemplateChild<FamiliarityLine>,
        #[template_child]
        pub(super) other_familiarity_line: TemplateChild<FamiliarityLine>,
        #[template_child]
        pub(super) ways_list: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub(super) more_ways: TemplateChild<MoreWays>,
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
            MoreWays::ensure_type();
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
        fn told(what_follows: &str, familiarity: &str, other_familiarity: &str) -> String {
            format!("{what_follows} {familiarity} {other_familiarity}").trim().to_owned()
        }

        #[template_callback]
        fn on_continue(&self) {
            self.sign_in(None);
        }

        /// The person has agreed to the server, and chosen another than the usual way to its page.
        pub(super) fn sign_in(&self, way: Option<Way>) {
            if let Some(binding) = self.binding.get().cloned() {
                let (account, remote) = (self.account.get(), self.remote.borrow().clone());
                let is_typed = self.is_typed.get();
                let destination = Destination::SignIn { binding, account, remote, way, is_typed };
                navigation::go_to(&*self.obj(), &destination);
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
        Self::build(services, repository, None, binding, "", false)
    }

    /// The same where the person typed all that the binding says (rule R24).
    pub(crate) fn typed(services: &Services, binding: Binding) -> Self {
        Self::build(services, None, None, binding, "", true)
    }

    /// The page before the person signs in to an account that another computer has.
    pub(crate) fn expecting(services: &Services, repository: Option<&Repository>, taken: &TakenAccount) -> Self {
        Self::build(services, repository, None, taken.binding.clone(), &taken_user(taken), false)
    }

    /// The page before the person signs in to an account again.
    pub(crate) fn again(services: &Services, account: &Account) -> Self {
        Self::build(services, None, Some(account.id), account.binding.clone(), &text::user(account), false)
    }

    fn build(
        services: &Services,
        repository: Option<&Repository>,
        account: Option<AccountId>,
        binding: Binding,
        user: &str,
        is_typed: bool,
    ) -> Self {
        let host = binding.host();
        let (place, ways) = (SignInPlace::of(&binding), sign_in::ways(services, &binding, account, is_typed));
        let continue_text = gettext_f("Continue to {host}", &[("host", &text::within(&host))]);
        let page: Self = glib::Object::builder()
            .property("title", gettext_f("Sign In to {host}", &[("host", &text::within(&host))]))
            .property("what-follows", place.what_follows(ways.usual))
            .property("user", user)
            .property("repository", repository.map_or_else(String::new, Repository::title))
            .property("server", text::plain(&host))
            .property("other-host", place.other_host.as_deref().map(text::plain).unwrap_or_default())
            .property("server-gets", &place.server_gets)
            .property("way-to-sign-in", place.method(ways.usual))
            .property("continue-text", &continue_text)
            .build();
        let imp = page.imp();
        for widget in [imp.continue_button.upcast_ref::<gtk::Widget>(), imp.ways_list.upcast_ref()] {
            services.network().gate(widget, &binding.service);
        }
        imp.familiarity_line.show(services.accounts(), &host, account);
        if let Some(other_host) = &place.other_host {
            imp.other_familiarity_line.show_named(services.accounts(), other_host, account);
        }
        let choose = glib::clone!(
            #[weak]
            page,
            move |way| page.imp().sign_in(Some(way))
        );
        imp.more_ways.offer(&ways.others, choose);
        accessible::name(&*imp.continue_button, &continue_text);
        imp.account.set(account);
        imp.is_typed.set(is_typed);
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
