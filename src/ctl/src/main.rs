// SPDX-License-Identifier: GPL-3.0-or-later
//! Repository accounts in the terminal. Results go to standard output, everything else to standard error.

#![warn(clippy::disallowed_methods)]

mod accounts;
mod browser;
mod buy;
mod change_remote;
mod cli;
mod command;
mod consent;
mod context;
mod device_code;
mod doctor;
mod export;
mod failure;
mod form;
mod generate;
mod hidden;
mod import;
mod list;
mod list_remotes;
mod listing;
mod log;
mod obstacle;
mod others;
mod pair;
mod permission;
mod purchases;
mod query;
mod registry_login;
mod remotes;
mod remove;
mod rename;
mod report;
mod repository;
mod review;
mod settings;
mod sign_in;
mod sign_out;
mod signing_in;
mod states;
mod status;
mod target;
mod terminal;
mod time;
mod unsaved;
mod verify;
mod way;

use std::{
    io::{self, Write},
    pin::pin,
    process::ExitCode,
};

use clap::Parser;
use usher_core::{
    environment,
    i18n::{self, gettext},
    locale,
};

use crate::{
    change_remote::Change,
    cli::{Arguments, Command},
    context::Context,
    failure::{Failure, code},
    terminal::{Interrupts, Output, Suspensions},
};

fn main() -> ExitCode {
    let cleaned = environment::clean();
    protect_memory();
    i18n::init();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let out = Output { is_json: arguments.json };
    if let Err(error) = cleaned {
        out.failure(&error.into());
        return ExitCode::FAILURE;
    }
    let done = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let done = runtime.block_on(run(&Context::new(out), arguments.command));
            // Does not wait for the thread of an open question.
            runtime.shutdown_background();
            done
        }
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            out.failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

/// Prints the help, the version, or what is wrong with the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    if locale::is_unicode_here() {
        error.exit();
    }
    let text = error.render().to_string();
    let text = terminal::shown(&text);
    let _ = if error.use_stderr() { write!(io::stderr(), "{text}") } else { write!(io::stdout(), "{text}") };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(code::USAGE))
}

/// Runs a command until it ends or Ctrl+C stops it, and returns its exit code.
async fn run(context: &Context, command: Command) -> Result<u8, Failure> {
    let mut interrupts = Interrupts::listen()?;
    let mut suspensions = Suspensions::listen()?;
    let done = until_done(context, command, &mut interrupts, &mut suspensions).await;
    unsaved::finish(context, &mut interrupts).await?;
    done
}

async fn until_done(
    context: &Context,
    command: Command,
    interrupts: &mut Interrupts,
    suspensions: &mut Suspensions,
) -> Result<u8, Failure> {
    let mut done = pin!(dispatch(context, command));
    loop {
        tokio::select! {
            // A finished command goes first, since it has more to say.
            biased;
            done = &mut done => return done,
            () = suspensions.follow() => {}
            () = interrupts.next() => {
                if context.is_unsaved.replace(false) {
                    terminal::say(&gettext("The sign-in is not saved yet. Press Ctrl+C to discard it."))?;
                } else if context.ends_by_ctrl_c.get() {
                    return Ok(code::DONE);
                } else if !context.is_too_late.get() {
                    return Err(Failure::Cancelled);
                }
            }
        }
    }
}

async fn dispatch(context: &Context, command: Command) -> Result<u8, Failure> {
    match command {
        Command::List => list::run(context).await?,
        Command::Status { account } => return status::run(context, account.as_deref()).await,
        Command::SignOut { account } => sign_out::run(context, &account).await?,
        Command::Allow { remote, account } => permission::allow(context, &remote, account.as_deref()).await?,
        Command::Revoke { remote, for_good: true, .. } => permission::refuse(context, &remote).await?,
        Command::Revoke { remote, account, .. } => permission::revoke(context, &remote, account.as_deref()).await?,
        Command::Review { remote, way } => review::run(context, &remote, way).await?,
        Command::Settings { setting, value } => settings::run(context, setting.zip(value)).await?,
        Command::Log(options) => log::run(context, &options).await?,
        Command::Rename { account, name } => rename::run(context, &account, &name).await?,
        Command::Remove { account, yes } => remove::run(context, &account, yes).await?,
        Command::Purchases { account, check } => return purchases::run(context, account.as_deref(), check).await,
        Command::Query { remote, apps } => return query::run(context, &remote, &apps).await,
        Command::Verify { remote, wanted } => return verify::run(context, &remote, &wanted).await,
        Command::Listing { remote, options } => return listing::run(context, &remote, options).await,
        Command::Export { file, force } => export::run(context, file, force).await?,
        Command::Import { file, way } => import::run(context, &file, way).await?,
        Command::Generate { artifact } => generate::run(artifact)?,
        Command::Remotes => list_remotes::run(context).await?,
        Command::Use { remote, yes } => change_remote::run(context, Change::Use, &remote, yes).await?,
        Command::Stop { remote, yes } => change_remote::run(context, Change::Stop, &remote, yes).await?,
        Command::Doctor { report: true } => return report::run(context).await,
        Command::Doctor { report: false } => return doctor::run(context).await,
        Command::SignIn { server, options } => sign_in::run(context, &server, &options).await?,
        Command::Buy { remote, app, not_paid, yes, browser } => {
            buy::run(context, &buy::Order { remote: &remote, app: &app, not_paid, yes, browser }).await?;
        }
    }
    Ok(code::DONE)
}

/// No core file and no reading of our memory by other programs of the same user (rule R17).
fn protect_memory() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
