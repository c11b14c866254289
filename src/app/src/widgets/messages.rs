// SPDX-License-Identifier: GPL-3.0-or-later
//! The content of a page, with room for a short message over it. The message lies above the bars of the page, wraps where
//! there is little width, and leaves alone what was pressed.

use std::{rc::Rc, sync::Once};

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::Medium, Align, Orientation, gdk, glib, graphene::Rect, pango};

use crate::widgets::{descendant, labels};

/// Seconds that a message with a button stays.
const BUTTON_SECONDS: u32 = 8;

/// The class of a toast of several lines, which would lose letters to the round ends of others.
const TALL: &str = "tall";
const STYLE: &str = "toast.tall { border-radius: 24px; }";

/// What a button in a message is called, and does.
pub(super) type MessageButton = (String, Rc<dyn Fn()>);

/// A short message.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) button: Option<MessageButton>,
}

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default)]
    pub struct Messages {
        pub(super) overlay: gtk::Overlay,
        toasts: adw::ToastOverlay,
        shown: RefCell<Option<(Message, adw::Toast)>>,
        /// Follows where the keyboard is, in the window that the page is in.
        focus: RefCell<Option<(gtk::Root, glib::SignalHandlerId)>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Messages {
        const NAME: &'static str = "UsherMessages";
        type Type = super::Messages;
        type ParentType = adw::Bin;
    }

    impl ObjectImpl for Messages {
        fn constructed(&self) {
            self.parent_constructed();
            // As small as the message, so that what is beside it can be pressed.
            self.toasts.set_halign(Align::Center);
            self.toasts.set_valign(Align::End);
            self.overlay.add_overlay(&self.toasts);
            self.obj().set_child(Some(&self.overlay));
            // A message comes from behind the bars.
            self.obj().set_overflow(gtk::Overflow::Hidden);
        }
    }

    impl WidgetImpl for Messages {
        fn map(&self) {
            self.parent_map();
            if let Some(root) = self.obj().root() {
                let place = glib::clone!(
                    #[weak(rename_to = imp)]
                    self,
                    move |_: &gtk::Root, _: &glib::ParamSpec| imp.place()
                );
                let handler = root.connect_notify_local(Some("focus-widget"), place);
                self.focus.replace(Some((root, handler)));
            }
        }

        fn unmap(&self) {
            if let Some((root, handler)) = self.focus.take() {
                root.disconnect(handler);
            }
            self.parent_unmap();
        }
    }

    impl BinImpl for Messages {}

    impl Messages {
        pub(super) fn show(&self, message: Message) {
            self.obj().announce(&message.text, Medium);
            self.toasts.dismiss_all();
            let content = gtk::Box::builder().spacing(6).build();
            let label = label(&message.text);
            content.append(&label);
            let toast = adw::Toast::builder().custom_title(&content).build();
            if let Some(button) = &message.button {
                content.append(&button_in(&toast, button));
                toast.set_timeout(BUTTON_SECONDS);
            }
            toast.connect_dismissed(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |toast| imp.forget(toast)
            ));
            self.toasts.add_toast(toast.clone());
            self.fit(&content, &label);
            self.shown.replace(Some((message, toast)));
            self.place();
        }

        /// Takes away what is shown.
        pub(super) fn take(&self) -> Option<Message> {
            let (message, toast) = self.shown.take()?;
            toast.dismiss();
            Some(message)
        }

        fn forget(&self, toast: &adw::Toast) {
            if self.shown.borrow().as_ref().is_some_and(|(_, shown)| shown == toast) {
                self.shown.take();
            }
        }

        /// The width that a message may have.
        fn room(&self) -> i32 {
            let here = self.obj();
            if here.width() > 0 { here.width() } else { here.root().map_or(0, |root| root.width()) }
        }

        /// Where there is little width, the text wraps and its button goes below. A toast is as high as it would be with all
        /// the width that it would like to have, so what is in it likes no more than there is.
        fn fit(&self, content: &gtk::Box, label: &gtk::Label) {
            let wanted = |widget: &gtk::Widget| widget.measure(Orientation::Horizontal, -1).1;
            let Some(toast) = toast_around(content.upcast_ref(), &self.toasts) else {
                return;
            };
            let room = self.room() - (wanted(&toast) - wanted(content.upcast_ref()));
            if room <= 0 || wanted(content.upcast_ref()) <= room {
                return;
            }
            toast.add_css_class(TALL);
            content.set_orientation(Orientation::Vertical);
            if wanted(label.upcast_ref()) > room {
                label.set_natural_wrap_mode(gtk::NaturalWrapMode::Inherit);
                label.set_max_width_chars(1);
                label.set_width_request(room);
            }
        }

        /// Shows the message at the foot, or at the top where it would lie over what was pressed there.
        fn place(&self) {
            if self.shown.borrow().is_none() {
                return;
            }
            let here = self.obj();
            let pressed = here.root().and_then(|root| root.focus()).filter(|widget| self.is_in_content(widget));
            let bounds = pressed.and_then(|widget| widget.compute_bounds(&*here));
            let height = self.toasts.measure(Orientation::Vertical, self.room()).1;
            let is_covered = bounds.is_some_and(|bounds| is_at_foot(&bounds, here.height(), height));
            self.toasts.set_valign(if is_covered { Align::Start } else { Align::End });
        }

        fn is_in_content(&self, widget: &gtk::Widget) -> bool {
            self.overlay.child().is_some_and(|content| widget.is_ancestor(&content))
        }
    }
}

