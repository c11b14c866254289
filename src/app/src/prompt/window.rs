// SPDX-License-Identifier: GPL-3.0-or-later
//! The prompt window: its first page says who asks for what, and nothing is done before its button is pressed.

mod act;
mod guard;

use std::{rc::Rc, time::Duration};

use adw::{prelude::*, subclass::prelude::*};
use gtk::{accessible::Property, glib};
use usher_core::{
    account::AccountId,
    names,
    prompt::{Kind, Outcome},
};

use super::{
    desk::Prompt,
    details::Details,
    question::{self, Form},
};
use crate::{account_choice::account_choices, application::Application, i18n::gettext_f, labels, text, window_id};

/// How long a program waits; the daemon's limit.
const WAITING_LIMIT: Duration = Duration::from_secs(15 * 60);
/// From when on it is said that the program stops waiting soon.
const WAITING_END: Duration = Duration::from_secs(2 * 60);
/// A window that is not used for so long closes.
const UNUSED: Duration = Duration::from_secs(30 * 60);

/// Told what was put off.
type PutOff = Box<dyn FnOnce(Details)>;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/prompt/window.blp")]
    pub struct PromptWindow {
        #[template_child]
        pub(super) view: TemplateChild<adw::NavigationView>,
        #[template_child]
        pub(super) intro: TemplateChild<adw::NavigationPage>,
        #[template_child]
        pub(super) icon: TemplateChild<gtk::Image>,
        #[template_child]
        pub(super) heading: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) heading_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) description: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) accounts: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub(super) remembered: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) asked_by_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) for_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) several_row: TemplateChild<adw::ExpanderRow>,
        #[template_child]
        pub(super) repository_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) server_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) outlook: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) failure: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) primary: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) primary_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) secondary: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) secondary_label: TemplateChild<gtk::Label>,
        pub(super) prompt: OnceCell<Rc<Prompt>>,
        pub(super) form: RefCell<Option<Form>>,
        /// The account that a choice has fallen on.
        pub(super) chosen: Cell<Option<AccountId>>,
        pub(super) app_rows: RefCell<Vec<adw::ActionRow>>,
        pub(super) account_rows: RefCell<Vec<adw::ActionRow>>,
        /// Whether the 700 milliseconds of the guard are over.
        pub(super) is_open: Cell<bool>,
        pub(super) is_busy: Cell<bool>,
        /// Whether what was asked has been done.
        pub(super) is_over: Cell<bool>,
        /// Whether nobody waits any more, or nobody came.
        pub(super) is_abandoned: Cell<bool>,
        pub(super) put_off: RefCell<Option<PutOff>>,
        pub(super) guard: RefCell<Option<glib::SourceId>>,
        pub(super) unused: RefCell<Option<glib::SourceId>>,
        pub(super) waiting: RefCell<Option<glib::SourceId>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PromptWindow {
        const NAME: &'static str = "UsherPromptWindow";
        type Type = super::PromptWindow;
        type ParentType = adw::Window;

        fn class_init(klass: &mut Self::Class) {
            klass.bind_template();
            klass.install_action("prompt.not-now", None, |window, _, _| window.close());
            klass.install_action("prompt.primary", None, |window, _, _| window.act());
            klass.install_action("prompt.secondary", None, |window, _, _| window.act_otherwise());
        }

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            obj.init_template();
        }
    }

    impl ObjectImpl for PromptWindow {
        fn constructed(&self) {
            self.parent_constructed();
            let window = self.obj();
            window_id::follow(&*window);
            window.guard_against_stray_keys();
            window.close_when_unused();
        }

        fn dispose(&self) {
            for timer in [self.guard.take(), self.unused.take(), self.waiting.take()].into_iter().flatten() {
                timer.remove();
            }
        }
    }

    impl WidgetImpl for PromptWindow {}

    impl WindowImpl for PromptWindow {
        /// Closing is *Not Now*: who waits is told so.
        fn close_request(&self) -> glib::Propagation {
            if let Some(prompt) = self.prompt.get() {
                let put_off = self.put_off.take().filter(|_| !self.is_over.get() && !self.is_abandoned.get());
                if let Some(put_off) = put_off {
                    put_off(prompt.details.borrow().clone());
                }
                prompt.end(Outcome::Dismissed, None);
            }
            self.parent_close_request()
        }
    }

    impl AdwWindowImpl for PromptWindow {}
}

