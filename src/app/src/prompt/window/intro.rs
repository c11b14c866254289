// SPDX-License-Identifier: GPL-3.0-or-later
//! What the first page of a prompt tells: who asks for what, from where, and how it goes on.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{accessible::Property, gio, glib};
use usher_core::{names, prompt::Kind};

use super::{Form, PromptWindow, WAITING_END, WAITING_LIMIT, question};
use crate::{
    application::Application,
    i18n::gettext_f,
    model::App,
    text,
    widgets::{accessible::bare, account_choices, labels},
};

/// Tag of the server's web page, whose host the window is called by.
const WEB: &str = "web";

impl PromptWindow {
    /// Keeps the labels of all pages whole, and the title true.
    pub(super) fn follow_pages(&self) {
        self.imp().view.connect_visible_page_notify(glib::clone!(
            #[weak(rename_to = window)]
            self,
            move |view| {
                window.show_title();
                let Some(page) = view.visible_page() else {
                    return;
                };
                labels::settle(&page);
                if page.tag().is_some_and(|tag| tag == WEB) {
                    page.connect_title_notify(glib::clone!(
                        #[weak]
                        window,
                        move |_| window.show_title()
                    ));
                }
            }
        ));
    }

    /// The window is called by its question, and by the host while a page of a server is shown.
    fn show_title(&self) {
        let imp = self.imp();
        let page = imp.view.visible_page().filter(|page| page.tag().is_some_and(|tag| tag == WEB));
        let title = page.map_or_else(|| imp.intro.title(), |page| page.title());
        self.set_title(Some(&title));
    }

    /// Names and pictures of apps are found by and by; so is what is known of the server.
    pub(super) fn follow_names(&self) {
        let application = Application::current();
        let weak = self.downgrade();
        let of_apps = application.apps().connect_changed(move |_| {
            if let Some(window) = weak.upgrade() {
                window.refresh();
            }
        });
        let weak = self.downgrade();
        let of_accounts = application.accounts().connect_changed(move |_| {
            if let Some(window) = weak.upgrade() {
                window.show_familiarity();
            }
        });
        let handlers = std::cell::Cell::new(Some((of_apps, of_accounts)));
        self.connect_destroy(move |_| {
            let application = Application::current();
            if let Some((of_apps, of_accounts)) = handlers.take() {
                application.apps().disconnect(of_apps);
                application.accounts().disconnect(of_accounts);
            }
        });
    }

    fn app(&self, app_id: &str) -> App {
        Application::current().apps().get(&self.prompt().remote.name, app_id)
    }

    /// What an app is called: by its repository, else by its id.
    pub(super) fn app_name(&self, app_id: &str) -> String {
        self.app(app_id).title()
    }

    /// Shows what is asked, as far as it has changed.
    pub(in crate::prompt) fn refresh(&self) {
        let (imp, prompt) = (self.imp(), self.prompt());
        let details = prompt.details.borrow();
        let form = self.form();
        let has_other = prompt.accounts.borrow().iter().any(|account| Some(account.id) != details.account);
        let name = |id: &str| self.app_name(id);
        let words = question::words(&details, &form, prompt.remote.display_name(), has_other, &name);
        imp.intro.set_title(&bare(&words.heading));
        self.show_title();
        imp.heading_label.set_label(&words.heading);
        imp.heading.update_property(&[Property::Label(&bare(&words.heading))]);
        imp.description.set_label(&words.description);
        imp.primary_label.set_label(&words.primary);
        imp.primary.update_property(&[Property::Label(&bare(&words.primary))]);
        imp.secondary.set_visible(words.secondary.is_some());
        imp.secondary_label.set_label(&words.secondary.unwrap_or_default());

        let programs: Vec<String> = prompt.clients.borrow().iter().map(|client| text::program(client)).collect();
        tell(&*imp.asked_by_row, &programs.join(", "));
        self.show_apps(&details.app_ids);
        tell(
            &*imp.repository_row,
            &gettext_f(
                "{title} · {host}",
                &[
                    ("title", &text::within(prompt.remote.display_name())),
                    ("host", &text::within(&details.ground.remote_url.host())),
                ],
            ),
        );
        tell(&*imp.server_row, &text::plain(&details.ground.host()));
        self.show_icon(&details.app_ids, details.kind);
        if let Some(purchase) = &*imp.purchase.borrow() {
            purchase.join(&details.app_ids);
        }
        drop(details);
        self.show_familiarity();
        self.show_outlook();
        self.update_buttons();
    }

