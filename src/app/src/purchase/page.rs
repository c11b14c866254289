// SPDX-License-Identifier: GPL-3.0-or-later
//! A page between the shop's pages: how the purchase stands, and what the person can do.

use std::rc::Rc;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, accessible::Property, glib};

use super::words::{ButtonAction, PageText};
use crate::{
    details::DetailsButton,
    i18n::gettext,
    model::App,
    widgets::{BannerText, Body, Guard, Wait, accessible, labels, show_banner, state_label},
};

/// A button that can show that it is at work.
struct PageButton {
    action: ButtonAction,
    wait: Wait,
}

mod imp {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::PurchasePage)]
    #[template(file = "src/purchase/page.blp")]
    pub struct PurchasePage {
        #[property(get, construct_only, nullable)]
        icon: RefCell<Option<String>>,
        /// With markup escaped.
        #[property(get, construct_only)]
        text: RefCell<String>,
        /// Whether several apps are listed with what has become of them.
        #[property(get, set)]
        has_list: Cell<bool>,
        /// Whether Usher is asking the server, and no button can be pressed.
        #[property(get, set)]
        is_busy: Cell<bool>,
        #[template_child]
        alone_banner: TemplateChild<adw::Banner>,
        #[template_child]
        status: TemplateChild<adw::StatusPage>,
        #[template_child]
        apps: TemplateChild<gtk::ListBox>,
        #[template_child]
        buttons: TemplateChild<gtk::Box>,
        /// What is typed into the shop's page must not press them.
        #[template_child]
        guard: TemplateChild<Guard>,
        page_buttons: RefCell<Vec<PageButton>>,
        pub(super) said: RefCell<String>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PurchasePage {
        const NAME: &'static str = "UsherPurchasePage";
        type Type = super::PurchasePage;
        type ParentType = adw::NavigationPage;

        fn class_init(klass: &mut Self::Class) {
            Body::ensure_type();
            Guard::ensure_type();
            klass.bind_template();
            klass.bind_template_callbacks();
        }

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            obj.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for PurchasePage {}

    impl WidgetImpl for PurchasePage {}

    impl NavigationPageImpl for PurchasePage {
        fn shown(&self) {
            self.parent_shown();
            self.obj().announce(&self.said.borrow(), AccessibleAnnouncementPriority::Medium);
            self.guard.place_focus();
        }
    }

    #[gtk::template_callbacks]
    impl PurchasePage {
        #[template_callback]
        fn on_narrow(&self) {
            self.status.add_css_class("compact");
        }

        #[template_callback(function)]
        fn icon_with_room(is_low: bool, icon: Option<String>) -> Option<String> {
            icon.filter(|_| !is_low)
        }

        #[template_callback]
        fn on_wide(&self) {
            self.status.remove_css_class("compact");
        }

        pub(super) fn add_button(
            &self,
            action: ButtonAction,
            text: &str,
            is_suggested: bool,
            pressed: Rc<dyn Fn(ButtonAction)>,
        ) {
            let button = self.make_button(action, text);
            button.add_css_class("pill");
            button.add_css_class(if is_suggested { "suggested-action" } else { "flat" });
            button.connect_clicked(move |_| pressed(action));
            self.obj().bind_property("is-busy", &button, "sensitive").sync_create().invert_boolean().build();
            if self.buttons.first_child().is_none() {
                self.guard.set_primary(Some(button.clone()));
            }
            self.buttons.append(&button);
        }

        pub(super) fn add_details(&self, title: &str, text: &str) {
            let button = DetailsButton::default();
            button.tell(title, text, "");
            self.buttons.append(&button);
        }

        /// A button that can show that it is at work.
        fn make_button(&self, action: ButtonAction, text: &str) -> gtk::Button {
            let label = gtk::Label::builder()
                .label(text)
                .wrap(true)
                .wrap_mode(gtk::pango::WrapMode::WordChar)
                .justify(gtk::Justification::Center)
                .build();
            let wait = Wait::new(&gettext("Checking…"));
            wait.set_visible(false);
            wait.bind_property("speaks", &label, "visible").invert_boolean().sync_create().build();
            let content = gtk::Box::builder().spacing(6).halign(gtk::Align::Center).build();
            content.append(&wait);
            content.append(&label);
            self.page_buttons.borrow_mut().push(PageButton { action, wait });
            let button = gtk::Button::builder().child(&content).build();
            accessible::name(&button, &accessible::bare(text));
            button
        }

        pub(super) fn list(&self, apps: impl Iterator<Item = (App, String)>) {
            self.apps.remove_all();
            for (app, state) in apps {
                let row = adw::ActionRow::builder()
                    .use_markup(false)
                    .title(app.title())
                    .subtitle(app.id_beside_title().unwrap_or_default())
                    .build();
                row.add_prefix(&app.image(32));
                row.add_suffix(&state_label(&state));
                row.upcast_ref::<gtk::Widget>().update_property(&[Property::Description(&state)]);
                labels::settle(&row);
                self.apps.append(&row);
            }
            self.obj().set_has_list(true);
        }

        pub(super) fn show_alone(&self, text: &str) {
            show_banner(&self.alone_banner, Some(&BannerText { title: text.to_owned(), button: None }));
        }

        /// What a screen reader says when the page has the keyboard.
        pub(super) fn name(&self, title: &str, text: &str) {
            let properties =
                [Property::Label(&accessible::bare(title)), Property::Description(&accessible::bare(text))];
            self.status.upcast_ref::<gtk::Widget>().update_property(&properties);
        }

        /// `action` is that of the button that shows it.
        pub(super) fn set_busy(&self, is_busy: bool, action: Option<ButtonAction>) {
            self.obj().set_is_busy(is_busy);
            for known in &*self.page_buttons.borrow() {
                known.wait.set_visible(Some(known.action) == action);
            }
        }
    }
}

glib::wrapper! {
    pub struct PurchasePage(ObjectSubclass<imp::PurchasePage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl PurchasePage {
    /// A page that says so, and calls back with what is pressed.
    pub(super) fn new(words: &PageText, pressed: impl Fn(ButtonAction) + 'static) -> Self {
        let page: Self = glib::Object::builder()
            .property("title", &words.title)
            .property("icon", Some(words.icon).filter(|icon| !icon.is_empty()))
            .property("text", glib::markup_escape_text(&words.text))
            .build();
        let imp = page.imp();
        let said = [words.title.as_str(), words.text.as_str()].into_iter().filter(|text| !text.is_empty());
        imp.said.replace(said.collect::<Vec<_>>().join(". "));
        imp.name(&words.title, &words.text);
        let pressed = Rc::new(pressed);
        for (index, (action, label)) in words.buttons.iter().enumerate() {
            imp.add_button(*action, label, index == 0, pressed.clone());
        }
        if words.is_fault {
            imp.add_details(&words.title, &words.text);
        }
        labels::settle(&page);
        page
    }

    /// What has become of each app.
    pub(super) fn list(&self, apps: impl Iterator<Item = (App, String)>) {
        self.imp().list(apps);
    }

    /// Says above the page that no program waits any more.
    pub(super) fn show_alone(&self, text: &str) {
        self.imp().show_alone(text);
    }

    /// Shows at the pressed button that Usher is asking the server.
    pub(super) fn set_busy(&self, action: Option<ButtonAction>) {
        self.imp().set_busy(true, action);
    }

    /// Usher is no longer asking the server.
    pub(super) fn set_idle(&self) {
        self.imp().set_busy(false, None);
    }
}
