// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors while the shop is set up or changed.

use std::{io, path::PathBuf};

/// An error of the shop itself. A client's mistakes are answered over HTTP instead.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be created, read or written.
    #[error("{path}: {source}")]
    File {
        /// The file in question.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The port is taken, or there is no loopback interface.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The shop's threads could not be started.
    #[error("cannot start the server: {0}")]
    Runtime(#[source] io::Error),
    /// The database is damaged or from another version.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The system has no random numbers to give.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// A program that builds the repository, or that serves the registry, is not installed.
    #[error("the program “{0}” is needed, but it was not found")]
    MissingProgram(String),
    /// Such a program failed.
    #[error("“{command}” failed: {output}")]
    Command {
        /// The command line.
        command: String,
        /// What it printed.
        output: String,
    },
    /// The repository contains something that this program did not write.
    #[error("the repository is damaged: {0}")]
    Damaged(String),
    /// The shop was started without a repository.
    #[error("this shop has no repository")]
    NoRepository,
    /// The issuer cannot be asked for its keys.
    #[error("the issuer: {0}")]
    Issuer(String),
    /// There is no such user.
    #[error("there is no user “{0}”")]
    UnknownUser(String),
    /// There is no such app.
    #[error("there is no app “{0}”")]
    UnknownApp(String),
}

impl From<reqwest::Error> for StoreError {
    fn from(error: reqwest::Error) -> Self {
        Self::Issuer(error.to_string())
    }
}

impl StoreError {
    /// Adds the path to an input or output error.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
