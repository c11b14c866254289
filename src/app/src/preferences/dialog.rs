// SPDX-License-Identifier: GPL-3.0-or-later
//! The dialog with the settings.

use std::io;

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::notices::NoticeFile;

use crate::{i18n::gettext, model::Setting, services::Services, widgets::toast};

mod imp {
    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/preferences/dialog.blp")]
    pub struct PreferencesDialog {
        #[template_child]
        pub(super) continue_installs: TemplateChild<adw::SwitchRow>,
        #[template_child]
        pub(super) sign_in_pages: TemplateChild<adw::ComboRow>,
        #[template_child]
        pub(super) reminders: TemplateChild<adw::SwitchRow>,
        #[template_child]
        pub(super) keep_log: TemplateChild<adw::SwitchRow>,
        #[template_child]
        pub(super) name_apps: TemplateChild<adw::SwitchRow>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PreferencesDialog {
        const NAME: &'static str = "UsherPreferencesDialog";
        type Type = super::PreferencesDialog;
        type ParentType = adw::PreferencesDialog;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for PreferencesDialog {}
    impl WidgetImpl for PreferencesDialog {}
    impl AdwDialogImpl for PreferencesDialog {}
    impl PreferencesDialogImpl for PreferencesDialog {}
}

glib::wrapper! {
    pub struct PreferencesDialog(ObjectSubclass<imp::PreferencesDialog>)
        @extends adw::PreferencesDialog, adw::Dialog, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget, gtk::ShortcutManager;
}

impl PreferencesDialog {
    /// Changes to the settings are kept at once.
    pub(crate) fn new(services: &Services) -> Self {
        let dialog: Self = glib::Object::new();
        let imp = dialog.imp();
        let settings = services.settings();
        settings.bind(Setting::ContinueInstalls, &*imp.continue_installs, "active");
        imp.continue_installs.set_sensitive(settings.can_set(Setting::ContinueInstalls));
        settings.bind_second(Setting::PagesInBrowser, &imp.sign_in_pages);
        imp.sign_in_pages.set_sensitive(settings.can_set(Setting::PagesInBrowser));
        dialog.bind_reminders();
        dialog.bind_log(services);
        dialog
    }

    fn bind_reminders(&self) {
        let row = &*self.imp().reminders;
        if let Some(reminders) = NoticeFile::of_person().map(|file| file.reminders()) {
            let written = reminders.clone();
            bind(row, move || reminders.are_wanted(), move |are_wanted| written.want(are_wanted));
        } else {
            row.set_active(true);
            row.set_sensitive(false);
        }
    }

    fn bind_log(&self, services: &Services) {
        let (keep_log, name_apps) = (&*self.imp().keep_log, &*self.imp().name_apps);
        let Some(settings) = services.activity().settings() else {
            keep_log.set_sensitive(false);
            name_apps.set_sensitive(false);
            return;
        };
        let (read, written, services) = (settings.clone(), settings.clone(), services.clone());
        let keep = move |is_kept| {
            let done = written.keep(is_kept);
            services.activity().reload();
            done
        };
        bind(keep_log, move || read.is_kept(), keep);
        let read = settings.clone();
        bind(name_apps, move || read.names_apps(), move |names_apps| settings.name_apps(names_apps));
        keep_log.bind_property("active", name_apps, "sensitive").sync_create().build();
    }
}

/// Keeps a switch and a setting in a file the same. Other processes read the file: it is not in `GSettings`.
fn bind(row: &adw::SwitchRow, read: impl Fn() -> bool + 'static, write: impl Fn(bool) -> io::Result<()> + 'static) {
    row.set_active(read());
    row.connect_active_notify(move |row| {
        if read() == row.is_active() {
            return;
        }
        if let Err(error) = write(row.is_active()) {
            tracing::warn!(%error, "cannot save the setting");
            toast::show(row, &gettext("The setting could not be saved"));
            row.set_active(read());
        }
    });
}
