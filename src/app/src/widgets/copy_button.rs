// SPDX-License-Identifier: GPL-3.0-or-later
//! A button that copies a text, and says so in its own place for a moment. It keeps its size, so that nothing moves.

use std::time::Duration;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::Medium, glib};

use crate::{i18n::gettext, widgets::accessible};

/// How long it says that it has copied.
const MOMENT: Duration = Duration::from_secs(2);
/// What an icon turns into for so long.
const COPIED_ICON: &str = "object-select-symbolic";
/// The signal at the end of the moment.
const COPIED: &str = "copied";

mod imp {
    use std::{
        cell::{Cell, RefCell},
        sync::LazyLock,
    };

    use glib::subclass::Signal;

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::CopyButton)]
    pub struct CopyButton {
        /// What it says: "Copy Command", for example. Where it shows an icon, that is its tooltip.
        #[property(get, set = Self::set_text)]
        text: RefCell<String>,
        /// The icon that it shows in place of the text; empty where it shows the text.
        #[property(get, set = Self::set_icon)]
        icon: RefCell<String>,
        /// What a screen reader calls it, where its text is not enough.
        #[property(get, set = Self::set_spoken)]
        spoken: RefCell<String>,
        /// What it copies. With nothing to copy it is a button like any other.
        #[property(get, set, nullable)]
        content: RefCell<Option<String>>,
        /// Whether it says that it has copied.
        #[property(get)]
        says_copied: Cell<bool>,
        stack: gtk::Stack,
        before: adw::Bin,
        after: adw::Bin,
        moment: RefCell<Option<glib::SourceId>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for CopyButton {
        const NAME: &'static str = "UsherCopyButton";
        type Type = super::CopyButton;
        type ParentType = gtk::Button;
    }

    #[glib::derived_properties]
    impl ObjectImpl for CopyButton {
        fn signals() -> &'static [Signal] {
            static SIGNALS: LazyLock<[Signal; 1]> = LazyLock::new(|| [Signal::builder(COPIED).run_last().build()]);
            &*SIGNALS
        }

        fn constructed(&self) {
            self.parent_constructed();
            self.stack.add_child(&self.before);
            self.stack.add_child(&self.after);
            self.obj().set_child(Some(&self.stack));
            self.show();
        }

        fn dispose(&self) {
            self.stop();
        }
    }

    impl WidgetImpl for CopyButton {}

    impl ButtonImpl for CopyButton {
        fn clicked(&self) {
            let content = self.content.borrow().clone();
            if let Some(content) = content.filter(|content| !content.is_empty()) {
                self.copy(&content);
            }
        }
    }

    impl CopyButton {
        fn set_text(&self, text: String) {
            self.text.replace(text);
            self.show();
        }

        fn set_icon(&self, icon: String) {
            self.icon.replace(icon);
            self.show();
        }

        fn set_spoken(&self, spoken: String) {
            self.spoken.replace(spoken);
            self.show_state();
        }

        /// Shows both of its states, one of them behind the other.
        fn show(&self) {
            let button = self.obj();
            let icon = self.icon.borrow();
            if icon.is_empty() {
                button.remove_css_class("image-button");
                button.add_css_class("text-button");
                self.before.set_child(Some(&label(&self.text.borrow())));
                self.after.set_child(Some(&label(&gettext("Copied"))));
            } else {
                button.remove_css_class("text-button");
                button.add_css_class("image-button");
                self.before.set_child(Some(&gtk::Image::from_icon_name(&icon)));
                self.after.set_child(Some(&gtk::Image::from_icon_name(COPIED_ICON)));
            }
            drop(icon);
            self.show_state();
        }

        fn show_state(&self) {
            let (text, spoken) = (self.text.borrow(), self.spoken.borrow());
            let copied = gettext("Copied");
            let (text, name) = match (self.says_copied.get(), spoken.is_empty()) {
                (true, _) => (&copied, &copied),
                (false, true) => (&*text, &*text),
                (false, false) => (&*text, &*spoken),
            };
            self.stack.set_visible_child(if self.says_copied.get() { &self.after } else { &self.before });
            let button = self.obj();
            accessible::name(&*button, name);
            button.set_tooltip_text(Some(text.as_str()).filter(|_| !self.icon.borrow().is_empty()));
        }

        fn set_says_copied(&self, says: bool) {
            if self.says_copied.replace(says) != says {
                self.show_state();
                self.obj().notify_says_copied();
            }
        }

        fn copy(&self, content: &str) {
            let button = self.obj();
            button.clipboard().set_text(content);
            button.announce(&gettext("Copied"), Medium);
            self.set_says_copied(true);
            self.stop();
            let end = glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || {
                    imp.moment.take();
                    imp.set_says_copied(false);
                    imp.obj().emit_by_name::<()>(COPIED, &[]);
                }
            );
            self.moment.replace(Some(glib::timeout_add_local_once(MOMENT, end)));
        }

        fn stop(&self) {
            if let Some(moment) = self.moment.take() {
                moment.remove();
            }
        }
    }
}

glib::wrapper! {
    pub struct CopyButton(ObjectSubclass<imp::CopyButton>)
        @extends gtk::Button, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl CopyButton {
    /// A button that says `text` and copies `content`.
    pub(crate) fn new(text: &str, content: &str) -> Self {
        glib::Object::builder().property("text", text).property("content", content).build()
    }
}

fn label(text: &str) -> gtk::Label {
    gtk::Label::builder()
        .label(text)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .justify(gtk::Justification::Center)
        .build()
}
