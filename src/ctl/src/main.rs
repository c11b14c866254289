// SPDX-License-Identifier: GPL-3.0-or-later
//! Repository accounts in the terminal. Results go to standard output, everything else to standard error.

mod failure;
mod list;
mod listener;
mod sign_in;
mod terminal;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use usher_core::{i18n, names, store::AccountStore};

use crate::failure::Failure;

/// Longest wait for the keyring.
const KEYRING_LIMIT: Duration = Duration::from_secs(30);

#[derive(Parser)]
#[command(name = "usherctl", version = names::VERSION, about = "Repository accounts in the terminal", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the accounts on this computer
    List,
    /// Sign in to an account server, named by a remote, a host or an address
    SignIn {
        /// A remote's name, the host of an account server, or its address
        #[arg(value_name = "REMOTE|HOST|ADDRESS")]
        server: String,
    },
}

fn main() -> ExitCode {
    protect_memory();
    i18n::init();
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::Other(error.to_string()).report(),
    };
    let store = AccountStore::new(KEYRING_LIMIT);
    let done = runtime.block_on(async {
        match arguments.command {
            Command::List => list::run(&store).await,
            Command::SignIn { server } => sign_in::run(&store, &server).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// No core file and no reading of our memory by other programs of the same user (rule R17).
fn protect_memory() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
