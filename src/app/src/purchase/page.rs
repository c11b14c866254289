// SPDX-License-Identifier: GPL-3.0-or-later
//! A page between the shop's pages: what has come of it, and what can be done.

use std::{rc::Rc, time::Duration};

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, accessible::Property, glib};

use super::words::{ButtonAction, PageText};
use crate::{
    model::App,
    widgets::{accessible, labels},
};

/// How long the buttons do nothing: what is typed into the shop's page must not press them (rule R18).
const GUARD: Duration = Duration::from_millis(700);

/// A button that can show that it is at work.
struct PageButton {
    action: ButtonAction,
    button: gtk::Button,
    spinner: adw::Spinner,
}

mod imp {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/purchase/page.blp")]
    pub struct PurchasePage {
        #[template_child]
        pub(super) alone_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) status: TemplateChild<adw::StatusPage>,
        #[template_child]
        pub(super) apps: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub(super) buttons: TemplateChild<gtk::Box>,
        pub(super) page_buttons: RefCell<Vec<PageButton>>,
        pub(super) said: RefCell<String>,
        pub(super) guard_timer: RefCell<Option<glib::SourceId>>,
        pub(super) are_buttons_live: Cell<bool>,
        pub(super) is_busy: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PurchasePage {
        const NAME: &'static str = "UsherPurchasePage";
        type Type = super::PurchasePage;
        type ParentType = adw::NavigationPage;

        fn class_init(klass: &mut Self::Class) {
            klass.bind_template();
            klass.bind_template_callbacks();
        }

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            obj.init_template();
        }
    }

    impl ObjectImpl for PurchasePage {
        fn dispose(&self) {
            if let Some(timer) = self.guard_timer.take() {
                timer.remove();
            }
        }
    }

    impl WidgetImpl for PurchasePage {}

    impl NavigationPageImpl for PurchasePage {
        fn shown(&self) {
            self.parent_shown();
            self.obj().announce(&self.said.borrow(), AccessibleAnnouncementPriority::Medium);
            self.obj().open_after_a_moment();
        }
    }

    #[gtk::template_callbacks]
    impl PurchasePage {
        #[template_callback]
        fn on_narrow(&self) {
            self.status.add_css_class("compact");
        }

        #[template_callback]
        fn on_wide(&self) {
            self.status.remove_css_class("compact");
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
        let page: Self = glib::Object::new();
        let imp = page.imp();
        page.set_title(&words.title);
        imp.status.set_icon_name(Some(words.icon).filter(|icon| !icon.is_empty()));
        imp.status.set_title(&words.title);
        imp.status.set_description(Some(&glib::markup_escape_text(&words.text)));
        let said = [words.title.as_str(), words.text.as_str()].into_iter().filter(|text| !text.is_empty());
        imp.said.replace(said.collect::<Vec<_>>().join(". "));
        let pressed = Rc::new(pressed);
        for (index, (action, label)) in words.buttons.iter().enumerate() {
            page.add_button(*action, label, index == 0, pressed.clone());
        }
        labels::settle(&page);
        page.update_buttons();
        page
    }

    fn add_button(&self, action: ButtonAction, text: &str, is_suggested: bool, pressed: Rc<dyn Fn(ButtonAction)>) {
        let label = gtk::Label::builder()
            .label(text)
            .wrap(true)
            .wrap_mode(gtk::pango::WrapMode::WordChar)
            .justify(gtk::Justification::Center)
            .build();
        let spinner = adw::Spinner::builder().visible(false).build();
        let content = gtk::Box::builder().spacing(6).halign(gtk::Align::Center).build();
        content.append(&spinner);
        content.append(&label);
        let button = gtk::Button::builder().child(&content).css_classes(["pill"]).build();
        button.add_css_class(if is_suggested { "suggested-action" } else { "flat" });
        accessible::name(&button, &accessible::bare(text));
        button.connect_clicked(move |_| pressed(action));
        self.imp().buttons.append(&button);
        self.imp().page_buttons.borrow_mut().push(PageButton { action, button, spinner });
    }

    /// What has become of each app.
    pub(super) fn list(&self, apps: impl Iterator<Item = (App, String)>) {
        let imp = self.imp();
        imp.apps.remove_all();
        for (app, state) in apps {
            let row = adw::ActionRow::builder()
                .use_markup(false)
                .title(app.title())
                .subtitle(app.id_beside_title().unwrap_or_default())
                .build();
            row.add_prefix(&app.image(32));
            let label = gtk::Label::builder().label(&state).css_classes(["dim-label"]).build();
            row.add_suffix(&label);
            row.upcast_ref::<gtk::Widget>().update_property(&[Property::Description(&state)]);
            labels::settle(&row);
            imp.apps.append(&row);
        }
        imp.apps.set_visible(true);
    }

    /// Says above the page that nobody waits for it any more.
    pub(super) fn show_alone(&self, text: &str) {
        self.imp().alone_banner.set_title(text);
        self.imp().alone_banner.set_revealed(true);
    }

    /// Shows at the pressed button that the server is being asked.
    pub(super) fn set_busy(&self, action: Option<ButtonAction>) {
        let imp = self.imp();
        imp.is_busy.set(true);
        for known in &*imp.page_buttons.borrow() {
            known.spinner.set_visible(Some(known.action) == action);
        }
        self.update_buttons();
    }

    pub(super) fn set_idle(&self) {
        let imp = self.imp();
        imp.is_busy.set(false);
        for known in &*imp.page_buttons.borrow() {
            known.spinner.set_visible(false);
        }
        self.update_buttons();
    }

    fn open_after_a_moment(&self) {
        let timer = glib::timeout_add_local_once(
            GUARD,
            glib::clone!(
                #[weak(rename_to = page)]
                self,
                move || {
                    let imp = page.imp();
                    imp.guard_timer.take();
                    imp.are_buttons_live.set(true);
                    page.update_buttons();
                    if let Some(first) = imp.page_buttons.borrow().first() {
                        first.button.grab_focus();
                    }
                }
            ),
        );
        if let Some(earlier) = self.imp().guard_timer.replace(Some(timer)) {
            earlier.remove();
        }
    }

    fn update_buttons(&self) {
        let imp = self.imp();
        let is_ready = imp.are_buttons_live.get() && !imp.is_busy.get();
        for known in &*imp.page_buttons.borrow() {
            known.button.set_sensitive(is_ready);
        }
    }
}
