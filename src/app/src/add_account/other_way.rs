// SPDX-License-Identifier: GPL-3.0-or-later
//! The page for servers that a person has to know the kind of: container registries, repositories with access
//! tokens, and single sign-on.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::High, glib};
use usher_core::{
    binding::{Binding, OptionsError},
    provider::{OtherWay, Provider},
    service::{ServiceUrl, UrlError},
};

use super::discovery::AddressProblem;
use crate::{
    accounts::repository_choice,
    i18n::gettext,
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
        pub(super) fields_group: TemplateChild<adw::PreferencesGroup>,
        /// What else a server is known by, by option.
        pub(super) term_rows: RefCell<Vec<(&'static str, adw::EntryRow)>>,
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
        pub(super) fn on_changed(&self) {
            self.obj().set_problem("");
            let rows = self.term_rows.borrow();
            for row in rows.iter().map(|(_, row)| row).chain([&*self.address_row]) {
                field::clear(row);
            }
            let typed = address(&self.address_row.text());
            let is_complete = rows.iter().all(|(_, row)| !row.text().trim().is_empty());
            self.obj().set_can_continue(typed.is_ok() && is_complete);
            // More typing will not mend this, so it says so at once.
            if let Err(problem) = typed
                && problem != UrlError::NotAnAddress
            {
                self.mark(&self.address_row, &AddressProblem::Address(problem).text());
            }
        }

        #[template_callback]
        pub(super) fn on_continue(&self) {
            let is_empty = self.address_row.text().trim().is_empty();
            match (address(&self.address_row.text()), self.provider.get()) {
                (Ok(service), Some(provider)) if self.term_rows.borrow().is_empty() => {
                    navigation::go_to(&*self.obj(), &Destination::Server(provider.at(service)));
                }
                (Ok(service), Some(provider)) if self.obj().can_continue() => self.go_on(*provider, &service),
                (Err(problem), _) if !is_empty => {
                    self.refuse(&self.address_row, &AddressProblem::Address(problem).text());
                }
                _ => {}
            }
        }

        /// Goes on to the server with all that was typed of it.
        fn go_on(&self, provider: Provider, service: &ServiceUrl) {
            let rows = self.term_rows.borrow();
            let terms = rows.iter().map(|(option, row)| (*option, row.text().trim().to_owned()));
            match binding(provider, service, &terms.collect::<Vec<_>>()) {
                Ok(binding) => navigation::go_to(&*self.obj(), &Destination::TypedServer(binding)),
                Err(error) => {
                    let row = rows.iter().find(|(option, _)| *option == error.option()).map(|(_, row)| row);
                    self.refuse(row.unwrap_or(&self.address_row), &fault(&error));
                }
            }
        }

        fn refuse(&self, row: &adw::EntryRow, said: &str) {
            self.mark(row, said);
            self.obj().announce(said, High);
            row.grab_focus();
        }

        fn mark(&self, row: &adw::EntryRow, said: &str) {
            self.obj().set_problem(said);
            field::mark(row, &self.problem_label);
        }

        /// Adds a row for each thing that such a server is known by, besides its address.
        pub(super) fn ask_for(&self, terms: &[(&'static str, String)]) {
            for (option, title) in terms {
                let row = adw::EntryRow::builder().title(title).use_markup(false).build();
                row.set_input_hints(gtk::InputHints::NO_SPELLCHECK);
                let page = self.obj().downgrade();
                row.connect_changed(move |_| {
                    if let Some(page) = page.upgrade() {
                        page.imp().on_changed();
                    }
                });
                let page = self.obj().downgrade();
                row.connect_entry_activated(move |_| {
                    if let Some(page) = page.upgrade() {
                        page.imp().on_continue();
                    }
                });
                self.fields_group.add(&row);
                self.term_rows.borrow_mut().push((option, row));
            }
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
        page.imp().ask_for(&way.terms);
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

/// What a person has typed of a server. An address may be typed without `https://`.
fn binding(provider: Provider, service: &ServiceUrl, terms: &[(&str, String)]) -> Result<Binding, OptionsError> {
    provider.typed(service, terms.iter().cloned()).or_else(|error| {
        let secure = terms.iter().map(|(option, value)| {
            let lacks_scheme = *option == error.option() && !value.contains("://");
            (*option, if lacks_scheme { format!("https://{value}") } else { value.clone() })
        });
        provider.typed(service, secure).map_err(|_| error)
    })
}

/// What is wrong with something that a person has typed of a server.
fn fault(error: &OptionsError) -> String {
    match error {
        OptionsError::Address(_, fault) => AddressProblem::Address(*fault).text(),
        _ => gettext("Copy it as the people who run the server have written it"),
    }
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
    fn the_server_that_signs_people_in_may_be_typed_without_its_scheme() {
        let provider = Provider::from_name("oauth2").unwrap();
        let service = ServiceUrl::from_input("store.example.org").unwrap();
        let read =
            |issuer: &str| binding(provider, &service, &[("issuer", issuer.into()), ("client-id", "usher".into())]);
        for typed in ["https://id.example.net/app", "id.example.net/app"] {
            assert_eq!(read(typed).unwrap().terms["issuer"], "https://id.example.net/app");
        }
        assert_eq!(fault(&read("http://id.example.net").unwrap_err()), "Only secure addresses (https) can be used");
        assert!(read("id example").is_err());
    }

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
