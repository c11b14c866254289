// SPDX-License-Identifier: GPL-3.0-or-later
//! *Already bought?* in a terminal: whether another account of the person at the same server has the app. The server
//! is asked about an account only after a yes.

use std::collections::BTreeSet;

use usher_core::{account::Account, buying, ground::Ground, i18n::gettext_f, remote::Remote, store::Entry, text};

use crate::{
    accounts, command, consent::PermissionRequest, context::Context, failure::Failure, obstacle, remotes, terminal,
};

/// An app that an account has no access to.
pub(crate) struct Lacking<'a> {
    pub(crate) account: &'a Account,
    pub(crate) remote: &'a Remote,
    pub(crate) ground: &'a Ground,
    pub(crate) app_id: &'a str,
}

impl Lacking<'_> {
    /// Another account that has the app, once the person has agreed to ask about it and to use it. Without `may_ask`
    /// only says that there are such accounts.
    pub(crate) async fn other_owner(
        &self,
        context: &Context,
        entries: &[Entry],
        may_ask: bool,
    ) -> Result<Option<Account>, Failure> {
        let is_other = |other: &&Account| {
            other.binding == self.account.binding && other.id != self.account.id && obstacle::signed_in(other).is_ok()
        };
        for other in entries.iter().filter_map(Entry::account).filter(is_other) {
            if !may_ask {
                self.advise(other)?;
                continue;
            }
            let question = self.sentence(other, |values| {
                gettext_f("“{app}” is not in the account of {user}. Check the account of {other}?", values)
            });
            if terminal::ask(&question).await?
                && self.is_owned_by(context, other).await?
                && self.permit(context, other).await?
            {
                return Ok(Some(other.clone()));
            }
        }
        Ok(None)
    }

    async fn is_owned_by(&self, context: &Context, other: &Account) -> Result<bool, Failure> {
        let ids = BTreeSet::from([self.app_id.to_owned()]);
        let access = buying::check(&context.session, other.id, &ids, Some(self.ground)).await;
        let access = access.map_err(|error| Failure::of_session(error, &other.binding.host()))?;
        let is_owned = access.granted.contains(self.app_id);
        terminal::say(&self.sentence(other, |values| {
            if is_owned {
                gettext_f("The account of {other} has “{app}”.", values)
            } else {
                gettext_f("The account of {other} has no access to “{app}” either.", values)
            }
        }))?;
        Ok(is_owned)
    }

    async fn permit(&self, context: &Context, other: &Account) -> Result<bool, Failure> {
        let address = self.ground.remote_url.clone();
        if other.is_linked_to(&address) {
            return Ok(true);
        }
        let request = PermissionRequest { account: other, remote: self.remote, address };
        let is_allowed = request.ask().await?;
        if is_allowed {
            request.grant(&context.store, context.out).await?;
        }
        Ok(is_allowed)
    }

    /// Says that another account may have it, and how to use that one.
    fn advise(&self, other: &Account) -> Result<(), Failure> {
        let remote = remotes::word(&self.remote.name, &self.remote.url);
        let command = command::usherctl(&["allow", &remote, &accounts::title_of(other)]);
        terminal::say(&self.sentence(other, |values| {
            let values: Vec<_> = values.iter().copied().chain([("command", command.as_str())]).collect();
            gettext_f("If “{app}” is in the account of {other}, run “{command}” first.", &values)
        }))
    }

    fn sentence(&self, other: &Account, fill: impl FnOnce(&[(&str, &str)]) -> String) -> String {
        let [user, other] = [self.account, other].map(|account| text::clean(&account.label(), text::NAME_LIMIT));
        fill(&[("app", self.app_id), ("user", &user), ("other", &other)])
    }
}
