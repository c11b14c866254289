// SPDX-License-Identifier: GPL-3.0-or-later
//! A page with buttons below what is to be read. Where the height is too little for both, the buttons come at the end of
//! what scrolls, so that all of it can be read.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;

use crate::widgets::descendant;

/// Below this height there is no room for icons.
const LOW: &str = "max-height: 400px";
/// Below this height there is no room for buttons that stay; it grows with the size of text.
const LOWEST: &str = "max-height: 300sp";
/// The size below which no page can shrink.
const SMALLEST: (i32, i32) = (300, 200);

mod imp {
    use std::cell::Cell;

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::Body)]
    pub struct Body {
        /// What is to be read, with a scrolled window in it.
        #[property(get = Self::content, set = Self::set_content, nullable)]
        content: std::marker::PhantomData<Option<gtk::Widget>>,
        /// Whether there is little height, and no room for icons.
        #[property(get)]
        is_low: Cell<bool>,
        view: adw::ToolbarView,
        /// Where the buttons are while there is room.
        below: adw::Bin,
        /// Where they are otherwise.
        end: adw::Bin,
        viewport: glib::WeakRef<gtk::Viewport>,
        is_prepared: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Body {
        const NAME: &'static str = "UsherBody";
        type Type = super::Body;
        type ParentType = adw::BreakpointBin;
        type Interfaces = (gtk::Buildable,);
    }

    #[glib::derived_properties]
    impl ObjectImpl for Body {
        fn constructed(&self) {
            self.parent_constructed();
            let body = self.obj();
            self.view.add_bottom_bar(&self.below);
            body.set_child(Some(&self.view));
            body.set_size_request(SMALLEST.0, SMALLEST.1);
            let [low, lowest] = [LOW, LOWEST].map(|condition| {
                let condition = adw::BreakpointCondition::parse(condition).expect("the condition is well-formed");
                adw::Breakpoint::new(condition)
            });
            body.add_controller(self.keys());
            body.add_breakpoint(low);
            body.add_breakpoint(lowest.clone());
            body.connect_current_breakpoint_notify(move |body| {
                let current = body.current_breakpoint();
                body.imp().settle(current.is_some(), current.as_ref() == Some(&lowest));
            });
        }
    }

    impl WidgetImpl for Body {
        fn root(&self) {
            self.parent_root();
            if !self.is_prepared.replace(true) {
                self.prepare();
            }
        }
    }

    impl BreakpointBinImpl for Body {}

    impl BuildableImpl for Body {
        fn add_child(&self, builder: &gtk::Builder, child: &glib::Object, kind: Option<&str>) {
            match (kind, child.downcast_ref::<gtk::Widget>()) {
                (Some("top"), Some(bar)) => self.view.add_top_bar(bar),
                (Some("bottom"), Some(buttons)) => self.below.set_child(Some(buttons)),
                _ => self.parent_add_child(builder, child, kind),
            }
        }
    }

    impl Body {
        fn content(&self) -> Option<gtk::Widget> {
            self.view.content()
        }

        #[expect(clippy::needless_pass_by_value, reason = "a setter of a property is given the value")]
        fn set_content(&self, content: Option<gtk::Widget>) {
            self.view.set_content(content.as_ref());
        }

        /// Makes a place for the buttons at the end of what scrolls.
        fn prepare(&self) {
            let scrolled = self.content().and_then(|content| descendant::first::<gtk::ScrolledWindow>(&content));
            let Some(viewport) = scrolled.and_then(|scrolled| scrolled.child()).and_downcast::<gtk::Viewport>() else {
                return;
            };
            let Some(text) = viewport.child() else { return };
            viewport.set_child(None::<&gtk::Widget>);
            // What scrolls by itself elsewhere is shown whole here.
            viewport.set_vscroll_policy(gtk::ScrollablePolicy::Natural);
            text.set_vexpand(true);
            let all = gtk::Box::new(gtk::Orientation::Vertical, 0);
            all.append(&text);
            all.append(&self.end);
            viewport.set_child(Some(&all));
            self.viewport.set(Some(&viewport));
        }

        /// Lets what scrolls follow the keyboard once a person uses that.
        fn keys(&self) -> gtk::EventControllerKey {
            let keys = gtk::EventControllerKey::new();
            keys.set_propagation_phase(gtk::PropagationPhase::Capture);
            let viewport = self.viewport.clone();
            keys.connect_key_pressed(move |_, _, _, _| {
                if let Some(viewport) = viewport.upgrade() {
                    viewport.set_scroll_to_focus(true);
                }
                glib::Propagation::Proceed
            });
            keys
        }

        fn settle(&self, is_low: bool, is_lowest: bool) {
            if self.is_low.replace(is_low) != is_low {
                self.obj().notify_is_low();
            }
            let (from, to) = if is_lowest { (&self.below, &self.end) } else { (&self.end, &self.below) };
            let (Some(buttons), Some(viewport)) = (from.child(), self.viewport.upgrade()) else { return };
            // A page begins with what is to be read, even where the keyboard is at a button.
            viewport.set_scroll_to_focus(!is_lowest);
            let focus = buttons.root().and_then(|root| root.focus()).filter(|focus| focus.is_ancestor(&buttons));
            from.set_child(None::<&gtk::Widget>);
            to.set_child(Some(&buttons));
            if let Some(focus) = focus {
                focus.grab_focus();
            }
        }
    }
}

glib::wrapper! {
    /// Takes bars of the type `top`, a `content` that scrolls, and buttons of the type `bottom`.
    pub struct Body(ObjectSubclass<imp::Body>)
        @extends adw::BreakpointBin, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}
