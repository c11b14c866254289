// SPDX-License-Identifier: GPL-3.0-or-later
//! Signs in to a server that the person has agreed to: on its page in a browser, with a code on another device, or with
//! what the person types here.

use url::Url;
use usher_core::{
    account::Account,
    binding::Binding,
    i18n::{gettext, gettext_f},
    provider::{Progress, RedirectReceiver, SignIn, SignInError, Step, StepAnswer, Way},
    redirect::Redirect,
    sign_in,
    store::Entry,
};

use crate::{
    browser::{self, BrowserVisit, ReturnMethod, VisitError},
    context::Context,
    device_code,
    failure::Failure,
    form::{self, FormRequest},
    sign_in::Options,
    target::Target,
    terminal, unsaved,
};

/// Signs in to a server that the person has agreed to, and saves the account.
pub(crate) async fn sign_in_agreed(
    context: &Context,
    entries: &[Entry],
    target: &Target,
    options: &Options,
) -> Result<Account, Failure> {
    // What saving will need is tried before the person takes the trouble (rule R16).
    sign_in::prepare(&context.store, &target.binding).await?;
    let is_typed = target.is_typed || sign_in::is_known(entries, &target.binding);
    let signing_in = SigningIn { context, entries, target, options, is_typed };
    let (sign_in, return_method) = signing_in.begin().await?;
    match (sign_in.step(), return_method) {
        (Step::Form { .. }, _) => signing_in.with_form(sign_in).await,
        (Step::Web { start, redirect }, Some(return_method)) => {
            let (start, redirect) = (start.clone(), redirect.clone());
            signing_in.on_page(return_method, (start, &redirect), sign_in).await
        }
        (Step::Code { .. }, _) => signing_in.with_code(sign_in).await,
        (Step::Web { .. }, None) => Err(form::cannot_show()),
    }
}

/// A sign-in to a server that the person has agreed to.
struct SigningIn<'a> {
    context: &'a Context,
    entries: &'a [Entry],
    target: &'a Target,
    options: &'a Options,
    /// Whether the person typed what the binding says, or has an account there (rule R24).
    is_typed: bool,
}

