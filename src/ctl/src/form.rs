// SPDX-License-Identifier: GPL-3.0-or-later
//! Asks for the user name and the password, or for the access token, that a server wants.

use std::{
    io::{self, IsTerminal},
    mem,
    time::Duration,
};

use clap::Args;
use tokio::time::sleep;
use usher_core::{
    binding::Binding,
    credential::{SECRET_LIMIT, Secret},
    error_text::UserFacing,
    i18n::{gettext, gettext_f},
    provider::{Field, Form, FormFault, Progress, SignIn, SignInError, SignedIn, Step, StepAnswer},
    store::Entry,
    text,
};
use zeroize::Zeroizing;

use crate::{
    consent,
    context::Context,
    failure::Failure,
    hidden,
    registry_login::{self, Wish},
    terminal,
};

/// How often a person may answer.
const ATTEMPTS: usize = 3;
/// How long to wait for a server without a word.
const SILENCE: Duration = Duration::from_secs(1);

#[derive(Args, Debug, Clone, Default)]
#[group(skip)]
pub(crate) struct Options {
    /// The user name, where the server asks for one
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Read the password or access token from standard input, where the server asks for one
    #[arg(long, visible_alias = "token-stdin")]
    password_stdin: bool,
    /// Use what Podman, Docker or flatpak has signed in with on this computer
    #[arg(long, conflicts_with_all = ["user", "password_stdin"])]
    import: bool,
}

impl Options {
    /// Fails if they were given for a server that asks for nothing.
    pub(crate) fn refuse(&self, host: &str) -> Result<(), Failure> {
        if self.import {
            return Err(Failure::Usage(gettext_f(
                "{host} asks for user name and password on a page of its own. Leave out “--import”.",
                &[("host", host)],
            )));
        }
        if self.user.is_none() && !self.password_stdin {
            return Ok(());
        }
        Err(Failure::Usage(gettext_f(
            "{host} asks for user name and password on a page of its own. Leave out “--user” and “--password-stdin”.",
            &[("host", host)],
        )))
    }
}

/// A server with a form, and the person who fills it in.
pub(crate) struct FormRequest<'a> {
    pub(crate) context: &'a Context,
    pub(crate) entries: &'a [Entry],
    pub(crate) binding: &'a Binding,
    /// The host of the server.
    pub(crate) host: String,
    /// Whose account is signed in to again, if that is known.
    pub(crate) user: Option<String>,
    pub(crate) options: &'a Options,
}

