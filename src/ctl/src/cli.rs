// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands and their arguments. Completions and the man page come from the same definition.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use usher_core::names;

use crate::{browser, listing, log, sign_in, way};

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
    /// Sign in to an account server or container registry, named by a remote, a host, an address or a repository file
    SignIn {
        /// A remote’s name, the host of an account server or registry, its address, an account (user@host), or a .flatpakrepo or
        /// .flatpakref file
        #[arg(value_name = "REMOTE|HOST|ADDRESS|FILE")]
        server: String,
        #[command(flatten)]
        options: sign_in::Options,
    },
    /// Show the state of accounts; exit with 3 if one needs signing in
    Status {
        /// An account (user@host, its id or its user), or the host of a server; all if none is named
        #[arg(value_name = "ACCOUNT|HOST")]
        account: Option<String>,
    },
    /// Sign out; name, permissions and purchases stay
    SignOut {
        /// The account: user@host, its id, its user, or the host of its server
        account: String,
    },
    /// Let a remote use an account, in place of any that it used before
    Allow {
        /// The remote, by its name or address
        remote: String,
        /// The account: user@host, its id, its user, or the host of its server; the only one at the remote’s server if none is named
        account: Option<String>,
    },
    /// Show that a remote has changed its server, and accept the new one or keep the remote blocked
    Review {
        /// The remote, by its name or address
        remote: String,
        #[command(flatten)]
        way: way::Options,
    },
    /// Stop letting a remote use an account
    Revoke {
        /// The remote, by its name or address; it may be gone from this computer
        remote: String,
        /// The account: user@host, its id, its user, or the host of its server; whichever the remote uses if none is named
        account: Option<String>,
        /// Let it use no account at its server, and not ask again, until allow changes that
        #[arg(long, conflicts_with = "account")]
        for_good: bool,
    },
    /// Name an account, to tell it from others at its server
    Rename {
        /// The account: user@host, its id, its user, or the host of its server
        account: String,
        /// The name; an empty one removes the name
        name: String,
    },
    /// Remove an account
    Remove {
        /// The account: user@host, its id, its user, or the host of its server
        account: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// List what was bought, and the command that installs it
    Purchases {
        /// The account: user@host, its id, its user, or the host of its server; all if none is named
        account: Option<String>,
        /// Ask the servers first
        #[arg(long)]
        check: bool,
    },
    /// Show which apps could be installed: free, owned, not-owned, account-needed, link-needed, locked or unknown
    Query {
        /// The remote that has the apps, by its name or address
        remote: String,
        /// The ids of the apps
        #[arg(required = true, value_name = "APP")]
        apps: Vec<String>,
    },
    /// Check whether a token, read from standard input, is good for a ref
    Verify {
        /// The remote that has the ref, by its name or address
        remote: String,
        /// The full ref: kind, id, architecture and branch, with slashes between them
        #[arg(value_name = "REF")]
        wanted: String,
    },
    /// Show what a repository has, also one that wants an account for that: apps, their names, and states as in query
    Listing {
        /// The remote, by its name or address
        remote: String,
        #[command(flatten)]
        options: listing::Options,
    },
    /// Buy an app on the page of its store
    Buy {
        /// The remote that has the app, by its name or address
        remote: String,
        /// The app’s id
        app: String,
        /// Declare that an unfinished purchase was not paid
        #[arg(long)]
        not_paid: bool,
        /// Open the store without asking first; nothing is paid before it is confirmed there
        #[arg(long, short)]
        yes: bool,
        #[command(flatten)]
        browser: browser::Options,
    },
    /// Save accounts for another computer, in a file without secrets
    Export {
        /// The file to write, such as Accounts.usher; standard output if none is named
        #[arg(value_hint = clap::ValueHint::FilePath)]
        file: Option<PathBuf>,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Show how to set up what was saved on another computer, and offer to sign in
    Import {
        /// The file that was saved there; “-” is standard input
        #[arg(value_hint = clap::ValueHint::FilePath)]
        file: PathBuf,
        #[command(flatten)]
        way: way::Options,
    },
    /// List the remotes that use Usher, and those that could
    Remotes,
    /// Make a remote use Usher; flatpak makes the change
    Use {
        /// The remote, by its name or address
        remote: String,
        /// Run the command without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// Make a remote stop using Usher; flatpak makes the change
    Stop {
        /// The remote, by its name or address
        remote: String,
        /// Run the command without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// Show what programs asked for and what came of it, sign-ins, permissions and purchases; the newest last
    Log(log::Options),
    /// Show the settings, or change one
    Settings {
        /// The setting: continue-installs, activity-log or activity-log-apps
        #[arg(requires = "value")]
        setting: Option<Setting>,
        /// The new value
        value: Option<Switch>,
    },
    /// Find what stands in the way of installs that need an account; exit with 1 if anything does
    Doctor {
        /// Print a report that can be given to others: it names no people and holds no secret
        #[arg(long)]
        report: bool,
    },
    /// Write completions or the man page, when Usher is built
    #[command(hide = true)]
    Generate { artifact: Artifact },
}

/// A setting.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Whether an install waits for signing in and continues by itself
    ContinueInstalls,
    /// Whether Usher keeps an activity log
    ActivityLog,
    /// Whether the activity log has the ids of apps
    ActivityLogApps,
}

/// The value of a setting.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    On,
    Off,
}

/// A file to generate.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum Artifact {
    Bash,
    Zsh,
    Fish,
    Man,
}
