// SPDX-License-Identifier: GPL-3.0-or-later
//! The time until a window is painted, beside windows with nothing in them.

use std::path::Path;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use usher_tests::{AUTHENTICATOR, WINDOW, has_ended, wait_until};

use crate::bench::{Bench, LONG_LIFETIME, Shop};
use crate::daemon::end;
use crate::report::{Line, Samples};
use crate::window::{Opened, Screen};

const FRAME_GOAL: &str = "at most 1.1 beside WebKitGTK";
/// The remote of a shop where nobody is signed in.
const STRANGE: &str = "strange";

/// Times until something was painted, and until it came to rest.
#[derive(Default)]
struct Times {
    painted: Samples,
    settled: Samples,
}

impl Times {
    fn add(&mut self, opened: &Opened) {
        self.painted.add(opened.painted);
        self.settled.add(opened.settled);
    }
}

/// The main window, and a prompt that a request for tokens opens. `empty` is the program with the empty window; beside it is
/// one that loads WebKitGTK as well.
pub(crate) async fn compare(empty: &Path, runs: usize) -> Vec<Line> {
    let mut bench = Bench::set_up(&[1]).await;
    let shop = Shop::open(&bench.session, STRANGE, LONG_LIFETIME, 1).await;
    shop.add_to(&bench.session).await;
    let screen = Screen::of(&bench.session);
    let (with_webkit, empty) =
        (empty.with_file_name("webkit_window").display().to_string(), empty.display().to_string());
    let [mut main, mut warm, mut cold] = std::array::from_fn(|_| Times::default());
    let [mut nothing, mut webkit] = std::array::from_fn(|_| Samples::default());
    for run in 0..=runs {
        let (main_window, webkit_window) =
            (screen.opened(&bench.session, "usher").await, screen.first_frame(&bench.session, &with_webkit).await);
        let empty_window = screen.first_frame(&bench.session, &empty).await;
        // It starts the daemon for the prompt after it, too.
        end(&bench.caller, AUTHENTICATOR).await;
        let first = prompt(&mut bench, &shop, &screen).await;
        let second = prompt(&mut bench, &shop, &screen).await;
        // The first ones find nothing in the caches of the graphics library.
        if run > 0 {
            for (times, opened) in [(&mut main, main_window), (&mut cold, first), (&mut warm, second)] {
                times.add(&opened);
            }
            webkit.add(webkit_window);
            nothing.add(empty_window);
        }
    }
    lines(&[("main window", main), ("prompt, daemon warm", warm), ("prompt, daemon cold", cold)], &nothing, &webkit)
}

fn lines(times: &[(&str, Times)], nothing: &Samples, webkit: &Samples) -> Vec<Line> {
    let mut lines = Vec::new();
    for (what, Times { painted, settled }) in times {
        let begin = if what.starts_with("prompt") { "RequestRefTokens" } else { "the start of the process" };
        let notes = format!(
            "an empty Adw window with WebKitGTK loaded; from {begin} until the middle is painted on Xvfb; nothing changes \
             any more after {}; N = {}",
            settled.median(),
            painted.len()
        );
        let what = format!("first frame, {what}");
        lines.push(Line::compare(&what, painted.median(), webkit.median(), FRAME_GOAL, notes));
    }
    let notes = "an empty Adw window; what the library costs that a sign-in needs".to_owned();
    lines.push(Line::compare("first frame, empty with WebKitGTK", webkit.median(), nothing.median(), "", notes));
    lines
}

/// Asks for what needs an account, and ends the window process once its prompt is on the screen.
async fn prompt(bench: &mut Bench, shop: &Shop, screen: &Screen) -> Opened {
    let begin = Instant::now();
    let wanted = shop.token_request(1);
    let (opened, ()) = tokio::join!(screen.next_settled(begin), bench.caller.ask_person(AUTHENTICATOR, &wanted));
    let process = bench.caller.process_of(WINDOW).await.expect("the bus has started the window process");
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process has an id");
    // So that it puts nothing off.
    kill_process(pid, Signal::KILL).expect("the process can be ended");
    wait_until("the end of the window process", async || has_ended(process)).await;
    screen.wait_until_gone(&opened).await;
    opened
}
