// SPDX-License-Identifier: GPL-3.0-or-later
//! How the keyring behaves.

/// What happens when somebody asks it to unlock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lock {
    /// It opens at once, as with a blank password, or if PAM has opened it.
    OpensWhenAsked,
    /// It asks the person.
    #[default]
    AsksThePerson,
}

/// What the person does with a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Person {
    /// Does what it asks.
    #[default]
    Agrees,
    /// Allows the first of several things.
    AgreesToOne,
    /// Dismisses it.
    Dismisses,
    /// Leaves it there.
    IsAway,
}

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Times {
    /// Not at all.
    #[default]
    Never,
    /// The next time.
    Once,
    /// Each time.
    Always,
}

/// How the keyring behaves. The default is a well-behaved one.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a keyring may have any of these habits without the others")]
pub struct Manners {
    /// What happens when somebody asks it to unlock.
    pub lock: Lock,
    /// Locks single items, and leaves the collection open.
    pub locks_single_items: bool,
    /// Lists no items while it is locked.
    pub hides_locked_items: bool,
    /// Answers no search while a collection is locked: it asks the person to unlock that first.
    pub asks_in_search: bool,
    /// The content type that it claims for every secret.
    pub content_type: Option<&'static str>,
    /// The first item fails to give its secret, with this error.
    pub first_item_fails: Option<&'static str>,
    /// Asks the person whenever an item is saved.
    pub asks_at_save: bool,
    /// Asks the person before it makes a collection.
    pub asks_at_making: bool,
    /// Forgets what `SetSecret` sets.
    pub forgets_set_secret: bool,
    /// Makes a second item where it should replace one.
    pub never_replaces: bool,
    /// Another program deletes each item right after its secret was read.
    pub loses_what_was_read: bool,
    /// How often it loses an item that is to be replaced, so that a new one takes its place: each time, or once, since another
    /// program has just deleted it.
    pub loses_what_is_replaced: Times,
    /// Emits no signals but those of prompts.
    pub is_silent: bool,
    /// Never answers this method.
    pub stalls: Option<&'static str>,
    /// What the person does.
    pub person: Person,
}