impl SigningIn<'_> {
    fn binding(&self) -> &Binding {
        &self.target.binding
    }

    fn host(&self) -> String {
        self.binding().host()
    }

    fn ways(&self) -> Vec<Way> {
        self.binding().provider.ways(self.binding(), self.is_typed)
    }

    /// The way that the person chose the last time.
    fn last_way(&self) -> Option<Way> {
        let accounts = self.entries.iter().filter_map(Entry::account);
        let is_meant = |account: &&Account| {
            account.binding == *self.binding() && self.target.user.as_ref().is_none_or(|user| *user == account.user)
        };
        accounts.filter(is_meant).find_map(|account| account.way)
    }

    /// Begins on the way that comes first. Where a browser is used, also tells how it comes back.
    async fn begin(&self) -> Result<(Box<dyn SignIn>, Option<ReturnMethod>), Failure> {
        let way = self.options.way;
        if way.first(&self.ways(), self.last_way(), browser::is_over_ssh()) == Way::Code {
            match self.begin_with(RedirectReceiver::Nowhere).await {
                // Only the server knows that it has no codes. Unless the person insists, there is the browser.
                Err(SignInError::NotThisWay) if !way.code => {}
                begun => return Ok((begun.map_err(|error| self.failure(error))?, None)),
            }
        }
        let return_method = ReturnMethod::choose(way.browser).await?;
        let begun = self.begin_with(return_method.back()).await;
        Ok((begun.map_err(|error| self.failure(error))?, Some(return_method)))
    }

    async fn begin_with(&self, receiver: RedirectReceiver) -> Result<Box<dyn SignIn>, SignInError> {
        sign_in::begin(self.context.session.http(), self.binding(), receiver, &[], self.is_typed).await
    }

    /// Why nobody was signed in. It is the server at which one signs in that did not answer, or did so in an odd way.
    fn failure(&self, error: SignInError) -> Failure {
        match error {
            SignInError::NotThisWay => self.not_this_way(),
            error => Failure::of_sign_in(error, &self.binding().sign_in_host()),
        }
    }

    /// The server does not offer what was tried: which option helps.
    fn not_this_way(&self) -> Failure {
        let (host, sign_in_host) = (self.host(), self.binding().sign_in_host());
        let values = [("host", host.as_str()), ("sign_in_host", sign_in_host.as_str())];
        let may_use_code = self.ways().contains(&Way::Code);
        Failure::Usage(match (self.options.way.code, may_use_code) {
            (true, false) if host != sign_in_host => gettext_f(
                "A code is not used here, because {host} leaves signing in to {sign_in_host}, and nobody has said here that this is right. Leave out “--code”.",
                &values,
            ),
            (true, _) => {
                gettext_f("{sign_in_host} has no codes for signing in on another device. Leave out “--code”.", &values)
            }
            (false, true) => {
                gettext_f("{sign_in_host} cannot be signed in to in a browser from here. Use “--code”.", &values)
            }
            (false, false) => {
                return Failure::of_sign_in(SignInError::NotPossible, &sign_in_host);
            }
        })
    }

    /// Asks for what the server wants to know.
    async fn with_form(&self, sign_in: Box<dyn SignIn>) -> Result<Account, Failure> {
        let request = FormRequest {
            context: self.context,
            entries: self.entries,
            binding: self.binding(),
            host: self.host(),
            user: self.target.user.clone(),
            options: &self.options.form,
        };
        let signed_in = request.fill(sign_in).await?;
        unsaved::save(self.context, self.binding(), &signed_in, None).await
    }

    /// Sends the person to the server's own page.
    async fn on_page(
        &self,
        return_method: ReturnMethod,
        (start, redirect): (Url, &Redirect),
        sign_in: Box<dyn SignIn>,
    ) -> Result<Account, Failure> {
        self.options.form.refuse(&self.host())?;
        let titles = [gettext("Signed In"), gettext("Not Signed In")];
        let visit = BrowserVisit { start, redirect, landing: &|_| None, titles };
        let finish = async |parameters| self.take(sign_in, StepAnswer::Redirect(parameters)).await;
        return_method.visit(visit, finish).await.map_err(|stopped| match stopped {
            VisitError::TooLate => Failure::Other(gettext("Not signed in: nobody signed in within 15 minutes.")),
            VisitError::Failed(failure) => failure,
        })
    }

    /// Shows a code, and waits until the person has typed it on another device. Gets a new one if it ends before that.
    async fn with_code(&self, mut sign_in: Box<dyn SignIn>) -> Result<Account, Failure> {
        self.options.form.refuse(&self.host())?;
        loop {
            device_code::show(&sign_in.step())?;
            let answered = sign_in.answer(self.context.session.http(), StepAnswer::Poll).await;
            if !matches!(answered, Err(SignInError::CodeEnded)) || !terminal::can_ask() {
                return self.save(answered).await;
            }
            terminal::say(&gettext("The code has expired."))?;
            if !terminal::ask_again(&gettext("Get a new code?")).await? {
                return Err(Failure::Cancelled);
            }
            sign_in = self.begin_with(RedirectReceiver::Nowhere).await.map_err(|error| self.failure(error))?;
        }
    }

    async fn take(&self, sign_in: Box<dyn SignIn>, answer: StepAnswer) -> Result<Account, Failure> {
        self.save(sign_in.answer(self.context.session.http(), answer).await).await
    }

    async fn save(&self, answered: Result<Progress, SignInError>) -> Result<Account, Failure> {
        match answered.map_err(|error| self.failure(error))? {
            Progress::Next(_) => Err(form::cannot_show()),
            Progress::Done(signed_in) => {
                unsaved::save(self.context, self.binding(), &signed_in, self.options.way.chosen()).await
            }
        }
    }
}