    /// The apps that it is for: by name where their repository tells one, and always by id.
    fn show_apps(&self, app_ids: &[String]) {
        let imp = self.imp();
        let apps: Vec<App> = app_ids.iter().map(|id| self.app(id)).collect();
        imp.for_row.set_visible(apps.len() == 1);
        imp.several_row.set_visible(apps.len() > 1);
        if let [app] = apps.as_slice() {
            let told = [Some(app.title()), id_of(app)].into_iter().flatten();
            tell(&*imp.for_row, &told.collect::<Vec<_>>().join("\n"));
            return;
        }
        tell(&*imp.several_row, &question::apps(app_ids, &|id| self.app_name(id)));
        let mut rows = imp.app_rows.borrow_mut();
        if rows.iter().map(|(app, _)| app).eq(&apps) {
            return;
        }
        for (_, row) in rows.drain(..) {
            imp.several_row.remove(&row);
        }
        for app in apps {
            let row = adw::ActionRow::builder()
                .use_markup(false)
                .title(app.title())
                .subtitle(id_of(&app).unwrap_or_default())
                .build();
            row.add_prefix(&app.image(32));
            labels::settle(&row);
            imp.several_row.add_row(&row);
            rows.push((app, row));
        }
    }

    /// How well the server is known here, beside its name.
    fn show_familiarity(&self) {
        let imp = self.imp();
        let account = match self.form() {
            // While the keyring is locked nothing is known but that there is an account.
            Form::Unlock => {
                imp.familiarity.set_visible(false);
                return;
            }
            Form::SignIn => None,
            Form::SignInAgain(account) | Form::Allow(account) | Form::Buy(account) => Some(account.id),
            Form::Choose(accounts) => imp.chosen.get().or_else(|| accounts.first().map(|account| account.id)),
        };
        imp.familiarity.show(&self.prompt().details.borrow().ground.host(), account);
    }

    /// What happens to the install, and for how long the program still waits.
    fn show_outlook(&self) {
        let (imp, prompt) = (self.imp(), self.prompt());
        let is_waiting = prompt.is_waiting();
        let left = WAITING_LIMIT.saturating_sub(prompt.since.elapsed());
        let minutes = (is_waiting && left <= WAITING_END)
            .then(|| usize::try_from(left.as_secs().div_ceil(60)).unwrap_or(0).max(1));
        let name = |id: &str| self.app_name(id);
        let told = question::outlook(&prompt.details.borrow(), is_waiting, minutes, &name);
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

    /// The picture of the app, else that of Usher.
    fn show_icon(&self, app_ids: &[String], kind: Kind) {
        let imp = self.imp();
        let theme = gtk::IconTheme::for_display(&gtk::prelude::WidgetExt::display(self));
        let app = app_ids.first().filter(|_| kind != Kind::Unlock).map(|id| self.app(id));
        let picture = app.filter(|app| app.icon().is::<gio::FileIcon>() || theme.has_icon(&app.id));
        match picture {
            Some(app) => imp.icon.set_from_gicon(&app.icon()),
            None if theme.has_icon(names::APP_ID) => imp.icon.set_icon_name(Some(names::APP_ID)),
            None => imp.icon.set_icon_name(Some("dialog-password-symbolic")),
        }
    }

    /// The accounts to choose from.
    pub(super) fn show_accounts(&self) {
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
                window.show_familiarity();
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

/// The id of an app that is called by a name, and whose name that is.
fn id_of(app: &App) -> Option<String> {
    // Translators: {id} is the id of an app, whose name stands above it
    app.id_beside_title().map(|id| gettext_f("{id} · named by the repository", &[("id", &text::within(&id))]))
}

/// A row's words, for eyes and ears.
fn tell(row: &impl IsA<adw::PreferencesRow>, told: &str) {
    let row = row.upcast_ref();
    if let Some(row) = row.downcast_ref::<adw::ActionRow>() {
        row.set_subtitle(told);
    } else if let Some(row) = row.downcast_ref::<adw::ExpanderRow>() {
        row.set_subtitle(told);
    }
    row.upcast_ref::<gtk::Widget>().update_property(&[Property::Description(&bare(told))]);
}
