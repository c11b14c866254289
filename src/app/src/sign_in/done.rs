// SPDX-License-Identifier: GPL-3.0-or-later
//! *Done*: who is signed in where, and the way back.

use std::{rc::Rc, time::Duration};

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, glib};
use usher_core::{
    account::{Account, AccountId},
    binding::{Binding, Link},
    sign_in::Saved,
};

use super::{
    Ending, Purpose,
    flow::Flow,
    next_step::{NextStep, next_step},
};
use crate::{
    application::Application,
    desktop::software,
    i18n::{gettext, gettext_f},
    model::{Repository, permission},
    runtime, text,
    web::WebTask,
    widgets::{labels, toast},
};

type Act = Box<dyn FnOnce()>;

/// How long *Done* stays when a program goes on by itself.
const CLOSING: Duration = Duration::from_secs(6);

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/sign_in/done.blp")]
    pub struct DonePage {
        #[template_child]
        pub(super) avatar: TemplateChild<adw::Avatar>,
        #[template_child]
        pub(super) heading: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) who_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) other_person_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) next_step_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) command_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) command_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) used_by_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) continue_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) continue_row: TemplateChild<adw::SwitchRow>,
        #[template_child]
        pub(super) primary_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) done_button: TemplateChild<gtk::Button>,
        /// Whose permissions are shown.
        pub(super) account: OnceCell<(AccountId, Binding)>,
        pub(super) said: RefCell<String>,
        pub(super) finished: RefCell<Option<Act>>,
        pub(super) start_over: RefCell<Option<Act>>,
        pub(super) next_step: OnceCell<NextStep>,
        pub(super) is_touched: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for DonePage {
        const NAME: &'static str = "UsherDonePage";
        type Type = super::DonePage;
        type ParentType = adw::NavigationPage;

        fn class_init(klass: &mut Self::Class) {
            klass.bind_template();
            klass.bind_template_callbacks();
            klass.install_action("done.finish", None, |page, _, _| page.finish());
        }

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            obj.init_template();
        }
    }

    impl ObjectImpl for DonePage {}
    impl WidgetImpl for DonePage {}

    impl NavigationPageImpl for DonePage {
        fn shown(&self) {
            self.parent_shown();
            self.primary_button.grab_focus();
            self.obj().announce(&self.said.borrow(), AccessibleAnnouncementPriority::Medium);
        }
    }

    #[gtk::template_callbacks]
    impl DonePage {
        #[template_callback]
        fn on_other_person(&self) {
            if let Some(start_over) = self.start_over.take() {
                start_over();
            }
        }

        #[template_callback]
        fn on_primary(&self) {
            match self.next_step.get() {
                Some(NextStep::Software { remote, app_id }) => {
                    self.obj().install_in_software(remote.clone(), app_id.clone());
                }
                Some(NextStep::Terminal { .. }) => self.obj().copy_command(),
                _ => self.obj().finish(),
            }
        }
    }
}

