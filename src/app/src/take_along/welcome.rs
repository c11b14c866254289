// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that a file from another computer leads to: what is left to do here.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, gio, glib};
use usher_core::{
    remote,
    takeout::{SetUp, Takeout},
};

use super::steps::{AccountStep, RepositoryStep, Steps, ThisComputer};
use crate::{
    i18n::{gettext, gettext_f, ngettext_f},
    navigation::{self, Destination},
    services::Services,
    text,
    widgets::{Closures, CopyButton, Guard, Heading, Offer, OfferRow, RowGroup, accessible, sign_in_name, state_label},
};

/// Most lines of a command that are shown; all of it is copied.
const COMMAND_LINES: i32 = 6;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::WelcomePage)]
    #[template(file = "src/take_along/welcome.blp")]
    pub struct WelcomePage {
        /// What the page is about; empty where nothing is left to do.
        #[property(get, set)]
        description: RefCell<String>,
        /// Whether nothing is left to do.
        #[property(get, set)]
        is_all_set: Cell<bool>,
        /// What is to be done about the repositories; empty where nothing is left.
        #[property(get, set)]
        advice: RefCell<String>,
        /// How many apps can be installed again; empty where none can.
        #[property(get, set)]
        apps: RefCell<String>,
        /// What installs them; empty where none can.
        #[property(get, set)]
        command: RefCell<String>,
        pub(super) services: OnceCell<Services>,
        pub(super) takeout: OnceCell<Takeout>,
        here: RefCell<ThisComputer>,
        accounts: RowGroup<AccountStep>,
        repositories: RowGroup<RepositoryStep>,
        #[template_child]
        guard: TemplateChild<Guard>,
        #[template_child]
        accounts_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        repositories_group: TemplateChild<adw::PreferencesGroup>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for WelcomePage {
        const NAME: &'static str = "UsherWelcomePage";
        type Type = super::WelcomePage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            CopyButton::ensure_type();
            Guard::ensure_type();
            Heading::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for WelcomePage {
        fn constructed(&self) {
            self.parent_constructed();
            self.accounts.attach(&self.accounts_group);
            self.repositories.attach(&self.repositories_group);
        }
    }

    impl WidgetImpl for WelcomePage {}
    impl NavigationPageImpl for WelcomePage {}

    #[gtk::template_callbacks]
    impl WelcomePage {
        #[template_callback]
        fn on_shown(&self) {
            self.guard.place_focus();
        }

        #[template_callback]
        fn on_done(&self) {
            navigation::go_to(&*self.obj(), &Destination::FirstPage);
        }

        fn takeout(&self) -> &Takeout {
            self.takeout.get().expect("set when the page is made")
        }

        /// Reads what is on this computer, and shows what is left to do.
        pub(super) fn look_around(&self) {
            let repositories = self.takeout().repositories.iter();
            let apps: Vec<String> = repositories.flat_map(|repository| repository.apps.clone()).collect();
            let looking = gio::spawn_blocking(move || {
                let installations = remote::installations();
                let installed = apps.into_iter().filter(|id| remote::is_app_installed(&installations, id)).collect();
                ThisComputer { remotes: remote::remotes(&installations), installed }
            });
            glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    if let Ok(here) = looking.await {
                        imp.here.replace(here);
                        imp.refresh();
                    }
                }
            ));
        }

        pub(super) fn refresh(&self) {
            let Some(services) = self.services.get() else {
                return;
            };
            let steps = Steps::of(self.takeout(), &services.accounts().entries(), &self.here.borrow());
            let has_commands = steps.repositories.iter().any(|step| matches!(step.set_up, SetUp::Command(Some(_))));
            self.obj().set_advice(if has_commands {
                gettext("Run these commands in a terminal to set up the repositories.")
            } else {
                String::new()
            });
            self.show_whether_all_is_set(steps.are_all_done());
            self.accounts.show(steps.accounts, AccountStep::is_same, account_row, |_, _| false);
            self.repositories.show(steps.repositories, RepositoryStep::is_same, repository_row, |_, _| false);
            self.obj().set_apps(steps.apps.as_ref().map_or_else(String::new, |(count, _)| {
                ngettext_f("{n} app can be installed again", "{n} apps can be installed again", *count, &[])
            }));
            self.obj().set_command(steps.apps.map(|(_, command)| command).unwrap_or_default());
        }

        fn show_whether_all_is_set(&self, is_all_set: bool) {
            let page = self.obj();
            page.set_description(if is_all_set {
                String::new()
            } else {
                gettext("Brought from another computer. Each step can be done now or later.")
            });
            if is_all_set && !page.is_all_set() {
                page.announce(&gettext("All Set"), AccessibleAnnouncementPriority::Medium);
            }
            page.set_is_all_set(is_all_set);
        }
    }
}

