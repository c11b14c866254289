// SPDX-License-Identifier: GPL-3.0-or-later
//! Why something is asked: which programs want what, from where, and at which server.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{accessible::Property, glib};

use crate::{
    i18n::gettext_f,
    model::{App, SignInPlace},
    text,
    widgets::{accessible::bare, labels},
};

/// What the list says.
pub(crate) struct Why<'a> {
    /// The programs that asked, as the daemon found them; none if nobody did.
    pub(crate) clients: &'a [String],
    /// What they want to install or update.
    pub(crate) apps: Vec<App>,
    /// What the repository is called.
    pub(crate) repository: &'a str,
    /// The host of its address.
    pub(crate) repository_host: &'a str,
    /// The host of its account server.
    pub(crate) server: &'a str,
    /// Where a person signs in there, if that is asked.
    pub(crate) sign_in: Option<&'a SignInPlace>,
}

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/widgets/why_list.blp")]
    pub struct WhyList {
        #[template_child]
        pub(super) asked_by_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) for_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) several_row: TemplateChild<adw::ExpanderRow>,
        #[template_child]
        pub(super) repository_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) server_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) sign_in_page_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) server_gets_row: TemplateChild<adw::ActionRow>,
        app_rows: RefCell<Vec<(App, adw::ActionRow)>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for WhyList {
        const NAME: &'static str = "UsherWhyList";
        type Type = super::WhyList;
        type ParentType = adw::Bin;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for WhyList {}
    impl WidgetImpl for WhyList {}
    impl BinImpl for WhyList {}

    impl WhyList {
        /// The apps: by name where their repository gives one, and always by id.
        pub(super) fn show_apps(&self, apps: Vec<App>) {
            self.for_row.set_visible(apps.len() == 1);
            self.several_row.set_visible(apps.len() > 1);
            if let [app] = apps.as_slice() {
                let lines = [Some(app.title()), id_of(app)].into_iter().flatten();
                tell(&*self.for_row, &lines.collect::<Vec<_>>().join("\n"));
                return;
            }
            let ids: Vec<String> = apps.iter().map(|app| app.id.clone()).collect();
            let title = |id: &str| apps.iter().find(|app| app.id == id).map_or_else(String::new, App::title);
            tell(&*self.several_row, &text::apps(&ids, &title));
            let mut rows = self.app_rows.borrow_mut();
            if rows.iter().map(|(app, _)| app).eq(&apps) {
                return;
            }
            for (_, row) in rows.drain(..) {
                self.several_row.remove(&row);
            }
            for app in apps {
                let row = app_row(&app);
                self.several_row.add_row(&row);
                rows.push((app, row));
            }
        }
    }
}

glib::wrapper! {
    /// The rows *Asked By*, *For*, *Repository* and *Server*, and those about another server where one signs in.
    pub struct WhyList(ObjectSubclass<imp::WhyList>)
        @extends adw::Bin, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl WhyList {
    /// Shows what is known; a row without anything to say is hidden.
    pub(crate) fn show(&self, why: Why<'_>) {
        let imp = self.imp();
        let mut programs: Vec<String> = why.clients.iter().map(|client| text::program(client)).collect();
        programs.dedup();
        imp.asked_by_row.set_visible(!programs.is_empty());
        tell(&*imp.asked_by_row, &programs.join(", "));
        imp.show_apps(why.apps);
        tell(&*imp.repository_row, &repository(why.repository, why.repository_host, why.server));
        tell(&*imp.server_row, &text::plain(why.server));
        let other_host = why.sign_in.and_then(|place| place.other_host.as_deref());
        let server_gets = why.sign_in.map(|place| place.server_gets.as_str()).filter(|gets| !gets.is_empty());
        imp.sign_in_page_row.set_visible(other_host.is_some());
        tell(&*imp.sign_in_page_row, &text::plain(other_host.unwrap_or_default()));
        imp.server_gets_row.set_visible(server_gets.is_some());
        tell(&*imp.server_gets_row, server_gets.unwrap_or_default());
    }
}

/// A repository by its name, and by its host where that is not the server's, which has a row of its own.
fn repository(title: &str, host: &str, server: &str) -> String {
    let title = text::within(title);
    if host == server {
        return title;
    }
    gettext_f("{title} · {host}", &[("title", &title), ("host", &text::within(host))])
}

fn app_row(app: &App) -> adw::ActionRow {
    let row =
        adw::ActionRow::builder().use_markup(false).title(app.title()).subtitle(id_of(app).unwrap_or_default()).build();
    row.add_prefix(&app.image(32));
    labels::settle(&row);
    row
}

/// The id of an app that is called by a name, and whose name that is.
fn id_of(app: &App) -> Option<String> {
    // Translators: {id} is the id of an app, whose name stands above it
    app.id_beside_title().map(|id| gettext_f("{id} · name given by the repository", &[("id", &text::within(&id))]))
}

/// A row's words, for eyes and ears.
fn tell(row: &impl IsA<adw::PreferencesRow>, text: &str) {
    let row = row.upcast_ref();
    if let Some(row) = row.downcast_ref::<adw::ActionRow>() {
        row.set_subtitle(text);
    } else if let Some(row) = row.downcast_ref::<adw::ExpanderRow>() {
        row.set_subtitle(text);
    }
    row.upcast_ref::<gtk::Widget>().update_property(&[Property::Description(&bare(text))]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_named_with_its_host_where_that_is_not_the_servers() {
        for (host, server, expected) in [
            ("s.example", "s.example", "Demo"),
            ("s.example:8443", "s.example:8443", "Demo"),
            ("r.example", "s.example", "Demo · r.example"),
            ("s.example", "accounts.s.example", "Demo · s.example"),
            ("s.example:8443", "s.example", "Demo · s.example:8443"),
        ] {
            assert_eq!(bare(&repository("Demo", host, server)), expected, "{host} {server}");
        }
    }
}
