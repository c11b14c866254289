// SPDX-License-Identifier: GPL-3.0-or-later
//! The page of a repository that is not on this computer: what sets it up, and where that leads. Nothing is contacted.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::Medium, gio, glib};
use usher_core::remote;

use crate::{
    i18n::gettext,
    model::{OfferedRepository, Repositories, Repository, SetUpState},
    navigation::{self, Destination},
    widgets::{Body, Closures, CopyButton, accessible, sign_in_name},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::SetUpPage)]
    #[template(file = "src/add_account/set_up.blp")]
    pub struct SetUpPage {
        /// The app that the file is about, where it is about one.
        #[property(get, construct_only, nullable)]
        app: RefCell<Option<String>>,
        #[property(get, construct_only)]
        address: RefCell<String>,
        /// How the repository stands, in words.
        #[property(get, set)]
        state: RefCell<String>,
        /// What sets the repository up; empty where nothing safe does, or nothing is left to do.
        #[property(get, set)]
        command: RefCell<String>,
        /// What to know before the command is run; empty where there is nothing.
        #[property(get, set)]
        warning: RefCell<String>,
        /// Whether the repository is set up and names an account server.
        #[property(get, set)]
        can_sign_in: Cell<bool>,
        pub(super) offered: OnceCell<OfferedRepository>,
        /// The repository, once it is set up.
        repository: RefCell<Option<Repository>>,
        #[template_child]
        command_label: TemplateChild<gtk::Label>,
        #[template_child]
        copy_button: TemplateChild<CopyButton>,
        #[template_child]
        sign_in_button: TemplateChild<gtk::Button>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for SetUpPage {
        const NAME: &'static str = "UsherSetUpPage";
        type Type = super::SetUpPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            CopyButton::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for SetUpPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.command_label.set_direction(gtk::TextDirection::Ltr);
        }
    }

    impl WidgetImpl for SetUpPage {}
    impl NavigationPageImpl for SetUpPage {}

    #[gtk::template_callbacks]
    impl SetUpPage {
        #[template_callback]
        fn on_shown(&self) {
            self.copy_button.grab_focus();
        }

        #[template_callback]
        fn on_sign_in(&self) {
            if let Some(repository) = self.repository.borrow().clone() {
                navigation::go_to(&*self.obj(), &Destination::ServerOf(repository));
            }
        }

        pub(super) fn look_again(&self) {
            let offered = self.offered.get().expect("set when the page is made").clone();
            glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    let state = look(offered).await;
                    // The command may be in the clipboard, so it stays even if its name was taken meanwhile.
                    if !matches!(state, SetUpState::Missing(_)) {
                        imp.show(state);
                        imp.obj().announce(&imp.state.borrow(), Medium);
                    }
                }
            ));
        }

        pub(super) fn show(&self, state: SetUpState) {
            let page = self.obj();
            page.set_state(match &state {
                SetUpState::Missing(Some(_)) => gettext("This repository is not set up yet"),
                SetUpState::Missing(None) => gettext("The details of this repository are not safe to use in a command"),
                SetUpState::Named(_) => gettext("This repository is set up"),
                SetUpState::NotOurs => gettext("This repository is set up. It has not asked for an account yet"),
            });
            page.set_can_sign_in(matches!(state, SetUpState::Named(_)));
            let offered = self.offered.get().expect("set when the page is made");
            let warning = offered.file.warning().filter(|_| matches!(state, SetUpState::Missing(Some(_))));
            // What is not verified is not suggested.
            if warning.is_some() {
                self.copy_button.remove_css_class("suggested-action");
            }
            let described = warning.clone().unwrap_or_default();
            self.copy_button.update_property(&[gtk::accessible::Property::Description(&described)]);
            page.set_warning(warning.unwrap_or_default());
            let command = match state {
                SetUpState::Missing(command) => command.unwrap_or_default(),
                SetUpState::NotOurs => String::new(),
                SetUpState::Named(repository) => {
                    accessible::name(&*self.sign_in_button, &sign_in_name(&repository.host()));
                    self.repository.replace(Some(*repository));
                    self.sign_in_button.grab_focus();
                    String::new()
                }
            };
            page.set_command(command);
        }
    }
}

glib::wrapper! {
    pub struct SetUpPage(ObjectSubclass<imp::SetUpPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl SetUpPage {
    /// The page of what a file offers, with the command that sets it up. It notices when that was done.
    pub(super) fn new(repositories: &Repositories, offered: OfferedRepository, command: Option<String>) -> Self {
        let address = offered.address().map_or_else(|| offered.file.address.to_string(), String::from);
        let page: Self = glib::Object::builder()
            .property("title", offered.title())
            .property("app", &offered.file.app)
            .property("address", address)
            .build();
        let imp = page.imp();
        let _ = imp.offered.set(offered);
        imp.show(SetUpState::Missing(command));
        repositories.changes().follow(&page, |page| page.imp().look_again());
        page
    }
}

/// How the repository stands now.
pub(super) async fn look(offered: OfferedRepository) -> SetUpState {
    let looking = gio::spawn_blocking(move || offered.standing(&remote::remotes(&remote::installations())));
    looking.await.unwrap_or(SetUpState::Missing(None))
}
