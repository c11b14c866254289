// SPDX-License-Identifier: GPL-3.0-or-later
//! The guard against stray keys (rule R18). A page can appear under somebody's typing, and any program can bring one up.
//! So the buttons that give consent do nothing for a moment after the page came up, and after its window became active.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;

use super::accessible;

/// How long the buttons do nothing.
const GUARD: Duration = Duration::from_millis(700);

thread_local! {
    /// Whether what happens now follows from a press of the person's in this window.
    static IS_PRESSED: Cell<bool> = const { Cell::new(false) };
    /// Whether it follows from the answer of a server.
    static IS_ANSWER: Cell<bool> = const { Cell::new(false) };
}

/// Does what a press of the person's in a window leads to. The pages that this makes need no guard.
pub(crate) fn follow_press(lead: impl FnOnce()) {
    let before = IS_PRESSED.replace(!IS_ANSWER.get());
    lead();
    IS_PRESSED.set(before);
}

/// Whether what happens now follows from a press of the person's in this window.
pub(crate) fn is_press() -> bool {
    IS_PRESSED.get()
}

/// Does what an answer leads to: whatever was pressed to ask for it, it comes when it comes.
pub(crate) fn follow_answer(lead: impl FnOnce()) {
    let before = IS_ANSWER.replace(true);
    lead();
    IS_ANSWER.set(before);
}

/// When something happened last, to know whether that was just now.
#[derive(Debug, Default)]
pub(crate) struct LastTime(Cell<Option<Instant>>);

impl LastTime {
    /// It happens now.
    pub(crate) fn set_now(&self) {
        self.0.set(Some(Instant::now()));
    }

    /// Whether it was less than this time ago.
    pub(crate) fn is_within(&self, time: Duration) -> bool {
        self.0.get().is_some_and(|last| last.elapsed() < time)
    }

    /// Whether a key that is pressed now could have been meant for something else.
    pub(crate) fn is_within_guard(&self) -> bool {
        self.is_within(GUARD)
    }
}

/// Closes all guards in a window, which another program has brought up.
pub(crate) fn close_within(root: &impl IsA<gtk::Widget>) {
    let root = root.upcast_ref::<gtk::Widget>();
    if let Some(guard) = root.downcast_ref::<Guard>() {
        guard.close();
        return;
    }
    let mut child = root.first_child();
    while let Some(widget) = child {
        close_within(&widget);
        child = widget.next_sibling();
    }
}

