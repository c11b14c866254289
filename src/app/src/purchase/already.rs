// SPDX-License-Identifier: GPL-3.0-or-later
//! *Already Bought?*: asks the server again, and the person's other accounts there, each only when its row is pressed.

use std::{collections::BTreeSet, rc::Rc};

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, glib};
use usher_core::{account::Account, buying, provider::Access, session::SessionError};

use super::{request::PurchaseRequest, trouble::Trouble};
use crate::{
    i18n::{gettext, gettext_f, ngettext_f},
    runtime,
    services::Services,
    text,
    widgets::{Wait, accessible, escape, focus, labels, toast},
};

/// Names of what a row shows at its end.
const IDLE: &str = "idle";
const BUSY: &str = "busy";

/// A question to the server, and the row that shows that it goes on.
struct Asked {
    row: adw::ActionRow,
    state: gtk::Stack,
    task: glib::JoinHandle<()>,
}

/// What came of the question.
pub(crate) enum AlreadyAnswer {
    /// The account has access to these apps after all.
    Owned(BTreeSet<String>),
    /// The person wants to use another account, which has all of them.
    Use(Box<Account>),
    /// The person wants to sign in with another account.
    SignIn,
    /// The account has to be signed in to again before the server can be asked.
    Expired,
}

type Tell = Rc<dyn Fn(AlreadyAnswer)>;

mod imp {
    use std::cell::{OnceCell, RefCell};

    use super::*;

    #[derive(Default, glib::Properties, gtk::CompositeTemplate)]
    #[properties(wrapper_type = super::AlreadyPage)]
    #[template(file = "src/purchase/already.blp")]
    pub struct AlreadyPage {
        #[template_child]
        pub(super) check_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) check_stack: TemplateChild<gtk::Stack>,
        #[template_child]
        pub(super) others_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) sign_in_row: TemplateChild<adw::ButtonRow>,
        /// What the page is about.
        #[property(get, construct_only)]
        question: RefCell<String>,
        pub(super) services: OnceCell<Services>,
        pub(super) request: OnceCell<Rc<PurchaseRequest>>,
        pub(super) tell: OnceCell<Tell>,
        asked: RefCell<Vec<Asked>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AlreadyPage {
        const NAME: &'static str = "UsherAlreadyPage";
        type Type = super::AlreadyPage;
        type ParentType = adw::NavigationPage;

        fn class_init(klass: &mut Self::Class) {
            Wait::ensure_type();
            klass.bind_template();
            klass.bind_template_callbacks();
        }

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            obj.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for AlreadyPage {
        fn constructed(&self) {
            self.parent_constructed();
            accessible::can_be_pressed(&*self.check_row);
            accessible::can_be_pressed(&*self.sign_in_row);
            self.stop_with_escape();
            focus::when_first_shown(&*self.obj(), |page| {
                page.imp().check_row.grab_focus();
            });
        }
    }

    impl WidgetImpl for AlreadyPage {}
    impl NavigationPageImpl for AlreadyPage {}

    #[gtk::template_callbacks]
    impl AlreadyPage {
        fn request(&self) -> &Rc<PurchaseRequest> {
            self.request.get().expect("set when the page is made")
        }

        pub(super) fn tell(&self, answer: AlreadyAnswer) {
            if let Some(tell) = self.tell.get() {
                tell(answer);
            }
        }

        #[template_callback]
        fn on_sign_in(&self) {
            self.tell(AlreadyAnswer::SignIn);
        }

        /// Asks for the account that would pay.
        #[template_callback]
        fn on_check(&self) {
            let task = glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    let access = imp.ask(&imp.request().account).await;
                    imp.end_waiting(&imp.check_row);
                    match access {
                        Ok(access) if access.granted.is_empty() => {
                            toast::show(&*imp.obj(), &gettext("Nothing has changed"));
                        }
                        Ok(access) => imp.tell(AlreadyAnswer::Owned(access.granted)),
                        Err(SessionError::SignedOut | SessionError::Expired) => imp.tell(AlreadyAnswer::Expired),
                        Err(error) => imp.say(&error),
                    }
                }
            ));
            self.begin_waiting(&self.check_row, &self.check_stack, task);
        }

        /// Shows that the row's question goes on. The row stays where the keyboard is.
        fn begin_waiting(&self, row: &adw::ActionRow, state: &gtk::Stack, task: glib::JoinHandle<()>) {
            row.set_activatable(false);
            state.set_visible_child_name(BUSY);
            self.asked.borrow_mut().push(Asked { row: row.clone(), state: state.clone(), task });
        }

        /// The row's question has its answer.
        fn end_waiting(&self, row: &adw::ActionRow) {
            for asked in self.asked.borrow_mut().extract_if(.., |asked| asked.row == *row) {
                asked.state.set_visible_child_name(IDLE);
                row.set_activatable(true);
            }
        }

        /// Escape stops what the server is asked, before it leads back.
        fn stop_with_escape(&self) {
            escape::stops(&*self.obj(), gtk::PropagationPhase::Capture, |page| {
                let asked = page.imp().asked.take();
                for Asked { row, state, task } in &asked {
                    task.abort();
                    state.set_visible_child_name(IDLE);
                    row.set_activatable(true);
                }
                !asked.is_empty()
            });
        }

        /// Asks the server about one account, and saves what it has.
        async fn ask(&self, account: &Account) -> Result<Access, SessionError> {
            let session = self.services.get().expect("set when the page is made").session.clone();
            let (ground, app_ids) = (self.request().ground.clone(), self.request().app_ids.iter());
            let (id, ids) = (account.id, app_ids.cloned().collect::<BTreeSet<_>>());
            runtime::spawn(async move { buying::check(&session, id, &ids, Some(&ground)).await }).await
        }

        fn say(&self, error: &SessionError) {
            tracing::warn!(%error, "cannot find out whether something was bought");
            toast::show(&*self.obj(), &Trouble::of(error).line(&self.request().account.binding.host()));
        }

        pub(super) fn list(&self, others: &[Account]) {
            self.others_group.set_visible(!others.is_empty());
            for account in others {
                self.others_group.add(&self.row(account));
            }
        }

        /// A row that asks for another account when it is pressed.
        fn row(&self, account: &Account) -> adw::ActionRow {
            let row = adw::ActionRow::builder()
                .use_markup(false)
                .title(gettext_f("Check the account of {user}", &[("user", &text::within(&account.label()))]))
                .subtitle(account.name.as_deref().map(text::plain).unwrap_or_default())
                .activatable(true)
                .build();
            let state = gtk::Stack::builder().valign(gtk::Align::Center).build();
            let icon = gtk::Image::from_icon_name("system-search-symbolic");
            icon.upcast_ref::<gtk::Widget>().set_accessible_role(gtk::AccessibleRole::Presentation);
            state.add_named(&icon, Some(IDLE));
            state.add_named(&Wait::new(&gettext("Checking…")), Some(BUSY));
            row.add_suffix(&state);
            accessible::can_be_pressed(&row);
            let account = account.clone();
            row.connect_activated(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |row| imp.check_other(account.clone(), row, &state)
            ));
            labels::settle(&row);
            row
        }

        fn check_other(&self, account: Account, row: &adw::ActionRow, state: &gtk::Stack) {
            let task = glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                #[weak]
                row,
                #[weak]
                state,
                async move {
                    let access = imp.ask(&account).await;
                    imp.end_waiting(&row);
                    let is_told = matches!(access, Ok(_) | Err(SessionError::SignedOut | SessionError::Expired));
                    row.set_activatable(!is_told);
                    state.set_visible(!is_told);
                    match access {
                        Ok(access) => imp.show_found(account, &row, &access),
                        Err(SessionError::SignedOut | SessionError::Expired) => {
                            row.set_subtitle(&gettext("Sign in again"));
                        }
                        Err(error) => imp.say(&error),
                    }
                }
            ));
            self.begin_waiting(row, state, task);
        }

        /// What another account has.
        fn show_found(&self, account: Account, row: &adw::ActionRow, access: &Access) {
            let title = found(&account.label(), access.granted.len(), self.request().app_ids.len());
            row.set_title(&title);
            self.obj().announce(&accessible::bare(&title), AccessibleAnnouncementPriority::Medium);
            if !access.denied.is_empty() || access.granted.is_empty() {
                return;
            }
            let button = gtk::Button::builder()
                .label(gettext("Use This Account"))
                .valign(gtk::Align::Center)
                .css_classes(["suggested-action"])
                .build();
            button.connect_clicked(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |_| imp.tell(AlreadyAnswer::Use(Box::new(account.clone())))
            ));
            row.add_suffix(&button);
            button.grab_focus();
        }
    }
}