glib::wrapper! {
    /// A question of a client's, in a window of its own.
    pub struct PromptWindow(ObjectSubclass<imp::PromptWindow>)
        @extends adw::Window, gtk::Window, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget, gtk::Native, gtk::Root, gtk::ShortcutManager;
}

impl PromptWindow {
    pub(super) fn new(application: &Application, prompt: &Rc<Prompt>) -> Self {
        let window: Self = glib::Object::builder().property("application", application).build();
        let imp = window.imp();
        imp.form.replace(Some(question::form(&prompt.details.borrow(), &prompt.accounts)));
        let _ = imp.prompt.set(prompt.clone());
        if names::is_devel() {
            window.add_css_class("devel");
        }
        labels::settle(&window);
        imp.view.connect_visible_page_notify(|view| {
            if let Some(page) = view.visible_page() {
                labels::settle(&page);
            }
        });
        window.show_icon();
        window.show_accounts();
        window.refresh();
        gtk::prelude::GtkWindowExt::set_focus(&window, Some(&*imp.heading));
        imp.intro.connect_shown(glib::clone!(
            #[weak]
            window,
            move |_| {
                window.imp().heading.grab_focus();
            }
        ));
        window
    }

    fn prompt(&self) -> &Rc<Prompt> {
        self.imp().prompt.get().expect("set when the window is made")
    }

    fn form(&self) -> Form {
        self.imp().form.borrow().clone().unwrap_or(Form::Unlock)
    }

    /// Whether what was asked has been done, and only the way back is shown.
    pub(super) fn is_over(&self) -> bool {
        self.imp().is_over.get()
    }

    /// Calls back if the person puts the question off.
    pub(super) fn connect_put_off(&self, callback: impl FnOnce(Details) + 'static) {
        self.imp().put_off.replace(Some(Box::new(callback)));
    }

    /// Closes because nobody waits any more.
    pub(super) fn abandon(&self) {
        let said = gettext_f(
            "{program} is no longer waiting",
            &[("program", &text::program(&self.prompt().details.borrow().client))],
        );
        self.announce(&said, gtk::AccessibleAnnouncementPriority::High);
        self.imp().is_abandoned.set(true);
        self.close();
    }

    /// Shows what is asked, as far as it has changed.
    pub(super) fn refresh(&self) {
        let (imp, prompt) = (self.imp(), self.prompt());
        let details = prompt.details.borrow();
        let form = self.form();
        let has_other = prompt.accounts.iter().any(|account| Some(account.id) != details.account);
        let words = question::words(&details, &form, prompt.remote.display_name(), has_other);
        self.set_title(Some(&plain(&words.heading)));
        imp.heading_label.set_label(&words.heading);
        imp.heading.update_property(&[Property::Label(&plain(&words.heading))]);
        imp.description.set_label(&words.description);
        imp.primary_label.set_label(&words.primary);
        imp.primary.update_property(&[Property::Label(&plain(&words.primary))]);
        imp.secondary.set_visible(words.secondary.is_some());
        imp.secondary_label.set_label(&words.secondary.unwrap_or_default());

        let programs: Vec<String> = prompt.clients.borrow().iter().map(|client| text::program(client)).collect();
        Self::tell(&*imp.asked_by_row, &programs.join(", "));
        let apps = question::apps(&details.app_ids);
        imp.for_row.set_visible(details.app_ids.len() == 1);
        Self::tell(&*imp.for_row, &apps);
        imp.several_row.set_visible(details.app_ids.len() > 1);
        Self::tell(&*imp.several_row, &apps);
        self.list_apps(&details.app_ids);
        Self::tell(
            &*imp.repository_row,
            &gettext_f(
                "{title} · {host}",
                &[
                    ("title", &text::within(prompt.remote.display_name())),
                    ("host", &text::within(&details.remote_url.host())),
                ],
            ),
        );
        Self::tell(&*imp.server_row, &text::plain(&details.binding.host()));
        drop(details);
        self.show_outlook();
        self.update_buttons();
    }

