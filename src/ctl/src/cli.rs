// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands and their arguments. Completions and the man page are made from the same definition.

use clap::{Parser, Subcommand};
use usher_core::names;

use crate::browser;

/// Repository accounts in the terminal
#[derive(Parser, Debug)]
#[command(name = "usherctl", version = names::VERSION, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// List the accounts on this computer
    List,
    /// Sign in to an account server, named by a remote, a host or an address
    SignIn {
        /// A remote's name, the host of an account server, or its address
        #[arg(value_name = "REMOTE|HOST|ADDRESS")]
        server: String,
        #[command(flatten)]
        browser: browser::Options,
    },
    /// Buy an app on the page of its store
    Buy {
        /// The remote that has the app, by its name or address
        remote: String,
        /// The app's id
        app: String,
        /// Say that a purchase that was begun before was not paid
        #[arg(long)]
        not_paid: bool,
        /// Open the store without asking first; nothing is paid before it is confirmed there
        #[arg(long, short)]
        yes: bool,
        #[command(flatten)]
        browser: browser::Options,
    },
}
