// SPDX-License-Identifier: GPL-3.0-or-later
//! The page about one account.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    binding::Link,
    clock,
    service::RemoteUrl,
};

use super::{
    apps_row::AppsRow,
    purchase_item, remove, sign_out,
    uses::{Use, uses},
};
use crate::{
    application::Application,
    i18n::{gettext, gettext_f, ngettext_f},
    keyring,
    main_window::Window,
    model::{KeyringState, Standing, permission},
    runtime, text,
    widgets::{accessible, labels, toast},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/account/page.blp")]
    pub struct AccountPage {
        pub(super) id: OnceCell<AccountId>,
        pub(super) handlers: RefCell<Vec<(glib::Object, glib::SignalHandlerId)>>,
        pub(super) switches: RefCell<Vec<(RemoteUrl, adw::SwitchRow)>>,
        /// Whether switches are being set to what is saved, rather than by the person.
        pub(super) is_refreshing: Cell<bool>,
        /// Whether it was shown before: the keyboard goes back to where it was left.
        was_shown: Cell<bool>,
        #[template_child]
        pub(super) banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) avatar: TemplateChild<adw::Avatar>,
        #[template_child]
        pub(super) user_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) host_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) uses_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) unused_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) purchases_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) purchases_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) apps_row: TemplateChild<AppsRow>,
        #[template_child]
        pub(super) server_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) sign_in_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) since_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) until_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) used_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) name_row: TemplateChild<adw::EntryRow>,
        #[template_child]
        pub(super) actions_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        sign_in_again_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        pub(super) sign_out_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        remove_row: TemplateChild<adw::ButtonRow>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AccountPage {
        const NAME: &'static str = "UsherAccountPage";
        type Type = super::AccountPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            AppsRow::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for AccountPage {
        fn constructed(&self) {
            self.parent_constructed();
            for row in [&self.sign_in_again_row, &self.sign_out_row, &self.remove_row] {
                accessible::can_be_pressed(&**row);
            }
            accessible::can_be_pressed(&*self.purchases_row);
        }

        fn dispose(&self) {
            for (object, handler) in self.handlers.take() {
                object.disconnect(handler);
            }
        }
    }

    impl WidgetImpl for AccountPage {}
    impl NavigationPageImpl for AccountPage {}

    #[gtk::template_callbacks]
    impl AccountPage {
        #[template_callback]
        fn on_shown(&self) {
            self.obj().refresh();
            if self.was_shown.replace(true) {
                return;
            }
            match self.switches.borrow().first() {
                Some((_, row)) => row.grab_focus(),
                None => self.unused_row.grab_focus(),
            };
        }

        #[template_callback]
        fn on_banner(&self) {
            if let Some(id) = self.id.get() {
                keyring::help(&*self.obj(), *id);
            }
        }

        #[template_callback]
        fn on_sign_in_again(&self) {
            if let (Some(window), Some(id)) = (Window::of(&*self.obj()), self.id.get()) {
                window.sign_in_again(*id);
            }
        }

        #[template_callback]
        fn on_purchases(&self) {
            if let (Some(window), Some(id)) = (Window::of(&*self.obj()), self.id.get()) {
                window.show_purchases(*id);
            }
        }

        #[template_callback]
        fn on_sign_out(&self) {
            glib::spawn_future_local(sign_out::sign_out(self.obj().clone().upcast(), self.obj().id()));
        }

        #[template_callback]
        fn on_remove(&self) {
            if let (Some(window), Some(id)) = (Window::of(&*self.obj()), self.id.get()) {
                remove::ask(&window, *id);
            }
        }

        #[template_callback]
        fn on_name(&self) {
            glib::spawn_future_local(self.obj().clone().rename(self.name_row.text().into()));
        }
    }
}

