// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository names another server than that of the account it uses. It stays blocked unless the person decides
//! otherwise.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{account::Account, server_change};

use crate::{
    i18n::gettext_f,
    model::Repository,
    navigation::{self, Destination},
    services::Services,
    text,
    widgets::{Body, Guard, Heading, accessible},
};

mod imp {
    use std::cell::{OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::ChangedServerPage)]
    #[template(file = "src/account/changed_server.blp")]
    pub struct ChangedServerPage {
        #[property(get, construct_only)]
        description: RefCell<String>,
        /// Title and host of the repository.
        #[property(get, construct_only)]
        repository_name: RefCell<String>,
        #[property(get, construct_only)]
        old_host: RefCell<String>,
        #[property(get, construct_only)]
        new_host: RefCell<String>,
        /// What the button says that leads to the new server.
        #[property(get, construct_only)]
        use_text: RefCell<String>,
        pub(super) services: OnceCell<Services>,
        pub(super) repository: OnceCell<Repository>,
        #[template_child]
        guard: TemplateChild<Guard>,
        #[template_child]
        pub(super) use_button: TemplateChild<gtk::Button>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ChangedServerPage {
        const NAME: &'static str = "UsherChangedServerPage";
        type Type = super::ChangedServerPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            Guard::ensure_type();
            Heading::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for ChangedServerPage {}
    impl WidgetImpl for ChangedServerPage {}
    impl NavigationPageImpl for ChangedServerPage {}

    #[gtk::template_callbacks]
    impl ChangedServerPage {
        #[template_callback]
        fn on_shown(&self) {
            self.guard.place_focus();
        }

        #[template_callback]
        fn on_keep(&self) {
            if let (Some(services), Some(repository)) = (self.services.get(), self.repository.get()) {
                services.decisions().keep_blocked(repository);
            }
            if let Some(stack) = navigation::stack_of(&*self.obj()) {
                stack.pop();
            }
        }

        #[template_callback]
        fn on_use(&self) {
            if let Some(repository) = self.repository.get() {
                navigation::go_to(&*self.obj(), &Destination::AcceptedServer(repository.clone()));
            }
        }
    }
}

glib::wrapper! {
    pub struct ChangedServerPage(ObjectSubclass<imp::ChangedServerPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl ChangedServerPage {
    /// About a repository and the account that it used.
    pub(crate) fn new(services: &Services, repository: Repository, account: &Account) -> Self {
        let [old, new] = server_change::hosts(&account.binding, &repository.binding);
        let title = repository.title();
        let description = gettext_f(
            "It used {old host} and now asks for an account at {new host}. If this is not expected, do not continue.",
            &[("old host", &text::within(&old)), ("new host", &text::within(&new))],
        );
        let use_text = gettext_f("Use {new host}…", &[("new host", &text::within(&new))]);
        let page: Self = glib::Object::builder()
            .property(
                "title",
                gettext_f("{repository} Has Changed Its Server", &[("repository", &text::within(&title))]),
            )
            .property("description", description)
            .property("repository-name", format!("{title} · {}", repository.address.host()))
            .property("old-host", old)
            .property("new-host", new)
            .property("use-text", &use_text)
            .build();
        let imp = page.imp();
        accessible::name(&*imp.use_button, &use_text);
        let _ = imp.services.set(services.clone());
        let _ = imp.repository.set(repository);
        page
    }
}
