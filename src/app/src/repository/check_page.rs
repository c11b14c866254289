// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that checks whether installs from a repository can use an account. It says the same as `usherctl doctor`.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::Medium, glib};
use usher_core::{
    checks,
    decisions::{DecisionFile, Decisions},
    remote::Remote,
};

use super::check_rows::CheckResult;
use crate::{
    details::DetailsButton,
    navigation, runtime,
    services::Services,
    text,
    widgets::{BusyButton, Wait, escape},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::CheckPage)]
    #[template(file = "src/repository/check_page.blp")]
    pub struct CheckPage {
        #[property(get, set)]
        repository: RefCell<String>,
        /// How many problems there are, in words.
        #[property(get, set)]
        summary: RefCell<String>,
        /// Whether the first check is done.
        #[property(get, set)]
        is_done: Cell<bool>,
        was_shown: Cell<bool>,
        pub(super) services: OnceCell<Services>,
        pub(super) remote: RefCell<Option<Remote>>,
        /// The check that goes on while nothing is shown yet.
        first: RefCell<Option<glib::JoinHandle<()>>>,
        #[template_child]
        again_button: TemplateChild<BusyButton>,
        #[template_child]
        stack: TemplateChild<gtk::Stack>,
        #[template_child]
        results: TemplateChild<gtk::ListBox>,
        #[template_child]
        details_button: TemplateChild<DetailsButton>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for CheckPage {
        const NAME: &'static str = "UsherCheckPage";
        type Type = super::CheckPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            BusyButton::ensure_type();
            DetailsButton::ensure_type();
            Wait::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for CheckPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.again_button.connect_pressed(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |_| imp.check_again()
            ));
            // From wherever the keyboard is on the page.
            escape::stops(&*self.obj(), gtk::PropagationPhase::Bubble, |page| page.imp().again_button.stop());
        }

        fn dispose(&self) {
            // Whoever leaves does not wait for a server.
            if let Some(first) = self.first.take() {
                first.abort();
            }
        }
    }

    impl WidgetImpl for CheckPage {}
    impl NavigationPageImpl for CheckPage {}

    #[gtk::template_callbacks]
    impl CheckPage {
        /// Coming back to the page from another one is a reason to look again.
        #[template_callback]
        fn on_shown(&self) {
            self.leave_if_gone();
            if self.was_shown.replace(true) {
                self.check_again();
            }
        }

        pub(super) fn check_first(&self) {
            let Some(checking) = self.checking() else {
                return;
            };
            let first = glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    let found = checking.await;
                    imp.show(&found);
                    imp.results.child_focus(gtk::DirectionType::TabForward);
                }
            ));
            self.first.replace(Some(first));
        }

        fn check_again(&self) {
            let Some(checking) = self.checking() else {
                return;
            };
            let weak = self.downgrade();
            self.again_button.run(checking, move |found| {
                if let Some(imp) = weak.upgrade() {
                    imp.show(&found);
                }
            });
        }

        /// What there is to find now. Dropping this stops the check.
        fn checking(&self) -> Option<impl Future<Output = Vec<CheckResult>> + use<>> {
            let (services, known) = (self.services.get()?, self.remote.borrow().clone()?);
            let remote = services.repositories().now(&known)?;
            let (store, session) = (services.store.quietly(), services.session.clone());
            let notes = services.notes().all().to_vec();
            Some(runtime::spawn(async move {
                let (bus, entries) = tokio::join!(checks::reachable_processes(), store.entries());
                let decisions = match DecisionFile::of_person() {
                    Some(file) => file.read().await,
                    None => Decisions::default(),
                };
                let checks = checks::examine(&session, &remote, entries.as_deref().ok(), &notes, &decisions).await;
                let mut here = checks::session_problems(bus, entries.as_deref());
                here.extend(checks::proxy_problems(session.http()));
                CheckResult::all(&checks, &here)
            }))
        }

        fn show(&self, found: &[CheckResult]) {
            let summary = CheckResult::summary(found);
            self.results.remove_all();
            for row in found.iter().flat_map(CheckResult::rows) {
                self.results.append(&row);
            }
            self.obj().set_summary(summary.as_str());
            self.details_button.tell(&self.obj().title(), &summary, "");
            self.obj().set_is_done(true);
            self.stack.set_visible_child_name("results");
            self.obj().upcast_ref::<gtk::Widget>().announce(&summary, Medium);
        }

        /// Leads back once the repository has gone; the page below says so.
        pub(super) fn leave_if_gone(&self) {
            let (Some(services), Some(known)) = (self.services.get(), self.remote.borrow().clone()) else {
                return;
            };
            if self.obj().is_mapped()
                && services.repositories().now(&known).is_none()
                && let Some(stack) = navigation::stack_of(&*self.obj())
            {
                self.remote.take();
                stack.pop();
            }
        }
    }
}

glib::wrapper! {
    pub struct CheckPage(ObjectSubclass<imp::CheckPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl CheckPage {
    /// Begins to check a repository.
    pub(super) fn new(services: &Services, remote: Remote) -> Self {
        let page: Self = glib::Object::builder().property("repository", text::plain(remote.display_name())).build();
        let imp = page.imp();
        let _ = imp.services.set(services.clone());
        imp.remote.replace(Some(remote));
        services.repositories().changes().follow(&page, |page| page.imp().leave_if_gone());
        imp.check_first();
        page
    }
}
