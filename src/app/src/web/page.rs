// SPDX-License-Identifier: GPL-3.0-or-later
//! The server's web page, under a header of our own that says where the page is.

mod address;
mod chrome;
mod errors;
mod loading;
mod paint;
mod states;
mod ways;

use std::rc::Rc;

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use url::Url;
use usher_core::{provider::Way, service};
use webkit6::{WebView, prelude::*};

use self::loading::Loading;
use super::{
    WebSession,
    bounds::Bounds,
    problem::WebProblem,
    task::WebTask,
    view::{self, Shared},
};
use crate::{
    i18n::gettext_f,
    model::AccountList,
    text,
    widgets::{BusyPage, Closures, CopyButton, FamiliarityLine, ProblemView, show_banner, toast},
};

mod imp {
    use std::{
        cell::{Cell, OnceCell, RefCell},
        collections::BTreeSet,
    };

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::WebPage)]
    #[template(file = "src/web/page.blp")]
    pub struct WebPage {
        /// The icon of how the page got here; empty where it is not there yet.
        #[property(get, set)]
        address_icon: RefCell<String>,
        #[property(get, set)]
        address_tooltip: RefCell<String>,
        /// Whether the page comes from this computer, unencrypted.
        #[property(get, set)]
        is_this_computer: Cell<bool>,
        /// How the page got here, in words.
        #[property(get, set)]
        security: RefCell<String>,
        /// Who vouches for the server; empty where nobody does.
        #[property(get, set)]
        certificate: RefCell<String>,
        #[property(get, set)]
        reload_icon: RefCell<String>,
        #[property(get, set)]
        reload_text: RefCell<String>,
        /// Scheme, host and port of the document that is there.
        #[property(get, set)]
        server_address: RefCell<String>,
        #[property(get, set)]
        busy_text: RefCell<String>,
        /// What the view waits for; empty where something is to be seen in it.
        #[property(get, set)]
        pub(super) opening_text: RefCell<String>,
        /// Whether the page was opened by another one.
        #[property(get, construct_only)]
        pub(super) is_pop_up: Cell<bool>,
        /// Whether the server's page that stands after the answer is shown.
        #[property(get, set)]
        pub(super) is_landing: Cell<bool>,
        #[template_child]
        pub(super) header: TemplateChild<adw::HeaderBar>,
        #[template_child]
        pub(super) address_bar: TemplateChild<adw::Bin>,
        #[template_child]
        pub(super) header_buttons: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) toolbar_view: TemplateChild<adw::ToolbarView>,
        #[template_child]
        pub(super) done_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) alone_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) address_button: TemplateChild<gtk::MenuButton>,
        #[template_child]
        pub(super) address_popover: TemplateChild<gtk::Popover>,
        #[template_child]
        address_label: TemplateChild<gtk::Label>,
        #[template_child]
        copy_address_button: TemplateChild<CopyButton>,
        #[template_child]
        pub(super) familiarity: TemplateChild<FamiliarityLine>,
        #[template_child]
        pub(super) reload_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) narrow_reload_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) other_host_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) slow_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) refusal_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) stack: TemplateChild<gtk::Stack>,
        #[template_child]
        pub(super) progress: TemplateChild<gtk::ProgressBar>,
        #[template_child]
        pub(super) view_slot: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) problem: TemplateChild<ProblemView>,
        /// The first page keeps its task alive.
        pub(super) task: RefCell<Option<Rc<dyn WebTask>>>,
        /// The page that opened this one, where it is a pop-up.
        pub(super) opener: glib::WeakRef<super::WebPage>,
        pub(super) accounts: OnceCell<AccountList>,
        pub(super) approved: OnceCell<Url>,
        pub(super) shared: OnceCell<Rc<Shared>>,
        pub(super) web_view: OnceCell<WebView>,
        pub(super) pop_up: glib::WeakRef<super::WebPage>,
        pub(super) shown_problem: RefCell<Option<WebProblem>>,
        pub(super) announced_host: RefCell<String>,
        pub(super) understood_hosts: RefCell<BTreeSet<String>>,
        /// The document that is there; see `committed()`.
        pub(super) committed: RefCell<Option<Url>>,
        pub(super) loading: Loading,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for WebPage {
        const NAME: &'static str = "UsherWebPage";
        type Type = super::WebPage;
        type ParentType = adw::NavigationPage;

        fn class_init(klass: &mut Self::Class) {
            BusyPage::ensure_type();
            CopyButton::ensure_type();
            FamiliarityLine::ensure_type();
            ProblemView::ensure_type();
            klass.bind_template();
            klass.bind_template_callbacks();
            Closures::bind_template_callbacks(klass);
            klass.install_action("web.cancel", None, |page, _, _| page.imp().cancel());
            klass.install_action("web.done", None, |page, _, _| page.imp().done());
            klass.install_action("web.escape", None, |page, _, _| page.imp().escape());
            klass.install_action("web.back", None, |page, _, _| page.imp().view().go_back());
            klass.install_action("web.forward", None, |page, _, _| page.imp().view().go_forward());
            klass.install_action("web.reload", None, |page, _, _| page.imp().reload_or_stop());
            klass.install_action("web.continue-in-browser", None, |page, _, _| page.imp().take_way(Way::Browser));
            klass.install_action("web.use-code", None, |page, _, _| page.imp().take_way(Way::Code));
            klass.install_action("web.zoom-in", None, |page, _, _| page.imp().zoom_in());
            klass.install_action("web.zoom-out", None, |page, _, _| page.imp().zoom_out());
            klass.install_action("web.zoom-normal", None, |page, _, _| page.imp().view().set_zoom_level(1.0));
            klass.install_action("web.show-address", None, |page, _, _| page.imp().address_button.popup());
            klass.install_action("web.switch-focus", None, |page, _, _| page.imp().switch_focus());
        }

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            obj.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for WebPage {
        fn dispose(&self) {
            self.stop_timers();
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
            show_banner(&self.other_host_banner, None);
        }

        #[template_callback]
        fn on_continue_in_browser(&self) {
            self.take_way(Way::Browser);
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

        /// A popover gives the keyboard to what comes first in it, which selects the text there.
        #[template_callback]
        fn on_address_shown(&self) {
            self.copy_address_button.grab_focus();
            self.address_label.select_region(0, 0);
        }

        #[template_callback]
        fn on_address_copied(&self) {
            self.address_popover.popdown();
        }

        #[template_callback]
        fn on_again(&self) {
            self.again();
        }

        #[template_callback(function)]
        fn shows_cancel(is_pop_up: bool, is_landing: bool) -> bool {
            !is_pop_up && !is_landing
        }

        pub(super) fn set_up(&self, accounts: &AccountList, approved: &Url, shared: Rc<Shared>, view: WebView) {
            let host = service::host_of(approved);
            self.obj().set_title(&text::plain(&host));
            let name = gettext_f("Page of {host}", &[("host", &host)]);
            view.update_property(&[gtk::accessible::Property::Label(&name)]);
            self.view_slot.append(&view);
            let _ = self.accounts.set(accounts.clone());
            let _ = self.approved.set(approved.clone());
            let _ = self.shared.set(shared);
            let _ = self.web_view.set(view);
            self.show_pending();
            self.show_reload();
            self.follow_paint();
            self.follow_loading();
            self.follow_navigation();
            self.obj().action_set_enabled("web.back", false);
            self.obj().action_set_enabled("web.forward", false);
        }

        pub(super) fn view(&self) -> &WebView {
            self.web_view.get().expect("set when the page is made")
        }

        pub(super) fn shared(&self) -> &Rc<Shared> {
            self.shared.get().expect("set when the page is made")
        }

        pub(super) fn approved(&self) -> &Url {
            self.approved.get().expect("set when the page is made")
        }

        pub(super) fn is_pop_up(&self) -> bool {
            self.is_pop_up.get()
        }

        pub(super) fn task(&self) -> Option<Rc<dyn WebTask>> {
            match self.opener.upgrade() {
                Some(opener) => opener.imp().task.borrow().clone(),
                None => self.task.borrow().clone(),
            }
        }

        pub(super) fn is_purchase(&self) -> bool {
            self.task().is_some_and(|task| task.is_purchase())
        }

        pub(super) fn is_at_page(&self) -> bool {
            self.stack.visible_child_name().as_deref() == Some("page")
        }

        /// Whether the server has answered, and what it says is being looked at.
        pub(super) fn is_busy(&self) -> bool {
            self.stack.visible_child_name().as_deref() == Some("busy")
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
    pub(crate) fn first(accounts: &AccountList, task: Rc<dyn WebTask>, session: &WebSession) -> Self {
        let page: Self = glib::Object::builder().property("tag", "web").build();
        let server = task.page_server();
        let bounds = Bounds::of([task.service().url(), server.url()]);
        let shared = Shared::new(session, bounds, page.teller());
        let view = view::first(&shared, page.teller());
        page.imp().set_up(accounts, server.url(), shared, view);
        page.imp().cover(server.url());
        page.imp().task.replace(Some(task));
        page.imp().offer_ways();
        page
    }

    /// What the page of `opener` has opened.
    fn opened_by(opener: &Self) -> Self {
        let page: Self = glib::Object::builder().property("can-pop", true).property("is-pop-up", true).build();
        let (imp, opener_imp) = (page.imp(), opener.imp());
        imp.opener.set(Some(opener));
        let shared = opener_imp.shared().clone();
        let view = view::related(opener_imp.view(), &shared, page.teller());
        let accounts = opener_imp.accounts.get().expect("set when the page is made");
        imp.set_up(accounts, opener_imp.approved(), shared, view);
        imp.offer_ways();
        imp.show_opener(opener_imp.committed());
        imp.cover_until_written();
        page
    }

    /// The host of the document in a view, for what the page says.
    pub(super) fn host_in(view: &WebView) -> String {
        let page = view.ancestor(Self::static_type()).and_downcast::<Self>();
        page.map(|page| service::host_of(&page.imp().committed())).unwrap_or_default()
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
        self.imp().load(address.clone());
    }

    /// Loads once more what the view was at.
    pub(crate) fn reload(&self) {
        self.imp().reload();
    }

    /// The server has answered: hides the page, and lets nobody do anything meanwhile.
    pub(crate) fn show_busy(&self, text: &str) {
        self.imp().show_busy(text);
    }

    /// The same where it takes long: the person can leave.
    pub(crate) fn show_wait(&self, text: &str) {
        self.imp().show_busy(text);
        self.action_set_enabled("web.cancel", true);
    }

    /// Shows the server's own page after the answer, until the person has read it.
    pub(crate) fn show_landing(&self, address: &Url) {
        self.imp().show_landing(address.clone());
    }

    /// Says above the page that no program waits any more.
    pub(crate) fn show_alone(&self, text: &str) {
        self.imp().show_alone(text);
    }

    /// Whether something was signed in to that is not saved yet.
    pub(crate) fn holds_unsaved(&self) -> bool {
        matches!(&*self.imp().shown_problem.borrow(), Some(WebProblem::NotSaved(_)))
    }

    /// Shows what went wrong, in place of the page.
    pub(crate) fn show_problem(&self, problem: WebProblem) {
        self.imp().show_problem(problem);
    }

    /// Ends the page and whatever it still does.
    pub(crate) fn close(&self) {
        let imp = self.imp();
        imp.stop_timers();
        imp.task.take();
        view::shut(imp.view());
    }
}
