// SPDX-License-Identifier: GPL-3.0-or-later
//! The processes of pages, and whether each has namespaces of its own, as `/proc` shows them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The program that is the process of a page.
const PAGE: &str = "WebKitWebProcess";
/// The program that starts one in another sandbox.
const SPAWNER: &str = "flatpak-spawn";
/// The namespaces that a sandboxed page has of its own.
const NAMESPACES: [&str; 2] = ["mnt", "pid"];

/// The process of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageProcess {
    /// In a sandbox.
    Contained,
    /// It sees what this process sees, or nothing is known.
    Exposed,
}

/// One process, as far as it matters here.
struct Process {
    parent: u32,
    arguments: Vec<String>,
}

impl Process {
    fn read(folder: &Path) -> Option<Self> {
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        // The name in parentheses may hold anything, so count from its end: state, then the parent.
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        let arguments = String::from_utf8_lossy(&fs::read(folder.join("cmdline")).ok()?).into_owned();
        Some(Self { parent, arguments: arguments.split_terminator('\0').map(str::to_owned).collect() })
    }

    fn runs(&self, program: &str) -> bool {
        self.arguments.first().is_some_and(|first| is_program(first, program))
    }

    /// Whether it starts a page in another sandbox.
    fn spawns_a_page(&self) -> bool {
        self.runs(SPAWNER)
            && self.arguments.iter().any(|argument| argument == "--sandbox")
            && self.arguments.iter().any(|argument| is_program(argument, PAGE))
    }
}

fn is_program(argument: &str, program: &str) -> bool {
    Path::new(argument).file_name().is_some_and(|name| name == program)
}

/// All processes of pages that this process has started.
pub(super) fn of_pages() -> Vec<PageProcess> {
    let own = std::process::id();
    let all = all();
    let ours = all.iter().filter(|(id, _)| descends_from(**id, own, &all));
    ours.filter_map(|(id, process)| {
        if process.spawns_a_page() {
            return Some(PageProcess::Contained);
        }
        process.runs(PAGE).then(|| {
            let has_its_own = NAMESPACES
                .iter()
                .all(|kind| is_apart(namespace(*id, kind).as_deref(), namespace(own, kind).as_deref()));
            if has_its_own { PageProcess::Contained } else { PageProcess::Exposed }
        })
    })
    .collect()
}

fn all() -> BTreeMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            Some((id, Process::read(&entry.path())?))
        })
        .collect()
}

fn descends_from(id: u32, ancestor: u32, all: &BTreeMap<u32, Process>) -> bool {
    let parent_of = |id: &u32| all.get(id).map(|process| process.parent);
    // While this looks, ids can change hands, which could make a circle.
    std::iter::successors(parent_of(&id), parent_of).take(all.len()).any(|parent| parent == ancestor)
}

fn namespace(id: u32, kind: &str) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{id}/ns/{kind}")).ok()
}

/// Whether both namespaces are known, and are two.
fn is_apart(one: Option<&Path>, other: Option<&Path>) -> bool {
    one.is_some() && other.is_some() && one != other
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read,
        process::{Command, Stdio},
    };

    use super::*;

    fn process(arguments: &[&str]) -> Process {
        Process { parent: 1, arguments: arguments.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn a_page_is_known_by_its_program() {
        let page = "/usr/libexec/webkitgtk-6.0/WebKitWebProcess";
        assert!(process(&[page, "7", "40"]).runs(PAGE));
        assert!(!process(&["bwrap", "--", page]).runs(PAGE) && !process(&[]).runs(PAGE));
        assert!(process(&["flatpak-spawn", "--sandbox", page, "7"]).spawns_a_page());
        assert!(!process(&["flatpak-spawn", "--host", page]).spawns_a_page());
    }

    #[test]
    fn only_descendants_count_and_a_circle_ends() {
        let parents = [(2, 1), (3, 2), (4, 9), (6, 7), (7, 6)];
        let all = parents.map(|(id, parent)| (id, Process { parent, arguments: Vec::new() })).into();
        let of_one: Vec<u32> = [2, 3, 4, 6].into_iter().filter(|id| descends_from(*id, 1, &all)).collect();
        assert_eq!(of_one, [2, 3]);
    }

    #[test]
    fn namespaces_that_cannot_be_read_are_not_apart() {
        let (one, other) = (Some(Path::new("mnt:[1]")), Some(Path::new("mnt:[2]")));
        assert!(is_apart(one, other));
        assert!(!is_apart(one, one) && !is_apart(None, one) && !is_apart(one, None) && !is_apart(None, None));
    }

    #[test]
    fn w21_a_page_that_was_started_like_any_program_is_exposed() {
        let folder = std::env::temp_dir().join(format!("usher-page-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let page = folder.join(PAGE);
        std::os::unix::fs::symlink("/bin/cat", &page).unwrap();
        let mut child = Command::new(&page).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        assert_eq!(of_pages(), [PageProcess::Exposed]);
        drop(child.stdin.take());
        child.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
        child.wait().unwrap();
        assert_eq!(of_pages(), []);
        fs::remove_dir_all(folder).unwrap();
    }
}