glib::wrapper! {
    pub struct AlreadyPage(ObjectSubclass<imp::AlreadyPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl AlreadyPage {
    /// For what `request` would buy; `others` are the person's other accounts at the server.
    pub(crate) fn new(
        services: &Services,
        request: PurchaseRequest,
        others: &[Account],
        tell: impl Fn(AlreadyAnswer) + 'static,
    ) -> Self {
        let host = text::within(&request.account.binding.host());
        let user = text::within(&request.account.label());
        let question = gettext_f(
            "According to {host}, {user} has no access. A recent purchase can take a moment to appear.",
            &[("host", &host), ("user", &user)],
        );
        let page: Self = glib::Object::builder().property("question", question).build();
        let imp = page.imp();
        let _ = imp.services.set(services.clone());
        let _ = imp.request.set(Rc::new(request));
        let _ = imp.tell.set(Rc::new(tell));
        imp.list(others);
        labels::settle(&page);
        page
    }
}

/// What the page says of an account that has `has` of the `of` apps.
fn found(user: &str, has: usize, of: usize) -> String {
    let user = text::within(user);
    let (has_text, of_text) = (has.to_string(), of.to_string());
    let values = [("user", user.as_str()), ("has", has_text.as_str()), ("of", of_text.as_str())];
    if has == 0 {
        ngettext_f("{user} does not have this app", "{user} does not have these {n} apps", of, &values)
    } else if has == of {
        ngettext_f("{user} has this app", "{user} has these {n} apps", of, &values)
    } else {
        // Translators: {has} and {of} are numbers: “demo has 1 of these 3 apps”
        gettext_f("{user} has {has} of these {of} apps", &values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(has: usize, of: usize) -> String {
        accessible::bare(&found("demo2", has, of))
    }

    #[test]
    fn what_another_account_has_is_said_in_words() {
        assert_eq!(told(1, 1), "demo2 has this app");
        assert_eq!(told(0, 1), "demo2 does not have this app");
        assert_eq!(told(3, 3), "demo2 has these 3 apps");
        assert_eq!(told(1, 3), "demo2 has 1 of these 3 apps");
    }
}