glib::wrapper! {
    pub struct AccountPage(ObjectSubclass<imp::AccountPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl AccountPage {
    /// The page of an account, which follows its changes.
    pub(crate) fn new(application: &Application, id: AccountId) -> Self {
        let page: Self = glib::Object::new();
        let _ = page.imp().id.set(id);
        let weak = page.downgrade();
        let refresh = move || {
            if let Some(page) = weak.upgrade() {
                page.refresh();
            }
        };
        let also = refresh.clone();
        let (accounts, repositories, apps) = (application.accounts(), application.repositories(), application.apps());
        let apps_row = page.imp().apps_row.downgrade();
        let refresh_apps = move || {
            if let Some(row) = apps_row.upgrade() {
                row.refresh();
            }
        };
        page.imp().handlers.replace(vec![
            (apps.clone().upcast(), apps.connect_changed(move |_| refresh_apps())),
            (accounts.clone().upcast(), accounts.connect_changed(move |_| refresh())),
            (repositories.clone().upcast(), repositories.connect_changed(move |_| also())),
        ]);
        page.refresh();
        page
    }

    fn id(&self) -> AccountId {
        *self.imp().id.get().expect("set when it was made")
    }

    fn refresh(&self) {
        let application = Application::current();
        let accounts = application.accounts();
        let is_ready = accounts.state() == KeyringState::Ready;
        self.imp().actions_group.set_sensitive(is_ready);
        let Some(account) = accounts.find(self.id()) else {
            self.show_without_account(accounts.state());
            return;
        };
        let is_one_of_several =
            accounts.accounts().iter().filter(|other| other.binding.host() == account.binding.host()).count() > 1;
        self.show_head(&account);
        self.show_uses(uses(&account, &application.repositories().all()));
        self.show_purchases(&account);
        self.imp().apps_row.show(&account);
        self.show_details(&account, is_one_of_several);
    }

    /// The keyring was locked meanwhile, or the account was removed elsewhere.
    fn show_without_account(&self, state: KeyringState) {
        let imp = self.imp();
        if state == KeyringState::Ready {
            // A page above this one is not taken from the person.
            if let Some(window) = Window::of(self).filter(|_| self.is_mapped()) {
                window.show_first_page();
            }
            return;
        }
        let banner = keyring::banner(state);
        imp.banner.set_revealed(banner.is_some());
        if let Some((title, button)) = banner {
            imp.banner.set_title(&title);
            imp.banner.set_button_label(Some(&button));
        }
        imp.uses_group.set_sensitive(false);
        imp.name_row.set_sensitive(false);
    }

    fn show_head(&self, account: &Account) {
        let imp = self.imp();
        let user = text::user(account);
        self.set_title(&user);
        imp.avatar.set_text(Some(&user));
        imp.user_label.set_label(&user);
        imp.user_label.set_tooltip_text(Some(&account.user).filter(|full| **full != user).map(String::as_str));
        imp.host_label.set_label(&account.binding.host());
        let state = match Standing::of(account, clock::now()) {
            Standing::Ended => Some(gettext("Sign-in has expired")),
            Standing::SignedOut => Some(gettext("Signed out")),
            Standing::Fine | Standing::EndsSoon(_) => None,
        };
        if let Some(state) = &state {
            imp.banner.set_title(state);
            imp.banner.set_button_label(Some(&gettext("Sign In…")));
        }
        imp.banner.set_revealed(state.is_some());
    }

    fn show_uses(&self, uses: Vec<Use>) {
        let imp = self.imp();
        imp.uses_group.set_sensitive(true);
        imp.unused_row.set_visible(uses.is_empty());
        let is_same = {
            let switches = imp.switches.borrow();
            switches.len() == uses.len() && switches.iter().zip(&uses).all(|((a, _), b)| a == &b.link.remote_url)
        };
        imp.is_refreshing.set(true);
        if is_same {
            for ((_, row), used) in imp.switches.borrow().iter().zip(&uses) {
                row.set_active(used.is_allowed);
            }
        } else {
            for (_, row) in imp.switches.take() {
                imp.uses_group.remove(&row);
            }
            for used in uses {
                let (address, row) = (used.link.remote_url.clone(), self.use_row(used));
                imp.uses_group.add(&row);
                imp.switches.borrow_mut().push((address, row));
            }
        }
        imp.is_refreshing.set(false);
    }

    fn use_row(&self, used: Use) -> adw::SwitchRow {
        let row = adw::SwitchRow::builder()
            .title(&used.title)
            .subtitle(used.link.remote_url.as_str())
            .use_markup(false)
            .active(used.is_allowed)
            .build();
        labels::settle(&row);
        let weak = self.downgrade();
        row.connect_active_notify(move |row| {
            if let Some(page) = weak.upgrade().filter(|page| !page.imp().is_refreshing.get()) {
                glib::spawn_future_local(page.set_permission(used.title.clone(), used.link.clone(), row.is_active()));
            }
        });
        row
    }

    async fn set_permission(self, title: String, link: Link, is_allowed: bool) {
        let id = self.id();
        let repository = text::within(&title);
        let changed = if is_allowed {
            permission::give(id, link.clone()).await
        } else {
            permission::take_back(id, link.remote_url.clone()).await
        };
        if let Err(said) = changed {
            toast::show(&self, &said);
            self.refresh();
        } else if is_allowed {
            toast::show(&self, &gettext_f("{repository} may use this account", &[("repository", &repository)]));
        } else {
            let text = gettext_f("{repository} no longer uses this account", &[("repository", &repository)]);
            let page = self.downgrade();
            toast::with_button(&self, &text, &gettext("Undo"), move || {
                let (link, page) = (link.clone(), page.clone());
                glib::spawn_future_local(async move {
                    if let (Err(said), Some(page)) = (permission::give(id, link).await, page.upgrade()) {
                        toast::show(&page, &said);
                    }
                });
            });
        }
    }

    fn show_purchases(&self, account: &Account) {
        let imp = self.imp();
        let count = purchase_item::count(account);
        imp.purchases_label.set_label(&count.to_string());
        imp.purchases_label.set_visible(count > 0);
        let name = ngettext_f("Purchases, {n} app", "Purchases, {n} apps", count, &[]);
        accessible::name(&*imp.purchases_row, &name);
    }

    fn show_details(&self, account: &Account, is_one_of_several: bool) {
        let imp = self.imp();
        let is_signed_out = Standing::of(account, clock::now()) == Standing::SignedOut;
        imp.server_row.set_subtitle(&account.binding.host());
        imp.sign_in_row.set_subtitle(&account.binding.provider.sign_in_method());
        imp.since_row.set_subtitle(&text::day(account.signed_in_at));
        imp.since_row.set_visible(!is_signed_out);
        imp.until_row.set_subtitle(&account.valid_until.map_or_else(|| gettext("Until signed out"), text::day));
        imp.until_row.set_visible(!is_signed_out);
        imp.used_row.set_visible(account.last_use.is_some());
        if let Some(last) = &account.last_use {
            let (moment, program) = (text::moment(last.at, clock::now()), text::program(&last.by));
            // Translators: “Today at 14:05 by Software”
            let used = gettext_f("{moment} by {program}", &[("moment", &moment), ("program", &program)]);
            imp.used_row.set_subtitle(&used);
        }
        imp.name_row.set_visible(is_one_of_several);
        imp.name_row.set_sensitive(true);
        let name = account.name.as_deref().unwrap_or_default();
        if !imp.name_row.has_css_class("focused") && imp.name_row.text() != name {
            imp.name_row.set_text(name);
        }
        imp.sign_out_row.set_visible(!is_signed_out);
    }

    async fn rename(self, name: String) {
        let application = Application::current();
        let (store, id) = (application.services().store.clone(), self.id());
        let changed = runtime::spawn(async move { store.change(id, move |account| account.rename(&name)).await }).await;
        application.accounts().reload();
        if let Err(error) = changed {
            tracing::warn!(%error, "an account cannot be named");
            toast::show(&self, &gettext("The name could not be saved"));
        }
    }
}
