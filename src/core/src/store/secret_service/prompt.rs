// SPDX-License-Identifier: GPL-3.0-or-later
//! Prompts of the keyring: questions to the person that the keyring itself shows.

use futures_util::{FutureExt, StreamExt};
use zbus::{
    MatchRule, MessageStream,
    message::Type,
    zvariant::{OwnedObjectPath, OwnedValue},
};

use super::{
    fault::Fault,
    session::{Made, Session},
};
use crate::{owners, store::Asking};

const PROMPT: &str = "org.freedesktop.Secret.Prompt";

impl Session {
    /// Shows a prompt, and waits as long as the person takes.
    pub(super) async fn prompt(&self, prompt: &OwnedObjectPath) -> Result<OwnedValue, Fault> {
        let completed = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(self.owner.as_str())?
            .path(prompt.as_str())?
            .interface(PROMPT)?
            .member("Completed")?
            .build();
        let mut completed = MessageStream::for_match_rule(completed, &self.connection, None).await?;
        let mut ended = owners::changes(&self.connection, 0, &self.owner).await?;
        // Some keyrings answer the call only when the person has.
        let mut call = std::pin::pin!(self.call_untimed(prompt.as_str(), PROMPT, "Prompt", &("",)).fuse());
        loop {
            tokio::select! {
                biased;
                message = completed.next() => {
                    let message = message.ok_or(Fault::Absent)??;
                    let (is_dismissed, result): (bool, OwnedValue) = message.body().deserialize()?;
                    return if is_dismissed { Err(Fault::Dismissed) } else { Ok(result) };
                }
                _ = ended.next() => return Err(Fault::Absent),
                reply = &mut call => drop(reply?),
            }
        }
    }

    /// Ends a prompt that nobody is to see. Not for a prompt of `Unlock`.
    pub(super) async fn dismiss(&self, prompt: &OwnedObjectPath) {
        if let Err(fault) = self.call(prompt.as_str(), PROMPT, "Dismiss", &()).await {
            tracing::debug!(?fault, "cannot dismiss a prompt of the keyring");
        }
    }

    /// What a method made. Shows the prompt, if there is one and the person may be asked.
    pub(super) async fn finish(&self, made: Made, asking: Asking) -> Result<OwnedObjectPath, Fault> {
        match made {
            Made::Now(path) => Ok(path),
            Made::Prompt(prompt) if asking == Asking::Freely => {
                Ok(self.prompt(&prompt).await?.try_into().map_err(zbus::Error::from)?)
            }
            Made::Prompt(prompt) => {
                self.dismiss(&prompt).await;
                Err(Fault::Locked)
            }
        }
    }

    /// Unlocks what opens without a question. Says whether anything may be open now that was not.
    pub(super) async fn unlock_without_question(
        &self,
        objects: &[OwnedObjectPath],
        opened: &mut Vec<OwnedObjectPath>,
    ) -> Result<bool, Fault> {
        let (unlocked, prompt) = match self.unlock(objects).await {
            Err(fault) if fault.is_of_one_object() => {
                tracing::debug!(?fault, "the keyring refuses to unlock");
                return Ok(false);
            }
            answer => answer?,
        };
        // Such a prompt is left alone, unseen: GNOME's keyring takes the end of one for the end of the one that is being
        // shown, for whichever program, and crashes. It goes with our connection.
        let is_open = prompt.is_none() || !unlocked.is_empty();
        opened.extend(unlocked);
        Ok(is_open)
    }

    /// Unlocks, and asks the person where that is needed.
    pub(super) async fn unlock_with_question(&self, objects: &[OwnedObjectPath]) -> Result<(), Fault> {
        if let (_, Some(prompt)) = self.unlock(objects).await? {
            self.prompt(&prompt).await?;
        }
        Ok(())
    }
}
