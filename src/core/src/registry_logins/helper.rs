// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs that keep logins (`docker-credential-NAME`). One is run only by the person's act, after its path was shown,
//! and asked for one registry.

use std::{
    ffi::OsString,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};
use zeroize::Zeroizing;

use super::{
    fault::{Fault, ProgramFault},
    file::{OTHERS_WRITE, Wiped},
};
use crate::{credential::Secret, patience::within, provider::wire::json};

/// Longest wait for an answer.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Longest answer, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024;
/// Longest name.
const NAME_LIMIT: usize = 64;
/// The user name that stands for an identity token.
const IDENTITY_TOKEN: &str = "<token>";
/// What such programs print for a registry that they do not know.
const NOT_FOUND: &[u8] = b"credentials not found";

/// The variables that such programs need: to find their files, to show a dialog, and to reach their servers.
const VARIABLES: [&str; 31] = [
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_CURRENT_DESKTOP",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "GNUPGHOME",
    "GPG_TTY",
    "PASSWORD_STORE_DIR",
    "DOCKER_CONFIG",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "CLOUDSDK_CONFIG",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// The program with this name. Runs nothing. `None` if the name is no plain word. Blocks.
pub(super) fn find(name: &str, folders: &[PathBuf]) -> Option<Result<PathBuf, Fault>> {
    if !is_plain(name) {
        return None;
    }
    let program = format!("docker-credential-{name}");
    let found = folders.iter().map(|folder| folder.join(&program)).find(|path| path.symlink_metadata().is_ok());
    Some(match found {
        None => Err(Fault::NoProgram(program)),
        Some(path) if is_administrators(&path) => Ok(path),
        Some(path) => Err(Fault::Program(path, ProgramFault::Writable)),
    })
}

fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_LIMIT).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(is_plain)
}

/// Whether only the administrator can have written a program.
fn is_administrators(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.uid() == 0 && file.mode() & OTHERS_WRITE == 0)
}

/// The environment of a program, out of ours.
fn environment(ours: impl Iterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    let is_needed =
        |name: &OsString| name.to_str().is_some_and(|name| VARIABLES.contains(&name) || name.starts_with("LC_"));
    let path = ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
    ours.filter(|(name, _)| is_needed(name)).chain([path]).collect()
}

/// A program and all that it started, which ends when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// The program was waited for: its number may be another's from now on.
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Asks a program for the login of one server, named as in the file. Nothing that it prints is shown or logged.
pub(super) async fn ask(program: &Path, server: &str, limit: Duration) -> Result<(String, Secret), ProgramFault> {
    let mut command = Command::new(program);
    command.arg("get").env_clear().envs(environment(std::env::vars_os())).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0).kill_on_drop(true);
    let child = command.spawn().map_err(|error| {
        tracing::warn!(%error, program = %program.display(), "cannot start a program that keeps logins");
        ProgramFault::NotStarted
    })?;
    let asked = within(limit, exchange(child, server)).await;
    let (answer, has_succeeded) = asked.map_err(|_| ProgramFault::TooLate)?.ok_or(ProgramFault::Unexpected)?;
    if has_succeeded {
        return login_in(&answer);
    }
    let knows_nothing = answer.windows(NOT_FOUND.len()).any(|part| part == NOT_FOUND);
    Err(if knows_nothing { ProgramFault::Nothing } else { ProgramFault::Unexpected })
}

/// What a program answers, and whether it succeeded. `None` if it says too much. Whatever it started ends with this,
/// unless it has ended by itself.
async fn exchange(mut child: Child, server: &str) -> Option<(Zeroizing<Vec<u8>>, bool)> {
    let group = Group::of(&child);
    if let Some(mut input) = child.stdin.take() {
        // A program that does not listen may answer all the same.
        let _ = input.write_all(server.as_bytes()).await;
    }
    // Never moved while it grows: nothing of it is left behind.
    let mut answer = Zeroizing::new(Vec::with_capacity(ANSWER_LIMIT + 1));
    let output = child.stdout.take()?.take(ANSWER_LIMIT as u64 + 1);
    { output }.read_to_end(&mut answer).await.ok()?;
    if answer.len() > ANSWER_LIMIT {
        return None;
    }
    let status = child.wait().await;
    group.release();
    Some((answer, status.ok()?.success()))
}

pub(super) fn login_in(answer: &[u8]) -> Result<(String, Secret), ProgramFault> {
    let answer = Wiped(json::parse(answer).map_err(|_| ProgramFault::Unexpected)?);
    let text = |name| answer.0.get(name).and_then(Value::as_str).ok_or(ProgramFault::Unexpected);
    let (user, secret) = (text("Username")?, text("Secret")?);
    if user == IDENTITY_TOKEN {
        return Err(ProgramFault::IdentityToken);
    }
    let secret = Secret::try_from(secret.to_owned()).map_err(|_| ProgramFault::Nothing)?;
    if user.is_empty() { Err(ProgramFault::Unexpected) } else { Ok((user.to_owned(), secret)) }
}
