// SPDX-License-Identifier: GPL-3.0-or-later
//! The first page of a prompt: who asks for what, from where, and how it goes on.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{accessible::Property, gio, glib};
use usher_core::{account::Account, names, prompt::Kind};

use super::{Form, WAITING_END, WAITING_LIMIT, imp, question};
use crate::{
    model::App,
    sign_in,
    widgets::{Why, accessible::bare, account_choices, after_first_frame, labels, show_offline, toast},
};

/// Size of the picture.
const ICON: i32 = 96;
/// Its size above a list to choose from.
const SMALL_ICON: i32 = 48;

impl imp::PromptWindow {
    /// Keeps the labels of all pages whole, and the title true.
    pub(super) fn follow_pages(&self) {
        self.view.connect_visible_page_notify(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |view| {
                imp.show_title();
                let Some(page) = view.visible_page() else {
                    return;
                };
                labels::settle(&page);
                if sign_in::is_step(&page) {
                    page.connect_title_notify(glib::clone!(
                        #[weak]
                        imp,
                        move |_| imp.show_title()
                    ));
                }
            }
        ));
    }

    /// The window is called by its question, and by the page while a server is dealt with.
    fn show_title(&self) {
        let page = self.view.visible_page().filter(sign_in::is_step);
        let title = page.map_or_else(|| self.intro.title(), |page| page.title());
        self.obj().set_title(Some(&bare(&title)));
    }

    /// Names and pictures of apps arrive later; so does what is known of the server.
    pub(super) fn follow_names(&self) {
        let services = self.services();
        services.apps().changes().follow(&*self.obj(), |window| window.imp().refresh());
        services.accounts().changes().follow(&*self.obj(), |window| window.imp().show_familiarity());
        toast::prepare(&self.view);
        // The buttons are held for longer than it takes until then.
        after_first_frame(&*self.obj(), |window| window.imp().follow_network());
    }

    fn follow_network(&self) {
        let network = self.services().network();
        network.changes().follow(&*self.obj(), |window| window.imp().update_buttons());
        show_offline(&self.view, network);
        self.update_buttons();
    }

    pub(super) fn app(&self, app_id: &str) -> App {
        self.services().apps().get(&self.prompt().remote.name, app_id)
    }

    /// What an app is called: by its repository, else by its id.
    pub(super) fn app_name(&self, app_id: &str) -> String {
        self.app(app_id).title()
    }

    /// Shows what is asked, as far as it has changed.
    pub(super) fn refresh(&self) {
        let prompt = self.prompt();
        let details = prompt.details.borrow();
        let form = self.form();
        let has_other = prompt.accounts.borrow().iter().any(|account| Some(account.id) != details.account);
        let title = prompt.remote.display_name();
        let words = question::words(&details, &form, title, has_other, &|id| self.app_name(id));
        let window = self.obj();
        let heading = bare(&words.heading);
        self.intro.set_title(&heading);
        self.show_title();
        self.primary.update_property(&[Property::Label(&bare(&words.primary))]);
        window.set_question(words.heading);
        window.set_description(words.description);
        window.set_primary_text(words.primary);
        window.set_secondary_text(words.secondary.unwrap_or_default());
        window.set_icon_size(if matches!(form, Form::Choose(_)) { SMALL_ICON } else { ICON });
        window.set_other_text(words.other.unwrap_or_default());
        window.set_is_remembered(matches!(form, Form::Allow(_) | Form::Choose(_)));
        let place = self.sign_in_place();
        self.why.show(Why {
            clients: &prompt.clients.borrow(),
            apps: details.app_ids.iter().map(|id| self.app(id)).collect(),
            repository: title,
            repository_host: &details.ground.remote_url.host(),
            server: &details.ground.host(),
            sign_in: place.as_ref(),
        });
        self.show_icon(&details.app_ids, details.kind);
        if let Some(purchase) = &*self.purchase.borrow() {
            purchase.join(&details.app_ids);
        }
        drop(details);
        self.offer_ways();
        self.show_familiarity();
        self.show_outlook();
        self.update_buttons();
    }

    /// How well the server is known here, beside its name.
    fn show_familiarity(&self) {
        self.other_familiarity.clear();
        let account = match self.form() {
            // While the keyring is locked nothing is known but that there is an account.
            Form::Unlock => {
                self.familiarity.clear();
                return;
            }
            Form::SignIn => None,
            Form::SignInAgain(account) | Form::Allow(account) | Form::Buy(account) => Some(account.id),
            Form::Choose(accounts) => self.chosen.get().or_else(|| accounts.first().map(|account| account.id)),
        };
        let host = self.prompt().details.borrow().ground.host();
        self.familiarity.show(self.services().accounts(), &host, account);
        if let Some(other_host) = self.sign_in_place().and_then(|place| place.other_host) {
            self.other_familiarity.show_named(self.services().accounts(), &other_host, account);
        }
    }

    /// What happens to the install, and for how long the program still waits.
    fn show_outlook(&self) {
        let prompt = self.prompt();
        let is_waiting = prompt.is_waiting();
        let left = WAITING_LIMIT.saturating_sub(prompt.since.elapsed());
        let minutes = (is_waiting && left <= WAITING_END)
            .then(|| usize::try_from(left.as_secs().div_ceil(60)).unwrap_or(0).max(1));
        let outlook = question::outlook(&prompt.details.borrow(), is_waiting, minutes, &|id| self.app_name(id));
        let earlier = self.obj().outlook();
        if earlier != outlook {
            self.obj().set_outlook(outlook.as_str());
            if minutes == Some(2) && !earlier.is_empty() {
                self.obj().announce(&outlook, gtk::AccessibleAnnouncementPriority::Medium);
            }
        }
        if is_waiting && self.waiting.borrow().is_none() {
            let timer = glib::timeout_add_seconds_local(
                10,
                glib::clone!(
                    #[weak(rename_to = imp)]
                    self,
                    #[upgrade_or]
                    glib::ControlFlow::Break,
                    move || {
                        imp.show_outlook();
                        glib::ControlFlow::Continue
                    }
                ),
            );
            self.waiting.replace(Some(timer));
        }
    }

    /// The picture of the app, else that of Usher.
    fn show_icon(&self, app_ids: &[String], kind: Kind) {
        let theme = gtk::IconTheme::for_display(&gtk::prelude::WidgetExt::display(&*self.obj()));
        let app = app_ids.first().filter(|_| kind != Kind::Unlock).map(|id| self.app(id));
        let picture = app.filter(|app| app.icon().is::<gio::FileIcon>() || theme.has_icon(&app.id));
        match picture {
            Some(app) => self.icon.set_from_gicon(&app.icon()),
            None if theme.has_icon(names::APP_ID) => self.icon.set_icon_name(Some(names::APP_ID)),
            None => self.icon.set_icon_name(Some("dialog-password-symbolic")),
        }
    }

    /// The accounts to choose from.
    pub(super) fn show_accounts(&self) {
        for row in self.account_rows.take() {
            self.accounts.remove(&row);
        }
        let Form::Choose(accounts) = self.form() else {
            self.obj().set_offers_choice(false);
            return;
        };
        let chosen = glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |account: &Account| {
                imp.chosen.set(Some(account.id));
                imp.show_familiarity();
                imp.update_buttons();
            }
        );
        let choices = account_choices(&accounts, &self.services().repositories().all(), chosen);
        for row in &choices {
            self.accounts.append(row);
        }
        self.account_rows.replace(choices);
        self.obj().set_offers_choice(true);
    }
}