/// The same for the buttons of a dialog that comes up by itself; `default` is the one that Return presses afterwards.
pub(crate) fn guard_dialog(dialog: &adw::AlertDialog, responses: &'static [&'static str], default: &'static str) {
    let set_open = move |dialog: &adw::AlertDialog, is_open: bool| {
        for response in responses {
            dialog.set_response_enabled(response, is_open);
        }
        dialog.set_can_close(is_open);
        dialog.set_default_response(Some(default).filter(|_| is_open));
    };
    set_open(dialog, false);
    let dialog = dialog.downgrade();
    glib::timeout_add_local_once(GUARD, move || {
        if let Some(dialog) = dialog.upgrade() {
            set_open(&dialog, true);
        }
    });
}

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::Guard)]
    pub struct Guard {
        /// Whether what is in it can be used.
        #[property(get)]
        is_open: Cell<bool>,
        /// What has the keyboard while it is closed.
        #[property(get, set, nullable)]
        heading: glib::WeakRef<gtk::Widget>,
        /// The button that the page is about.
        #[property(get, set, nullable)]
        primary: glib::WeakRef<gtk::Widget>,
        /// Whether Return presses that button from wherever the keyboard is, once it is open.
        #[property(get, set)]
        is_default: Cell<bool>,
        /// Whether it stays open when the person comes back to the window.
        #[property(get, set)]
        stays_open: Cell<bool>,
        /// When a press made the page.
        pressed: LastTime,
        /// What had the keyboard when it closed.
        interrupted: glib::WeakRef<gtk::Widget>,
        /// What in it had the keyboard last, for when the person comes back to the page.
        last: glib::WeakRef<gtk::Widget>,
        /// Whether the keyboard is to come in once it opens.
        is_awaited: Cell<bool>,
        timer: RefCell<Option<glib::SourceId>>,
        window: RefCell<Option<(glib::WeakRef<gtk::Window>, [glib::SignalHandlerId; 2])>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Guard {
        const NAME: &'static str = "UsherGuard";
        type Type = super::Guard;
        type ParentType = adw::Bin;
    }

    #[glib::derived_properties]
    impl ObjectImpl for Guard {
        fn constructed(&self) {
            self.parent_constructed();
            if IS_PRESSED.get() {
                self.pressed.set_now();
            }
            self.obj().set_sensitive(false);
        }

        fn dispose(&self) {
            self.stop_timer();
        }
    }

    impl WidgetImpl for Guard {
        fn root(&self) {
            self.parent_root();
            let Some(window) = self.obj().root().and_downcast::<gtk::Window>() else { return };
            let active = window.connect_is_active_notify(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |window| {
                    if window.is_active() && imp.obj().is_mapped() && !imp.stays_open.get() {
                        imp.close();
                    }
                }
            ));
            let focus = window.connect_focus_widget_notify(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |_| {
                    if let Some(focused) = imp.focused() {
                        imp.last.set(Some(&focused));
                    }
                }
            ));
            self.window.replace(Some((window.downgrade(), [active, focus])));
        }

        fn unroot(&self) {
            if let Some((window, handlers)) = self.window.take()
                && let Some(window) = window.upgrade()
            {
                for handler in handlers {
                    window.disconnect(handler);
                }
            }
            self.parent_unroot();
        }

        fn map(&self) {
            self.parent_map();
            if self.pressed.is_within_guard() {
                self.open();
            } else {
                self.interrupted.set(self.last.upgrade().as_ref());
                self.close();
            }
        }

        fn unmap(&self) {
            self.stop_timer();
            self.set_open(false);
            self.parent_unmap();
        }
    }

    impl BinImpl for Guard {}

    impl Guard {
        fn open(&self) {
            self.set_open(true);
            if let Some(interrupted) = self.interrupted.upgrade() {
                self.interrupted.set(None);
                interrupted.grab_focus();
            } else if self.is_awaited.take() && self.focused().is_none() {
                self.obj().child_focus(gtk::DirectionType::TabForward);
            }
        }

        /// Closes for a moment.
        pub(super) fn close(&self) {
            if !self.obj().is_mapped() {
                return;
            }
            self.lead_the_keyboard_out();
            self.set_open(false);
            let timer = glib::timeout_add_local_once(
                GUARD,
                glib::clone!(
                    #[weak(rename_to = imp)]
                    self,
                    move || {
                        imp.timer.take();
                        imp.open();
                    }
                ),
            );
            if let Some(earlier) = self.timer.replace(Some(timer)) {
                earlier.remove();
            }
        }

        fn set_open(&self, is_open: bool) {
            self.is_open.set(is_open);
            let guard = self.obj();
            guard.set_sensitive(is_open);
            if self.is_default.get()
                && let Some(window) = guard.root().and_downcast::<gtk::Window>()
            {
                window.set_default_widget(self.primary.upgrade().filter(|_| is_open).as_ref());
            }
            guard.notify_is_open();
            accessible::tell_sensitivity(&*guard);
        }

        /// What in it has the keyboard.
        fn focused(&self) -> Option<gtk::Widget> {
            let guard = self.obj();
            guard.root().and_then(|root| root.focus()).filter(|focused| focused.is_ancestor(&*guard))
        }

        /// What is insensitive has no keyboard.
        fn lead_the_keyboard_out(&self) {
            let Some(focused) = self.focused() else { return };
            match self.heading.upgrade() {
                Some(heading) => _ = heading.grab_focus(),
                None => self.interrupted.set(Some(&focused)),
            }
        }

        pub(super) fn place_focus(&self) {
            match (self.is_open.get(), self.heading.upgrade(), self.primary.upgrade()) {
                (true, _, Some(primary)) if primary.grab_focus() => {}
                (true, _, _) => _ = self.obj().child_focus(gtk::DirectionType::TabForward),
                (false, Some(heading), _) => _ = heading.grab_focus(),
                (false, None, _) => {
                    // It must not be at *Back* meanwhile.
                    if let Some(root) = self.obj().root() {
                        root.set_focus(None::<&gtk::Widget>);
                    }
                    self.is_awaited.set(true);
                }
            }
        }

        fn stop_timer(&self) {
            if let Some(timer) = self.timer.take() {
                timer.remove();
            }
        }
    }
}

glib::wrapper! {
    /// What is in it gives consent: it is insensitive for a moment after it came up, unless a press in its window made
    /// it, and after its window became active.
    pub struct Guard(ObjectSubclass<imp::Guard>)
        @extends adw::Bin, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl Guard {
    /// Closes for a moment: something else is asked in the same place.
    pub(crate) fn close(&self) {
        self.imp().close();
    }

    /// Puts the keyboard on the button if that can be pressed, else on the heading.
    pub(crate) fn place_focus(&self) {
        self.imp().place_focus();
    }
}
