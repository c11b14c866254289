// SPDX-License-Identifier: GPL-3.0-or-later
//! The server's web page, under a header of our own that says where the page is.

mod address;
mod chrome;
mod loading;

use std::rc::Rc;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, gio, glib};
use url::Url;
use usher_core::service;
use webkit6::{WebView, prelude::*};

use super::{
    WebSession, containment, identity,
    problem::WebProblem,
    task::WebTask,
    view::{self, Shared},
};
use crate::{
    i18n::gettext_f,
    text,
    widgets::{FamiliarityLine, toast},
};

mod imp {
    use std::{
        cell::{Cell, OnceCell, RefCell},
        collections::BTreeSet,
    };

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/web/page.blp")]
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
        pub(super) done_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) alone_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) address_button: TemplateChild<gtk::MenuButton>,
        #[template_child]
        pub(super) address_popover: TemplateChild<gtk::Popover>,
        #[template_child]
        pub(super) certificate_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) familiarity: TemplateChild<FamiliarityLine>,
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
        pub(super) busy_label: TemplateChild<gtk::Label>,
        /// The first page keeps its task alive.
        pub(super) task: RefCell<Option<Rc<dyn WebTask>>>,
        /// The page that opened this one, where it is a pop-up.
        pub(super) opener: glib::WeakRef<super::WebPage>,
        pub(super) is_pop_up: Cell<bool>,
        pub(super) approved: OnceCell<Url>,
        pub(super) shared: OnceCell<Rc<Shared>>,
        pub(super) web_view: OnceCell<WebView>,
        pub(super) pop_up: glib::WeakRef<super::WebPage>,
        pub(super) shown_problem: RefCell<Option<WebProblem>>,
        pub(super) announced_host: RefCell<String>,
        pub(super) understood_hosts: RefCell<BTreeSet<String>>,
        pub(super) slow_timer: RefCell<Option<glib::SourceId>>,
        pub(super) progress_timer: RefCell<Option<glib::SourceId>>,
        pub(super) is_painted: Cell<bool>,
        /// Whether the server's page that stands after the answer is shown.
        pub(super) is_landing: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for WebPage {
        const NAME: &'static str = "UsherWebPage";
        type Type = super::WebPage;
        type ParentType = adw::NavigationPage;

        fn class_init(klass: &mut Self::Class) {
            FamiliarityLine::ensure_type();
            klass.bind_template();
            klass.bind_template_callbacks();
            klass.install_action("web.cancel", None, |page, _, _| page.cancel());
            klass.install_action("web.done", None, |page, _, _| page.done());
            klass.install_action("web.escape", None, |page, _, _| page.escape());
            klass.install_action("web.back", None, |page, _, _| page.view().go_back());
            klass.install_action("web.forward", None, |page, _, _| page.view().go_forward());
            klass.install_action("web.reload", None, |page, _, _| page.reload_or_stop());
            klass.install_action("web.zoom-in", None, |page, _, _| page.zoom_in());
            klass.install_action("web.zoom-out", None, |page, _, _| page.zoom_out());
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
            self.problem.add_css_class("compact");
            self.header.set_title_widget(None::<&gtk::Widget>);
            self.address_bar.set_child(Some(&*self.address_button));
        }

        #[template_callback]
        fn on_wide(&self) {
            self.problem.remove_css_class("compact");
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
    /// The first page of a task, in the session of its window.
    pub(crate) fn first(task: Rc<dyn WebTask>, session: &WebSession) -> Self {
        let page: Self = glib::Object::builder().property("tag", "web").build();
        let shared = Shared::new(session, page.teller());
        let view = view::first(&shared, page.teller());
        page.set_up(task.service().url(), shared, view);
        page.imp().task.replace(Some(task));
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

    fn task(&self) -> Option<Rc<dyn WebTask>> {
        let opener = self.imp().opener.upgrade();
        opener.as_ref().unwrap_or(self).imp().task.borrow().clone()
    }

    fn is_purchase(&self) -> bool {
        self.task().is_some_and(|task| task.is_purchase())
    }

    /// Whether the server has answered, and what it says is being looked at.
    fn is_busy(&self) -> bool {
        self.imp().stack.visible_child_name().as_deref() == Some("busy")
    }

    /// Says something of the page in a toast.
    fn teller(&self) -> impl Fn(&str) + Clone + 'static {
        glib::clone!(
            #[weak(rename_to = page)]
            self,
            move |text: &str| toast::show(&page, text)
        )
    }

    /// Loads the first page, where pages have a sandbox of their own. The address is never shown.
    pub(crate) fn load(&self, address: &Url) {
        self.show_page();
        let (weak, address) = (self.downgrade(), address.clone());
        glib::spawn_future_local(async move {
            let is_possible = containment::is_possible().await;
            let Some(page) = weak.upgrade() else {
                return;
            };
            if is_possible {
                identity::under_own_id(|| page.view().load_uri(address.as_str()));
            } else {
                let command = page.task().and_then(|task| task.command());
                page.show_problem(WebProblem::NotContained(command));
            }
        });
    }

    fn show_page(&self) {
        let imp = self.imp();
        imp.shown_problem.take();
        imp.stack.set_visible_child_name("page");
        self.action_set_enabled("web.cancel", true);
        imp.header_buttons.set_sensitive(true);
    }

    /// The server has answered: nothing of the page is shown any more, and nothing done in between.
    pub(crate) fn show_busy(&self, text: &str) {
        let imp = self.imp();
        self.stop_timers();
        self.view().stop_loading();
        self.close_pop_up();
        imp.other_host_banner.set_revealed(false);
        imp.slow_banner.set_revealed(false);
        imp.busy_label.set_label(text);
        imp.stack.set_visible_child_name("busy");
        self.action_set_enabled("web.cancel", false);
        imp.header_buttons.set_sensitive(false);
        self.announce(text, AccessibleAnnouncementPriority::Medium);
    }

    /// Shows the server's own page after the answer, until the person has read it.
    pub(crate) fn show_landing(&self, address: &Url) {
        let imp = self.imp();
        imp.is_landing.set(true);
        self.close_pop_up();
        imp.cancel_button.set_visible(false);
        imp.done_button.set_visible(true);
        imp.alone_banner.set_revealed(false);
        // What went to the redirect is still being stopped: the view takes a new address only afterwards.
        let address = address.clone();
        glib::idle_add_local_once(glib::clone!(
            #[weak(rename_to = page)]
            self,
            move || page.load(&address)
        ));
        imp.done_button.grab_focus();
    }

    /// Says above the page that nobody waits for it any more.
    pub(crate) fn show_alone(&self, text: &str) {
        self.imp().alone_banner.set_title(text);
        self.imp().alone_banner.set_revealed(true);
    }

    /// Shows what went wrong, in place of the page.
    pub(crate) fn show_problem(&self, problem: WebProblem) {
        let host = service::host_of(self.approved());
        self.show_problem_at(problem, &host);
    }

    fn show_problem_at(&self, problem: WebProblem, host: &str) {
        let imp = self.imp();
        self.stop_timers();
        imp.slow_banner.set_revealed(false);
        if imp.is_landing.get() {
            // All that matters has happened.
            self.done();
            return;
        }
        let words = problem.words(host, self.is_purchase());
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

    fn close_pop_up(&self) {
        if let Some(pop_up) = self.imp().pop_up.upgrade() {
            pop_up.pop();
        }
    }

    /// Takes a pop-up off the stack of pages.
    fn pop(&self) {
        let Some(stack) = self.ancestor(adw::NavigationView::static_type()).and_downcast::<adw::NavigationView>()
        else {
            return;
        };
        if stack.visible_page().as_ref() == Some(self.upcast_ref()) {
            stack.pop();
        }
    }

    /// Ends the page and whatever it still does.
    pub(crate) fn close(&self) {
        self.stop_timers();
        self.imp().task.take();
        view::shut(self.view());
    }

    fn is_online(host: &Url) -> bool {
        service::is_literal_loopback(host) || gio::NetworkMonitor::default().is_network_available()
    }
}