    /// A row's words, for eyes and ears.
    fn tell(row: &impl IsA<adw::PreferencesRow>, told: &str) {
        let row = row.upcast_ref();
        if let Some(row) = row.downcast_ref::<adw::ActionRow>() {
            row.set_subtitle(told);
        } else if let Some(row) = row.downcast_ref::<adw::ExpanderRow>() {
            row.set_subtitle(told);
        }
        row.upcast_ref::<gtk::Widget>().update_property(&[Property::Description(&plain(told))]);
    }

    fn list_apps(&self, app_ids: &[String]) {
        let imp = self.imp();
        let mut rows = imp.app_rows.borrow_mut();
        for app in &app_ids[rows.len().min(app_ids.len())..] {
            let row = adw::ActionRow::builder().use_markup(false).title(text::plain(app)).build();
            labels::settle(&row);
            imp.several_row.add_row(&row);
            rows.push(row);
        }
    }

    /// What happens to the install, and for how long the program still waits.
    fn show_outlook(&self) {
        let (imp, prompt) = (self.imp(), self.prompt());
        let is_waiting = prompt.is_waiting();
        let left = WAITING_LIMIT.saturating_sub(prompt.since.elapsed());
        let minutes = (is_waiting && left <= WAITING_END)
            .then(|| usize::try_from(left.as_secs().div_ceil(60)).unwrap_or(0).max(1));
        let told = question::outlook(&prompt.details.borrow(), is_waiting, minutes);
        if imp.outlook.label() != told {
            let is_news = minutes == Some(2) && !imp.outlook.label().is_empty();
            imp.outlook.set_label(&told);
            if is_news {
                self.announce(&told, gtk::AccessibleAnnouncementPriority::Medium);
            }
        }
        if is_waiting && imp.waiting.borrow().is_none() {
            let timer = glib::timeout_add_seconds_local(
                10,
                glib::clone!(
                    #[weak(rename_to = window)]
                    self,
                    #[upgrade_or]
                    glib::ControlFlow::Break,
                    move || {
                        window.show_outlook();
                        glib::ControlFlow::Continue
                    }
                ),
            );
            imp.waiting.replace(Some(timer));
        }
    }

    /// The icon of the app, else of Usher.
    fn show_icon(&self) {
        let imp = self.imp();
        let theme = gtk::IconTheme::for_display(&gtk::prelude::WidgetExt::display(self));
        let details = self.prompt().details.borrow();
        let app = details.app_ids.first().filter(|id| details.kind != Kind::Unlock && theme.has_icon(id));
        let name = app.map_or(names::APP_ID, String::as_str);
        imp.icon.set_icon_name(Some(if theme.has_icon(name) { name } else { "dialog-password-symbolic" }));
    }

    /// The accounts to choose from.
    fn show_accounts(&self) {
        let imp = self.imp();
        for row in imp.account_rows.take() {
            imp.accounts.remove(&row);
        }
        let Form::Choose(accounts) = self.form() else {
            imp.accounts.set_visible(false);
            imp.remembered.set_visible(false);
            return;
        };
        let weak = self.downgrade();
        let choices = account_choices(&accounts, move |account| {
            if let Some(window) = weak.upgrade() {
                window.imp().chosen.set(Some(account.id));
                window.update_buttons();
            }
        });
        for row in &choices {
            imp.accounts.append(row);
        }
        imp.account_rows.replace(choices);
        imp.accounts.set_visible(true);
        imp.remembered.set_visible(true);
    }
}

/// A text without the marks that keep names apart, for where nothing stands around them.
fn plain(text: &str) -> String {
    text.replace(['\u{2068}', '\u{2069}'], "")
}
