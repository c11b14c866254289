// SPDX-License-Identifier: GPL-3.0-or-later
//! What Podman, Docker and flatpak have signed in with on this computer: one row for each registry, which leads to the page
//! that names it. Nothing is read of a sign-in before it is chosen there.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    error_text::UserFacing,
    provider::Provider,
    registry_logins::{self, Fault, Listing, Login, Places},
};

use crate::{
    i18n::gettext,
    navigation::{self, Destination},
    runtime, text,
    widgets::{BusyPage, accessible, decorative_icon, follow_width},
};

mod imp {
    use std::cell::OnceCell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/add_account/logins.blp")]
    pub struct RegistryLoginsPage {
        first_row: OnceCell<gtk::Widget>,
        #[template_child]
        stack: TemplateChild<gtk::Stack>,
        #[template_child]
        logins_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        faults_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        empty_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        sandbox_page: TemplateChild<adw::StatusPage>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for RegistryLoginsPage {
        const NAME: &'static str = "UsherRegistryLoginsPage";
        type Type = super::RegistryLoginsPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            BusyPage::ensure_type();
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for RegistryLoginsPage {
        fn constructed(&self) {
            self.parent_constructed();
            follow_width(&self.empty_page);
            follow_width(&self.sandbox_page);
            self.sandbox_page.set_description(Some(&registry_logins::not_in_sandbox()));
            self.look();
        }
    }

    impl WidgetImpl for RegistryLoginsPage {}

    impl NavigationPageImpl for RegistryLoginsPage {
        fn shown(&self) {
            self.parent_shown();
            self.place_focus();
        }
    }

    impl RegistryLoginsPage {
        fn look(&self) {
            let Some(places) = Places::of_process() else {
                return self.stack.set_visible_child_name("sandbox");
            };
            glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    let listing = runtime::spawn(async move { places.list().await }).await;
                    imp.show(&listing);
                    imp.place_focus();
                }
            ));
        }

        fn show(&self, listing: &Listing) {
            for login in &listing.logins {
                let row = login_row(login);
                self.logins_group.add(&row);
                let _ = self.first_row.set(row.upcast());
            }
            self.logins_group.set_visible(!listing.logins.is_empty());
            for fault in &listing.faults {
                self.faults_group.add(&fault_row(fault));
            }
            self.faults_group.set_visible(!listing.faults.is_empty());
            let is_empty = listing.logins.is_empty() && listing.faults.is_empty();
            self.stack.set_visible_child_name(if is_empty { "empty" } else { "list" });
        }

        fn place_focus(&self) {
            if let Some(row) = self.first_row.get() {
                row.grab_focus();
            }
        }
    }
}

glib::wrapper! {
    /// The sign-ins of other programs.
    pub struct RegistryLoginsPage(ObjectSubclass<imp::RegistryLoginsPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl RegistryLoginsPage {
    /// The page, which looks for them.
    pub(crate) fn new() -> Self {
        glib::Object::new()
    }
}

/// Makes a row lead to the page. It is hidden while there is nothing to see there.
pub(super) fn lead_from(row: &adw::ActionRow) {
    accessible::can_be_pressed(row);
    row.connect_activated(|row| navigation::go_to(row, &Destination::RegistryLogins));
    let Some(places) = Places::of_process() else {
        row.set_subtitle(&gettext("Not possible in a Flatpak"));
        return row.set_visible(true);
    };
    glib::spawn_future_local(glib::clone!(
        #[weak]
        row,
        async move {
            let listing = runtime::spawn(async move { places.list().await }).await;
            row.set_visible(!listing.logins.is_empty() || !listing.faults.is_empty());
        }
    ));
}

fn login_row(login: &Login) -> adw::ActionRow {
    let user = login.user().map(|user| format!("{} · ", text::within(user))).unwrap_or_default();
    let row = adw::ActionRow::builder()
        .title(text::plain(&login.registry().host()))
        .subtitle(format!("{user}{}", login.origin()))
        .use_markup(false)
        .activatable(true)
        .build();
    row.add_prefix(&decorative_icon("network-server-symbolic"));
    row.add_suffix(&decorative_icon("go-next-symbolic"));
    accessible::can_be_pressed(&row);
    let binding = Provider::of_registries().at(login.registry().clone());
    row.connect_activated(move |row| navigation::go_to(row, &Destination::Server(binding.clone())));
    row
}

fn fault_row(fault: &Fault) -> adw::ActionRow {
    let row = adw::ActionRow::builder().title(fault.reason()).use_markup(false).build();
    row.add_prefix(&decorative_icon("dialog-information-symbolic"));
    row
}