glib::wrapper! {
    pub struct Messages(ObjectSubclass<imp::Messages>)
        @extends adw::Bin, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl Messages {
    /// Loads what their style needs beside that of the toolkit, once.
    pub(super) fn load_style(display: &gdk::Display) {
        static LOADED: Once = Once::new();
        LOADED.call_once(|| {
            let style = gtk::CssProvider::new();
            style.load_from_string(STYLE);
            gtk::style_context_add_provider_for_display(display, &style, gtk::STYLE_PROVIDER_PRIORITY_APPLICATION);
        });
    }

    /// Puts the content of a page into such room, once.
    pub(super) fn give(page: &adw::NavigationPage) {
        let Some(bars) = descendant::first::<adw::ToolbarView>(page.upcast_ref()) else {
            return;
        };
        let content = bars.content();
        if content.is_none() || content.as_ref().is_some_and(ObjectExt::is::<Self>) {
            return;
        }
        bars.set_content(None::<&gtk::Widget>);
        let messages: Self = glib::Object::new();
        messages.imp().overlay.set_child(content.as_ref());
        bars.set_content(Some(&messages));
    }

    /// That of the page that is shown.
    pub(super) fn visible_in(view: &adw::NavigationView) -> Option<Self> {
        descendant::first::<adw::ToolbarView>(view.visible_page()?.upcast_ref())?.content().and_downcast()
    }

    /// Shows a message in place of the one before, and has it read.
    pub(super) fn show(&self, message: Message) {
        self.imp().show(message);
    }

    /// Takes away what is shown.
    pub(super) fn take(&self) -> Option<Message> {
        self.imp().take()
    }
}

fn label(text: &str) -> gtk::Label {
    let label = gtk::Label::builder()
        .label(text)
        .wrap(true)
        .wrap_mode(pango::WrapMode::WordChar)
        .natural_wrap_mode(gtk::NaturalWrapMode::None)
        .xalign(0.0)
        .hexpand(true)
        .css_classes(["heading"])
        .build();
    labels::settle(&label);
    label
}

/// The button of a message, which takes the message away.
fn button_in(toast: &adw::Toast, (label, act): &MessageButton) -> gtk::Button {
    let button = gtk::Button::builder().label(label).halign(Align::End).valign(Align::Center).build();
    let (toast, act) = (toast.downgrade(), act.clone());
    button.connect_clicked(move |_| {
        act();
        if let Some(toast) = toast.upgrade() {
            toast.dismiss();
        }
    });
    button
}

/// The toast that has this in it.
fn toast_around(content: &gtk::Widget, toasts: &adw::ToastOverlay) -> Option<gtk::Widget> {
    let mut widget = content.parent()?;
    while widget.parent()? != *toasts.upcast_ref::<gtk::Widget>() {
        widget = widget.parent()?;
    }
    Some(widget)
}

/// Whether a message of `height` would cover more of something at the foot of a page than at its top.
fn is_at_foot(bounds: &Rect, page: i32, height: i32) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "heights in pixels")]
    let (page, height) = (page as f32, height as f32);
    let (top, bottom) = (bounds.y(), bounds.y() + bounds.height());
    let covered = |from: f32, to: f32| (bottom.min(to) - top.max(from)).max(0.0);
    covered(page - height, page) > covered(0.0, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_where_it_covers_least_of_what_was_pressed() {
        let (page, height) = (300, 60);
        for (top, tall, is_foot) in [
            // Above, half in it, in it, and all of the page.
            (100.0, 40.0, false),
            (220.0, 40.0, true),
            (260.0, 40.0, true),
            (0.0, 300.0, false),
            // Scrolled away.
            (310.0, 40.0, false),
            (-50.0, 40.0, false),
            // On a page that is hardly higher than the message.
            (0.0, 290.0, false),
            (50.0, 250.0, true),
        ] {
            assert_eq!(is_at_foot(&Rect::new(0.0, top, 100.0, tall), page, height), is_foot, "{top} {tall}");
        }
    }
}
