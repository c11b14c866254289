// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether web pages have a sandbox of their own (rule R19). `WebKit` has several reasons to show them without one, in
//! silence: variables, a container, a Flatpak in which `flatpak-spawn` does not work. So this looks at the process of a
//! page. Without a sandbox Usher shows no page: signing in and buying go through a browser, by `usherctl`.

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
use webkit6::{WebView, prelude::*};

use super::{
    identity,
    processes::{self, PageProcess},
    view,
};

/// What opens a sandbox from within one.
const SPAWNER: &str = "flatpak-spawn";
/// Longest wait for a first, empty sandbox.
const LIMIT: Duration = Duration::from_secs(15);
/// Longest wait for the process of a page.
const START_LIMIT: Duration = Duration::from_secs(30);

thread_local! {
    /// Whether a page was seen in its sandbox: then all others have one, since `WebKit` starts them in the same way.
    static IS_PROVEN: Cell<bool> = const { Cell::new(false) };
}

/// What has to be found out before the process of a page is started.
#[derive(Debug, PartialEq, Eq)]
enum Sandboxing {
    /// Not in a sandbox: `WebKit` makes its own.
    NotNeeded,
    /// In a sandbox, where this program has to be able to open another one.
    OpenedBy(PathBuf),
    /// In a sandbox, where no other one can be opened.
    Impossible,
}

/// Whether pages may be shown. `view` is empty and about to show one; without it a view is made for this alone.
pub(crate) async fn is_possible(view: Option<&WebView>) -> bool {
    if IS_PROVEN.get() {
        return true;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let may_start = match sandboxing(names::in_sandbox(), &path, is_program) {
        Sandboxing::NotNeeded => true,
        Sandboxing::OpenedBy(spawner) => opens_a_sandbox(&spawner).await,
        Sandboxing::Impossible => false,
    };
    let is_proven = may_start && {
        let view = view.cloned().unwrap_or_else(view::empty);
        start_process(&view).await;
        are_contained(&processes::of_pages())
    };
    IS_PROVEN.set(is_proven);
    if !is_proven {
        tracing::warn!("cannot show web pages: they would have no sandbox of their own");
    }
    is_proven
}

/// Makes `WebKit` start the process of an empty view, which has no page yet.
async fn start_process(view: &WebView) {
    let mut started = view.evaluate_javascript_future("0", None, None);
    // It begins when it is polled.
    let started = std::future::poll_fn(move |context| identity::under_own_id(|| started.as_mut().poll(context)));
    match glib::future_with_timeout(START_LIMIT, started).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "cannot start the process of a page"),
        Err(_) => tracing::warn!("the process of a page does not start"),
    }
}

/// Whether there are pages, and all of them are in a sandbox.
fn are_contained(pages: &[PageProcess]) -> bool {
    !pages.is_empty() && !pages.contains(&PageProcess::Exposed)
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
    fn w21_one_page_without_a_sandbox_is_enough_to_show_none() {
        use PageProcess::{Contained, Exposed};
        assert!(are_contained(&[Contained]) && are_contained(&[Contained, Contained]));
        assert!(!are_contained(&[]), "nothing is proven");
        assert!(!are_contained(&[Exposed]) && !are_contained(&[Contained, Exposed]));
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
