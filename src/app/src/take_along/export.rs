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
    i18n::{gettext, ngettext_f},
    navigation,
    services::Services,
    text,
    widgets::{Body, Closures, toast},
};

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::ExportPage)]
    #[template(file = "src/take_along/export.blp")]
    pub struct ExportPage {
        /// One account a line.
        #[property(get, set)]
        accounts: RefCell<String>,
        /// One repository a line; empty where there is none.
        #[property(get, set)]
        repositories: RefCell<String>,
        /// How many apps can be installed again; empty where none can.
        #[property(get, set)]
        apps: RefCell<String>,
        /// What goes along, once it is gathered.
        takeout: RefCell<Option<Takeout>>,
        #[template_child]
        save_button: TemplateChild<gtk::Button>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ExportPage {
        const NAME: &'static str = "UsherExportPage";
        type Type = super::ExportPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for ExportPage {}
    impl WidgetImpl for ExportPage {}
    impl NavigationPageImpl for ExportPage {}

    #[gtk::template_callbacks]
    impl ExportPage {
        #[template_callback]
        fn on_shown(&self) {
            // The menu that led here gives the focus back when it closes.
            glib::idle_add_local_once(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || {
                    imp.save_button.grab_focus();
                }
            ));
        }

        #[template_callback]
        fn on_save(&self) {
            let encoded = self.takeout.borrow().as_ref().map(Takeout::encode);
            match encoded {
                Some(Ok(content)) => _ = glib::spawn_future_local(save(self.obj().clone(), content)),
                Some(Err(error)) => {
                    tracing::warn!(%error, "cannot export accounts");
                    toast::show(&*self.obj(), &gettext("The file could not be saved"));
                }
                None => {}
            }
        }

        pub(super) fn gather(&self, services: &Services) {
            let entries = services.accounts().entries().to_vec();
            glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    let gathering = gio::spawn_blocking(move || Takeout::gather(&entries, &remote::installations()));
                    if let Ok(takeout) = gathering.await {
                        imp.show(takeout);
                    }
                }
            ));
        }

        fn show(&self, takeout: Takeout) {
            let page = self.obj();
            page.set_accounts(takeout.accounts.iter().map(account_line).collect::<Vec<_>>().join("\n"));
            let repositories = takeout.repositories.iter().map(|repository| text::plain(repository.display_name()));
            page.set_repositories(repositories.collect::<Vec<_>>().join("\n"));
            let apps = steps::count_of_apps(&takeout);
            if apps > 0 {
                page.set_apps(ngettext_f(
                    "{n} app that can be installed again",
                    "{n} apps that can be installed again",
                    apps,
                    &[],
                ));
            }
            self.takeout.replace(Some(takeout));
        }
    }

    async fn save(page: super::ExportPage, content: Vec<u8>) {
        let Some(stack) = navigation::stack_of(&page) else {
            return;
        };
        if file::save(&page, content).await {
            stack.pop();
            toast::show(&stack, &gettext("Accounts exported"));
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
    pub(crate) fn new(services: &Services) -> Self {
        let page: Self = glib::Object::new();
        page.imp().gather(services);
        page
    }
}

fn account_line(account: &TakenAccount) -> String {
    format!("{} · {}", text::within(&account.label()), text::within(&account.binding.host()))
}
