// SPDX-License-Identifier: GPL-3.0-or-later
//! The server's web page, under a header of our own that says where the page is.

mod address;
mod dialogs;
mod loading;
mod policy;
pub(super) mod problem;
mod view;

use std::rc::Rc;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, gio, glib};
use url::Url;
use usher_core::service;
use webkit6::{WebView, prelude::*};

use self::{problem::Problem, view::Shared};
use super::flow::Flow;
use crate::{
    i18n::{gettext, gettext_f},
    text, toast,
};

const ZOOM_STEP: f64 = 0.1;
const ZOOM_RANGE: std::ops::RangeInclusive<f64> = 0.3..=3.0;

mod imp {
    use std::{
        cell::{Cell, OnceCell, RefCell},
        collections::BTreeSet,
    };

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/sign_in/web.blp")]
    pub struct WebPage {
        #[template_child]
        pub(super) header: TemplateChild<adw::HeaderBar>,
        #[template_child]
        pub(super) address_bar: TemplateChild<adw::Bin>,
        #[template_child]
        pub(super) header_buttons: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) toolbar_view: TemplateChild<adw::ToolbarView>,
        #[template_child]
        pub(super) cancel_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) address_button: TemplateChild<gtk::MenuButton>,
        #[template_child]
        pub(super) address_popover: TemplateChild<gtk::Popover>,
        #[template_child]
        pub(super) certificate_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) address_icon: TemplateChild<gtk::Image>,
        #[template_child]
        pub(super) address_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) address_note: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) full_host_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) security_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) reload_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) narrow_reload_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) other_host_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) slow_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) stack: TemplateChild<gtk::Stack>,
        #[template_child]
        pub(super) progress: TemplateChild<gtk::ProgressBar>,
        #[template_child]
        pub(super) view_slot: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) problem: TemplateChild<adw::StatusPage>,
        #[template_child]
        pub(super) details: TemplateChild<gtk::Expander>,
        #[template_child]
        pub(super) details_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) again_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) saving_label: TemplateChild<gtk::Label>,
        /// The first page keeps the flow alive.
        pub(super) flow: RefCell<Option<Rc<Flow>>>,
        /// The page that opened this one, where it is a pop-up.
        pub(super) opener: glib::WeakRef<super::WebPage>,
        pub(super) is_pop_up: Cell<bool>,
        pub(super) approved: OnceCell<Url>,
        pub(super) shared: OnceCell<Rc<Shared>>,
        pub(super) web_view: OnceCell<WebView>,
        pub(super) pop_up: glib::WeakRef<super::WebPage>,
        pub(super) shown_problem: RefCell<Option<Problem>>,
        pub(super) announced_host: RefCell<String>,
        pub(super) understood_hosts: RefCell<BTreeSet<String>>,
        pub(super) slow_timer: RefCell<Option<glib::SourceId>>,
        pub(super) progress_timer: RefCell<Option<glib::SourceId>>,
        pub(super) is_painted: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for WebPage {
        const NAME: &'static str = "UsherWebPage";
        type Type = super::WebPage;
        type ParentType = adw::NavigationPage;

        fn class_init(klass: &mut Self::Class) {
            klass.bind_template();
            klass.bind_template_callbacks();
            klass.install_action("web.cancel", None, |page, _, _| page.cancel());
            klass.install_action("web.escape", None, |page, _, _| page.escape());
            klass.install_action("web.back", None, |page, _, _| page.view().go_back());
            klass.install_action("web.forward", None, |page, _, _| page.view().go_forward());
            klass.install_action("web.reload", None, |page, _, _| page.reload_or_stop());
            klass.install_action("web.zoom-in", None, |page, _, _| page.zoom(ZOOM_STEP));
            klass.install_action("web.zoom-out", None, |page, _, _| page.zoom(-ZOOM_STEP));
            klass.install_action("web.zoom-normal", None, |page, _, _| page.view().set_zoom_level(1.0));
            klass.install_action("web.show-address", None, |page, _, _| page.imp().address_button.popup());
            klass.install_action("web.copy-address", None, |page, _, _| page.copy_address());
            klass.install_action("web.switch-focus", None, |page, _, _| page.switch_focus());
        }

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            obj.init_template();
        }
    }

    impl ObjectImpl for WebPage {
        fn dispose(&self) {
            self.obj().stop_timers();
        }
    }

    impl WidgetImpl for WebPage {}

    impl NavigationPageImpl for WebPage {
        fn shown(&self) {
            self.parent_shown();
            if let Some(view) = self.web_view.get() {
                view.grab_focus();
            }
        }
    }

    #[gtk::template_callbacks]
    impl WebPage {
        #[template_callback]
        fn on_other_host_understood(&self) {
            self.understood_hosts.borrow_mut().insert(self.announced_host.borrow().clone());
            self.other_host_banner.set_revealed(false);
        }

        #[template_callback]
        fn on_narrow(&self) {
            self.header.set_title_widget(None::<&gtk::Widget>);
            self.address_bar.set_child(Some(&*self.address_button));
        }

        #[template_callback]
        fn on_wide(&self) {
            self.address_bar.set_child(None::<&gtk::Widget>);
            self.header.set_title_widget(Some(&*self.address_button));
        }

        #[template_callback]
        fn on_again(&self) {
            self.obj().again();
        }
    }
}

