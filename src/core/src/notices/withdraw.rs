// SPDX-License-Identifier: GPL-3.0-or-later
//! Takes notifications back from the desktop, for whichever of our processes finds that they are out of date.

use std::{io, time::Duration};

use zbus::{Connection, fdo::DBusProxy};

use super::{DESKTOP, GTK, Notice, NoticeFile, PORTAL, Shown};
use crate::{names, patience::within};

/// Longest wait for the desktop, for all notifications together.
const LIMIT: Duration = Duration::from_secs(5);

/// Takes back the notifications that still show but no longer hold.
pub async fn withdraw(
    file: &NoticeFile,
    connection: &Connection,
    now: i64,
    is_over: impl Fn(&Notice) -> bool,
) -> io::Result<()> {
    let mut over = file.read(now).await;
    over.retain(|notice| notice.shown.is_some() && is_over(notice));
    if over.is_empty() {
        return Ok(());
    }
    if within(LIMIT, take_all_back(connection, &over)).await.is_err() {
        tracing::debug!("the desktop did not take back notifications in time");
    }
    file.change(now, |sent| {
        for known in sent.iter_mut().filter(|known| over.contains(known)) {
            known.shown = None;
        }
    })
    .await
}

async fn take_all_back(connection: &Connection, over: &[Notice]) {
    for Notice { id, shown, .. } in over {
        if let Some(shown) = shown
            && let Err(error) = take_back(connection, id, shown).await
        {
            tracing::debug!(%error, "cannot take back a notification");
        }
    }
}

/// Takes back one notification. Starts nothing.
async fn take_back(connection: &Connection, id: &str, shown: &Shown) -> zbus::Result<()> {
    match shown {
        Shown::Portal => {
            let owner = PORTAL.owner(connection).await?;
            PORTAL.call(connection, &owner, "RemoveNotification", &id).await?;
        }
        Shown::Gtk => {
            let owner = GTK.owner(connection).await?;
            GTK.call(connection, &owner, "RemoveNotification", &(names::APP_ID, id)).await?;
        }
        Shown::Desktop { number, owner: known, bus } => {
            let owner = DESKTOP.owner(connection).await?;
            // A number means nothing to another service, or in another session.
            if owner.as_str() == known && DBusProxy::new(connection).await?.get_id().await?.as_str() == bus {
                DESKTOP.call(connection, &owner, "CloseNotification", number).await?;
            }
        }
    }
    Ok(())
}
