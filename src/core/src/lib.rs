// SPDX-License-Identifier: GPL-3.0-or-later
//! What all processes of Usher share. Pure parts first, I/O at the edges; no GTK, and no service on D-Bus.
//!
//! ```text
//! What an account is
//!   account   one saved account                   binding   its server, and the remotes that may use it
//!   credential  what it signs in with: secrets    lookup    which account a request may use
//!   store     the accounts in the keyring         takeout   accounts to take to another computer, no secrets
//!
//! What a request says
//!   ground    the remote, and what it claims      ask       what to ask tokens for
//!   refs      flatpak refs and app ids            service   addresses of servers and remotes
//!   address   addresses as they are written, shown and refused
//!   remote    installations on this computer      installed apps on this computer
//!   remote_modify  the commands that make a remote use Usher, or stop
//!   repository_link  addresses of such files
//!   repository_file  files that name a repository  repository_probe  a repository at a typed address
//!   server_change  a remote that names another server than before
//!
//! Where the work is done, for the window, usherctl and the daemon alike
//!   provider  the protocols of account servers: how to sign in, how to get tokens
//!   session   from an account to tokens           sign_in   from a finished sign-in to the saved account
//!   sign_out  the end of a sign-in, here and at its server
//!   buying    from “denied” to “owned”            http      the hardened HTTP client
//!   redirect  the redirect that ends a sign-in    checks    what keeps accounts from working
//!   listener  where a browser comes back to       registry_logins  logins that Podman and Docker keep
//!   token_check  whether a token that somebody shows is good
//!
//! What Usher remembers
//!   json_file one JSON value in a private file    files     small private files
//!   folders   where such files are               file_watch  changes of a file
//!   pending   requests that failed                dismissals  questions that a person put off
//!   decisions  what a person decided about repositories
//!   notices   notifications sent                  familiarity how well a server is known
//!   activity_log  who asked, and what came of it
//!
//! What a person reads
//!   text      cleaning and quoting                i18n      translated strings
//!   error_text  errors as sentences               appstream names and icons of apps
//!   locale    which characters a terminal has      user_code  codes to type on another device
//!   report    what a person gives to those who mend Usher
//!
//! What programs share
//!   names     ids, bus names, paths               prompt    constants of Prompter1
//!   program   names of programs that ask
//!   app_state constants of Access1                clock     the wall clock
//!   environment  variables that weaken a rule       testing   builders for tests
//!   patience  time limits on what others do       owners    changes of bus names
//!   fuzzing   what damaged bytes are thrown at
//! ```

#![warn(missing_docs, clippy::disallowed_methods)]

pub mod account;
pub mod activity_log;
pub mod address;
pub mod app_state;
pub mod appstream;
pub mod ask;
pub mod binding;
pub mod buying;
pub mod checks;
pub mod clock;
pub mod credential;
pub mod decisions;
pub mod dismissals;
pub mod environment;
pub mod error_text;
pub mod familiarity;
pub mod file_watch;
pub mod files;
pub mod folders;
#[cfg(any(test, feature = "testing"))]
pub mod fuzzing;
pub mod ground;
pub mod http;
pub mod i18n;
pub mod installed;
pub mod json_file;
mod keyfile;
pub mod listener;
pub mod locale;
pub mod lookup;
pub mod names;
pub mod notices;
pub mod owners;
pub mod patience;
pub mod pending;
pub mod program;
pub mod prompt;
pub mod provider;
pub mod redirect;
pub mod refs;
pub mod registry_logins;
pub mod remote;
mod remote_add;
pub mod remote_modify;
pub mod report;
pub mod repository_file;
pub mod repository_link;
pub mod repository_probe;
pub mod server_change;
pub mod service;
pub mod session;
pub mod sign_in;
pub mod sign_out;
pub mod store;
pub mod takeout;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod token_check;
pub mod user_code;
