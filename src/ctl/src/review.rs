// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl review` shows that a remote has changed its server, and asks whether to accept that. Until a person does,
//! the remote stays blocked.

use serde_json::json;
use usher_core::{
    clock,
    decisions::DecisionFile,
    i18n::{gettext, gettext_f},
    pending::PendingFile,
    server_change::ServerChange,
    text,
};

use crate::{consent, context::Context, failure::Failure, remotes, sign_in, target, terminal, way};

pub(crate) async fn run(context: &Context, remote: &str, options: way::Options) -> Result<(), Failure> {
    let remotes = remotes::ours();
    let remote = remotes::named(&remotes, remote)?;
    remotes::ground(remote)?;
    let entries = context.store.unlocked_entries().await?;
    let Some(change) = ServerChange::of(&entries, remote) else {
        let name = text::clean(&remote.name, text::NAME_LIMIT);
        context.out.line(&gettext_f("“{remote}” has not changed its server.", &[("remote", &name)]))?;
        return context.out.json(&json!({ "remote": remote.name, "changed": false }));
    };
    if !terminal::can_ask() {
        return Err(Failure::Usage(format!("{} {}", change.sentence(), gettext("A terminal is needed to answer."))));
    }
    consent::warn_of_change(&entries, remote)?;
    consent::introduce(&entries, &change.claimed)?;
    let question = change.fill(|values| gettext_f("Use {new_host} from now on?", values));
    if !terminal::ask(&question).await? {
        if let Some(file) = DecisionFile::of_person() {
            file.keep_blocked(&change.subject(), PendingFile::of_session().as_ref(), clock::now()).await?;
        }
        context.out.line(&change.fill(|values| gettext_f("“{remote}” stays blocked.", values)))?;
        return Err(Failure::Cancelled);
    }
    let options = sign_in::Options { way: options, ..sign_in::Options::default() };
    sign_in::sign_in_accepted(context, &entries, &target::of_remote(remote)?, &options).await
}
