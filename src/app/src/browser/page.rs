// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that is shown while the browser has the server's page. It says how to go on there, and notices by itself when
//! the browser comes back.

mod states;

use std::{rc::Rc, time::Duration};

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{provider::Way, redirect::Parameters};

use super::visit::{self, Route, Visit};
use crate::{
    i18n::gettext_f,
    services::Services,
    text,
    web::{WebProblem, WebTask},
    widgets::{
        BannerText, Body, BusyPage, Closures, ProblemView, accessible, follow_width, labels, show_banner, toast,
    },
};

/// Longest wait for the desktop to open a browser before the person is told that none has opened.
const DESKTOP_LIMIT: Duration = Duration::from_secs(10);

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::BrowserPage)]
    #[template(file = "src/browser/page.blp")]
    pub struct BrowserPage {
        /// How to go on, with markup escaped.
        #[property(get, set)]
        text: RefCell<String>,
        /// What is below the rows; empty where there is nothing to say.
        #[property(get, set)]
        caption: RefCell<String>,
        /// The row that leads back to the embedded view; empty where the server does not offer that.
        #[property(get, set)]
        here_text: RefCell<String>,
        /// Whether the person reads what speaks against the browser, and has not opened it yet.
        #[property(get, set)]
        is_warning: Cell<bool>,
        /// Whether the page waits for the browser.
        #[property(get, set)]
        is_waiting: Cell<bool>,
        /// Whether it has been waited for too long.
        #[property(get, set)]
        is_expired: Cell<bool>,
        #[property(get, set)]
        busy_text: RefCell<String>,
        #[template_child]
        pub(super) alone_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) stack: TemplateChild<gtk::Stack>,
        #[template_child]
        pub(super) status: TemplateChild<adw::StatusPage>,
        #[template_child]
        pub(super) open_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) again_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) reopen_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        copy_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        here_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        pub(super) busy_page: TemplateChild<BusyPage>,
        #[template_child]
        pub(super) problem: TemplateChild<ProblemView>,
        /// The page keeps its task alive.
        pub(super) task: RefCell<Option<Rc<dyn WebTask>>>,
        pub(super) services: OnceCell<Services>,
        pub(super) host: OnceCell<String>,
        pub(super) visit: RefCell<Option<Visit>>,
        /// Whether the person has read what speaks against the browser, and opened it nevertheless.
        pub(super) is_agreed: Cell<bool>,
        /// Whether the desktop has opened no browser.
        pub(super) has_failed: Cell<bool>,
        pub(super) shown_problem: RefCell<Option<WebProblem>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for BrowserPage {
        const NAME: &'static str = "UsherBrowserPage";
        type Type = super::BrowserPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            BusyPage::ensure_type();
            ProblemView::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
            class.install_action("browser.cancel", None, |page, _, _| page.imp().cancel());
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for BrowserPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.stack.set_visible_child_name("busy");
            follow_width(&self.status);
            for row in [&self.reopen_row, &self.copy_row, &self.here_row] {
                accessible::can_be_pressed(&**row);
            }
            labels::settle(&*self.obj());
        }

        fn dispose(&self) {
            self.visit.take();
        }
    }

    impl WidgetImpl for BrowserPage {}

    impl NavigationPageImpl for BrowserPage {
        fn shown(&self) {
            self.parent_shown();
            self.place_focus();
        }
    }

    #[gtk::template_callbacks]
    impl BrowserPage {
        #[template_callback]
        fn on_open(&self) {
            self.is_agreed.set(true);
            self.open_browser();
        }

        #[template_callback]
        fn on_copy(&self) {
            if let Some(address) = self.address() {
                toast::copy(&*self.obj(), &address);
            }
        }

        #[template_callback]
        fn on_here(&self) {
            if let Some(task) = self.task() {
                task.change_way(Way::Embedded);
            }
        }

        #[template_callback]
        fn on_again(&self) {
            if let Some(task) = self.task() {
                task.again(WebProblem::TooLate);
            }
        }

        #[template_callback]
        fn on_problem_again(&self) {
            if let (Some(problem), Some(task)) = (self.shown_problem.take(), self.task()) {
                task.again(problem);
            }
        }

        pub(super) fn task(&self) -> Option<Rc<dyn WebTask>> {
            self.task.borrow().clone()
        }

        fn cancel(&self) {
            if let Some(task) = self.task() {
                task.cancel();
            }
        }

        fn address(&self) -> Option<String> {
            self.visit.borrow().as_ref()?.address()
        }

        /// Listens for the browser from now on.
        pub(super) fn begin(&self, route: Route) {
            let hold = self.services.get().and_then(Services::hold);
            let ended = glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |parameters| match parameters {
                    Some(parameters) => imp.came_back(parameters),
                    None => imp.show_expired(),
                }
            );
            self.visit.replace(Some(Visit::begin(route, hold, ended)));
        }

        fn came_back(&self, parameters: Parameters) {
            if let Some(visit) = &*self.visit.borrow() {
                visit.has_come_back();
            }
            if let Some(window) = self.obj().root().and_downcast::<gtk::Window>() {
                // The browser gives no token: where the window may not come to the front, the shell says that it is ready.
                window.present();
            }
            if let Some(task) = self.task() {
                task.answered(parameters);
            }
        }

        /// Opens the browser, and says so where none opens.
        pub(super) fn open_browser(&self) {
            self.show_waiting();
            let Some(address) = self.address() else {
                return;
            };
            let page = self.obj().clone();
            glib::spawn_future_local(async move {
                let mut opened = Box::pin(visit::open(&address, &page));
                let in_time = glib::future_with_timeout(DESKTOP_LIMIT, opened.as_mut()).await;
                let opened = if let Ok(opened) = in_time {
                    opened
                } else {
                    // The desktop may still ask the person which browser to take.
                    page.imp().show_opened(false);
                    opened.await
                };
                if let Err(error) = &opened {
                    tracing::warn!(reason = error.message(), "cannot open a browser");
                }
                page.imp().show_opened(opened.is_ok());
            });
        }
    }
}

