// SPDX-License-Identifier: GPL-3.0-or-later
//! The page on which one says where the account is.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{
    AccessibleAnnouncementPriority::High,
    accessible::{Relation, State},
    glib,
};
use usher_core::{
    binding::Binding,
    clock,
    service::{ServiceUrl, UrlError},
};

use super::{
    discovery::{self, AddressProblem},
    set_up::{self, SetUpPage},
};
use crate::{
    accounts::repository_choice,
    application::Application,
    main_window::Window,
    model::{OfferedRepository, Repository, SetUpState, overview},
    runtime, take_along,
    widgets::accessible,
};

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/add_account/page.blp")]
    pub struct AddAccountPage {
        /// The row of the first repository.
        pub(super) first_choice: RefCell<Option<gtk::Widget>>,
        /// What a file has filled in, as long as the text is its address.
        pub(super) offered: RefCell<Option<OfferedRepository>>,
        /// The question under way, to a server or this computer; dropped when the text changes.
        pub(super) asking: RefCell<Option<glib::JoinHandle<()>>>,
        #[template_child]
        pub(super) here_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) address_row: TemplateChild<adw::EntryRow>,
        #[template_child]
        pub(super) problem_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) continue_stack: TemplateChild<gtk::Stack>,
        #[template_child]
        pub(super) continue_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        file_row: TemplateChild<adw::ActionRow>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AddAccountPage {
        const NAME: &'static str = "UsherAddAccountPage";
        type Type = super::AddAccountPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for AddAccountPage {
        fn constructed(&self) {
            self.parent_constructed();
            accessible::can_be_pressed(&*self.continue_row);
            accessible::can_be_pressed(&*self.file_row);
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
        #[template_callback]
        fn on_shown(&self) {
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
            self.offered.borrow_mut().take_if(|offered| offered.file.address != typed);
            let problem = discovery::problem_of(&typed);
            self.continue_row.set_sensitive(!typed.trim().is_empty() && problem.is_none());
            // What more typing will not mend is said at once.
            if let Some(problem @ AddressProblem::Address(UrlError::NotSecure | UrlError::UserInfo)) = problem {
                self.mark(&problem.text());
            }
        }

        #[template_callback]
        fn on_continue(&self) {
            if self.asking.borrow().is_some() {
                return;
            }
            let typed = self.address_row.text();
            if let Some(problem) = discovery::problem_of(&typed) {
                self.show_problem(&problem);
                return;
            }
            let Ok(service) = ServiceUrl::from_input(&typed) else {
                return;
            };
            let offered = self.offered.borrow().clone();
            if let Some(offered) = offered.filter(|offered| offered.address().is_some()) {
                self.look_for(offered, service);
            } else if let Some(binding) = discovery::known(&service, &Application::current().repositories().all()) {
                self.lead_on(binding);
            } else {
                self.ask(service);
            }
        }

        #[template_callback]
        fn on_file(&self) {
            if let Some(window) = Window::of(&*self.obj()) {
                take_along::ask_for_file(&window);
            }
        }

        /// A file is about a repository, not about any other at the same host.
        fn look_for(&self, offered: OfferedRepository, service: ServiceUrl) {
            let page = self.obj().downgrade();
            let looking = glib::spawn_future_local(async move {
                let standing = set_up::look(offered.clone()).await;
                let Some((page, window)) = page.upgrade().and_then(|page| Some((page.clone(), Window::of(&page)?)))
                else {
                    return;
                };
                page.imp().asking.take();
                match standing {
                    SetUpState::Missing(command) => {
                        window.push(&SetUpPage::new(&Application::current(), offered, command));
                    }
                    SetUpState::Named(repository) => window.sign_in_for(&repository),
                    SetUpState::NotOurs => page.imp().ask(service),
                }
            });
            self.asking.replace(Some(looking));
        }

        fn ask(&self, service: ServiceUrl) {
            let http = Application::current().services().session.http().clone();
            self.continue_stack.set_visible_child_name("asking");
            let page = self.obj().downgrade();
            let asking = glib::spawn_future_local(async move {
                let answer = runtime::spawn(async move { discovery::ask(&http, service).await }).await;
                let Some(page) = page.upgrade() else {
                    return;
                };
                let imp = page.imp();
                imp.asking.take();
                imp.continue_stack.set_visible_child_name("continue");
                match answer {
                    Ok(binding) => imp.lead_on(binding),
                    Err(problem) => imp.show_problem(&problem),
                }
            });
            self.asking.replace(Some(asking));
        }

        fn stop_asking(&self) {
            if let Some(asking) = self.asking.take() {
                asking.abort();
                self.continue_stack.set_visible_child_name("continue");
            }
        }

        pub(super) fn focus_offered(&self) {
            if self.continue_row.is_sensitive() {
                self.continue_row.grab_focus();
            } else {
                self.address_row.grab_focus();
            }
        }

        /// Permission is not given along with an address: repositories ask for it, or are switched on at the end.
        fn lead_on(&self, binding: Binding) {
            if let Some(window) = Window::of(&*self.obj()) {
                window.confirm_server(None, binding);
            }
        }

        pub(super) fn show_problem(&self, problem: &AddressProblem) {
            let text = problem.text();
            self.mark(&text);
            self.obj().announce(&text, High);
            self.address_row.grab_focus();
        }

        fn mark(&self, text: &str) {
            self.problem_label.set_label(text);
            self.problem_label.set_visible(true);
            self.address_row.add_css_class("error");
            let label: &gtk::Accessible = self.problem_label.upcast_ref();
            for field in self.field() {
                field.update_state(&[State::Invalid(gtk::AccessibleInvalidState::True)]);
                field.update_relation(&[Relation::DescribedBy(&[label])]);
            }
        }

        fn clear_problem(&self) {
            self.problem_label.set_visible(false);
            self.address_row.remove_css_class("error");
            for field in self.field() {
                field.reset_state(gtk::AccessibleState::Invalid);
                field.reset_relation(gtk::AccessibleRelation::DescribedBy);
            }
        }

        /// The row and the text in it, which has the keyboard's focus.
        fn field(&self) -> impl Iterator<Item = gtk::Widget> {
            let text = self.address_row.delegate().and_then(|text| text.dynamic_cast::<gtk::Widget>().ok());
            [Some(self.address_row.get().upcast()), text].into_iter().flatten()
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
    pub(crate) fn new(application: &Application) -> Self {
        let page: Self = glib::Object::new();
        let group = &page.imp().here_group;
        let without_account = without_account(application);
        group.set_visible(!without_account.is_empty());
        for repository in &without_account {
            let row = repository_choice(repository);
            group.add(&row);
            page.imp().first_choice.borrow_mut().get_or_insert(row);
        }
        page
    }

    /// Fills the form with what a file says. Nothing of it is contacted by that.
    pub(crate) fn fill(&self, offered: OfferedRepository) {
        let imp = self.imp();
        let address = offered.file.address.clone();
        imp.address_row.set_text(&address);
        imp.offered.replace(Some(offered));
        imp.focus_offered();
        if let Some(problem) = discovery::problem_of(&address) {
            imp.show_problem(&problem);
        }
    }
}

fn without_account(application: &Application) -> Vec<Repository> {
    let entries = application.accounts().entries();
    overview(&entries, &application.repositories().all(), &[], clock::now()).without_account
}
