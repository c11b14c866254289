// SPDX-License-Identifier: GPL-3.0-or-later
//! One keyring item of ours, without its credential.

use gtk::{glib, subclass::prelude::*};
use usher_core::store::Entry;

mod imp {
    use std::cell::OnceCell;

    use super::*;

    #[derive(Default)]
    pub struct AccountObject {
        pub(super) entry: OnceCell<Entry>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AccountObject {
        const NAME: &'static str = "UsherAccountObject";
        type Type = super::AccountObject;
    }

    impl ObjectImpl for AccountObject {}
}

glib::wrapper! {
    pub struct AccountObject(ObjectSubclass<imp::AccountObject>);
}

impl AccountObject {
    /// The credential is dropped: no page needs it.
    pub(crate) fn new(entry: Entry) -> Self {
        let object: Self = glib::Object::new();
        let _ = object.imp().entry.set(without_credential(entry));
        object
    }

    /// What the keyring holds.
    pub(crate) fn entry(&self) -> &Entry {
        self.imp().entry.get().expect("set when it was made")
    }
}

fn without_credential(mut entry: Entry) -> Entry {
    if let Entry::Open(account) = &mut entry {
        account.credential = None;
    }
    entry
}
