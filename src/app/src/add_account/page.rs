// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that asks where the account is.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::High, glib};
use usher_core::{
    clock,
    remote::Remote,
    service::{ServiceUrl, UrlError},
};

use super::{
    discovery::{self, AddressProblem, Typed},
    logins, other_way,
    set_up::{self, SetUpPage},
};
use crate::{
    accounts::repository_choice,
    i18n::gettext_f,
    model::{OfferedRepository, Repository, SetUpState, overview},
    navigation::{self, Destination},
    repository::other_row,
    runtime,
    services::Services,
    take_along, text,
    widgets::{Closures, Guard, RowGroup, Wait, accessible, escape, field, guard},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::AddAccountPage)]
    #[template(file = "src/add_account/page.blp")]
    pub struct AddAccountPage {
        /// What is wrong with the address; empty where nothing is.
        #[property(get, set)]
        problem: RefCell<String>,
        /// Whether the address can be tried.
        #[property(get, set)]
        can_continue: Cell<bool>,
        /// Whom the page asks.
        #[property(get, set)]
        asking_text: RefCell<String>,
        /// Whether there are repositories without an account.
        #[property(get, set)]
        has_repositories: Cell<bool>,
        pub(super) services: OnceCell<Services>,
        others: RowGroup<Remote>,
        /// The row of the first repository.
        first_choice: RefCell<Option<gtk::Widget>>,
        /// What a file has filled in, as long as the text is its address.
        offered: RefCell<Option<OfferedRepository>>,
        /// The question under way, to a server or this computer; dropped when the text changes.
        asking: RefCell<Option<glib::JoinHandle<()>>>,
        #[template_child]
        here_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        others_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        address_row: TemplateChild<adw::EntryRow>,
        #[template_child]
        problem_label: TemplateChild<gtk::Label>,
        #[template_child]
        continue_stack: TemplateChild<gtk::Stack>,
        #[template_child]
        continue_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        other_ways_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        file_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        import_row: TemplateChild<adw::ActionRow>,
        /// Another program can have filled in the address.
        #[template_child]
        pub(super) guard: TemplateChild<Guard>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AddAccountPage {
        const NAME: &'static str = "UsherAddAccountPage";
        type Type = super::AddAccountPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Wait::ensure_type();
            Guard::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for AddAccountPage {
        fn constructed(&self) {
            self.parent_constructed();
            accessible::can_be_pressed(&*self.continue_row);
            accessible::can_be_pressed(&*self.file_row);
            logins::lead_from(&self.import_row);
            self.others.attach(&self.others_group);
            self.stop_with_escape();
            self.guard.connect_is_open_notify(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |guard| {
                    if guard.is_open() {
                        imp.place_focus();
                    }
                }
            ));
        }

        fn dispose(&self) {
            self.stop_asking();
        }
    }

    impl WidgetImpl for AddAccountPage {}

    impl NavigationPageImpl for AddAccountPage {
        fn hidden(&self) {
            self.parent_hidden();
            self.stop_asking();
        }
    }

    #[gtk::template_callbacks]
    impl AddAccountPage {
        fn services(&self) -> &Services {
            self.services.get().expect("set when the page is made")
        }

        #[template_callback]
        fn on_shown(&self) {
            if self.guard.is_open() {
                self.place_focus();
            } else {
                self.guard.place_focus();
            }
        }

        fn place_focus(&self) {
            if self.offered.borrow().is_some() {
                self.focus_offered();
                return;
            }
            match self.first_choice.borrow().as_ref() {
                Some(row) => row.grab_focus(),
                None => self.address_row.grab_focus(),
            };
        }

        #[template_callback]
        fn on_changed(&self) {
            self.stop_asking();
            self.clear_problem();
            let typed = self.address_row.text();
            self.offered.borrow_mut().take_if(|offered| {
                let filled_in = offered.typed();
                filled_in != typed.as_str()
            });
            let problem = discovery::problem_of(&typed);
            self.obj().set_can_continue(!typed.trim().is_empty() && problem.is_none());
            // More typing will not mend this, so it says so at once.
            if let Some(problem) = problem.filter(|problem| *problem != AddressProblem::Address(UrlError::NotAnAddress))
            {
                self.mark(&problem.text());
            }
        }

        #[template_callback]
        fn on_continue(&self) {
            if self.asking.borrow().is_some() {
                return;
            }
            let text = self.address_row.text();
            let typed = match Typed::parse(&text) {
                Ok(typed) => typed,
                Err(fault) => return self.show_problem(&AddressProblem::Address(fault)),
            };
            let offered = self.offered.borrow().clone().filter(|offered| offered.address().is_some());
            match (typed, offered) {
                (Typed::Server(service), Some(offered)) => self.look_for(offered, Some(service)),
                (Typed::Registry(_), Some(offered)) => self.look_for(offered, None),
                (Typed::Registry(file), None) => self.look_for(OfferedRepository::File { file, path: None }, None),
                (Typed::Link(link), _) => self.look_for(OfferedRepository::Link(link), None),
                (Typed::Server(service), None) => {
                    match discovery::known(&service, &self.services().repositories().all()) {
                        Some(binding) => self.go_to(&Destination::Server(binding)),
                        None => self.ask(service),
                    }
                }
            }
        }

        #[template_callback]
        fn on_file(&self) {
            take_along::ask_for_file(&*self.obj());
        }

        /// A file is about a repository, not about any other at the same host.
        fn look_for(&self, offered: OfferedRepository, service: Option<ServiceUrl>) {
            let looking = glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    let (offered, state) = set_up::look_first(offered).await;
                    imp.asking.take();
                    match (state, service) {
                        (SetUpState::Named(repository), _) => imp.go_to(&Destination::ServerOf(*repository)),
                        (SetUpState::CouldUse(remote), _) => imp.go_to(&Destination::UseUsher(*remote)),
                        (SetUpState::NotOurs, Some(service)) => imp.ask(service),
                        (state, _) => {
                            let page = SetUpPage::new(imp.services().repositories(), offered, state);
                            navigation::push(&*imp.obj(), &page);
                        }
                    }
                }
            ));
            self.asking.replace(Some(looking));
        }

        fn ask(&self, service: ServiceUrl) {
            let http = self.services().session.http().clone();
            self.obj().set_asking_text(gettext_f("Asking {host}…", &[("host", &text::within(&service.host()))]));
            self.continue_stack.set_visible_child_name("asking");
            let asking = glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    let answer = runtime::spawn(async move { discovery::ask(&http, service).await }).await;
                    imp.asking.take();
                    imp.continue_stack.set_visible_child_name("continue");
                    match answer {
                        // Permission is not given along with an address: repositories ask for it, or are switched on at
                        // the end.
                        Ok(binding) => guard::follow_answer(|| imp.go_to(&Destination::Server(binding))),
                        Err(problem) => imp.show_problem(&problem),
                    }
                }
            ));
            self.asking.replace(Some(asking));
        }

        /// Escape stops the question to a server, before it leads back.
        fn stop_with_escape(&self) {
            escape::stops(&*self.obj(), gtk::PropagationPhase::Capture, |page| {
                let is_stopped = page.imp().stop_asking();
                if is_stopped {
                    page.imp().address_row.grab_focus();
                }
                is_stopped
            });
        }

        /// Says whether a server was asked.
        fn stop_asking(&self) -> bool {
            let asking = self.asking.take();
            if let Some(asking) = &asking {
                asking.abort();
                self.continue_stack.set_visible_child_name("continue");
            }
            asking.is_some()
        }

        fn go_to(&self, destination: &Destination) {
            navigation::go_to(&*self.obj(), destination);
        }

        /// Shows the repositories of this computer that have no account yet.
        pub(super) fn list_repositories(&self, repositories: &[Repository]) {
            self.obj().set_has_repositories(!repositories.is_empty());
            for repository in repositories {
                let row = repository_choice(repository);
                self.here_group.add(&row);
                self.first_choice.borrow_mut().get_or_insert(row);
            }
        }

        /// The kinds of servers that a person knows by their kind; what other programs keep comes last.
        pub(super) fn list_other_ways(&self, services: &Services) {
            let group = &self.other_ways_group;
            group.remove(&*self.import_row);
            for row in other_way::rows(services) {
                group.add(&row);
            }
            group.add(&*self.import_row);
        }

        /// Shows the repositories that could use Usher.
        pub(super) fn list_others(&self) {
            let others = self.services().repositories().others().to_vec();
            self.others.show(others, |a, b| a == b, |remote| other_row(remote).upcast(), |_, _| false);
        }

        pub(super) fn fill(&self, offered: OfferedRepository) {
            self.address_row.set_text(&offered.typed());
            let problem = match &offered {
                OfferedRepository::File { file, .. } => discovery::problem_of(file.address.verbatim()),
                OfferedRepository::Link(_) => None,
            };
            self.offered.replace(Some(offered));
            self.guard.close();
            if let Some(problem) = problem {
                self.show_problem(&problem);
            }
        }

        fn focus_offered(&self) {
            if self.continue_row.is_sensitive() {
                self.continue_row.grab_focus();
            } else {
                self.address_row.grab_focus();
            }
        }

        fn show_problem(&self, problem: &AddressProblem) {
            let text = problem.text();
            self.mark(&text);
            self.obj().announce(&text, High);
            self.address_row.grab_focus();
        }

        fn mark(&self, text: &str) {
            self.obj().set_problem(text);
            field::mark(&self.address_row, &self.problem_label);
        }

        fn clear_problem(&self) {
            self.obj().set_problem("");
            field::clear(&self.address_row);
        }
    }
}

glib::wrapper! {
    pub struct AddAccountPage(ObjectSubclass<imp::AddAccountPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl AddAccountPage {
    /// The page, with the repositories of this computer that have no account yet.
    pub(crate) fn new(services: &Services) -> Self {
        let page: Self = glib::Object::new();
        let _ = page.imp().services.set(services.clone());
        let entries = services.accounts().entries();
        let overview = overview(&entries, &services.repositories().all(), &[], clock::now());
        page.imp().list_repositories(&overview.without_account);
        page.imp().list_other_ways(services);
        services.repositories().changes().follow(&page, |page| page.imp().list_others());
        page.imp().list_others();
        page
    }

    /// Fills the form with what a file says. Nothing of it is contacted by that.
    pub(crate) fn fill(&self, offered: OfferedRepository) {
        self.imp().fill(offered);
    }
}
