// SPDX-License-Identifier: GPL-3.0-or-later
//! Notes for the window about requests that got no tokens; dropped once the refs are covered.

use usher_core::pending::{self, PendingFile};

use crate::{flow::FollowUp, request::Request};

/// Records the outcome of a request.
pub(crate) async fn write(file: &PendingFile, request: &Request, follow_up: &FollowUp, now: i64) {
    if let Some(unusable) = follow_up.unusable.clone()
        && let Err(error) = file.change_unusable(now, |notes| pending::note_unusable(notes, unusable)).await
    {
        tracing::warn!(%error, "cannot save the note of a remote whose options cannot be used");
    }
    let covered =
        follow_up.covered && file.read(now).await.iter().any(|note| note.ground.remote_uri == request.remote_uri);
    if follow_up.note.is_none() && !covered {
        return;
    }
    let note = follow_up.note.clone();
    let written = file
        .change(now, |notes| {
            if covered {
                let left_out = note.as_ref().map(|note| note.refs.as_slice()).unwrap_or_default();
                let mut refs: Vec<String> = request.refs().iter().map(ToString::to_string).collect();
                refs.retain(|wanted| !left_out.contains(wanted));
                pending::forget(notes, &request.remote_uri, &refs);
            }
            if let Some(note) = note {
                pending::note(notes, note);
            }
        })
        .await;
    if let Err(error) = written {
        tracing::warn!(%error, "cannot save the note of a failed request");
    }
}