impl FormRequest<'_> {
    /// Fills in the form until the server accepts it or the person gives up.
    pub(crate) async fn fill(&self, mut sign_in: Box<dyn SignIn>) -> Result<SignedIn, Failure> {
        let mut user = self.options.user.as_ref().or(self.user.as_ref()).cloned().unwrap_or_default();
        let (mut attempt, mut named_host) = (0, None);
        loop {
            let Step::Form { form } = sign_in.step() else { return Err(cannot_show()) };
            match &form.fault {
                Some(fault) if attempt == ATTEMPTS || !may_be_mended(fault) || !terminal::can_ask() => {
                    return Err(self.failure(form, fault));
                }
                Some(fault) => terminal::say(&sentence(fault, &self.host))?,
                None => {}
            }
            if named_host.as_ref() != Some(&form.password_host) {
                self.announce(form)?;
                named_host = Some(form.password_host.clone());
            }
            let imported = if attempt == 0 { self.import(form).await? } else { None };
            let fields = match imported {
                Some(fields) => fields,
                None if terminal::can_ask() => self.ask(form, &mut user, attempt).await?,
                None => self.read(form).await?,
            };
            attempt += 1;
            let answer = sign_in.answer(self.context.session.http(), StepAnswer::Fields(fields));
            match self.waited_for(answer).await.map_err(|error| Failure::of_sign_in(error, &self.host))? {
                Progress::Next(next) => sign_in = next,
                Progress::Done(signed_in) => return Ok(signed_in),
            }
        }
    }

    /// What another program on this computer has signed in with, if the person wants to use that.
    async fn import(&self, form: &Form) -> Result<Option<Vec<Secret>>, Failure> {
        let wish = if self.options.import { Wish::Said } else { Wish::Ask(self.user.as_deref()) };
        if self.options.user.is_some() || self.options.password_stdin {
            return Ok(None);
        }
        registry_login::answer(self.binding, &form.fields, wish).await
    }

    /// Says who gets what is typed, before anything is.
    fn announce(&self, form: &Form) -> Result<(), Failure> {
        for field in &form.fields {
            let sentence = match field {
                Field::User => continue,
                Field::Password => {
                    let host = form.password_host.as_ref().unwrap_or(&self.host);
                    if *host != self.host {
                        consent::warn_of_likeness(self.entries, host)?;
                    }
                    gettext_f("The password goes to {host}.", &[("host", host)])
                }
                Field::Token => {
                    gettext_f("Usher gives the token to flatpak, which sends it to {host}.", &[("host", &self.host)])
                }
            };
            terminal::say(&sentence)?;
        }
        Ok(())
    }

    /// Asks the person.
    async fn ask(&self, form: &Form, user: &mut String, attempt: usize) -> Result<Vec<Secret>, Failure> {
        let mut fields = Vec::new();
        for field in &form.fields {
            fields.push(match field {
                Field::User => {
                    let is_settled = attempt == 0 && self.options.user.is_some();
                    if !is_settled {
                        *user = ask_user(user).await?;
                    }
                    named(user)?
                }
                Field::Password | Field::Token => ask_secret(*field).await?,
            });
        }
        Ok(fields)
    }

    /// Takes the user name from the arguments and the rest from standard input.
    async fn read(&self, form: &Form) -> Result<Vec<Secret>, Failure> {
        if !self.options.password_stdin {
            let option = if form.fields.contains(&Field::Token) { "--token-stdin" } else { "--password-stdin" };
            return Err(Failure::Usage(gettext_f(
                "A terminal is needed to type the password. Use “{option}” to read it from standard input.",
                &[("option", option)],
            )));
        }
        let user = self.options.user.as_ref().or(self.user.as_ref());
        let mut fields = Vec::new();
        for field in &form.fields {
            fields.push(match (field, user) {
                (Field::User, Some(user)) => named(user)?,
                (Field::User, None) => {
                    return Err(Failure::Usage(gettext("The server asks for a user name. Name it with “--user”.")));
                }
                (Field::Password | Field::Token, _) if io::stdin().is_terminal() => ask_secret(*field).await?,
                (Field::Password | Field::Token, _) => {
                    let input = hidden::whole_input(SECRET_LIMIT).await?;
                    let input =
                        input.ok_or_else(|| Failure::Usage(gettext("Standard input is too long for a password.")))?;
                    read(*field, input).ok_or_else(|| {
                        Failure::Usage(gettext("Standard input is empty: there is no password in it."))
                    })?
                }
            });
        }
        Ok(fields)
    }

    /// The answer of the server. Says what takes so long, if it does.
    async fn waited_for<T>(&self, answer: impl Future<Output = Result<T, SignInError>>) -> Result<T, SignInError> {
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = sleep(SILENCE) => {}
        }
        let _ = terminal::say(&gettext_f("Waiting for {host}… (Ctrl+C to stop)", &[("host", &self.host)]));
        answer.await
    }

    fn failure(&self, form: &Form, fault: &FormFault) -> Failure {
        let fault = match fault {
            FormFault::Http(error) => {
                let host = form.password_host.as_ref().unwrap_or(&self.host);
                return Failure::of_server(host, error);
            }
            FormFault::Unexpected => return Failure::bad_answer(&self.host),
            fault => fault,
        };
        let said = sentence(fault, &self.host);
        match fault {
            FormFault::NotAToken | FormFault::UserName | FormFault::Password => Failure::Usage(said),
            _ => Failure::Other(gettext_f("Not signed in. {reason}", &[("reason", &said)])),
        }
    }
}

pub(crate) fn cannot_show() -> Failure {
    Failure::Other(gettext("Not signed in: usherctl cannot show what the server asks for."))
}

/// Whether another answer may be accepted.
fn may_be_mended(fault: &FormFault) -> bool {
    !matches!(fault, FormFault::Http(_) | FormFault::Unexpected)
}

fn named(user: &str) -> Result<Secret, Failure> {
    Field::User.read(user.to_owned()).map_err(|_| Failure::Usage(gettext("The user name is empty.")))
}

/// Asks for the user name; an empty answer means the one from before.
async fn ask_user(before: &str) -> Result<String, Failure> {
    let question = if before.is_empty() {
        gettext("User name:")
    } else {
        gettext_f("User name [{user}]:", &[("user", &text::clean(before, text::NAME_LIMIT))])
    };
    loop {
        let answer = terminal::line(&question).await?.ok_or(Failure::Cancelled)?;
        match answer.trim() {
            "" if before.is_empty() => {}
            "" => return Ok(before.to_owned()),
            typed => return Ok(typed.to_owned()),
        }
    }
}

async fn ask_secret(field: Field) -> Result<Secret, Failure> {
    let question = if field == Field::Token { gettext("Access token:") } else { gettext("Password:") };
    loop {
        let typed = hidden::ask(&question).await?.ok_or(Failure::Cancelled)?;
        if let Some(secret) = read(field, typed) {
            return Ok(secret);
        }
    }
}

/// What was typed, without what came along with a copy. `None` if nothing is left.
fn read(field: Field, mut typed: Zeroizing<String>) -> Option<Secret> {
    field.read(mem::take(&mut *typed)).ok()
}

fn sentence(fault: &FormFault, host: &str) -> String {
    fault.at(host).sentence()
}