glib::wrapper! {
    pub struct WelcomePage(ObjectSubclass<imp::WelcomePage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl WelcomePage {
    /// The page of what a file brings along; follows what the person does meanwhile.
    pub(crate) fn new(services: &Services, takeout: Takeout) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let _ = imp.services.set(services.clone());
        let _ = imp.takeout.set(takeout);
        services.accounts().changes().follow(&page, |page| page.imp().refresh());
        services.repositories().changes().follow(&page, |page| page.imp().look_around());
        imp.look_around();
        page
    }
}

fn account_row(step: &AccountStep) -> gtk::Widget {
    let avatar = adw::Avatar::builder().size(32).text(step.title()).show_initials(true).build();
    avatar.upcast_ref::<gtk::Widget>().set_accessible_role(gtk::AccessibleRole::Presentation);
    avatar.set_valign(gtk::Align::Center);
    if step.is_done {
        let row = adw::ActionRow::builder().title(step.title()).subtitle(step.subtitle()).use_markup(false).build();
        row.add_prefix(&avatar);
        let label = gettext("Signed In");
        add_done(&row, &label);
        accessible::name(&row, &format!("{}, {}, {label}", step.title(), step.subtitle()));
        return row.upcast();
    }
    let offer = Offer {
        icon: "avatar-default-symbolic",
        title: step.title(),
        subtitle: step.subtitle(),
        button: gettext("Sign In…"),
        button_name: sign_in_name(&step.account.binding.host()),
    };
    let row = OfferRow::leading_to(&offer, Destination::ServerOfTaken(step.account.clone()));
    row.set_picture(&avatar);
    row.upcast()
}

fn repository_row(step: &RepositoryStep) -> gtk::Widget {
    let title = text::plain(step.repository.display_name());
    let address = text::plain(step.repository.address.as_str());
    match &step.set_up {
        SetUp::Command(Some(command)) => {
            let subtitle =
                [Some(address), step.repository.warning()].into_iter().flatten().collect::<Vec<_>>().join("\n");
            command_row(&title, &subtitle, command).upcast()
        }
        SetUp::Done => {
            let row = adw::ActionRow::builder().title(&title).subtitle(&address).use_markup(false).build();
            let label = gettext("Set Up");
            add_done(&row, &label);
            accessible::name(&row, &format!("{title}, {address}, {label}"));
            row.upcast()
        }
        SetUp::Command(None) => {
            let subtitle = gettext("The details of this repository are not safe to use in a command");
            adw::ActionRow::builder().title(&title).subtitle(subtitle).use_markup(false).build().upcast()
        }
    }
}

/// A repository with the command that sets it up, which can be read before it is copied.
fn command_row(title: &str, subtitle: &str, command: &str) -> adw::ExpanderRow {
    let row = adw::ExpanderRow::builder().title(title).subtitle(subtitle).use_markup(false).build();
    let copy = CopyButton::new(&gettext("Copy Command"), command);
    copy.set_icon("edit-copy-symbolic");
    copy.set_spoken(gettext_f("Copy Command for {app}", &[("app", title)]));
    copy.set_valign(gtk::Align::Center);
    copy.add_css_class("flat");
    row.add_suffix(&copy);
    let label = gtk::Label::builder()
        .label(command)
        .selectable(true)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .ellipsize(gtk::pango::EllipsizeMode::End)
        .lines(COMMAND_LINES)
        .xalign(0.0)
        .margin_top(12)
        .margin_bottom(12)
        .margin_start(12)
        .margin_end(12)
        .css_classes(["monospace"])
        .build();
    label.set_direction(gtk::TextDirection::Ltr);
    row.add_row(&label);
    row
}

/// Marks a step as done, in words and with an icon.
fn add_done(row: &adw::ActionRow, text: &str) {
    let icon = gtk::Image::builder()
        .icon_name("object-select-symbolic")
        .accessible_role(gtk::AccessibleRole::Presentation)
        .css_classes(["dimmed"])
        .build();
    row.add_suffix(&icon);
    row.add_suffix(&state_label(text));
}
