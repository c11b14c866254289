// SPDX-License-Identifier: GPL-3.0-or-later
//! The installed apps of an account, in a row that opens.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::{account::Account, remote, service::RemoteUrl};

use super::protected_apps::{ProtectedApp, protected_apps};
use crate::{i18n::gettext, model::App, services::Services, widgets::labels};

mod imp {
    use std::cell::{OnceCell, RefCell};

    use super::*;

    #[derive(Default)]
    pub struct AppsRow {
        services: OnceCell<Services>,
        apps: RefCell<Vec<ProtectedApp>>,
        shown: RefCell<Vec<(App, adw::ActionRow)>>,
        count: gtk::Label,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AppsRow {
        const NAME: &'static str = "UsherAppsRow";
        type Type = super::AppsRow;
        type ParentType = adw::ExpanderRow;
    }

    impl ObjectImpl for AppsRow {
        fn constructed(&self) {
            self.parent_constructed();
            let row = self.obj();
            row.set_title(&gettext("Apps From This Account"));
            row.set_visible(false);
            self.count.set_css_classes(&["dimmed", "numeric"]);
            row.add_suffix(&self.count);
        }
    }

    impl WidgetImpl for AppsRow {}
    impl ListBoxRowImpl for AppsRow {}
    impl PreferencesRowImpl for AppsRow {}
    impl ExpanderRowImpl for AppsRow {}

    impl AppsRow {
        pub(super) fn show(&self, services: &Services, account: &Account) {
            self.services.get_or_init(|| services.clone());
            let addresses: Vec<RemoteUrl> = account.links.iter().map(|link| link.remote_url.clone()).collect();
            glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    let looking = gio::spawn_blocking(move || protected_apps(&remote::installations(), &addresses));
                    if let Ok(apps) = looking.await {
                        imp.apps.replace(apps);
                        imp.refresh();
                    }
                }
            ));
        }

        pub(super) fn refresh(&self) {
            let Some(known) = self.services.get().map(Services::apps) else {
                return;
            };
            let apps: Vec<App> = self.apps.borrow().iter().map(|app| known.get(&app.remote, &app.id)).collect();
            if self.shown.borrow().iter().map(|(app, _)| app).eq(&apps) {
                return;
            }
            for (_, row) in self.shown.take() {
                self.obj().remove(&row);
            }
            self.count.set_label(&apps.len().to_string());
            self.obj().set_visible(!apps.is_empty());
            for app in apps {
                let row = app_row(&app);
                self.obj().add_row(&row);
                self.shown.borrow_mut().push((app, row));
            }
        }
    }
}

glib::wrapper! {
    /// Hidden while there are no such apps.
    pub struct AppsRow(ObjectSubclass<imp::AppsRow>)
        @extends adw::ExpanderRow, adw::PreferencesRow, gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl AppsRow {
    /// Looks for the apps of an account, and shows them.
    pub(super) fn show(&self, services: &Services, account: &Account) {
        self.imp().show(services, account);
    }

    /// Shows the apps by what is known of them now.
    pub(super) fn refresh(&self) {
        self.imp().refresh();
    }
}

fn app_row(app: &App) -> adw::ActionRow {
    let row = adw::ActionRow::builder()
        .title(app.title())
        .subtitle(app.id_beside_title().unwrap_or_default())
        .use_markup(false)
        .build();
    row.add_prefix(&app.image(32));
    labels::settle(&row);
    row
}
