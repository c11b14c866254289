// SPDX-License-Identifier: GPL-3.0-or-later
//! The page about one repository.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{binding::Link, checks::InstallationKind, remote::Remote, remote_modify::RemoteModify};

use super::{
    check_page::CheckPage,
    notice::{Notice, Reason},
};
use crate::{
    account::set_permission,
    activity::{ActivityRow, Scope},
    i18n::{gettext, gettext_f},
    keyring,
    model::{AccountChoices, KeyringState, Repository, RepositoryUse},
    navigation::{self, Destination},
    services::Services,
    text,
    widgets::{Closures, Guard, RowGroup, accessible, focus, labels, show_banner, toast},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::RepositoryPage)]
    #[template(file = "src/repository/page.blp")]
    pub struct RepositoryPage {
        /// Host of the repository.
        #[property(get, set)]
        host: RefCell<String>,
        /// Whether there is an account to be chosen, or could be.
        #[property(get, set)]
        has_choice: Cell<bool>,
        /// Whether an account can be chosen now.
        #[property(get, set)]
        can_choose: Cell<bool>,
        #[property(get, set)]
        sign_in_text: RefCell<String>,
        #[property(get, set)]
        address: RefCell<String>,
        /// Host of the account server; empty where none can be used.
        #[property(get, set)]
        server: RefCell<String>,
        #[property(get, set)]
        flatpak_name: RefCell<String>,
        #[property(get, set)]
        place: RefCell<String>,
        pub(super) services: OnceCell<Services>,
        pub(super) remote: RefCell<Option<Remote>>,
        used: RefCell<Option<RepositoryUse>>,
        choices: RefCell<AccountChoices>,
        notices: RowGroup<Notice>,
        /// Whether the choice is being set to what is saved, rather than by the person.
        is_refreshing: Cell<bool>,
        #[template_child]
        banner: TemplateChild<adw::Banner>,
        #[template_child]
        guard: TemplateChild<Guard>,
        #[template_child]
        notice_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        account_row: TemplateChild<adw::ComboRow>,
        #[template_child]
        sign_in_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        pub(super) activity_row: TemplateChild<ActivityRow>,
        #[template_child]
        check_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        stop_row: TemplateChild<adw::ButtonRow>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for RepositoryPage {
        const NAME: &'static str = "UsherRepositoryPage";
        type Type = super::RepositoryPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            ActivityRow::ensure_type();
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
    impl ObjectImpl for RepositoryPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.notices.attach(&self.notice_group);
            for row in [&*self.sign_in_row, &*self.check_row, &*self.stop_row] {
                accessible::can_be_pressed(row);
            }
            labels::settle(&*self.banner);
            focus::when_first_shown(&*self.obj(), |page| page.imp().place_focus());
        }
    }

    impl WidgetImpl for RepositoryPage {}
    impl NavigationPageImpl for RepositoryPage {}

    #[gtk::template_callbacks]
    impl RepositoryPage {
        fn services(&self) -> &Services {
            self.services.get().expect("set when the page is made")
        }

        fn remote(&self) -> Option<Remote> {
            self.remote.borrow().clone()
        }

        fn repository(&self) -> Option<Repository> {
            self.remote().and_then(Repository::of)
        }

        #[template_callback]
        fn on_banner(&self) {
            keyring::open(&*self.obj(), self.services());
        }

        #[template_callback]
        fn on_sign_in(&self) {
            if let Some(repository) = self.repository() {
                navigation::go_to(&*self.obj(), &Destination::ServerOf(repository));
            }
        }

        #[template_callback]
        fn on_check(&self) {
            if let Some(remote) = self.remote() {
                navigation::push(&*self.obj(), &CheckPage::new(self.services(), remote));
            }
        }

        #[template_callback]
        fn on_stop(&self) {
            if let Some(remote) = self.remote() {
                navigation::go_to(&*self.obj(), &Destination::StopUsingUsher(remote));
            }
        }

        #[template_callback]
        fn on_chosen(&self) {
            if !self.is_refreshing.get()
                && let Ok(choice) = usize::try_from(self.account_row.selected())
            {
                glib::spawn_future_local(choose(self.obj().clone(), choice));
            }
        }

        fn place_focus(&self) {
            if !self.guard.is_open() {
                self.guard.place_focus();
            } else if !self.account_row.grab_focus() {
                self.check_row.grab_focus();
            }
        }

        /// Shows what there is now. Leads back once the repository has gone.
        #[template_callback]
        pub(super) fn refresh(&self) {
            let Some(known) = self.remote() else {
                return;
            };
            if let Some(remote) = self.services().repositories().now(&known) {
                self.show(&remote);
            } else if self.obj().is_mapped() {
                self.leave(&known);
            }
        }

        fn leave(&self, gone: &Remote) {
            self.remote.take();
            let Some(stack) = navigation::stack_of(&*self.obj()) else {
                return;
            };
            stack.pop();
            let title = text::within(gone.display_name());
            let values = [("repository", title.as_str())];
            let is_here = self.services().repositories().here(gone).is_some();
            let said = if is_here {
                gettext_f("{repository} no longer asks Usher", &values)
            } else {
                // Translators: a repository was removed from this computer while its page was shown
                gettext_f("{repository} is no longer on this computer", &values)
            };
            toast::show(&stack, &said);
        }

        fn show(&self, remote: &Remote) {
            let (page, services) = (self.obj(), self.services());
            let (accounts, decisions) = (services.accounts(), services.decisions());
            self.remote.replace(Some(remote.clone()));
            let repository = Repository::of(remote.clone());
            page.set_title(&text::plain(remote.display_name()));
            page.set_host(repository.as_ref().map_or_else(String::new, |known| known.address.host()));
            page.set_address(remote.url.to_string());
            page.set_server(repository.as_ref().map_or_else(String::new, Repository::host));
            page.set_flatpak_name(text::plain(&remote.name));
            page.set_place(text::installed_for(InstallationKind::of(remote.is_user)));
            show_banner(&self.banner, keyring::banner(accounts.state()).as_ref());

            let is_refused = |repository: &Repository| decisions.is_refused(&repository.subject());
            let used = RepositoryUse::of(remote, &accounts.entries(), is_refused);
            let is_kept_blocked = |repository: &Repository| decisions.is_kept_blocked(repository, services.notes());
            let notice = Notice::of(&used, repository.as_ref(), Reason::of(remote), is_kept_blocked);
            let notices = notice.into_iter().collect();
            let is_focus_lost =
                self.notices.show(notices, Notice::is_same, |notice| notice.row(services), |_, _| false);
            let has_choice = !matches!(used, RepositoryUse::Blocked(_) | RepositoryUse::Unusable);
            page.set_has_choice(has_choice);
            self.stop_row.set_visible(RemoteModify::to_stop_using_usher(remote).is_some());
            page.set_can_choose(accounts.state() == KeyringState::Ready);
            if let Some(repository) = &repository {
                self.show_choices(AccountChoices::of(repository, &used, &accounts.accounts()));
                self.sign_in_row.set_sensitive(services.network().reaches(&repository.binding.service));
            }
            self.used.replace(Some(used));
            if is_focus_lost {
                self.place_focus();
            }
        }

        fn show_choices(&self, choices: AccountChoices) {
            let text = if choices.has_accounts() { gettext("Use Another Account…") } else { gettext("Sign In…") };
            self.obj().set_sign_in_text(text);
            self.is_refreshing.set(true);
            if self.account_row.model().is_none() || choices.labels() != self.choices.borrow().labels() {
                let labels = choices.labels();
                let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                self.account_row.set_model(Some(&gtk::StringList::new(&labels)));
            }
            let chosen = choices.chosen.and_then(|chosen| u32::try_from(chosen).ok());
            self.account_row.set_selected(chosen.unwrap_or(gtk::INVALID_LIST_POSITION));
            self.choices.replace(choices);
            self.is_refreshing.set(false);
        }
    }

    /// Gives the repository the account of a choice, or takes its account back.
    async fn choose(page: super::RepositoryPage, choice: usize) {
        let imp = page.imp();
        let (services, Some(repository)) = (imp.services().clone(), imp.repository()) else {
            return;
        };
        let link = Link { remote_url: repository.address.clone(), remote: repository.remote.name.clone() };
        let title = repository.title();
        let chosen = imp.choices.borrow().account(choice);
        let used = imp.used.borrow().clone();
        let taken_back = match used {
            _ if chosen.is_some() => Vec::new(),
            Some(RepositoryUse::Account(account)) => vec![account.id],
            Some(RepositoryUse::Several(accounts)) => accounts,
            _ => Vec::new(),
        };
        let mut is_changed = true;
        for (account, is_allowed) in
            chosen.map(|id| (id, true)).into_iter().chain(taken_back.into_iter().map(|id| (id, false)))
        {
            is_changed &= set_permission(&page, &services, account, (&title, link.clone()), is_allowed).await;
        }
        if !is_changed {
            imp.refresh();
        }
    }
}

glib::wrapper! {
    pub struct RepositoryPage(ObjectSubclass<imp::RepositoryPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl RepositoryPage {
    /// The page of a repository, which follows its changes.
    pub(crate) fn new(services: &Services, remote: Remote) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let _ = imp.services.set(services.clone());
        imp.activity_row.follow(services, Scope::Repository(remote.clone()));
        imp.remote.replace(Some(remote));
        for changes in [
            services.repositories().changes(),
            services.accounts().changes(),
            services.notes().changes(),
            services.decisions().changes(),
            services.network().changes(),
        ] {
            changes.follow(&page, |page| page.imp().refresh());
        }
        imp.refresh();
        page
    }
}
