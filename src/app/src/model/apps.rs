// SPDX-License-Identifier: GPL-3.0-or-later
//! Names and pictures of apps, as their repositories tell them. Looked up off the main loop, all that a page asks for at
//! once.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use gtk::{gio, glib, prelude::*, subclass::prelude::*};
use usher_core::{
    appstream::{self, AppInfo},
    refs::AppId,
    remote,
};

use super::{Changes, Repositories};
use crate::text;

/// The picture of an app that has none of its own.
const GENERIC_ICON: &str = "application-x-executable";

/// What is known of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct App {
    /// Its id.
    pub(crate) id: String,
    /// What its repository calls it, where that has been found.
    name: Option<String>,
    /// The picture that its repository has of it.
    icon: Option<PathBuf>,
}

impl App {
    /// An app of which nothing but its id is known.
    pub(crate) fn unknown(id: &str) -> Self {
        Self { id: id.to_owned(), name: None, icon: None }
    }

    /// The name that its repository gives it, else its id.
    pub(crate) fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| text::plain(&self.id))
    }

    /// Its id, where the title is not the same.
    pub(crate) fn id_beside_title(&self) -> Option<String> {
        self.name.as_ref().map(|_| text::plain(&self.id))
    }

    /// The picture that its repository has of it, else that of the installed app, else one for any app.
    pub(crate) fn icon(&self) -> gio::Icon {
        match &self.icon {
            Some(path) => gio::FileIcon::new(&gio::File::for_path(path)).upcast(),
            None if AppId::is_valid(&self.id) => gio::ThemedIcon::from_names(&[&self.id, GENERIC_ICON]).upcast(),
            None => gio::ThemedIcon::new(GENERIC_ICON).upcast(),
        }
    }

    /// The picture in a widget of that size, silent for screen readers: the title stands beside it.
    pub(crate) fn image(&self, size: i32) -> gtk::Image {
        gtk::Image::builder()
            .gicon(&self.icon())
            .pixel_size(size)
            .accessible_role(gtk::AccessibleRole::Presentation)
            .css_classes([if size < 64 { "lowres-icon" } else { "icon-dropshadow" }])
            .build()
    }
}

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default)]
    pub struct Apps {
        pub(super) changes: Changes,
        /// What was found, by remote and id.
        pub(super) known: RefCell<BTreeMap<String, BTreeMap<String, AppInfo>>>,
        /// What was ever asked for.
        pub(super) asked: RefCell<BTreeMap<String, BTreeSet<String>>>,
        /// What has not been looked up yet.
        pub(super) wanted: RefCell<BTreeMap<String, BTreeSet<String>>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Apps {
        const NAME: &'static str = "UsherApps";
        type Type = super::Apps;
    }

    impl ObjectImpl for Apps {}
}

glib::wrapper! {
    pub struct Apps(ObjectSubclass<imp::Apps>);
}

impl Apps {
    /// Nothing is looked up before it is asked for.
    pub(crate) fn new(repositories: &Repositories) -> Self {
        let apps: Self = glib::Object::new();
        // What was fetched since may tell more. What is known is shown until then.
        repositories.changes().follow(&apps, |apps| {
            let asked = apps.imp().asked.borrow().clone();
            glib::spawn_future_local(apps.clone().look_up(asked));
        });
        apps
    }

    /// What is known of an app of a remote now. Looks up what is not known yet, and announces it in [`Self::changes`].
    pub(crate) fn get(&self, remote: &str, id: &str) -> App {
        let imp = self.imp();
        let is_new = imp.asked.borrow_mut().entry(remote.to_owned()).or_default().insert(id.to_owned());
        if is_new {
            let is_first = imp.wanted.borrow().is_empty();
            imp.wanted.borrow_mut().entry(remote.to_owned()).or_default().insert(id.to_owned());
            if is_first {
                // When the main loop runs it, the page has asked for all its apps.
                let apps = self.clone();
                glib::spawn_future_local(async move {
                    let wanted = apps.imp().wanted.take();
                    apps.look_up(wanted).await;
                });
            }
        }
        match imp.known.borrow().get(remote).and_then(|apps| apps.get(id)) {
            Some(info) => App { id: id.to_owned(), name: Some(info.name.clone()), icon: info.icon.clone() },
            None => App::unknown(id),
        }
    }

    /// Tells when more is known of an app that was asked for.
    pub(crate) fn changes(&self) -> &Changes {
        &self.imp().changes
    }

    async fn look_up(self, wanted: BTreeMap<String, BTreeSet<String>>) {
        let languages: Vec<String> = glib::language_names().iter().map(ToString::to_string).collect();
        let Ok(found) = gio::spawn_blocking(move || find(&wanted, &languages)).await else {
            return;
        };
        let mut is_news = false;
        for (remote, apps) in found {
            let mut known = self.imp().known.borrow_mut();
            let known = known.entry(remote).or_default();
            for (id, info) in apps {
                is_news |= known.insert(id, info.clone()).as_ref() != Some(&info);
            }
        }
        if is_news {
            self.changes().announce();
        }
    }
}

fn find(
    wanted: &BTreeMap<String, BTreeSet<String>>,
    languages: &[String],
) -> BTreeMap<String, BTreeMap<String, AppInfo>> {
    let installations = remote::installations();
    wanted
        .iter()
        .map(|(remote, ids)| (remote.clone(), appstream::find(&installations, remote, ids, languages)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_of_which_nothing_is_known_is_called_by_its_id() {
        let app = App::unknown("org.example.App");
        assert_eq!((app.title(), app.id_beside_title()), ("org.example.App".to_owned(), None));
        let named = App { name: Some("Notes".into()), ..app };
        assert_eq!((named.title(), named.id_beside_title()), ("Notes".to_owned(), Some("org.example.App".to_owned())));
    }
}