glib::wrapper! {
    /// A server's page is in the browser.
    pub struct BrowserPage(ObjectSubclass<imp::BrowserPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl BrowserPage {
    /// A page that waits for its route. It keeps its task alive.
    pub(crate) fn new(services: &Services, task: Rc<dyn WebTask>) -> Self {
        let host = task.service().host();
        let shown = text::within(&host);
        let values = [("host", shown.as_str())];
        // What the shell says is ready when the browser has come back.
        let title = if task.is_purchase() {
            gettext_f("Buy at {host}", &values)
        } else {
            gettext_f("Sign In to {host}", &values)
        };
        let page: Self = glib::Object::builder().property("title", title).build();
        let imp = page.imp();
        let _ = imp.services.set(services.clone());
        let _ = imp.host.set(host);
        imp.task.replace(Some(task));
        page
    }

    /// Waits for the browser. `warning` is what the person reads before it opens; otherwise it opens at once.
    pub(crate) fn go(&self, route: Route, warning: Option<&str>) {
        let imp = self.imp();
        imp.begin(route);
        match warning.filter(|_| !imp.is_agreed.get()) {
            Some(warning) => imp.show_warning(warning),
            None => imp.open_browser(),
        }
    }

    /// Tells the browser whether what it was for is done.
    pub(crate) fn end(&self, is_done: bool) {
        if let Some(visit) = &*self.imp().visit.borrow() {
            visit.end(is_done);
        }
    }

    /// The browser has come back, or the server is asked: nobody can do anything meanwhile.
    pub(crate) fn show_busy(&self, text: &str) {
        self.imp().show_busy(text);
        self.action_set_enabled("browser.cancel", false);
    }

    /// The same where the person can leave.
    pub(crate) fn show_wait(&self, text: &str) {
        self.imp().show_busy(text);
    }

    /// Says above the page that no program waits any more.
    pub(crate) fn show_alone(&self, text: &str) {
        show_banner(&self.imp().alone_banner, Some(&BannerText { title: text.to_owned(), button: None }));
    }

    /// Shows what went wrong. One that came of waiting for too long is said on the page itself.
    pub(crate) fn show_problem(&self, problem: WebProblem) {
        match problem {
            WebProblem::TooLate => self.imp().show_expired(),
            problem => self.imp().show_problem(problem),
        }
    }

    /// Whether something was signed in to that is not saved yet.
    pub(crate) fn holds_unsaved(&self) -> bool {
        matches!(&*self.imp().shown_problem.borrow(), Some(WebProblem::NotSaved(_)))
    }

    /// Ends the page; the browser has nowhere to come back to.
    pub(crate) fn close(&self) {
        self.imp().visit.take();
        self.imp().task.take();
    }
}
