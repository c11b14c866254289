// SPDX-License-Identifier: GPL-3.0-or-later
//! How models announce that they have changed.

use gtk::{glib, prelude::*, subclass::prelude::*};
use tokio::sync::oneshot;

const CHANGED: &str = "changed";

mod imp {
    use std::sync::LazyLock;

    use glib::subclass::Signal;

    use super::*;

    #[derive(Default)]
    pub struct Changes;

    #[glib::object_subclass]
    impl ObjectSubclass for Changes {
        const NAME: &'static str = "UsherChanges";
        type Type = super::Changes;
    }

    impl ObjectImpl for Changes {
        fn signals() -> &'static [Signal] {
            static SIGNALS: LazyLock<[Signal; 1]> = LazyLock::new(|| [Signal::builder(CHANGED).build()]);
            &*SIGNALS
        }
    }
}

glib::wrapper! {
    /// The changes of one model.
    pub struct Changes(ObjectSubclass<imp::Changes>);
}

impl Default for Changes {
    fn default() -> Self {
        glib::Object::new()
    }
}

impl Changes {
    /// Something has changed.
    pub(crate) fn announce(&self) {
        self.emit_by_name::<()>(CHANGED, &[]);
    }

    /// Calls back after every change, for as long as the follower lives.
    pub(crate) fn follow<T: IsA<glib::Object>>(&self, follower: &T, changed: impl Fn(&T) + 'static) {
        let weak = follower.downgrade();
        let closure = glib::RustClosure::new_local(move |_| {
            if let Some(follower) = weak.upgrade() {
                changed(&follower);
            }
            None
        });
        follower.watch_closure(&closure);
        self.connect_closure(CHANGED, false, closure);
    }

    /// Waits for the next change.
    pub(crate) async fn next(&self) {
        let (sender, receiver) = oneshot::channel();
        let sender = std::cell::Cell::new(Some(sender));
        let handler = self.connect_local(CHANGED, false, move |_| {
            if let Some(sender) = sender.take() {
                let _ = sender.send(());
            }
            None
        });
        let _ = receiver.await;
        self.disconnect(handler);
    }
}
