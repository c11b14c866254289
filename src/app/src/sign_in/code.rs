// SPDX-License-Identifier: GPL-3.0-or-later
//! The page with a code that the person types on another device. The server is asked meanwhile, for as long as the page
//! is there.
//!
//! ```text
//! words    how its page and the time left are written; pure
//! pixels   the QR code of an address; pure      picture  the same for the screen
//! states   what is under the header
//! ```

#[cfg(test)]
mod fuzzing;
mod picture;
mod pixels;
mod states;
mod words;

use std::{rc::Rc, time::Duration};

use adw::{prelude::*, subclass::prelude::*};
use gtk::{
    gdk,
    glib::{self, Propagation},
};
use usher_core::{
    clock,
    provider::{Step, Way},
    text as core_text, user_code,
};

use super::flow::Flow;
use crate::{
    i18n::{gettext, gettext_f},
    text,
    web::WebProblem,
    widgets::{Body, BusyPage, Closures, Heading, ProblemView, accessible, toast},
};

/// Longest code that is shown, in characters.
const CODE_LIMIT: usize = 64;
/// How much larger than other text the code is.
const CODE_SCALE: f64 = 2.0;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::CodePage)]
    #[template(file = "src/sign_in/code.blp")]
    pub struct CodePage {
        /// The code, in groups.
        #[property(get, set)]
        code: RefCell<String>,
        /// Where to enter it, with a link.
        #[property(get, set)]
        what_to_do: RefCell<String>,
        /// What a screen reader says after the heading: where to enter which code.
        #[property(get, set)]
        told: RefCell<String>,
        /// For how long the code is valid.
        #[property(get, set)]
        validity: RefCell<String>,
        /// The QR code.
        #[property(get, set, nullable)]
        picture: RefCell<Option<gdk::Texture>>,
        #[property(get, set)]
        picture_text: RefCell<String>,
        /// Whether the person can sign in in this window as well.
        #[property(get, set)]
        offers_here: Cell<bool>,
        /// What the page waits for.
        #[property(get, set)]
        busy_text: RefCell<String>,
        pub(super) flow: RefCell<Option<Rc<Flow>>>,
        pub(super) host: OnceCell<String>,
        /// The code as the server gave it.
        pub(super) copied: RefCell<String>,
        /// The page that *Open Page* opens.
        pub(super) opened: RefCell<Option<url::Url>>,
        pub(super) minutes: RefCell<Option<glib::SourceId>>,
        pub(super) shown_problem: RefCell<Option<WebProblem>>,
        #[template_child]
        pub(super) stack: TemplateChild<gtk::Stack>,
        #[template_child]
        pub(super) heading: TemplateChild<Heading>,
        #[template_child]
        pub(super) code_label: TemplateChild<gtk::Label>,
        #[template_child]
        open_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        copy_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        here_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        pub(super) busy_page: TemplateChild<BusyPage>,
        #[template_child]
        pub(super) problem: TemplateChild<ProblemView>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for CodePage {
        const NAME: &'static str = "UsherCodePage";
        type Type = super::CodePage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            BusyPage::ensure_type();
            Heading::ensure_type();
            ProblemView::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
            class.install_action("code.cancel", None, |page, _, _| page.imp().cancel());
            class.install_action("code.copy", None, |page, _, _| page.imp().copy());
            class.install_action("code.open-page", None, |page, _, _| page.imp().open_page());
            class.install_action("code.sign-in-here", None, |page, _, _| page.imp().sign_in_here());
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for CodePage {
        fn constructed(&self) {
            self.parent_constructed();
            // The class of monospaced text sets the size as well.
            let size = gtk::pango::AttrList::new();
            size.insert(gtk::pango::AttrFloat::new_scale(CODE_SCALE));
            self.code_label.set_attributes(Some(&size));
            for row in [&self.open_row, &self.copy_row, &self.here_row] {
                accessible::can_be_pressed(&**row);
            }
        }

        fn dispose(&self) {
            self.stop_minutes();
            self.flow.take();
        }
    }

    impl WidgetImpl for CodePage {}

    impl NavigationPageImpl for CodePage {
        fn shown(&self) {
            self.parent_shown();
            self.place_focus();
        }
    }

    #[gtk::template_callbacks]
    impl CodePage {
        #[template_callback]
        fn on_again(&self) {
            let (problem, flow) = (self.shown_problem.take(), self.flow.borrow().clone());
            if let (Some(problem), Some(flow)) = (problem, flow) {
                flow.try_again(&problem);
            }
        }

        /// A label opens links by itself, though not in every desktop with the window's permission to come to the front.
        #[template_callback]
        fn on_link(&self, address: &str) -> Propagation {
            self.open(address);
            Propagation::Stop
        }

        fn cancel(&self) {
            let flow = self.flow.borrow().clone();
            if let Some(flow) = flow {
                flow.leave();
            }
        }

        fn copy(&self) {
            self.obj().clipboard().set_text(&self.copied.borrow());
            toast::show(&*self.obj(), &gettext("Copied"));
        }

        fn open_page(&self) {
            let address = self.opened.borrow().as_ref().map(ToString::to_string);
            if let Some(address) = address {
                self.open(&address);
            }
        }

        /// Opens a page of the server in the person's browser.
        fn open(&self, address: &str) {
            let page = self.obj().clone();
            let launcher = gtk::UriLauncher::new(address);
            glib::spawn_future_local(async move {
                let window = page.root().and_downcast::<gtk::Window>();
                if let Err(error) = launcher.launch_future(window.as_ref()).await {
                    tracing::info!(%error, "cannot open a page in the browser");
                    toast::show(&page, &gettext("No browser could be opened"));
                }
            });
        }

        fn sign_in_here(&self) {
            let flow = self.flow.borrow().clone();
            if let Some(flow) = flow {
                flow.change_way(Way::Embedded);
            }
        }
    }
}

glib::wrapper! {
    /// A code that leads to an account.
    pub struct CodePage(ObjectSubclass<imp::CodePage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl CodePage {
    /// A page without a code yet. It keeps its flow alive.
    pub(super) fn new(flow: &Rc<Flow>) -> Self {
        let title = gettext_f("Sign In to {host}", &[("host", &text::within(&flow.request.binding.host()))]);
        let page: Self = glib::Object::builder().property("title", title).build();
        let imp = page.imp();
        let _ = imp.host.set(flow.request.binding.sign_in_host());
        page.set_offers_here(flow.known_ways().contains(&Way::Embedded));
        imp.flow.replace(Some(flow.clone()));
        page
    }

    /// Shows a code, for `limit` at most. Anything but a code it does not show.
    pub(super) fn show_code(&self, step: &Step<'_>, limit: Duration) {
        let Step::Code { page, filled_in, code, ends } = step else { return };
        let code = core_text::clean(code, CODE_LIMIT);
        let address = words::address(page);
        let (shown, spelled) = (user_code::grouped(&code), user_code::spelled(&code));
        let isolated = format!("\u{2066}{address}\u{2069}");
        let values = [("address", isolated.as_str()), ("code", spelled.as_str())];
        let link = format!("<a href=\"{}\">{}</a>", glib::markup_escape_text(page.as_str()), {
            glib::markup_escape_text(&isolated)
        });
        self.set_what_to_do(gettext_f("On any device, open {address} and enter the code.", &[("address", &link)]));
        self.set_told(gettext_f("On any device, open {address} and enter the code {code}.", &values));
        self.set_code(format!("\u{2066}{shown}\u{2069}"));
        self.set_picture_text(gettext_f("QR code with the address {address} and the code", &values));
        let opened = filled_in.unwrap_or(page);
        self.set_picture(picture::picture(opened.as_str()));
        let imp = self.imp();
        accessible::name(&*imp.code_label, &spelled);
        imp.copied.replace(code);
        imp.opened.replace(Some(opened.clone()));
        let latest = clock::now().saturating_add(i64::try_from(limit.as_secs()).unwrap_or(i64::MAX));
        imp.count_minutes((*ends).min(latest));
        imp.show_code();
    }

    /// Whether the person can enter the code now.
    pub(super) fn shows_code(&self) -> bool {
        self.imp().is_shown("code")
    }

    /// The page waits for something, and the person can leave.
    pub(super) fn show_wait(&self, text: &str) {
        self.imp().show_busy(text, true);
    }

    /// The code was entered: nobody can do anything meanwhile.
    pub(super) fn show_busy(&self, text: &str) {
        self.imp().show_busy(text, false);
    }

    /// Shows what went wrong, in place of the code.
    pub(super) fn show_problem(&self, problem: WebProblem) {
        self.imp().show_problem(problem);
    }

    /// Whether something was signed in to that is not saved yet.
    pub(super) fn holds_unsaved(&self) -> bool {
        matches!(&*self.imp().shown_problem.borrow(), Some(WebProblem::NotSaved(_)))
    }

    /// Ends the page.
    pub(super) fn close(&self) {
        self.imp().stop_minutes();
        self.imp().flow.take();
    }
}
