// SPDX-License-Identifier: GPL-3.0-or-later
//! The sign-in that another program on this computer has for a registry. It is used only if the person says so.

use usher_core::{
    binding::Binding,
    credential::Secret,
    error_text::UserFacing,
    i18n::gettext_f,
    names,
    provider::Field,
    registry_logins::{self, Login, Source},
    text,
};

use crate::{failure::Failure, terminal};

/// Whom to use it for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish<'a> {
    /// The person has said so already. Without one it is a failure.
    Said,
    /// The person is asked, unless it is known to be somebody else's.
    Ask(Option<&'a str>),
}

/// The answer to a form with these fields out of such a sign-in. `None` if there is none, or the person does not want it.
pub(crate) async fn answer(
    binding: &Binding,
    fields: &[Field],
    wish: Wish<'_>,
) -> Result<Option<Vec<Secret>>, Failure> {
    let is_said = matches!(wish, Wish::Said);
    let may_ask = terminal::can_ask() && registry_logins::fits(fields);
    if !is_said && !may_ask {
        return Ok(None);
    }
    let found = registry_logins::find_at(binding, &[]).await.unwrap_or_default();
    for fault in &found.faults {
        terminal::say(&fault.sentence())?;
    }
    let login = found.login.filter(|login| may_be_meant(login, wish));
    let Some(login) = login else {
        return if is_said { Err(nothing(binding)) } else { Ok(None) };
    };
    if is_said {
        terminal::say(&gettext_f("{origin}.", &[("origin", &login.origin())]))?;
    } else if !terminal::ask(&question(&login)).await? {
        return Ok(None);
    }
    match login.read().await {
        Ok(secret) => secret.answer(fields).ok_or_else(|| nothing(binding)).map(Some),
        Err(fault) if is_said => Err(Failure::Other(fault.sentence())),
        Err(fault) => terminal::say(&fault.sentence()).map(|()| None),
    }
}

fn may_be_meant(login: &Login, wish: Wish<'_>) -> bool {
    match (wish, login.user()) {
        (Wish::Ask(Some(expected)), Some(user)) => expected == user,
        _ => true,
    }
}

fn nothing(binding: &Binding) -> Failure {
    if names::in_sandbox() {
        return Failure::Other(registry_logins::not_in_sandbox());
    }
    let host = binding.host();
    Failure::Other(gettext_f("There is no sign-in for {host} on this computer that Usher can use.", &[("host", &host)]))
}

fn question(login: &Login) -> String {
    if let Some(program) = login.program() {
        let (program, host) = (program.display().to_string(), login.registry().host());
        return gettext_f(
            "Run {program} to read its sign-in for {host}, and use that?",
            &[("program", &program), ("host", &host)],
        );
    }
    let user = text::clean(login.user().unwrap_or_default(), text::NAME_LIMIT);
    let values = &[("user", user.as_str())];
    match login.source() {
        Source::Podman => gettext_f("Use the sign-in of {user} from Podman?", values),
        Source::Docker => gettext_f("Use the sign-in of {user} from Docker?", values),
        Source::Flatpak => gettext_f("Use the sign-in of {user} from flatpak?", values),
        Source::Administrator => gettext_f("Use the sign-in of {user}, set by the administrator?", values),
    }
}
