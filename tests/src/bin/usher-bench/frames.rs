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

/// What the windows are measured against: windows of libadwaita with nothing of Usher's in them.
const PLAIN: [&str; 4] = ["empty_window", "webkit_window", "header_window", "question_window"];

/// The main window, and a prompt that a request for tokens opens. `empty` is the first of [`PLAIN`]; the others are beside it.
pub(crate) async fn compare(empty: &Path, runs: usize) -> Vec<Line> {
    let mut bench = Bench::set_up(&[1]).await;
    let shop = Shop::open(&bench.session, STRANGE, LONG_LIFETIME, 1).await;
    shop.add_to(&bench.session).await;
    let screen = Screen::of(&bench.session);
    let [mut main, mut warm, mut cold] = std::array::from_fn(|_| Times::default());
    let mut plain: [Samples; PLAIN.len()] = Default::default();
    for run in 0..=runs {
        let main_window = screen.opened(&bench.session, "usher").await;
        let mut plain_windows = Vec::new();
        for name in PLAIN {
            let program = empty.with_file_name(name).display().to_string();
            plain_windows.push(screen.first_frame(&bench.session, &program).await);
        }
        // It starts the daemon for the prompt after it, too.
        end(&bench.caller, AUTHENTICATOR).await;
        let first = prompt(&mut bench, &shop, &screen).await;
        let second = prompt(&mut bench, &shop, &screen).await;
        // The first ones find nothing in the caches of the graphics library.
        if run > 0 {
            for (times, opened) in [(&mut main, main_window), (&mut cold, first), (&mut warm, second)] {
                times.add(&opened);
            }
            plain.iter_mut().zip(plain_windows).for_each(|(samples, time)| samples.add(time));
        }
    }
    let [nothing, webkit, header, question] = plain;
    let windows = [
        ("main window", main, (&header, "the same header")),
        ("prompt, daemon warm", warm, (&question, "such a question")),
        ("prompt, daemon cold", cold, (&question, "such a question")),
    ];
    lines(&windows, &nothing, &webkit)
}

/// A window, how long it took, and how long a plain one with the same kinds of widgets.
type Measured<'a> = (&'static str, Times, (&'a Samples, &'static str));

fn lines(windows: &[Measured<'_>], nothing: &Samples, webkit: &Samples) -> Vec<Line> {
    let mut lines = Vec::new();
    for (what, Times { painted, settled }, (plain, content)) in windows {
        let begin = if what.starts_with("prompt") { "RequestRefTokens" } else { "the start of the process" };
        let notes = format!(
            "an empty Adw window with WebKitGTK loaded; from {begin} until the middle is painted on Xvfb; nothing changes \
             any more after {}; N = {}",
            settled.median(),
            painted.len()
        );
        let what = format!("first frame, {what}");
        lines.push(Line::compare(&what, painted.median(), webkit.median(), FRAME_GOAL, notes));
        let notes = format!("a plain Adw window with {content}, WebKitGTK loaded: what the toolkit takes to draw that");
        lines.push(Line::compare(&format!("{what}, plain one"), painted.median(), plain.median(), "", notes));
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
