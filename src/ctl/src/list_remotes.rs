// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl remotes` lists the remotes that use Usher, and those that could.

use serde_json::{Value, json};
use usher_core::{
    ground::Ground,
    i18n::{gettext, gettext_f},
    lookup::{self, Lookup},
    remote::{self, Remote},
    store::Entry,
    text,
};

use crate::{command, context::Context, failure::Failure, list, obstacle, remotes};

/// A remote, and what it has for an account.
struct Row {
    remote: Remote,
    /// Host of its account server.
    server: Option<String>,
    account: AccountOf,
}

/// The account of a remote, or what it has in its place.
enum AccountOf {
    One {
        id: String,
        user: String,
    },
    None,
    Refused,
    Blocked,
    Locked,
    /// It does not use Usher, but could.
    NotAsked,
}

pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let entries = context.store.entries().await?;
    let mut rows: Vec<Row> = remotes::ours().into_iter().map(|remote| Row::of(remote, &entries)).collect();
    let others = remote::without_usher(&remote::installations());
    let has_others = !others.is_empty();
    rows.extend(others.into_iter().map(|remote| Row { remote, server: None, account: AccountOf::NotAsked }));
    context.out.json(&json!({ "remotes": rows.iter().map(Row::json).collect::<Vec<_>>() }))?;
    if rows.is_empty() {
        return context.out.line(&gettext("No remote on this computer uses Usher, or could."));
    }
    let titles = [gettext("REMOTE"), gettext("ADDRESS"), gettext("SERVER"), gettext("ACCOUNT"), gettext("FOR")];
    let lines: Vec<_> = [titles].into_iter().chain(rows.iter().map(Row::cells)).collect();
    for line in list::aligned(&lines) {
        context.out.line(&line)?;
    }
    if has_others {
        let command = command::usherctl(&["use", "REMOTE"]);
        context.out.line("")?;
        context.out.line(&gettext_f(
            "Usher can keep the sign-in of a remote that does not use it: “{command}”.",
            &[("command", &command)],
        ))?;
    }
    Ok(())
}

impl Row {
    fn of(remote: Remote, entries: &[Entry]) -> Self {
        let ground = Ground::of(&remote).ok();
        let account = match &ground {
            None => AccountOf::None,
            Some(ground) => AccountOf::of(&remote, &lookup::find(entries, &ground.binding, &ground.remote_url)),
        };
        Self { server: ground.map(|ground| ground.host()), remote, account }
    }

    fn cells(&self) -> [String; 5] {
        let none = || "–".to_owned();
        let account = match &self.account {
            AccountOf::One { user, .. } => user.clone(),
            AccountOf::None => gettext("No account"),
            AccountOf::Refused => gettext("Not allowed"),
            AccountOf::Blocked => gettext("Blocked"),
            AccountOf::Locked => gettext("Locked"),
            AccountOf::NotAsked => gettext("Does not use Usher"),
        };
        let place = if self.remote.is_user { gettext("Current user") } else { gettext("All users") };
        let name = text::clean(&self.remote.name, text::NAME_LIMIT);
        [name, self.remote.url.to_string(), self.server.clone().unwrap_or_else(none), account, place]
    }

    fn json(&self) -> Value {
        let (state, account) = match &self.account {
            AccountOf::One { id, .. } => ("account", Some(id)),
            AccountOf::None => ("no-account", None),
            AccountOf::Refused => ("not-allowed", None),
            AccountOf::Blocked => ("blocked", None),
            AccountOf::Locked => ("locked", None),
            AccountOf::NotAsked => ("not-used", None),
        };
        json!({
            "remote": self.remote.name,
            "title": self.remote.title,
            "address": self.remote.url.to_string(),
            "server": self.server,
            "user_only": self.remote.is_user,
            "installation": self.remote.installation,
            "uses_usher": self.remote.is_ours(),
            "state": state,
            "account": account,
        })
    }
}

impl AccountOf {
    fn of(remote: &Remote, found: &Lookup<'_>) -> Self {
        match found {
            Lookup::Linked(account) => Self::One { id: account.id.to_string(), user: list::name(account) },
            Lookup::Locked => Self::Locked,
            found if found.yields_to_refusal() && obstacle::is_refused(remote) => Self::Refused,
            Lookup::Changed(_) => Self::Blocked,
            Lookup::Ambiguous(_) | Lookup::Unlinked(_) | Lookup::Nothing => Self::None,
        }
    }
}
