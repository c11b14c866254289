// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line. Its few options need no library like that of `usherctl`.

use std::{ffi::OsString, time::Duration};

use lexopt::{
    Arg::{Long, Short},
    Parser, ValueExt,
};

/// What `--help` says.
const HELP: &str = "\
Answers flatpak's requests for tokens from the keyring and the account server. Started by the session bus.

Usage: usher-authenticator [OPTIONS]

Options:
      --idle-seconds <N>     End after this many seconds without an open request [default: 600]
      --http-seconds <N>     Longest time for one call to an account server [default: 30]
      --keyring-seconds <N>  Longest time for one call to the keyring [default: 10]
      --verbose              Say on standard error what is decided and why
  -h, --help                 Print help
  -V, --version              Print version
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Run the daemon.
    Run(Arguments),
    /// Say this, and end.
    Say(&'static str),
}

/// How the daemon is to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// How long the daemon stays without an open request.
    pub(crate) idle: Duration,
    /// Limit of a call to an account server.
    pub(crate) http: Duration,
    /// Limit of a call to the keyring.
    pub(crate) keyring: Duration,
    /// Whether to say on standard error what is decided and why.
    pub(crate) verbose: bool,
    /// The process that runs this one, and again if it was killed. Only the supervisor gives it.
    pub(crate) parent: Option<i32>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(600),
            http: Duration::from_secs(30),
            keyring: Duration::from_secs(10),
            verbose: false,
            parent: None,
        }
    }
}

impl Call {
    /// Reads a command line that comes without the program's name. Fails for an option or a value that is unknown.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, lexopt::Error> {
        let mut arguments = Arguments::default();
        let mut words = Parser::from_args(words);
        while let Some(word) = words.next()? {
            match word {
                Long("idle-seconds") => arguments.idle = seconds(&mut words)?,
                Long("http-seconds") => arguments.http = seconds(&mut words)?,
                Long("keyring-seconds") => arguments.keyring = seconds(&mut words)?,
                Long("verbose") => arguments.verbose = true,
                Long("parent") => arguments.parent = Some(words.value()?.parse()?),
                Long("help") | Short('h') => return Ok(Self::Say(HELP)),
                Long("version") | Short('V') => {
                    return Ok(Self::Say(concat!("usher-authenticator ", env!("CARGO_PKG_VERSION"), "\n")));
                }
                _ => return Err(word.unexpected()),
            }
        }
        Ok(Self::Run(arguments))
    }
}

fn seconds(words: &mut Parser) -> Result<Duration, lexopt::Error> {
    words.value()?.parse().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Call, String> {
        Call::read(words.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn each_option_is_read() {
        let standard = Arguments::default;
        for (words, expected) in [
            (vec![], standard()),
            (vec!["--verbose"], Arguments { verbose: true, ..standard() }),
            (vec!["--idle-seconds", "5"], Arguments { idle: Duration::from_secs(5), ..standard() }),
            (vec!["--idle-seconds=5"], Arguments { idle: Duration::from_secs(5), ..standard() }),
            (vec!["--http-seconds", "6"], Arguments { http: Duration::from_secs(6), ..standard() }),
            (vec!["--keyring-seconds", "7"], Arguments { keyring: Duration::from_secs(7), ..standard() }),
            (vec!["--verbose", "--parent", "42"], Arguments { verbose: true, parent: Some(42), ..standard() }),
        ] {
            assert_eq!(read(&words), Ok(Call::Run(expected)), "{words:?}");
        }
    }

    #[test]
    fn help_names_every_option_and_its_default() {
        let Ok(Call::Say(help)) = read(&["--help"]) else { panic!("no help") };
        let standard = Arguments::default();
        for (option, default) in [
            ("--idle-seconds", standard.idle),
            ("--http-seconds", standard.http),
            ("--keyring-seconds", standard.keyring),
        ] {
            let line = help.lines().find(|line| line.contains(option)).expect("the option is there");
            assert!(line.ends_with(&format!("[default: {}]", default.as_secs())), "{line}");
        }
        assert!(matches!(read(&["--version"]), Ok(Call::Say(version)) if version.starts_with("usher-authenticator ")));
    }

    #[test]
    fn what_is_unknown_is_an_error() {
        for words in [
            vec!["--other"],
            vec!["word"],
            vec!["--idle-seconds"],
            vec!["--idle-seconds", "soon"],
            vec!["--http-seconds", "-1"],
            vec!["--verbose=yes"],
            vec!["--parent", "me"],
        ] {
            assert!(read(&words).is_err(), "{words:?}");
        }
    }
}
