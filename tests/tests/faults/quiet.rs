// SPDX-License-Identifier: GPL-3.0-or-later
//! A daemon that stays after a request sleeps: neither it nor the parent that restarts it wakes up before somebody calls.

use std::fs;
use std::time::Duration;

use usher_demo_store::{Failure, Route};
use usher_tests::{AUTHENTICATOR, Client, Session, Setup, number_in, wait_for};

use crate::client::owner;

/// Nothing in the daemon keeps time in longer steps than this, but for its own end.
const QUIET: Duration = Duration::from_secs(30);

/// How often the threads of these processes have gone to sleep, which is once after each time that they woke.
fn sleeps(processes: &[u32]) -> Vec<(String, u64)> {
    let mut all = Vec::new();
    for id in processes {
        let threads = fs::read_dir(format!("/proc/{id}/task")).expect("the process is there").flatten();
        for thread in threads.map(|entry| entry.path()) {
            // A thread may end between two looks.
            let Ok(status) = fs::read_to_string(thread.join("status")) else { continue };
            let count = number_in(&status, "voluntary_ctxt_switches:").expect("the kernel counts");
            all.push((thread.display().to_string(), count));
        }
    }
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_daemon_and_its_parent_do_not_wake_up() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let parent = session.processes.start("parent", crate::client::command(&session, "", &["--as-parent"]));
    session.bus.wait_for_owner(AUTHENTICATOR).await;
    let daemon = owner(&session).await;
    let mut client = Client::new(&session).await;
    assert_eq!(client.request(&session).await.code, 0);
    // One that fails as well: what it does afterwards ends, too.
    session.shop().control().fail(Route::GetTokens, Failure::Reset);
    client.app = "org.example.Apple";
    assert_eq!(client.request(&session).await.code, 2);

    let processes = [parent, daemon];
    let mut before = sleeps(&processes);
    // A regular wake-up shows in each of these times, however busy the computer is; what one request leaves does not.
    let asleep = async || {
        tokio::time::sleep(QUIET).await;
        let now = sleeps(&processes);
        let is_asleep = now == before;
        before = now;
        is_asleep.then_some(())
    };
    wait_for("a time without a wake-up", asleep, async || format!("{:?}", sleeps(&processes))).await;
}
