// SPDX-License-Identifier: GPL-3.0-or-later
//! A window that nobody uses does nothing, and costs no battery.

use usher_tests::{Session, Setup, wait_for, wakeful_threads};

/// Waits until no thread of a process would wake up by itself.
async fn expect_sleep(what: &str, process: u32) {
    let asleep = async || wakeful_threads(process).is_empty().then_some(());
    let awake = async || format!("these threads wake up by themselves: {:?}", wakeful_threads(process));
    wait_for(&format!("{what} to sleep"), asleep, awake).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_window_sleeps_until_something_happens() {
    // Folders that it follows are missing here: of Usher's own data, and of flatpak's for all users.
    let session = Session::start(Setup::default()).await;
    let usher = session.open_usher();
    session.screen().window("Usher").await.says("Repositories Without an Account").await;
    expect_sleep("the window", usher).await;
    session.sign_in_as("demo").await;
    session.screen().window("Usher").await.says("Accounts").await;
    expect_sleep("the window with an account", usher).await;
}
