// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that a file from another computer leads to: what is left to do here.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::{
    remote,
    takeout::{SetUp, Takeout},
};

use super::steps::{AccountStep, RepositoryStep, Steps, ThisComputer};
use crate::{
    application::Application,
    i18n::{gettext, gettext_f, ngettext_f},
    text,
    widgets::{Offer, OfferRow, RowGroup, accessible, sign_in_name, state_label, toast},
};

/// Most lines of a command that are shown; all of it is copied.
const COMMAND_LINES: i32 = 6;

mod imp {
    use std::cell::{OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/take_along/welcome.blp")]
    pub struct WelcomePage {
        pub(super) takeout: OnceCell<Takeout>,
        pub(super) here: RefCell<ThisComputer>,
        pub(super) command: RefCell<Option<String>>,
        pub(super) handlers: RefCell<Vec<(glib::Object, glib::SignalHandlerId)>>,
        pub(super) accounts: RowGroup<AccountStep>,
        pub(super) repositories: RowGroup<RepositoryStep>,
        #[template_child]
        pub(super) page: TemplateChild<adw::PreferencesPage>,
        #[template_child]
        accounts_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) repositories_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) apps_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) apps_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        copy_row: TemplateChild<adw::ButtonRow>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for WelcomePage {
        const NAME: &'static str = "UsherWelcomePage";
        type Type = super::WelcomePage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for WelcomePage {
        fn constructed(&self) {
            self.parent_constructed();
            self.accounts.attach(&self.accounts_group);
            self.repositories.attach(&self.repositories_group);
            accessible::can_be_pressed(&*self.copy_row);
        }

        fn dispose(&self) {
            for (object, handler) in self.handlers.take() {
                object.disconnect(handler);
            }
        }
    }

    impl WidgetImpl for WelcomePage {}
    impl NavigationPageImpl for WelcomePage {}

    #[gtk::template_callbacks]
    impl WelcomePage {
        #[template_callback]
        fn on_shown(&self) {
            self.page.child_focus(gtk::DirectionType::TabForward);
        }

        #[template_callback]
        fn on_copy(&self) {
            if let Some(command) = self.command.borrow().as_ref() {
                toast::copy(&*self.obj(), command);
            }
        }
    }
}

glib::wrapper! {
    pub struct WelcomePage(ObjectSubclass<imp::WelcomePage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl WelcomePage {
    /// The page of what a file brings along; follows what is done meanwhile.
    pub(crate) fn new(application: &Application, takeout: Takeout) -> Self {
        let page: Self = glib::Object::new();
        let _ = page.imp().takeout.set(takeout);
        let weak = page.downgrade();
        let refresh = move || {
            if let Some(page) = weak.upgrade() {
                page.refresh();
            }
        };
        let weak = page.downgrade();
        let look_around = move || {
            if let Some(page) = weak.upgrade() {
                glib::spawn_future_local(page.look_around());
            }
        };
        look_around();
        let (accounts, repositories) = (application.accounts(), application.repositories());
        page.imp().handlers.replace(vec![
            (accounts.clone().upcast(), accounts.connect_changed(move |_| refresh())),
            (repositories.clone().upcast(), repositories.connect_changed(move |_| look_around())),
        ]);
        page
    }

    fn takeout(&self) -> &Takeout {
        self.imp().takeout.get().expect("set when it was made")
    }

    /// Reads what is on this computer, and shows what is left to do.
    async fn look_around(self) {
        let apps: Vec<String> =
            self.takeout().repositories.iter().flat_map(|repository| repository.apps.clone()).collect();
        let looking = gio::spawn_blocking(move || {
            let installations = remote::installations();
            let installed = apps.into_iter().filter(|id| remote::is_app_installed(&installations, id)).collect();
            ThisComputer { remotes: remote::remotes(&installations), installed }
        });
        if let Ok(here) = looking.await {
            self.imp().here.replace(here);
            self.refresh();
        }
    }

    fn refresh(&self) {
        let imp = self.imp();
        let entries = Application::current().accounts().entries();
        let steps = Steps::of(self.takeout(), &entries, &imp.here.borrow());
        let has_commands = steps.repositories.iter().any(|step| matches!(step.set_up, SetUp::Command(Some(_))));
        imp.repositories_group.set_description(
            has_commands.then(|| gettext("Run these commands in a terminal to set the repositories up.")).as_deref(),
        );
        imp.accounts.show(steps.accounts, AccountStep::is_same, account_row, |_, _| false);
        imp.repositories.show(steps.repositories, RepositoryStep::is_same, repository_row, |_, _| false);
        imp.apps_group.set_visible(steps.apps.is_some());
        if let Some((count, command)) = steps.apps {
            let title = ngettext_f("{n} app can be installed again", "{n} apps can be installed again", count, &[]);
            imp.apps_row.set_title(&title);
            imp.command.replace(Some(command));
        }
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
    let account = step.account.clone();
    OfferRow::with_prefix(&offer, &avatar, move |window, _| window.sign_in_as(&account)).upcast()
}

fn repository_row(step: &RepositoryStep) -> gtk::Widget {
    let title = text::plain(step.repository.display_name());
    let address = text::plain(step.repository.address.as_str());
    match &step.set_up {
        SetUp::Command(Some(command)) => command_row(&title, &address, command).upcast(),
        SetUp::Done => {
            let row = adw::ActionRow::builder().title(&title).subtitle(&address).use_markup(false).build();
            let label = gettext("Set Up");
            add_done(&row, &label);
            accessible::name(&row, &format!("{title}, {address}, {label}"));
            row.upcast()
        }
        SetUp::Command(None) => {
            let subtitle = gettext("No safe command can be made for this repository");
            adw::ActionRow::builder().title(&title).subtitle(subtitle).use_markup(false).build().upcast()
        }
    }
}

/// A repository with the command that sets it up, which can be read before it is copied.
fn command_row(title: &str, address: &str, command: &str) -> adw::ExpanderRow {
    let row = adw::ExpanderRow::builder().title(title).subtitle(address).use_markup(false).build();
    let copy = gtk::Button::builder()
        .icon_name("edit-copy-symbolic")
        .tooltip_text(gettext("Copy Command"))
        .valign(gtk::Align::Center)
        .css_classes(["flat"])
        .build();
    accessible::name(&copy, &gettext_f("Copy Command for {app}", &[("app", title)]));
    let copied = command.to_owned();
    copy.connect_clicked(move |button| toast::copy(button, &copied));
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

/// What is done says so, in words and with an icon.
fn add_done(row: &adw::ActionRow, text: &str) {
    let icon = gtk::Image::builder()
        .icon_name("object-select-symbolic")
        .accessible_role(gtk::AccessibleRole::Presentation)
        .css_classes(["dimmed"])
        .build();
    row.add_suffix(&icon);
    row.add_suffix(&state_label(text));
}
