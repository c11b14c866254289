// SPDX-License-Identifier: GPL-3.0-or-later
//! *Done*: who is signed in where, and the way back.

use std::{rc::Rc, time::Duration};

use adw::{prelude::*, subclass::prelude::*};
use gettextrs::gettext;
use gtk::{AccessibleAnnouncementPriority, glib};
use usher_core::{account::Account, binding::Link};

use super::{
    Purpose,
    flow::Flow,
    save::Saved,
    way_back::{WayBack, way_back},
};
use crate::{application::Application, i18n::gettext_f, model::Repository, runtime, software, text, toast};

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
        pub(super) who_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) other_person_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) way_back_label: TemplateChild<gtk::Label>,
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
        pub(super) flow: RefCell<Option<Rc<Flow>>>,
        pub(super) saved: OnceCell<Saved>,
        pub(super) way_back: OnceCell<WayBack>,
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
            klass.install_action("done.copy-command", None, |page, _, _| page.copy_command());
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
            let said = gettext_f("Signed in as {user}", &[("user", &self.obj().user())]);
            self.obj().announce(&said, AccessibleAnnouncementPriority::Medium);
        }
    }

    #[gtk::template_callbacks]
    impl DonePage {
        #[template_callback]
        fn on_other_person(&self) {
            let flow = self.flow.take();
            if let (Some(flow), Some(saved)) = (flow, self.saved.get()) {
                flow.start_over(saved);
            }
        }

        #[template_callback]
        fn on_primary(&self) {
            match self.way_back.get() {
                Some(WayBack::Software { app_id }) => self.obj().open_software(app_id.clone()),
                Some(WayBack::Terminal { .. }) => self.obj().copy_command(),
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
    pub(super) fn new(flow: &Rc<Flow>, saved: Saved) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let host = flow.service().host();
        let (user, within) = (text::plain(&saved.user), text::within(&saved.user));
        imp.avatar.set_text(Some(&user));
        imp.who_label.set_label(&if saved.user == host {
            text::plain(&host)
        } else {
            gettext_f("{user} at {host}", &[("user", &within), ("host", &text::within(&host))])
        });
        imp.other_person_button.set_label(&gettext_f("Not {user}?", &[("user", &within)]));
        imp.other_person_button.set_visible(saved.user != host);
        let _ = imp.saved.set(saved);
        let _ = imp.way_back.set(way_back(&flow.request().purpose));
        imp.flow.replace(Some(flow.clone()));
        page.show_way_back();
        page
    }

    fn flow(&self) -> Option<Rc<Flow>> {
        self.imp().flow.borrow().clone()
    }

    fn user(&self) -> String {
        self.imp().saved.get().map_or_else(String::new, |saved| text::within(&saved.user))
    }

    fn show_way_back(&self) {
        let imp = self.imp();
        let (Some(flow), Some(way_back)) = (self.flow(), imp.way_back.get()) else {
            return;
        };
        let program = match &flow.request().purpose {
            Purpose::Asked(asked) => text::program(&asked.client),
            Purpose::ByHand { .. } => String::new(),
        };
        let program = [("program", program.as_str())];
        let (text, primary) = match way_back {
            WayBack::ByHand => (None, gettext("Done")),
            WayBack::Waiting => (Some(gettext_f("The install goes on in {program}.", &program)), gettext("Done")),
            WayBack::Software { app_id } => {
                let app = text::within(app_id);
                (Some(gettext_f("“{app}” can be installed now.", &[("app", &app)])), gettext("Open in Software"))
            }
            WayBack::Terminal { command } => {
                imp.command_label.set_label(command);
                imp.command_group.set_visible(true);
                (None, gettext("Copy Command"))
            }
            WayBack::Program => {
                (Some(gettext_f("Go back to {program} and start the install again.", &program)), gettext("Done"))
            }
        };
        imp.way_back_label.set_visible(text.is_some());
        imp.way_back_label.set_label(&text.unwrap_or_default());
        imp.primary_button.set_label(&primary);
        imp.done_button.set_visible(matches!(way_back, WayBack::Software { .. } | WayBack::Terminal { .. }));
        match way_back {
            WayBack::ByHand => self.show_repositories(&flow),
            WayBack::Waiting => self.close_by_itself(),
            _ => {
                imp.continue_group.set_visible(true);
                Application::current().settings().bind("continue-installs", &*imp.continue_row, "active").build();
            }
        }
    }

    /// The repositories here that name this server, each with a switch.
    fn show_repositories(&self, flow: &Rc<Flow>) {
        let Some(id) = self.imp().saved.get().map(|saved| saved.id) else {
            return;
        };
        let repositories = Application::current().repositories().all();
        let here: Vec<Repository> =
            repositories.iter().filter(|repository| repository.binding == flow.request().binding).cloned().collect();
        let store = flow.services().store.clone();
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
            self.imp().used_by_group.add(&row);
        }
        self.imp().used_by_group.set_visible(!repositories.is_empty());
    }

    /// Gives or takes back a repository's permission.
    fn allow(&self, id: usher_core::account::AccountId, link: Link, is_allowed: bool) {
        let Some(flow) = self.flow() else {
            return;
        };
        let store = flow.services().store.clone();
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = page)]
            self,
            async move {
                let changed = runtime::spawn(async move {
                    let changed = store
                        .change(id, {
                            let link = link.clone();
                            move |account| {
                                if is_allowed { account.link(link) } else { account.unlink(&link.remote_url) }
                            }
                        })
                        .await;
                    if is_allowed {
                        super::save::keep_one_link(&store, id, Some(&link)).await;
                    }
                    changed
                })
                .await;
                if let Err(error) = changed {
                    tracing::warn!(%error, "a permission was not saved");
                    toast::show(&page, &gettext("The keyring did not save the change"));
                }
            }
        ));
    }

    fn open_software(&self, app_id: String) {
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = page)]
            self,
            async move {
                let opened = if software::is_available().await { software::show(&app_id).await.is_ok() } else { false };
                if opened || page.launch(&format!("appstream:{app_id}")).await {
                    page.finish();
                } else {
                    toast::show(&page, &gettext("Software could not be opened"));
                }
            }
        ));
    }

    async fn launch(&self, address: &str) -> bool {
        let window = self.root().and_downcast::<gtk::Window>();
        gtk::UriLauncher::new(address).launch_future(window.as_ref()).await.is_ok()
    }

    fn copy_command(&self) {
        self.clipboard().set_text(&self.imp().command_label.label());
        toast::show(self, &gettext("Copied"));
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
        let flow = self.imp().flow.take();
        if let (Some(flow), Some(saved)) = (flow, self.imp().saved.get()) {
            flow.finish(saved.id);
        }
    }
}
