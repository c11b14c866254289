// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a process sleeps until something happens, or wakes up by itself.

use std::fs;

/// What a call of the kernel waits for at most.
#[derive(Clone, Copy)]
enum Limit {
    /// Milliseconds in this argument; none if it is negative.
    Milliseconds(usize),
    /// What this argument points to; none if it is null.
    Pointer(usize),
    /// There always is one.
    Always,
}

/// The calls that may have a limit, by their numbers.
#[cfg(target_arch = "x86_64")]
const LIMITED: [(u64, &str, Limit); 10] = [
    (7, "poll", Limit::Milliseconds(2)),
    (23, "select", Limit::Pointer(4)),
    (35, "nanosleep", Limit::Always),
    (202, "futex", Limit::Pointer(3)),
    (230, "clock_nanosleep", Limit::Always),
    (232, "epoll_wait", Limit::Milliseconds(3)),
    (270, "pselect6", Limit::Pointer(4)),
    (271, "ppoll", Limit::Pointer(2)),
    (281, "epoll_pwait", Limit::Milliseconds(3)),
    (441, "epoll_pwait2", Limit::Pointer(3)),
];
#[cfg(target_arch = "aarch64")]
const LIMITED: [(u64, &str, Limit); 7] = [
    (22, "epoll_pwait", Limit::Milliseconds(3)),
    (72, "pselect6", Limit::Pointer(4)),
    (73, "ppoll", Limit::Pointer(2)),
    (98, "futex", Limit::Pointer(3)),
    (101, "nanosleep", Limit::Always),
    (115, "clock_nanosleep", Limit::Always),
    (441, "epoll_pwait2", Limit::Pointer(3)),
];

/// The threads of a process that do something now or will by themselves, and how. A process without any sleeps until
/// somebody else does something.
pub fn wakeful_threads(process: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the process is there");
    let folders = tasks.filter_map(Result::ok).map(|task| task.path());
    // A thread may end meanwhile.
    let threads = folders.filter_map(|folder| {
        let name = fs::read_to_string(folder.join("comm")).ok()?;
        Some((name.trim().to_owned(), fs::read_to_string(folder.join("syscall")).ok()?))
    });
    threads.filter_map(|(name, call)| Some(format!("{name}: {}", wakes_by(&call)?))).collect()
}

/// What ends the waiting of a thread whose file `syscall` says this; `None` if it is somebody else's doing.
fn wakes_by(call: &str) -> Option<String> {
    let mut words = call.split_whitespace();
    let first = words.next().unwrap_or_default();
    let Ok(number) = first.parse::<u64>() else {
        return Some(first.to_owned());
    };
    let (_, name, limit) = LIMITED.iter().find(|(known, ..)| *known == number)?;
    let argument = |index| {
        let word: Option<&str> = words.clone().nth(index);
        word.and_then(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok()).unwrap_or_default()
    };
    let limit = match *limit {
        // The kernel takes half of the register.
        #[expect(clippy::cast_possible_truncation, reason = "the rest says nothing")]
        Limit::Milliseconds(index) => match argument(index) as u32 {
            limit if limit > i32::MAX.cast_unsigned() => return None,
            limit => format!("after {limit} ms"),
        },
        Limit::Pointer(index) if argument(index) == 0 => return None,
        Limit::Pointer(_) | Limit::Always => "after some time".to_owned(),
    };
    Some(format!("{name}, {limit}"))
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn only_a_wait_without_a_limit_is_sleep() {
        let table = [
            ("running", Some("running")),
            ("271 0x55d0 0x3 0x0 0x0 0x8 0x0 0x7ffd 0x7f20", None),
            ("271 0x55d0 0x3 0x7ffd10 0x0 0x8 0x0 0x7ffd 0x7f20", Some("ppoll, after some time")),
            ("232 0xc 0x55d0 0x400 0xffffffff 0x0 0x0 0x7ffd 0x7f20", None),
            ("232 0xc 0x55d0 0x400 0xffffffffffffffff 0x0 0x0 0x7ffd 0x7f20", None),
            ("232 0xc 0x55d0 0x400 0x3e8 0x0 0x0 0x7ffd 0x7f20", Some("epoll_wait, after 1000 ms")),
            ("7 0x55d0 0x3 0x0 0x0 0x8 0x0 0x7ffd 0x7f20", Some("poll, after 0 ms")),
            ("202 0x55d0 0x189 0xd 0x0 0x0 0xffffffff 0x7ffd 0x7f20", None),
            ("202 0x55d0 0x189 0xd 0x7ffd10 0x0 0xffffffff 0x7ffd 0x7f20", Some("futex, after some time")),
            ("0 0x3 0x55d0 0x1000 0x0 0x0 0x0 0x7ffd 0x7f20", None),
            ("230 0x1 0x1 0x7ffd 0x0 0x0 0x0 0x7ffd 0x7f20", Some("clock_nanosleep, after some time")),
        ];
        for (call, wakes) in table {
            assert_eq!(wakes_by(call).as_deref(), wakes, "{call}");
        }
    }
}
