// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that says what goes along to another computer, and saves it.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::{
    remote,
    takeout::{TakenAccount, Takeout},
};

use super::{file, steps};
use crate::{
    application::Application,
    i18n::{gettext, ngettext_f},
    main_window::Window,
    text,
    widgets::toast,
};

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/take_along/export.blp")]
    pub struct ExportPage {
        /// What goes along, once it is gathered.
        pub(super) takeout: RefCell<Option<Takeout>>,
        #[template_child]
        pub(super) accounts_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) repositories_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) apps_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) save_button: TemplateChild<gtk::Button>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ExportPage {
        const NAME: &'static str = "UsherExportPage";
        type Type = super::ExportPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for ExportPage {}
    impl WidgetImpl for ExportPage {}
    impl NavigationPageImpl for ExportPage {}

    #[gtk::template_callbacks]
    impl ExportPage {
        #[template_callback]
        fn on_shown(&self) {
            // The menu that led here gives the focus back when it closes.
            let button = self.save_button.downgrade();
            glib::idle_add_local_once(move || {
                if let Some(button) = button.upgrade() {
                    button.grab_focus();
                }
            });
        }

        #[template_callback]
        fn on_save(&self) {
            glib::spawn_future_local(self.obj().clone().save());
        }
    }
}

glib::wrapper! {
    pub struct ExportPage(ObjectSubclass<imp::ExportPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl ExportPage {
    /// The page, with what there is now.
    pub(crate) fn new(application: &Application) -> Self {
        let page: Self = glib::Object::new();
        let entries = application.accounts().entries();
        let weak = page.downgrade();
        glib::spawn_future_local(async move {
            let gathering = gio::spawn_blocking(move || Takeout::gather(&entries, &remote::installations()));
            if let (Ok(takeout), Some(page)) = (gathering.await, weak.upgrade()) {
                page.show(takeout);
            }
        });
        page
    }

    fn show(&self, takeout: Takeout) {
        let imp = self.imp();
        let accounts = takeout.accounts.iter().map(account_line).collect::<Vec<_>>();
        imp.accounts_row.set_subtitle(&accounts.join("\n"));
        let repositories = takeout.repositories.iter().map(|repository| text::plain(repository.display_name()));
        let repositories = repositories.collect::<Vec<_>>();
        imp.repositories_row.set_subtitle(&repositories.join("\n"));
        imp.repositories_row.set_visible(!repositories.is_empty());
        let apps = steps::count_of_apps(&takeout);
        imp.apps_row.set_subtitle(&ngettext_f(
            "{n} app that can be installed again",
            "{n} apps that can be installed again",
            apps,
            &[],
        ));
        imp.apps_row.set_visible(apps > 0);
        imp.takeout.replace(Some(takeout));
    }

    async fn save(self) {
        let Some(window) = Window::of(&self) else {
            return;
        };
        let Some(encoded) = self.imp().takeout.borrow().as_ref().map(Takeout::encode) else {
            return;
        };
        match encoded {
            Ok(content) => {
                if file::save(&window, content).await {
                    window.go_back();
                    toast::show(&window.content_widget(), &gettext("Accounts exported"));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "accounts cannot be exported");
                toast::show(&self, &gettext("The file could not be saved"));
            }
        }
    }
}

fn account_line(account: &TakenAccount) -> String {
    format!("{} · {}", text::within(&account.user), text::within(&account.binding.host()))
}
