// SPDX-License-Identifier: GPL-3.0-or-later
//! What the keyring answers to each call.

use std::collections::HashMap;

use oo7::{Key, crypto};
use zbus::{
    Message,
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

use super::state::{Action, State, StoredItem, collection_of, object};

const NO_SUCH_OBJECT: &str = "org.freedesktop.Secret.Error.NoSuchObject";
const IS_LOCKED: &str = "org.freedesktop.Secret.Error.IsLocked";
const NO_SESSION: &str = "org.freedesktop.Secret.Error.NoSession";
const INVALID: &str = "org.freedesktop.DBus.Error.InvalidArgs";
const NO_REPLY: &str = "org.freedesktop.DBus.Error.NoReply";
const UNKNOWN: &str = "org.freedesktop.DBus.Error.UnknownMethod";

/// Session, initialisation vector, encrypted value, content type.
type WireSecret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(super) enum Answer {
    /// It stalls.
    Never,
    Nothing,
    Path(OwnedObjectPath),
    Paths(Vec<OwnedObjectPath>),
    /// An object, and a prompt.
    Made(OwnedObjectPath, OwnedObjectPath),
    /// What is open, and a prompt.
    Unlocked(Vec<OwnedObjectPath>, OwnedObjectPath),
    /// Open items and locked ones.
    Found(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>),
    Session(OwnedValue, OwnedObjectPath),
    Property(OwnedValue),
    Secret(WireSecret),
}

pub(super) fn answer(state: &mut State, call: &Message) -> Result<Answer, &'static str> {
    let header = call.header();
    let (Some(path), Some(member)) = (header.path(), header.member()) else { return Err(INVALID) };
    let (path, member) = (path.as_str(), member.as_str());
    let is_newcomer = state.callers.insert(header.sender().ok_or(INVALID)?.to_string());
    if state.manners.stalls == Some(member) {
        return Ok(Answer::Never);
    }
    match member {
        // As gnome-keyring may, which aborts there.
        "OpenSession" if is_newcomer => Err(NO_REPLY),
        "OpenSession" => open_session(state, call),
        "SearchItems" => search(state, path, call),
        "Unlock" => unlock(state, call),
        "ReadAlias" => Ok(Answer::Path(object(state.default.as_deref().unwrap_or("/")))),
        "CreateCollection" => Ok(create_collection(state)),
        "CreateItem" => create_item(state, path, call),
        "GetSecret" => get_secret(state, path, call),
        "SetSecret" => set_secret(state, path, call),
        "Delete" => delete(state, path),
        "Prompt" => Ok(act(|| state.show(path))),
        "Dismiss" => Ok(act(|| state.dismiss(path))),
        "Get" => property(state, path, call),
        _ => Err(UNKNOWN),
    }
}

fn act(act: impl FnOnce()) -> Answer {
    act();
    Answer::Nothing
}

fn open_session(state: &mut State, call: &Message) -> Result<Answer, &'static str> {
    let (algorithm, theirs): (String, OwnedValue) = call.body().deserialize().map_err(|_| INVALID)?;
    let theirs: Vec<u8> = theirs.try_into().map_err(|_| INVALID)?;
    if algorithm != "dh-ietf1024-sha256-aes128-cbc-pkcs7" {
        return Err("org.freedesktop.DBus.Error.NotSupported");
    }
    let private = Key::generate_private_key().map_err(|_| INVALID)?;
    let public = Key::generate_public_key(&private).map_err(|_| INVALID)?;
    let key = Key::generate_aes_key(&private, &Key::new(theirs)).map_err(|_| INVALID)?;
    let path = state.new_path("/org/freedesktop/secrets/session/s");
    state.sessions.insert(path.clone(), key);
    // As KWallet does before a number whose first bit is set.
    let zero = [0].into_iter().filter(|_| public.as_ref()[0] > 0x7f);
    let public: Vec<u8> = zero.chain(public.as_ref().iter().copied()).collect();
    let public = Value::from(public).try_into_owned().map_err(|_| INVALID)?;
    Ok(Answer::Session(public, object(&path)))
}

fn search(state: &State, place: &str, call: &Message) -> Result<Answer, &'static str> {
    let wanted: HashMap<String, String> = call.body().deserialize().map_err(|_| INVALID)?;
    let matches = |item: &&StoredItem| wanted.iter().all(|(name, value)| item.attributes.get(name) == Some(value));
    let listed = state.items.iter().filter(matches).filter(|item| state.is_listed(item));
    if state.is_collection_locked(place).is_some() {
        let found = listed.filter(|item| collection_of(&item.path) == place);
        return Ok(Answer::Paths(found.map(|item| object(&item.path)).collect()));
    }
    if state.manners.asks_in_search && state.collections.iter().any(|(_, is_locked)| *is_locked) {
        return Ok(Answer::Never);
    }
    let (locked, open): (Vec<_>, Vec<_>) = listed.partition(|item| state.is_item_locked(item));
    let paths = |items: Vec<&StoredItem>| items.into_iter().map(|item| object(&item.path)).collect();
    Ok(Answer::Found(paths(open), paths(locked)))
}