glib::wrapper! {
    /// The last page of a sign-in.
    pub struct DonePage(ObjectSubclass<imp::DonePage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl DonePage {
    /// After signing in.
    pub(super) fn signed_in(flow: &Rc<Flow>, saved: Saved) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let host = flow.service().host();
        page.show_who(Some(&saved.account.user).filter(|user| **user != host), &host);
        let within = text::within(&saved.account.user);
        imp.said.replace(gettext_f("Signed in as {user}", &[("user", &within)]));
        imp.other_person_button.set_label(&gettext_f("Not {user}?", &[("user", &within)]));
        imp.other_person_button.set_visible(saved.account.user != host);
        let _ = imp.account.set((saved.account.id, flow.request().binding.clone()));
        let (id, other) = (saved.account.id, flow.clone());
        imp.start_over.replace(Some(Box::new(move || other.start_over(&saved))));
        let flow = flow.clone();
        let purpose = flow.request().purpose.clone();
        imp.finished.replace(Some(Box::new(move || flow.finish(id))));
        page.show_next_step(&purpose);
        page
    }

    /// After a question that needed no signing in.
    pub(super) fn after(ending: Ending, finished: Act) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        page.set_title(&ending.heading);
        imp.heading.set_label(&ending.heading);
        imp.avatar.set_visible(ending.user.is_some());
        page.show_who(ending.user.as_ref(), &ending.host);
        if let Some(text) = &ending.text {
            imp.who_label.set_label(text);
        }
        imp.said.replace(ending.heading);
        imp.other_person_button.set_visible(false);
        imp.finished.replace(Some(finished));
        page.show_next_step(&Purpose::Asked(ending.asked));
        page
    }

    fn show_who(&self, user: Option<&String>, host: &str) {
        let imp = self.imp();
        imp.avatar.set_text(user.map(|user| text::plain(user)).as_deref());
        imp.who_label.set_label(&match user {
            Some(user) => {
                gettext_f("{user} at {host}", &[("user", &text::within(user)), ("host", &text::within(host))])
            }
            None => text::plain(host),
        });
    }

    fn show_next_step(&self, purpose: &Purpose) {
        let imp = self.imp();
        let next_step = imp.next_step.get_or_init(|| next_step(purpose));
        let client = match purpose {
            Purpose::Asked(asked) => asked.client.as_str(),
            Purpose::ByHand { .. } => "",
        };
        let program = text::program(client);
        let program = [("program", program.as_str())];
        let (text, primary) = match next_step {
            NextStep::ByHand => (None, gettext("Done")),
            NextStep::Waiting if client.is_empty() => (Some(gettext("The install goes on.")), gettext("Done")),
            NextStep::Waiting => (Some(gettext_f("The install goes on in {program}.", &program)), gettext("Done")),
            NextStep::Software { remote, app_id } => {
                self.name_what_software_does(remote.clone(), app_id.clone());
                // Its name was looked up when the question was asked, which named it as well.
                let app = text::within(&Application::current().apps().get(remote, app_id).title());
                (Some(gettext_f("“{app}” can be installed now.", &[("app", &app)])), gettext("Open in Software"))
            }
            NextStep::Terminal { command } => {
                imp.command_label.set_label(command);
                imp.command_group.set_visible(true);
                let again = if client.is_empty() {
                    gettext("Start again, or run this command:")
                } else {
                    gettext("Run the command again:")
                };
                (Some(again), gettext("Copy Command"))
            }
            NextStep::Account if client.is_empty() => (None, gettext("Done")),
            NextStep::Account => (Some(gettext_f("Go back to {program}.", &program)), gettext("Done")),
            NextStep::Program if client.is_empty() => (Some(gettext("Start the install again.")), gettext("Done")),
            NextStep::Program => {
                (Some(gettext_f("Go back to {program} and start the install again.", &program)), gettext("Done"))
            }
        };
        imp.next_step_label.set_visible(text.is_some());
        imp.next_step_label.set_label(&text.unwrap_or_default());
        imp.primary_button.set_label(&primary);
        imp.done_button.set_visible(matches!(next_step, NextStep::Software { .. } | NextStep::Terminal { .. }));
        match next_step {
            NextStep::ByHand => self.show_repositories(),
            NextStep::Waiting => self.close_by_itself(),
            // An update never waits.
            _ if matches!(purpose, Purpose::Asked(asked) if asked.is_update) => {}
            _ => {
                imp.continue_group.set_visible(true);
                Application::current().settings().bind("continue-installs", &*imp.continue_row, "active").build();
            }
        }
    }

    /// The repositories here that name this server, each with a switch.
    fn show_repositories(&self) {
        let Some((id, binding)) = self.imp().account.get().cloned() else {
            return;
        };
        let application = Application::current();
        let repositories = application.repositories().all();
        let here: Vec<Repository> =
            repositories.iter().filter(|repository| repository.binding == binding).cloned().collect();
        let store = application.services().store.clone();
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = page)]
            self,
            async move {
                let entries = runtime::spawn(async move { store.entries().await }).await.unwrap_or_default();
                let account = entries.iter().filter_map(|entry| entry.account()).find(|account| account.id == id);
                if let Some(account) = account {
                    page.add_switches(&here, account);
                }
            }
        ));
    }

    fn add_switches(&self, repositories: &[Repository], account: &Account) {
        for repository in repositories {
            let row = adw::SwitchRow::builder()
                .use_markup(false)
                .title(repository.title())
                .subtitle(text::plain(repository.address.as_str()))
                .active(account.is_linked_to(&repository.address))
                .build();
            let (id, link) =
                (account.id, Link { remote_url: repository.address.clone(), remote: repository.remote.name.clone() });
            row.connect_active_notify(glib::clone!(
                #[weak(rename_to = page)]
                self,
                move |row| page.allow(id, link.clone(), row.is_active())
            ));
            labels::settle(&row);
            self.imp().used_by_group.add(&row);
        }
        self.imp().used_by_group.set_visible(!repositories.is_empty());
    }

    /// Gives or takes back a repository's permission.
    fn allow(&self, id: AccountId, link: Link, is_allowed: bool) {
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = page)]
            self,
            async move {
                let changed = if is_allowed {
                    permission::give(id, link).await
                } else {
                    permission::take_back(id, link.remote_url).await
                };
                if let Err(said) = changed {
                    toast::show(&page, &said);
                }
            }
        ));
    }

    /// Software can be told to install where it can be reached; elsewhere it can only be opened.
    fn name_what_software_does(&self, remote: String, app_id: String) {
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = page)]
            self,
            async move {
                if software::can_install(&remote, &app_id).await {
                    page.imp().primary_button.set_label(&gettext("Install in Software"));
                }
            }
        ));
    }

    fn install_in_software(&self, remote: String, app_id: String) {
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = page)]
            self,
            async move {
                if software::install(&page, &remote, &app_id).await {
                    page.finish();
                }
            }
        ));
    }

    fn copy_command(&self) {
        toast::copy(self, &self.imp().command_label.label());
    }

    /// Closes after a while, unless somebody does something.
    fn close_by_itself(&self) {
        let keys = gtk::EventControllerLegacy::new();
        keys.set_propagation_phase(gtk::PropagationPhase::Capture);
        keys.connect_event(glib::clone!(
            #[weak(rename_to = page)]
            self,
            #[upgrade_or]
            glib::Propagation::Proceed,
            move |_, event| {
                use gtk::gdk::EventType;
                let is_touch = matches!(
                    event.event_type(),
                    EventType::KeyPress
                        | EventType::ButtonPress
                        | EventType::MotionNotify
                        | EventType::TouchBegin
                        | EventType::Scroll
                );
                if is_touch {
                    page.imp().is_touched.set(true);
                }
                glib::Propagation::Proceed
            }
        ));
        self.add_controller(keys);
        glib::timeout_add_local_once(
            CLOSING,
            glib::clone!(
                #[weak(rename_to = page)]
                self,
                move || {
                    if !page.imp().is_touched.get() {
                        page.finish();
                    }
                }
            ),
        );
    }

    fn finish(&self) {
        if let Some(finished) = self.imp().finished.take() {
            finished();
        }
    }
}
