// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds our items in all collections.

use std::collections::HashMap;

use futures_util::future;
use zbus::zvariant::OwnedObjectPath;

use super::{fault::Fault, session::Session};
use crate::{names, store::record::attribute};

/// Enough readings to open a collection, then items in it.
const READINGS: usize = 3;

/// Our items, after unlocking what opens without a question.
#[derive(Default)]
pub(super) struct Found {
    pub(super) open: Vec<OwnedObjectPath>,
    pub(super) locked: Vec<OwnedObjectPath>,
    /// Locked collections of which nobody can tell whether they hold items of ours; only filled if no item was found.
    pub(super) sealed: Vec<OwnedObjectPath>,
}

/// Finds our items. Unlocks what opens without a question: items that say locked, or collections if no item shows.
pub(super) async fn find(session: &Session) -> Result<Found, Fault> {
    let wanted = HashMap::from([(attribute::SCHEMA, names::KEYRING_SCHEMA)]);
    let mut opened = Vec::new();
    let mut found = Found::default();
    for _ in 0..READINGS {
        let collections = session.collections().await?;
        let mut sealed = closed(session, &collections, &opened).await?;
        let (open, locked) = if sealed.is_empty() {
            session.search(&wanted).await?
        } else {
            let others = collections.iter().filter(|collection| !sealed.contains(collection));
            search_in_each(session, others, &wanted).await?
        };
        // A keyring may say locked of what it has just unlocked.
        let (unlocked, locked): (Vec<_>, Vec<_>) = locked.into_iter().partition(|path| opened.contains(path));
        found = Found { open: [open, unlocked].concat(), locked, sealed: Vec::new() };
        if found.open.is_empty() && found.locked.is_empty() {
            let default = locked_default(session, &opened).await?;
            sealed.extend(default.filter(|default| !sealed.contains(default)));
            found.sealed = sealed;
        }
        let closed = [found.locked.as_slice(), &found.sealed].concat();
        if closed.is_empty() || !session.unlock_without_question(&closed, &mut opened).await? {
            break;
        }
    }
    found.sealed.retain(|collection| !opened.contains(collection));
    Ok(found)
}

/// Those of the collections that are locked and list nothing: some keyrings show no items while they are locked, and ask
/// the person to unlock them before they answer a search.
async fn closed(
    session: &Session,
    collections: &[OwnedObjectPath],
    opened: &[OwnedObjectPath],
) -> Result<Vec<OwnedObjectPath>, Fault> {
    let collections = collections.iter().filter(|collection| !opened.contains(collection)).cloned();
    let closed = collections.map(async |collection| {
        let is_closed = async { Ok(session.is_locked(&collection).await? && !session.lists_items(&collection).await?) };
        match is_closed.await {
            Ok(is_closed) => Ok(is_closed.then_some(collection)),
            // It may have been deleted since.
            Err(fault) if Fault::is_of_one_object(&fault) => {
                tracing::debug!(?fault, "cannot look at a collection");
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    });
    future::join_all(closed).await.into_iter().filter_map(Result::transpose).collect()
}

/// The collection for new items, if it is locked: it has to be opened anyway, even if it lists items of others.
async fn locked_default(session: &Session, opened: &[OwnedObjectPath]) -> Result<Option<OwnedObjectPath>, Fault> {
    let Some(collection) = session.default_collection().await?.filter(|collection| !opened.contains(collection)) else {
        return Ok(None);
    };
    match session.is_locked(&collection).await {
        Ok(is_locked) => Ok(is_locked.then_some(collection)),
        Err(fault) if fault.is_of_one_object() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Paths of the items with these attributes in these collections: the open ones and the locked ones.
async fn search_in_each(
    session: &Session,
    collections: impl Iterator<Item = &OwnedObjectPath>,
    wanted: &HashMap<&str, &str>,
) -> Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>), Fault> {
    let (mut open, mut locked) = (Vec::new(), Vec::new());
    for collection in collections {
        for item in session.search_in(collection, wanted).await? {
            let side = if session.is_item_locked(&item).await? { &mut locked } else { &mut open };
            side.push(item);
        }
    }
    Ok((open, locked))
}
