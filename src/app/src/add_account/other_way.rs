// SPDX-License-Identifier: GPL-3.0-or-later
//! The page for servers that a person has to know the kind of: container registries, and repositories with access tokens.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::High, glib};
use usher_core::{
    provider::{OtherWay, Provider},
    service::{ServiceUrl, UrlError},
};

use super::discovery::AddressProblem;
use crate::{
    accounts::repository_choice,
    model::Repository,
    navigation::{self, Destination},
    services::Services,
    widgets::{Closures, accessible, decorative_icon, field},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::OtherWayPage)]
    #[template(file = "src/add_account/other_way.blp")]
    pub struct OtherWayPage {
        /// What the address is to be of.
        #[property(get, construct_only)]
        what_to_enter: RefCell<String>,
        /// What is wrong with the address; empty where nothing is.
        #[property(get, set)]
        problem: RefCell<String>,
        /// Whether the address can be tried.
        #[property(get, set)]
        can_continue: Cell<bool>,
        /// Whether there are repositories of this kind.
        #[property(get, set)]
        has_repositories: Cell<bool>,
        pub(super) provider: OnceCell<Provider>,
        /// The row of the first repository.
        first_choice: RefCell<Option<gtk::Widget>>,
        #[template_child]
        here_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        address_row: TemplateChild<adw::EntryRow>,
        #[template_child]
        problem_label: TemplateChild<gtk::Label>,
        #[template_child]
        continue_row: TemplateChild<adw::ButtonRow>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for OtherWayPage {
        const NAME: &'static str = "UsherOtherWayPage";
        type Type = super::OtherWayPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for OtherWayPage {
        fn constructed(&self) {
            self.parent_constructed();
            accessible::can_be_pressed(&*self.continue_row);
        }
    }

    impl WidgetImpl for OtherWayPage {}
    impl NavigationPageImpl for OtherWayPage {}

    #[gtk::template_callbacks]
    impl OtherWayPage {
        #[template_callback]
        fn on_shown(&self) {
            match self.first_choice.borrow().as_ref() {
                Some(row) => row.grab_focus(),
                None => self.address_row.grab_focus(),
            };
        }

        #[template_callback]
        fn on_changed(&self) {
            self.obj().set_problem("");
            field::clear(&self.address_row);
            let typed = address(&self.address_row.text());
            self.obj().set_can_continue(typed.is_ok());
            // More typing will not mend this, so it says so at once.
            if let Err(problem) = typed
                && problem != UrlError::NotAnAddress
            {
                self.mark(problem);
            }
        }

        #[template_callback]
        fn on_continue(&self) {
            match (address(&self.address_row.text()), self.provider.get()) {
                (Ok(service), Some(provider)) => {
                    navigation::go_to(&*self.obj(), &Destination::Server(provider.at(service)));
                }
                (Err(problem), _) if !self.address_row.text().trim().is_empty() => {
                    let said = self.mark(problem);
                    self.obj().announce(&said, High);
                    self.address_row.grab_focus();
                }
                _ => {}
            }
        }

        fn mark(&self, problem: UrlError) -> String {
            let said = AddressProblem::Address(problem).text();
            self.obj().set_problem(said.as_str());
            field::mark(&self.address_row, &self.problem_label);
            said
        }

        pub(super) fn list(&self, repositories: &[Repository]) {
            self.obj().set_has_repositories(!repositories.is_empty());
            for repository in repositories {
                let row = repository_choice(repository);
                self.here_group.add(&row);
                self.first_choice.borrow_mut().get_or_insert(row);
            }
        }
    }
}

glib::wrapper! {
    /// Asks for the address of a server of one kind.
    pub struct OtherWayPage(ObjectSubclass<imp::OtherWayPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl OtherWayPage {
    /// The page for this kind of server, with the repositories of this computer that name such a one.
    fn new(services: &Services, provider: Provider, way: &OtherWay) -> Self {
        let page: Self =
            glib::Object::builder().property("title", &way.title).property("what-to-enter", &way.what_to_enter).build();
        let _ = page.imp().provider.set(provider);
        let here: Vec<_> =
            services.repositories().all().iter().filter(|it| it.binding.provider == provider).cloned().collect();
        page.imp().list(&here);
        page
    }
}

/// A row for each kind of server that a person has to know the kind of.
pub(super) fn rows(services: &Services) -> Vec<adw::ActionRow> {
    Provider::other_ways().into_iter().map(|(provider, way)| row(services, provider, way)).collect()
}

fn row(services: &Services, provider: Provider, way: OtherWay) -> adw::ActionRow {
    let row =
        adw::ActionRow::builder().title(&way.title).subtitle(&way.subtitle).use_markup(false).activatable(true).build();
    row.add_suffix(&decorative_icon("go-next-symbolic"));
    accessible::can_be_pressed(&row);
    let services = services.clone();
    row.connect_activated(move |row| navigation::push(row, &OtherWayPage::new(&services, provider, &way)));
    row
}

/// The address that was typed, also in the form in which flatpak knows registries.
fn address(typed: &str) -> Result<ServiceUrl, UrlError> {
    let typed = typed.trim();
    ServiceUrl::from_input(typed.strip_prefix("oci+").unwrap_or(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_registry_may_be_typed_as_flatpak_writes_it() {
        let read = |typed: &str| address(typed).map(|service| service.to_string());
        for typed in ["registry.example.org", "https://registry.example.org/", " oci+https://registry.example.org "] {
            assert_eq!(read(typed).as_deref(), Ok("https://registry.example.org/"));
        }
        assert_eq!(read("oci+http://registry.example.org"), Err(UrlError::NotSecure));
        assert_eq!(read("me@registry.example.org"), Err(UrlError::UserInfo));
    }
}
