// SPDX-License-Identifier: GPL-3.0-or-later
//! The dialog with the settings.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::notices::{NoticeFile, Reminders};

use crate::{
    i18n::gettext,
    model::{Setting, Settings},
    widgets::toast,
};

mod imp {
    use std::cell::OnceCell;

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
        /// The setting of that row. The daemon reads it as well, so it is a file and not in GSettings.
        pub(super) setting: OnceCell<Reminders>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PreferencesDialog {
        const NAME: &'static str = "UsherPreferencesDialog";
        type Type = super::PreferencesDialog;
        type ParentType = adw::PreferencesDialog;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for PreferencesDialog {}
    impl WidgetImpl for PreferencesDialog {}
    impl AdwDialogImpl for PreferencesDialog {}
    impl PreferencesDialogImpl for PreferencesDialog {}

    #[gtk::template_callbacks]
    impl PreferencesDialog {
        #[template_callback]
        fn on_reminders_switched(&self) {
            let Some(setting) = self.setting.get() else { return };
            if setting.are_wanted() == self.reminders.is_active() {
                return;
            }
            if let Err(error) = setting.want(self.reminders.is_active()) {
                tracing::warn!(%error, "cannot save the setting");
                toast::show(&*self.reminders, &gettext("The setting could not be saved"));
                self.reminders.set_active(setting.are_wanted());
            }
        }
    }
}

glib::wrapper! {
    pub struct PreferencesDialog(ObjectSubclass<imp::PreferencesDialog>)
        @extends adw::PreferencesDialog, adw::Dialog, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget, gtk::ShortcutManager;
}

impl PreferencesDialog {
    /// Changes to the settings are kept at once.
    pub(crate) fn new(settings: &Settings) -> Self {
        let dialog: Self = glib::Object::new();
        let imp = dialog.imp();
        settings.bind(Setting::ContinueInstalls, &*imp.continue_installs, "active");
        imp.continue_installs.set_sensitive(settings.can_set(Setting::ContinueInstalls));
        settings.bind_second(Setting::PagesInBrowser, &imp.sign_in_pages);
        imp.sign_in_pages.set_sensitive(settings.can_set(Setting::PagesInBrowser));
        let setting = NoticeFile::of_person().map(|file| file.reminders());
        imp.reminders.set_sensitive(setting.is_some());
        imp.reminders.set_active(setting.as_ref().is_none_or(Reminders::are_wanted));
        if let Some(setting) = setting {
            imp.setting.get_or_init(|| setting);
        }
        dialog
    }
}
