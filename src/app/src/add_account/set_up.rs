// SPDX-License-Identifier: GPL-3.0-or-later
//! The page of a repository that is not on this computer: what sets it up, and where that leads. Nothing is contacted.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::Medium, gio, glib};
use usher_core::remote;

use crate::{
    i18n::gettext,
    model::{OfferedRepository, Repositories, SetUpState},
    navigation::{self, Destination},
    widgets::{Body, Closures, CopyButton, accessible, sign_in_name},
};

mod imp {
    use std::cell::{OnceCell, RefCell};

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
        /// Where the repository leads that is set up; empty where it leads nowhere yet.
        #[property(get, set)]
        next: RefCell<String>,
        pub(super) offered: OnceCell<OfferedRepository>,
        /// The same as a destination.
        destination: RefCell<Option<Destination>>,
        #[template_child]
        command_label: TemplateChild<gtk::Label>,
        #[template_child]
        copy_button: TemplateChild<CopyButton>,
        #[template_child]
        next_button: TemplateChild<gtk::Button>,
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
        fn on_next(&self) {
            if let Some(destination) = self.destination.borrow().clone() {
                navigation::go_to(&*self.obj(), &destination);
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
                SetUpState::AsksLater => {
                    gettext("This repository is set up. It asks for its account with the next install")
                }
                SetUpState::CouldUse(_) => gettext("This repository is set up, but does not use Usher"),
                SetUpState::NotOurs => gettext("This repository is set up. It has not asked for an account yet"),
            });
            let offered = self.offered.get().expect("set when the page is made");
            let warning = offered.warning().filter(|_| matches!(state, SetUpState::Missing(Some(_))));
            // What is not verified is not suggested.
            if warning.is_some() {
                self.copy_button.remove_css_class("suggested-action");
            }
            let described = warning.clone().unwrap_or_default();
            self.copy_button.update_property(&[gtk::accessible::Property::Description(&described)]);
            page.set_warning(warning.unwrap_or_default());
            let command = if let SetUpState::Missing(Some(command)) = &state { command.clone() } else { String::new() };
            page.set_command(command);
            match state {
                SetUpState::Named(repository) => {
                    let name = sign_in_name(&repository.host());
                    self.lead_on(&gettext("Sign In…"), &name, Destination::ServerOf(*repository));
                }
                SetUpState::CouldUse(remote) => {
                    let text = gettext("Use Usher…");
                    self.lead_on(&text, &text, Destination::UseUsher(*remote));
                }
                SetUpState::Missing(_) | SetUpState::AsksLater | SetUpState::NotOurs => {
                    page.set_next("");
                    self.destination.take();
                }
            }
        }

        fn lead_on(&self, text: &str, name: &str, destination: Destination) {
            self.obj().set_next(text);
            accessible::name(&*self.next_button, name);
            self.destination.replace(Some(destination));
            self.next_button.grab_focus();
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
    pub(super) fn new(repositories: &Repositories, offered: OfferedRepository, state: SetUpState) -> Self {
        let address = offered.typed();
        let page: Self = glib::Object::builder()
            .property("title", offered.title())
            .property("app", offered.app())
            .property("address", address)
            .build();
        let imp = page.imp();
        let _ = imp.offered.set(offered);
        imp.show(state);
        repositories.changes().follow(&page, |page| page.imp().look_again());
        page
    }
}

/// How the repository stands that somebody has just named. A link is given a name that is free.
pub(super) async fn look_first(offered: OfferedRepository) -> (OfferedRepository, SetUpState) {
    let known = offered.clone();
    let looking = gio::spawn_blocking(move || {
        let remotes = remote::remotes(&remote::installations());
        let offered = match offered {
            OfferedRepository::Link(link) => OfferedRepository::Link(link.named_freely(&remotes)?),
            file @ OfferedRepository::File { .. } => file,
        };
        let state = offered.standing(&remotes);
        Some((offered, state))
    });
    looking.await.ok().flatten().unwrap_or((known, SetUpState::Missing(None)))
}

/// How the repository stands now.
pub(super) async fn look(offered: OfferedRepository) -> SetUpState {
    let looking = gio::spawn_blocking(move || offered.standing(&remote::remotes(&remote::installations())));
    looking.await.unwrap_or(SetUpState::Missing(None))
}
