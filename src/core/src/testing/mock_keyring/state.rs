// SPDX-License-Identifier: GPL-3.0-or-later
//! What the keyring holds.

use std::collections::{HashMap, HashSet};

use oo7::Key;
use tokio::sync::watch;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::manners::{Lock, Manners, Person, Times};

const ROOT: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";

/// An item as it is stored.
#[derive(Debug, Clone)]
pub struct StoredItem {
    /// Its object path.
    pub path: String,
    /// Its attributes.
    pub attributes: HashMap<String, String>,
    /// Its secret.
    pub secret: Vec<u8>,
    pub(super) is_locked: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) manners: Manners,
    /// Paths of the collections, and whether they are locked.
    pub(super) collections: Vec<(String, bool)>,
    pub(super) default: Option<String>,
    pub(super) items: Vec<StoredItem>,
    pub(super) sessions: HashMap<String, Key>,
    /// Unique bus names of those who have called.
    pub(super) callers: HashSet<String>,
    pub(super) prompts: HashMap<String, Prompt>,
    /// How many prompts a person has seen.
    pub(super) shown: watch::Sender<usize>,
    pub(super) signals: Vec<Signal>,
    made: usize,
}

/// What a prompt does once the person agrees.
#[derive(Debug)]
pub(super) struct Prompt {
    pub(super) is_on_screen: bool,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    Unlock(Vec<String>),
    Save { collection: String, attributes: HashMap<String, String>, secret: Vec<u8> },
    MakeCollection,
}

#[derive(Debug)]
pub(super) struct Signal {
    pub(super) path: String,
    pub(super) interface: &'static str,
    pub(super) member: &'static str,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    Path(OwnedObjectPath),
    Completed(bool, OwnedValue),
}

impl State {
    pub(super) fn new(manners: Manners) -> Self {
        let login = format!("{ROOT}/collection/login");
        Self {
            manners,
            collections: vec![(login.clone(), false)],
            default: Some(login),
            items: Vec::new(),
            sessions: HashMap::new(),
            callers: HashSet::new(),
            prompts: HashMap::new(),
            shown: watch::Sender::new(0),
            signals: Vec::new(),
            made: 0,
        }
    }

    pub(super) fn lock(&mut self) -> Vec<Signal> {
        if self.manners.locks_single_items {
            self.items.iter_mut().for_each(|item| item.is_locked = true);
        } else {
            self.collections.iter_mut().for_each(|(_, is_locked)| *is_locked = true);
        }
        for path in self.collections.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>() {
            self.signal(ROOT, "org.freedesktop.Secret.Service", "CollectionChanged", &path);
        }
        std::mem::take(&mut self.signals)
    }

    pub(super) fn move_default(&mut self, name: Option<&str>) {
        self.default = name.map(|name| format!("{ROOT}/collection/{name}"));
        if let Some(path) = &self.default
            && !self.collections.iter().any(|(known, _)| known == path)
        {
            self.collections.push((path.clone(), false));
        }
    }

    pub(super) fn add_item(&mut self, attributes: &HashMap<String, String>, secret: &[u8]) {
        let collection = self.default.clone().expect("there is a collection for new items");
        let path = self.new_path(&format!("{collection}/"));
        self.items.push(StoredItem {
            path,
            attributes: attributes.clone(),
            secret: secret.to_owned(),
            is_locked: false,
        });
    }

    /// Saves an item, in the place of one with the same attributes.
    pub(super) fn save(
        &mut self,
        collection: &str,
        attributes: HashMap<String, String>,
        secret: Vec<u8>,
        replace: bool,
    ) -> String {
        let may_replace = replace && !self.manners.never_replaces;
        let is_equal = |item: &&mut StoredItem| {
            may_replace && collection_of(&item.path) == collection && item.attributes == attributes
        };
        let loses = self.manners.loses_what_is_replaced;
        if replace && loses != Times::Never {
            self.items.retain(|item| item.attributes != attributes);
        }
        if loses == Times::Once {
            self.manners.loses_what_is_replaced = Times::Never;
        }
        if let Some(item) = self.items.iter_mut().find(is_equal) {
            item.secret = secret;
            let path = item.path.clone();
            self.signal(collection, COLLECTION, "ItemChanged", &path);
            return path;
        }
        let path = self.new_path(&format!("{collection}/"));
        self.items.push(StoredItem { path: path.clone(), attributes, secret, is_locked: false });
        self.signal(collection, COLLECTION, "ItemCreated", &path);
        path
    }

    pub(super) fn make_collection(&mut self) -> String {
        let name = self.new_path("made");
        self.move_default(Some(&name));
        let path = self.default.clone().expect("it has just been made");
        self.signal(ROOT, "org.freedesktop.Secret.Service", "CollectionCreated", &path);
        path
    }