fn unlock(state: &mut State, call: &Message) -> Result<Answer, &'static str> {
    let objects: Vec<OwnedObjectPath> = call.body().deserialize().map_err(|_| INVALID)?;
    let (unlocked, prompt) = state.ask_to_unlock(objects.iter().map(ToString::to_string).collect());
    Ok(Answer::Unlocked(unlocked.iter().map(|path| object(path)).collect(), object(&prompt)))
}

fn create_collection(state: &mut State) -> Answer {
    if state.manners.asks_at_making {
        return Answer::Made(object("/"), object(&state.new_prompt(Action::MakeCollection)));
    }
    Answer::Made(object(&state.make_collection()), object("/"))
}

fn create_item(state: &mut State, collection: &str, call: &Message) -> Result<Answer, &'static str> {
    let (mut properties, secret, replace): (HashMap<String, OwnedValue>, WireSecret, bool) =
        call.body().deserialize().map_err(|_| INVALID)?;
    let attributes = properties.remove("org.freedesktop.Secret.Item.Attributes").ok_or(INVALID)?;
    let attributes: HashMap<String, String> = attributes.try_into().map_err(|_| INVALID)?;
    match state.is_collection_locked(collection) {
        None => return Err(NO_SUCH_OBJECT),
        Some(true) => return Err(IS_LOCKED),
        Some(false) => {}
    }
    let secret = decrypt(state, &secret)?;
    if state.manners.asks_at_save {
        let action = Action::Save { collection: collection.to_owned(), attributes, secret };
        return Ok(Answer::Made(object("/"), object(&state.new_prompt(action))));
    }
    Ok(Answer::Made(object(&state.save(collection, attributes, secret, replace)), object("/")))
}

fn get_secret(state: &mut State, path: &str, call: &Message) -> Result<Answer, &'static str> {
    let session: OwnedObjectPath = call.body().deserialize().map_err(|_| INVALID)?;
    let key = state.sessions.get(session.as_str()).ok_or(NO_SESSION)?;
    let item = state.items.iter().find(|item| item.path == path).ok_or(NO_SUCH_OBJECT)?;
    if state.is_item_locked(item) {
        return Err(IS_LOCKED);
    }
    if let Some(error) = state.manners.first_item_fails
        && state.items.first().is_some_and(|first| first.path == path)
    {
        return Err(error);
    }
    let vector = crypto::generate_iv().map_err(|_| INVALID)?;
    let value = crypto::encrypt(&item.secret, key, &vector).map_err(|_| INVALID)?;
    let content_type = state.manners.content_type.unwrap_or("text/plain").to_owned();
    if state.manners.loses_what_was_read {
        state.items.retain(|item| item.path != path);
    }
    Ok(Answer::Secret((session, vector, value, content_type)))
}

fn set_secret(state: &mut State, path: &str, call: &Message) -> Result<Answer, &'static str> {
    let secret: WireSecret = call.body().deserialize().map_err(|_| INVALID)?;
    let secret = decrypt(state, &secret)?;
    let is_forgotten = state.manners.forgets_set_secret;
    let item = state.items.iter_mut().find(|item| item.path == path).ok_or(NO_SUCH_OBJECT)?;
    if !is_forgotten {
        item.secret = secret;
    }
    Ok(Answer::Nothing)
}

fn delete(state: &mut State, path: &str) -> Result<Answer, &'static str> {
    let index = state.items.iter().position(|item| item.path == path).ok_or(NO_SUCH_OBJECT)?;
    state.items.remove(index);
    state.signal(collection_of(path), "org.freedesktop.Secret.Collection", "ItemDeleted", path);
    Ok(Answer::Path(object("/")))
}

fn property(state: &State, path: &str, call: &Message) -> Result<Answer, &'static str> {
    let (_, name): (String, String) = call.body().deserialize().map_err(|_| INVALID)?;
    let item = state.items.iter().find(|item| item.path == path);
    let value = match (name.as_str(), item) {
        ("Collections", _) => Value::from(state.collections.iter().map(|(path, _)| object(path)).collect::<Vec<_>>()),
        ("Items", _) => {
            let listed = state.items.iter().filter(|item| collection_of(&item.path) == path && state.is_listed(item));
            Value::from(listed.map(|item| object(&item.path)).collect::<Vec<_>>())
        }
        ("Locked", Some(item)) => Value::from(state.is_item_locked(item)),
        ("Locked", None) => Value::from(state.is_collection_locked(path).ok_or(NO_SUCH_OBJECT)?),
        ("Attributes", Some(item)) => Value::from(item.attributes.clone()),
        ("Attributes", None) => return Err(NO_SUCH_OBJECT),
        _ => return Err(UNKNOWN),
    };
    Ok(Answer::Property(value.try_into_owned().map_err(|_| INVALID)?))
}

fn decrypt(state: &State, (session, vector, value, _): &WireSecret) -> Result<Vec<u8>, &'static str> {
    let key = state.sessions.get(session.as_str()).ok_or(NO_SESSION)?;
    Ok(crypto::decrypt(value, key, vector).map_err(|_| INVALID)?.to_vec())
}
