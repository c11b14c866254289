// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a login on this computer is not used.

use std::path::{Path, PathBuf};

use crate::{
    error_text::UserFacing,
    i18n::{gettext, gettext_f},
    text,
};

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFault {
    /// It cannot be read.
    Unreadable,
    /// Its name is a link.
    Link,
    /// It is a folder, a FIFO or a device.
    NotRegular,
    /// It belongs to somebody else.
    NotOwn,
    /// Others may write it.
    Writable,
    /// Others may put another file in its place.
    FolderWritable,
    /// It is larger than any sensible one.
    TooLarge,
    /// It is not JSON of the expected shape.
    Damaged,
}

/// What is wrong with an entry of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryFault {
    /// It has no user name and password.
    Damaged,
    /// It is a token that stands for a person, in place of a password.
    IdentityToken,
    /// The name of its program is no plain word.
    HelperName,
    /// It is another than the one that was shown.
    Changed,
}

/// What is wrong with a program that reads a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramFault {
    /// Somebody other than the administrator may have written it.
    Writable,
    /// It could not be started.
    NotStarted,
    /// It did not answer in time.
    TooLate,
    /// It has no login for that registry, or the person refused.
    Nothing,
    /// It failed, or its answer makes no sense.
    Unexpected,
    /// It gave a token that stands for a person, in place of a password.
    IdentityToken,
}

/// Why a login is not used. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A file is not used at all.
    File(PathBuf, FileFault),
    /// One entry of a file is not used.
    Entry(PathBuf, EntryFault),
    /// There is no program with this name where programs are looked for.
    NoProgram(String),
    /// A program is not run, or did not help.
    Program(PathBuf, ProgramFault),
    /// The disk does not answer.
    Disk,
}

impl Fault {
    fn name(path: &Path) -> String {
        text::clean(&path.display().to_string(), text::SERVER_TEXT_LIMIT)
    }
}

impl UserFacing for Fault {
    fn reason(&self) -> String {
        match self {
            Self::File(path, fault) => fault.of(&Self::name(path)),
            Self::Entry(path, fault) => fault.of(&Self::name(path)),
            Self::NoProgram(name) => gettext_f(
                "The program “{program}” is neither in /usr/bin nor in /usr/local/bin",
                &[("program", &text::clean(name, text::NAME_LIMIT))],
            ),
            Self::Program(path, fault) => fault.of(&Self::name(path)),
            Self::Disk => gettext("The disk does not answer"),
        }
    }

    fn sentence(&self) -> String {
        // Translators: the reason is what is said elsewhere without a full stop
        gettext_f("{reason}.", &[("reason", &self.reason())])
    }
}

impl FileFault {
    fn of(self, file: &str) -> String {
        let values = &[("file", file)];
        match self {
            Self::Unreadable => gettext_f("{file} cannot be read", values),
            Self::Link => gettext_f("{file} is a link to another file", values),
            Self::NotRegular => gettext_f("{file} is not a regular file", values),
            Self::NotOwn => gettext_f("{file} belongs to somebody else", values),
            Self::Writable => gettext_f("{file} can be changed by others", values),
            Self::FolderWritable => gettext_f("{file} is in a folder that can be changed by others", values),
            Self::TooLarge => gettext_f("{file} is too large", values),
            Self::Damaged => gettext_f("{file} cannot be understood", values),
        }
    }
}

impl EntryFault {
    fn of(self, file: &str) -> String {
        let values = &[("file", file)];
        match self {
            Self::Damaged => gettext_f("The sign-in in {file} cannot be understood", values),
            Self::IdentityToken => {
                gettext_f("The sign-in in {file} is an identity token, which Usher cannot use", values)
            }
            Self::HelperName => gettext_f("{file} names a program that Usher does not run", values),
            Self::Changed => gettext_f("{file} was changed meanwhile", values),
        }
    }
}

impl ProgramFault {
    fn of(self, program: &str) -> String {
        let values = &[("program", program)];
        match self {
            Self::Writable => gettext_f("{program} can be changed by others", values),
            Self::NotStarted => gettext_f("{program} could not be started", values),
            Self::TooLate => gettext_f("{program} did not answer in time", values),
            Self::Nothing => gettext_f("{program} has no sign-in for this registry", values),
            Self::Unexpected => gettext_f("{program} answered in an unexpected way", values),
            Self::IdentityToken => {
                gettext_f("{program} has an identity token for this registry, which Usher cannot use", values)
            }
        }
    }
}
