// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether web pages have a sandbox of their own (rule R19). Inside a Flatpak `WebKit` opens it by `flatpak-spawn`; where
//! that does not work it shows pages without one, in silence. There Usher shows none: signing in and buying go through a
//! browser, by `usherctl`.

use std::{
    cell::Cell,
    env,
    ffi::OsStr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use gtk::{gio, glib};
use usher_core::names;

use crate::i18n::gettext;

/// What opens a sandbox from within one.
const SPAWNER: &str = "flatpak-spawn";
/// Longest wait for a first, empty sandbox.
const LIMIT: Duration = Duration::from_secs(15);

thread_local! {
    /// Whether a sandbox was opened once: then it can be again.
    static IS_PROVEN: Cell<bool> = const { Cell::new(false) };
}

/// What has to be found out before a page is shown.
#[derive(Debug, PartialEq, Eq)]
enum Sandboxing {
    /// Not in a sandbox: `WebKit` makes its own, or shows nothing.
    NotNeeded,
    /// In a sandbox, where this program has to be able to open another one.
    OpenedBy(PathBuf),
    /// In a sandbox, where no other one can be opened.
    Impossible,
}

/// Whether pages may be shown.
pub(crate) async fn is_possible() -> bool {
    if IS_PROVEN.get() {
        return true;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let is_possible = match sandboxing(names::in_sandbox(), &path, is_program) {
        Sandboxing::NotNeeded => true,
        Sandboxing::OpenedBy(spawner) => opens_a_sandbox(&spawner).await,
        Sandboxing::Impossible => false,
    };
    IS_PROVEN.set(is_possible);
    if !is_possible {
        tracing::warn!("cannot show web pages: they would have no sandbox of their own");
    }
    is_possible
}

/// Title and text of a page that says that no web page is shown.
pub(crate) fn words(command: Option<&str>) -> (String, String) {
    let text = gettext(
        "Web pages have no protection of their own in this session. A terminal can open the browser instead, with this command:",
    );
    let text = match command {
        Some(command) => format!("{text}\n\n\u{2066}{command}\u{2069}"),
        None => gettext("Web pages have no protection of their own in this session."),
    };
    (gettext("Page Cannot Be Shown Here"), text)
}

fn sandboxing(in_sandbox: bool, path: &OsStr, is_program: impl Fn(&Path) -> bool) -> Sandboxing {
    if !in_sandbox {
        return Sandboxing::NotNeeded;
    }
    let found = env::split_paths(path).map(|folder| folder.join(SPAWNER)).find(|file| is_program(file));
    found.map_or(Sandboxing::Impossible, Sandboxing::OpenedBy)
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|known| known.is_file() && known.permissions().mode() & 0o111 != 0)
}

/// Opens a sandbox of the kind that pages get, with nothing in it.
async fn opens_a_sandbox(spawner: &Path) -> bool {
    let arguments: [&OsStr; 4] = [
        spawner.as_os_str(),
        "--sandbox".as_ref(),
        // As WebKit does: older versions do not know it.
        "--sandbox-expose-path-ro-try=/nothing".as_ref(),
        "true".as_ref(),
    ];
    let flags = gio::SubprocessFlags::STDOUT_SILENCE | gio::SubprocessFlags::STDERR_SILENCE;
    let Ok(process) = gio::Subprocess::newv(&arguments, flags) else {
        return false;
    };
    let ended = glib::future_with_timeout(LIMIT, process.wait_check_future()).await;
    if ended.is_err() {
        process.force_exit();
    }
    matches!(ended, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(in_sandbox: bool, path: &str, programs: &[&str]) -> Sandboxing {
        sandboxing(in_sandbox, path.as_ref(), |file| programs.iter().any(|program| Path::new(program) == file))
    }

    #[test]
    fn in_a_sandbox_pages_are_shown_only_where_another_one_can_be_opened() {
        assert_eq!(found(false, "", &[]), Sandboxing::NotNeeded);
        assert_eq!(found(true, "/app/bin:/usr/bin", &[]), Sandboxing::Impossible);
        assert_eq!(found(true, "", &["/usr/bin/flatpak-spawn"]), Sandboxing::Impossible);
        let spawner = "/usr/bin/flatpak-spawn";
        assert_eq!(found(true, "/app/bin:/usr/bin", &[spawner]), Sandboxing::OpenedBy(spawner.into()));
    }

    #[test]
    fn what_cannot_be_run_or_fails_opens_no_sandbox() {
        assert!(is_program(Path::new("/bin/true")));
        assert!(!is_program(Path::new("/etc/passwd")) && !is_program(Path::new("/bin")));
        let opens = |spawner: &str| glib::MainContext::new().block_on(opens_a_sandbox(Path::new(spawner)));
        assert!(opens("/bin/true"));
        assert!(!opens("/bin/false") && !opens("/nothing"));
    }
}