    pub(super) fn is_collection_locked(&self, path: &str) -> Option<bool> {
        self.collections.iter().find(|(known, _)| known == path).map(|(_, is_locked)| *is_locked)
    }

    pub(super) fn is_item_locked(&self, item: &StoredItem) -> bool {
        item.is_locked || self.is_collection_locked(collection_of(&item.path)).unwrap_or(false)
    }

    /// Whether an item shows itself.
    pub(super) fn is_listed(&self, item: &StoredItem) -> bool {
        !(self.manners.hides_locked_items && self.is_collection_locked(collection_of(&item.path)) == Some(true))
    }

    /// What a call to unlock gives: what is open now, and the prompt for the rest.
    pub(super) fn ask_to_unlock(&mut self, objects: Vec<String>) -> (Vec<String>, String) {
        if self.manners.lock == Lock::OpensWhenAsked {
            self.unlock(&objects);
            return (objects, "/".to_owned());
        }
        let (locked, open): (Vec<_>, Vec<_>) = objects.into_iter().partition(|path| self.is_locked(path));
        let prompt = if locked.is_empty() { "/".to_owned() } else { self.new_prompt(Action::Unlock(locked)) };
        (open, prompt)
    }

    fn is_locked(&self, path: &str) -> bool {
        match self.items.iter().find(|item| item.path == path) {
            Some(item) => self.is_item_locked(item),
            None => self.is_collection_locked(path).unwrap_or(false),
        }
    }

    fn unlock(&mut self, objects: &[String]) {
        for object in objects {
            for item in self.items.iter_mut().filter(|item| item.path == *object) {
                item.is_locked = false;
            }
            for (path, is_locked) in &mut self.collections {
                if path == object || path == collection_of(object) {
                    *is_locked = false;
                }
            }
            self.signal(ROOT, "org.freedesktop.Secret.Service", "CollectionChanged", object);
        }
    }

    pub(super) fn new_prompt(&mut self, action: Action) -> String {
        let path = self.new_path(&format!("{ROOT}/prompt/p"));
        self.prompts.insert(path.clone(), Prompt { is_on_screen: false, action });
        path
    }

    /// A prompt comes on the screen.
    pub(super) fn show(&mut self, path: &str) {
        self.shown.send_modify(|shown| *shown += 1);
        if let Some(prompt) = self.prompts.get_mut(path) {
            prompt.is_on_screen = true;
        }
        if self.manners.person != Person::IsAway {
            self.end(path, self.manners.person == Person::Dismisses);
        }
    }

    pub(super) fn answer_prompts(&mut self) -> Vec<Signal> {
        let shown = self.prompts.iter().filter(|(_, prompt)| prompt.is_on_screen).map(|(path, _)| path.clone());
        for path in shown.collect::<Vec<_>>() {
            self.end(&path, self.manners.person == Person::Dismisses);
        }
        std::mem::take(&mut self.signals)
    }

    /// A program ends a prompt. GNOME's keyring crashes over one that unlocks, if another program's is on the screen.
    pub(super) fn dismiss(&mut self, path: &str) {
        let unlocks = self.prompts.get(path).is_some_and(|prompt| matches!(prompt.action, Action::Unlock(_)));
        assert!(!unlocks, "the keyring crashes");
        self.end(path, true);
    }

    /// Ends a prompt.
    pub(super) fn end(&mut self, path: &str, is_dismissed: bool) {
        let Some(prompt) = self.prompts.remove(path) else { return };
        let result = match prompt.action {
            _ if is_dismissed => Value::from(""),
            Action::Unlock(mut objects) => {
                if self.manners.person == Person::AgreesToOne {
                    objects.truncate(1);
                }
                self.unlock(&objects);
                Value::from(objects.iter().map(|path| object(path)).collect::<Vec<_>>())
            }
            Action::Save { collection, attributes, secret } => {
                Value::from(object(&self.save(&collection, attributes, secret, true)))
            }
            Action::MakeCollection => Value::from(object(&self.make_collection())),
        };
        let body = Body::Completed(is_dismissed, result.try_into_owned().expect("it holds no file"));
        let (interface, member) = ("org.freedesktop.Secret.Prompt", "Completed");
        self.signals.push(Signal { path: path.to_owned(), interface, member, body });
    }

    pub(super) fn signal(&mut self, path: &str, interface: &'static str, member: &'static str, about: &str) {
        if !self.manners.is_silent {
            let body = Body::Path(object(about));
            self.signals.push(Signal { path: path.to_owned(), interface, member, body });
        }
    }

    pub(super) fn new_path(&mut self, start: &str) -> String {
        self.made += 1;
        format!("{start}{}", self.made)
    }
}

/// The collection that an object is in, by its path.
pub(super) fn collection_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(collection, _)| collection)
}

pub(super) fn object(path: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(path).expect("it is a sound path")
}
