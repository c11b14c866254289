// SPDX-License-Identifier: GPL-3.0-or-later
//! The page about one account.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    clock,
    service::RemoteUrl,
};

use super::{
    apps_row::AppsRow,
    permit, purchase_item, sign_out,
    uses::{Use, uses},
};
use crate::{
    activity::{ActivityRow, Scope},
    i18n::{gettext, gettext_f, ngettext_f},
    keyring,
    model::{KeyringState, Repository, Standing},
    navigation::{self, Destination},
    prompt::Prompter,
    services::Services,
    text,
    widgets::{Closures, Guard, accessible, focus, labels, show_banner, toast},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::AccountPage)]
    #[template(file = "src/account/page.blp")]
    pub struct AccountPage {
        /// The whole name of the person, where the title has only a part of it.
        #[property(get, set, nullable)]
        full_user: RefCell<Option<String>>,
        #[property(get, set)]
        host: RefCell<String>,
        /// Whether the keyring is open.
        #[property(get, set)]
        is_ready: Cell<bool>,
        /// Whether the account is known, and can be changed.
        #[property(get, set)]
        is_known: Cell<bool>,
        /// Whether no repository uses it or could.
        #[property(get, set)]
        is_unused: Cell<bool>,
        /// How many apps were bought; empty where none was.
        #[property(get, set)]
        purchases: RefCell<String>,
        #[property(get, set)]
        way_to_sign_in: RefCell<String>,
        #[property(get, set)]
        is_signed_in: Cell<bool>,
        #[property(get, set)]
        since: RefCell<String>,
        #[property(get, set)]
        until: RefCell<String>,
        /// For which apps it is; empty where the sign-in does not say.
        #[property(get, set)]
        coverage: RefCell<String>,
        /// When and by what it was used last; empty where it never was.
        #[property(get, set)]
        last_use: RefCell<String>,
        /// Whether a name of the person's own helps: another account is at the same server, or this one has no name that
        /// says something.
        #[property(get, set)]
        can_be_named: Cell<bool>,
        pub(super) id: OnceCell<AccountId>,
        pub(super) services: OnceCell<Services>,
        pub(super) prompter: OnceCell<Option<Prompter>>,
        switches: RefCell<Vec<(RemoteUrl, adw::SwitchRow)>>,
        /// Whether switches are being set to what is saved, rather than by the person.
        is_refreshing: Cell<bool>,
        #[template_child]
        banner: TemplateChild<adw::Banner>,
        #[template_child]
        uses_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        guard: TemplateChild<Guard>,
        #[template_child]
        unused_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        purchases_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) apps_row: TemplateChild<AppsRow>,
        #[template_child]
        pub(super) activity_row: TemplateChild<ActivityRow>,
        #[template_child]
        name_row: TemplateChild<adw::EntryRow>,
        #[template_child]
        sign_in_again_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        sign_out_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        remove_row: TemplateChild<adw::ButtonRow>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AccountPage {
        const NAME: &'static str = "UsherAccountPage";
        type Type = super::AccountPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            ActivityRow::ensure_type();
            AppsRow::ensure_type();
            Guard::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for AccountPage {
        fn constructed(&self) {
            self.parent_constructed();
            for row in [&self.sign_in_again_row, &self.sign_out_row, &self.remove_row] {
                accessible::can_be_pressed(&**row);
            }
            accessible::can_be_pressed(&*self.purchases_row);
            focus::when_first_shown(&*self.obj(), |page| page.imp().place_focus());
        }
    }

    impl WidgetImpl for AccountPage {}
    impl NavigationPageImpl for AccountPage {}

    #[gtk::template_callbacks]
    impl AccountPage {
        fn id(&self) -> AccountId {
            *self.id.get().expect("set when the page is made")
        }

        fn services(&self) -> &Services {
            self.services.get().expect("set when the page is made")
        }

        #[template_callback]
        fn on_banner(&self) {
            keyring::help(&*self.obj(), self.services(), self.id());
        }

        #[template_callback]
        fn on_sign_in_again(&self) {
            navigation::go_to(&*self.obj(), &Destination::SignInAgain(self.id()));
        }

        #[template_callback]
        fn on_purchases(&self) {
            navigation::go_to(&*self.obj(), &Destination::Purchases(self.id()));
        }

        #[template_callback]
        fn on_sign_out(&self) {
            let prompter = self.prompter.get().cloned().flatten();
            let page = self.obj().clone().upcast();
            glib::spawn_future_local(sign_out::sign_out(page, self.services().clone(), prompter, self.id()));
        }

        #[template_callback]
        fn on_remove(&self) {
            navigation::go_to(&*self.obj(), &Destination::RemoveAccount(self.id()));
        }

        #[template_callback]
        fn on_name(&self) {
            glib::spawn_future_local(rename(
                self.obj().clone(),
                self.services().clone(),
                self.id(),
                self.name_row.text().into(),
            ));
        }

        fn place_focus(&self) {
            if !self.guard.is_open() {
                self.guard.place_focus();
                return;
            }
            match self.switches.borrow().first() {
                Some((_, row)) => row.grab_focus(),
                None => self.unused_row.grab_focus(),
            };
        }

        #[template_callback]
        pub(super) fn refresh(&self) {
            let accounts = self.services().accounts();
            let state = accounts.state();
            self.obj().set_is_ready(state == KeyringState::Ready);
            let account = accounts.find(self.id());
            self.obj().set_is_known(account.is_some());
            match account {
                Some(account) => self.show(&account),
                // Removed elsewhere. Not while a page above this one is shown.
                None if state == KeyringState::Ready && self.obj().is_mapped() => {
                    navigation::go_to(&*self.obj(), &Destination::FirstPage);
                }
                None if state == KeyringState::Ready => {}
                None => show_banner(&self.banner, keyring::banner(state).as_ref()),
            }
        }

        fn show(&self, account: &Account) {
            let services = self.services();
            let hosts = services.accounts().accounts().into_iter().map(|known| known.binding.host());
            let at_same_server = hosts.filter(|host| *host == account.binding.host()).count();
            self.obj().set_can_be_named(at_same_server > 1 || !account.has_telling_name());
            let is_reached = services.network().reaches(&account.binding.service);
            self.sign_in_again_row.set_sensitive(is_reached);
            let banner = keyring::sign_in_banner(account, is_reached);
            // The banner offers the same.
            self.sign_in_again_row.set_visible(banner.is_none());
            let unsaved = || services.accounts().unsaved(self.id()).map(|unsaved| keyring::unsaved_banner(&unsaved));
            let banner = banner.or_else(unsaved);
            show_banner(&self.banner, banner.as_ref());
            self.show_details(account);
            let is_refused = |repository: &Repository| services.decisions().is_refused(&repository.subject());
            self.show_uses(uses(account, &services.repositories().all(), is_refused));
            self.show_purchases(account);
            self.apps_row.show(services, account);
        }

        fn show_details(&self, account: &Account) {
            let page = self.obj();
            let (user, now) = (text::user(account), clock::now());
            page.set_full_user(Some(account.label()).filter(|full| *full != user));
            page.set_title(&user);
            page.set_host(account.binding.host());
            page.set_way_to_sign_in(account.binding.provider.sign_in_method());
            let had_keyboard = self.sign_out_row.has_focus();
            page.set_is_signed_in(Standing::of(account, now) != Standing::SignedOut);
            if had_keyboard && !page.is_signed_in() {
                // The row that was pressed has gone: the keyboard is on the next one.
                self.remove_row.grab_focus();
            }
            page.set_since(text::day(account.signed_in_at));
            page.set_until(account.valid_until.map_or_else(|| gettext("Until signed out"), text::day));
            page.set_coverage(account.hints().coverage().unwrap_or_default());
            page.set_last_use(account.last_use.as_ref().map_or_else(String::new, |last| {
                let (moment, program) = (text::moment(last.at, now), text::program(&last.by));
                // Translators: “Today at 14:05 by Software”
                gettext_f("{moment} by {program}", &[("moment", &moment), ("program", &program)])
            }));
            let name = account.name.as_deref().unwrap_or_default();
            if !self.name_row.has_css_class("focused") && self.name_row.text() != name {
                self.name_row.set_text(name);
            }
        }

        fn show_uses(&self, uses: Vec<Use>) {
            self.obj().set_is_unused(uses.is_empty());
            let is_same = {
                let switches = self.switches.borrow();
                switches.len() == uses.len() && switches.iter().zip(&uses).all(|((a, _), b)| a == &b.link.remote_url)
            };
            self.is_refreshing.set(true);
            if is_same {
                for ((_, row), used) in self.switches.borrow().iter().zip(&uses) {
                    row.set_active(used.is_allowed);
                    row.set_subtitle(&used.subtitle());
                }
            } else {
                for (_, row) in self.switches.take() {
                    self.uses_group.remove(&row);
                }
                for used in uses {
                    let (address, row) = (used.link.remote_url.clone(), self.use_row(used));
                    self.uses_group.add(&row);
                    accessible::tell_sensitivity(&row);
                    self.switches.borrow_mut().push((address, row));
                }
            }
            self.is_refreshing.set(false);
        }

        fn use_row(&self, used: Use) -> adw::SwitchRow {
            let row = adw::SwitchRow::builder()
                .title(&used.title)
                .subtitle(used.subtitle())
                .use_markup(false)
                .active(used.is_allowed)
                .build();
            labels::settle(&row);
            row.connect_active_notify(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |row| {
                    if !imp.is_refreshing.get() {
                        glib::spawn_future_local(set_permission(imp.obj().clone(), used.clone(), row.is_active()));
                    }
                }
            ));
            row
        }

        fn show_purchases(&self, account: &Account) {
            let count = purchase_item::count(account);
            self.obj().set_purchases(if count > 0 { count.to_string() } else { String::new() });
            let name = ngettext_f("Purchases, {n} app", "Purchases, {n} apps", count, &[]);
            accessible::name(&*self.purchases_row, &name);
            self.purchases_row.set_visible(count > 0 || account.binding.provider.shop().is_some());
        }
    }

    async fn set_permission(page: super::AccountPage, used: Use, is_allowed: bool) {
        let (services, id) = (page.imp().services().clone(), page.imp().id());
        let repository = (used.title.as_str(), used.link.clone());
        if !permit::set_permission(&page, &services, id, repository, is_allowed).await {
            page.imp().refresh();
        }
    }

    async fn rename(page: super::AccountPage, services: Services, id: AccountId, name: String) {
        let store = services.store.clone();
        let change = async move { store.change(id, move |account| account.rename(&name)).await };
        let renamed = services.accounts().write(change).await;
        if let Err(error) = renamed {
            tracing::warn!(%error, "cannot rename an account");
            toast::show(&page, &gettext("The name could not be saved"));
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
    pub(crate) fn new(services: &Services, prompter: Option<Prompter>, id: AccountId) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let _ = imp.id.set(id);
        let _ = imp.services.set(services.clone());
        let _ = imp.prompter.set(prompter);
        services.accounts().changes().follow(&page, |page| page.imp().refresh());
        services.repositories().changes().follow(&page, |page| page.imp().refresh());
        services.decisions().changes().follow(&page, |page| page.imp().refresh());
        services.apps().changes().follow(&page, |page| page.imp().apps_row.refresh());
        services.network().changes().follow(&page, |page| page.imp().refresh());
        imp.activity_row.follow(services, Scope::Account(id));
        imp.refresh();
        page
    }
}
