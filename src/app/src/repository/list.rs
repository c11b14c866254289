// SPDX-License-Identifier: GPL-3.0-or-later
//! The page with all repositories of this computer that use Usher, and those that could.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::remote::Remote;

use super::{item::RepositoryItem, other_row::other_row};
use crate::{
    i18n::gettext,
    navigation::{self, Destination},
    services::Services,
    widgets::{RowGroup, accessible, decorative_icon, follow_width},
};

mod imp {
    use std::cell::OnceCell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/repository/list.blp")]
    pub struct RepositoriesPage {
        pub(super) services: OnceCell<Services>,
        rows: RowGroup<RepositoryItem>,
        others: RowGroup<Remote>,
        #[template_child]
        stack: TemplateChild<gtk::Stack>,
        #[template_child]
        group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        others_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        empty_page: TemplateChild<adw::StatusPage>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for RepositoriesPage {
        const NAME: &'static str = "UsherRepositoriesPage";
        type Type = super::RepositoriesPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for RepositoriesPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.rows.attach(&self.group);
            self.others.attach(&self.others_group);
            follow_width(&self.empty_page);
        }
    }

    impl WidgetImpl for RepositoriesPage {}
    impl NavigationPageImpl for RepositoriesPage {}

    impl RepositoriesPage {
        pub(super) fn refresh(&self) {
            let Some(services) = self.services.get() else {
                return;
            };
            let (remotes, entries) = (services.repositories().remotes(), services.accounts().entries());
            let items = RepositoryItem::all(&remotes, &entries, |repository| {
                services.decisions().is_refused(&repository.subject())
            });
            self.rows.show(items, RepositoryItem::is_same, |item| repository_row(item).upcast(), update);
            let others = services.repositories().others().to_vec();
            self.others.show(others, |a, b| a == b, |remote| other_row(remote).upcast(), |_, _| false);
            self.group.set_title(&if self.others.len() == 0 { String::new() } else { gettext("Use Usher") });
            let is_empty = self.rows.len() + self.others.len() == 0;
            self.stack.set_visible_child_name(if is_empty { "empty" } else { "list" });
        }
    }
}

glib::wrapper! {
    pub struct RepositoriesPage(ObjectSubclass<imp::RepositoriesPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl RepositoriesPage {
    /// The page, which follows what is set up.
    pub(crate) fn new(services: &Services) -> Self {
        let page: Self = glib::Object::new();
        let _ = page.imp().services.set(services.clone());
        for changes in
            [services.repositories().changes(), services.accounts().changes(), services.decisions().changes()]
        {
            changes.follow(&page, |page| page.imp().refresh());
        }
        page.imp().refresh();
        page
    }
}

/// A row that leads to the page of a repository.
fn repository_row(item: &RepositoryItem) -> adw::ActionRow {
    let row = adw::ActionRow::builder().title(&item.title).use_markup(false).activatable(true).build();
    row.add_prefix(&decorative_icon("network-server-symbolic"));
    row.add_suffix(&decorative_icon("go-next-symbolic"));
    accessible::can_be_pressed(&row);
    let remote = item.remote.clone();
    row.connect_activated(move |row| navigation::go_to(row, &Destination::Repository(remote.clone())));
    say(&row, item);
    row
}

/// Makes a row show another state of its repository. Returns whether it can.
fn update(row: &gtk::Widget, item: &RepositoryItem) -> bool {
    row.downcast_ref::<adw::ActionRow>().is_some_and(|row| {
        say(row, item);
        true
    })
}

fn say(row: &adw::ActionRow, item: &RepositoryItem) {
    row.set_title(&item.title);
    row.set_subtitle(&item.subtitle);
    accessible::name(row, &format!("{}, {}", item.title, accessible::bare(&item.subtitle)));
}
