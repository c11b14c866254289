// SPDX-License-Identifier: GPL-3.0-or-later
//! What all processes of Usher share. Pure parts first, I/O at the edges; no GTK, and nothing is served on D-Bus.
//!
//! ```text
//! names     ids, bus names, paths            text      cleaning and quoting
//! service   addresses of servers             secret    tokens
//! binding   what an account may be used for  refs      flatpak refs and app ids
//! account   one saved account                lookup    which account a request may use
//! redirect  the redirect a sign-in waits for prompt    the words of Prompter1
//! remote    installations on this computer   pending   requests that were not covered
//! http      the hardened HTTP client         provider  the protocols of services
//! store     the accounts in the keyring      files     small private files
//! purchase  what an account has bought       buying    the way from “denied” to “owned”
//! installed apps on this computer            appstream names and icons of apps
//! takeout   what goes to another computer    checks    what stands in the way of accounts
//! error_text errors as a person reads them
//! app_state whether an app can be had        testing   builders for tests
//! json_file one JSON value in a small private file
//! dismissals   questions that were put off   familiarity  how well a server is known
//! notices      notifications that were sent
//! repository_file   files that name a repository
//! i18n      translated strings               clock     the wall clock
//! ```

#![warn(missing_docs)]

pub mod account;
pub mod app_state;
pub mod appstream;
pub mod binding;
pub mod buying;
pub mod checks;
pub mod clock;
pub mod credential;
pub mod dismissals;
pub mod error_text;
pub mod familiarity;
pub mod files;
pub mod ground;
pub mod http;
pub mod i18n;
pub mod installed;
pub mod json_file;
mod keyfile;
pub mod lookup;
pub mod names;
pub mod notices;
pub mod pending;
pub mod prompt;
pub mod provider;
pub mod redirect;
pub mod refs;
pub mod remote;
mod remote_add;
pub mod repository_file;
pub mod service;
pub mod session;
pub mod sign_in;
pub mod store;
pub mod takeout;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