glib::wrapper! {
    /// A page of the server, or what such a page has opened.
    pub struct WebPage(ObjectSubclass<imp::WebPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl WebPage {
    /// The first page of a flow, with a session of its own.
    pub(super) fn first(flow: &Rc<Flow>) -> Self {
        let page: Self = glib::Object::builder().property("tag", "web").build();
        let shared = Shared::new(page.teller());
        let view = view::first(&shared, page.teller());
        page.imp().flow.replace(Some(flow.clone()));
        page.set_up(flow.service().url(), shared, view);
        page
    }

    /// What the page of `opener` has opened.
    fn opened_by(opener: &Self) -> Self {
        let page: Self = glib::Object::builder().property("can-pop", true).build();
        let imp = page.imp();
        imp.is_pop_up.set(true);
        imp.opener.set(Some(opener));
        imp.header.set_show_back_button(true);
        imp.cancel_button.set_visible(false);
        let shared = opener.shared().clone();
        let view = view::related(opener.view(), &shared, page.teller());
        page.set_up(opener.approved(), shared, view);
        page
    }

    fn set_up(&self, approved: &Url, shared: Rc<Shared>, view: WebView) {
        let imp = self.imp();
        let host = service::host_of(approved);
        self.set_title(&text::plain(&host));
        view.update_property(&[gtk::accessible::Property::Label(&gettext_f("Page of {host}", &[("host", &host)]))]);
        imp.view_slot.append(&view);
        view::cover(&view);
        let _ = imp.approved.set(approved.clone());
        let _ = imp.shared.set(shared);
        let _ = imp.web_view.set(view);
        self.show_pending();
        self.follow_loading();
        self.follow_navigation();
        self.action_set_enabled("web.back", false);
        self.action_set_enabled("web.forward", false);
    }

    fn view(&self) -> &WebView {
        self.imp().web_view.get().expect("set when the page is made")
    }

    fn shared(&self) -> &Rc<Shared> {
        self.imp().shared.get().expect("set when the page is made")
    }

    fn approved(&self) -> &Url {
        self.imp().approved.get().expect("set when the page is made")
    }

    fn is_pop_up(&self) -> bool {
        self.imp().is_pop_up.get()
    }

    fn flow(&self) -> Option<Rc<Flow>> {
        let opener = self.imp().opener.upgrade();
        opener.as_ref().unwrap_or(self).imp().flow.borrow().clone()
    }

    /// Whether the server has answered.
    fn is_saving(&self) -> bool {
        self.imp().stack.visible_child_name().as_deref() == Some("saving")
    }

    /// Says something of the page in a toast.
    fn teller(&self) -> impl Fn(&str) + Clone + 'static {
        glib::clone!(
            #[weak(rename_to = page)]
            self,
            move |text: &str| toast::show(&page, text)
        )
    }

    /// Loads the first page. The address is never shown.
    pub(super) fn load(&self, address: &Url) {
        self.show_page();
        self.view().load_uri(address.as_str());
    }

    fn show_page(&self) {
        let imp = self.imp();
        imp.shown_problem.take();
        imp.stack.set_visible_child_name("page");
        self.action_set_enabled("web.cancel", true);
        imp.header_buttons.set_sensitive(true);
    }

    /// The server has answered: nothing of the page is shown any more.
    pub(super) fn show_saving(&self) {
        let imp = self.imp();
        self.stop_timers();
        self.view().stop_loading();
        if let Some(pop_up) = imp.pop_up.upgrade() {
            pop_up.leave();
        }
        imp.other_host_banner.set_revealed(false);
        imp.slow_banner.set_revealed(false);
        imp.stack.set_visible_child_name("saving");
        // What has been signed in to is saved, or it is said that it was not: nothing in between.
        self.action_set_enabled("web.cancel", false);
        imp.header_buttons.set_sensitive(false);
        self.announce(&gettext("Signing in…"), AccessibleAnnouncementPriority::Medium);
    }

    /// Shows what went wrong, in place of the page.
    pub(super) fn show_problem(&self, problem: Problem) {
        let host = service::host_of(self.approved());
        self.show_problem_at(problem, &host);
    }

    fn show_problem_at(&self, problem: Problem, host: &str) {
        let imp = self.imp();
        self.stop_timers();
        imp.slow_banner.set_revealed(false);
        let words = problem.words(host);
        imp.problem.set_icon_name(Some(words.icon));
        imp.problem.set_title(&words.title);
        imp.problem.set_description(Some(&glib::markup_escape_text(&words.text)));
        imp.details.set_visible(words.details.is_some());
        imp.details.set_expanded(false);
        imp.details_label.set_label(words.details.as_deref().unwrap_or_default());
        imp.again_button.set_label(&words.again);
        imp.shown_problem.replace(Some(problem));
        imp.stack.set_visible_child_name("problem");
        self.action_set_enabled("web.cancel", true);
        imp.again_button.grab_focus();
        let said = format!("{}. {}", words.title, words.text);
        self.announce(&said, AccessibleAnnouncementPriority::High);
    }

    /// Goes on after a problem.
    fn again(&self) {
        let problem = self.imp().shown_problem.take();
        let flow = self.flow().filter(|_| !self.is_pop_up());
        match (problem, flow) {
            (Some(Problem::NotSaved(_)), Some(flow)) => {
                self.show_saving();
                flow.save();
            }
            (Some(problem), Some(flow)) if problem != Problem::Crashed => flow.begin(),
            _ => {
                self.show_page();
                self.view().reload();
            }
        }
    }

    fn cancel(&self) {
        match self.flow().filter(|_| !self.is_pop_up()) {
            Some(flow) => flow.cancel(),
            None => self.leave(),
        }
    }

    /// Esc stops first, then cancels.
    fn escape(&self) {
        let is_page = self.imp().stack.visible_child_name().as_deref() == Some("page");
        if is_page && self.view().is_loading() {
            self.view().stop_loading();
        } else if !self.is_saving() {
            self.cancel();
        }
    }

    fn reload_or_stop(&self) {
        if self.view().is_loading() {
            self.view().stop_loading();
        } else if self.imp().stack.visible_child_name().as_deref() == Some("page") {
            self.view().reload();
        }
    }

    fn zoom(&self, step: f64) {
        let level = (self.view().zoom_level() + step).clamp(*ZOOM_RANGE.start(), *ZOOM_RANGE.end());
        self.view().set_zoom_level(level);
    }

    fn switch_focus(&self) {
        let is_in_page = self.focus_child().is_some() && self.view().has_focus();
        if is_in_page {
            self.imp().address_button.grab_focus();
        } else {
            self.view().grab_focus();
        }
    }

    /// Takes a pop-up off the stack of pages.
    fn leave(&self) {
        let Some(stack) = self.ancestor(adw::NavigationView::static_type()).and_downcast::<adw::NavigationView>()
        else {
            return;
        };
        if stack.visible_page().as_ref() == Some(self.upcast_ref()) {
            stack.pop();
        }
    }

    /// Ends the page and whatever it still does.
    pub(super) fn close(&self) {
        self.stop_timers();
        self.imp().flow.take();
        view::shut(self.view());
    }

    fn is_online(host: &Url) -> bool {
        service::is_literal_loopback(host) || gio::NetworkMonitor::default().is_network_available()
    }
}
