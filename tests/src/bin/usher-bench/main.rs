// SPDX-License-Identifier: GPL-3.0-or-later
//! `usher-bench`: measures what Usher costs, compared with a minimal baseline, in one run. Prints medians of
//! interleaved runs and their ratios; asserts nothing about time. `build-aux/bench` builds what it needs and runs it.
//!
//! ```text
//! bench      a session with two shops and an account at each
//! caller     a bus client, and an HTTP client of the shop
//! daemon     its process: activates, measures and ends it
//! shops      part: requests for a shop's apps, memory, the size of the program
//! frames     part: windows, and prompts that a request opens
//! sandboxed  part: in and out of the Flatpak's sandbox
//! renewal    part: 64 requests while a sign-in lapses
//! registry   part: a container registry, beside flatpak's own authenticator
//! encrypted  part: an account server behind TLS
//! growth     part: more and more refs, accounts, remotes and apps
//! compare    another build beside this one
//! pair       two daemons that answer in turn
//! parts      requests beside what they are made of
//! window     the screen, until a window is painted
//! quiet      whether the computer did something else meanwhile
//! report     medians and the table
//! saved      a table in a file
//! ```

mod bench;
mod caller;
mod compare;
mod daemon;
mod encrypted;
mod frames;
mod growth;
mod pair;
mod parts;
mod quiet;
mod registry;
mod renewal;
mod report;
mod sandboxed;
mod saved;
mod shops;
mod window;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use self::quiet::Watch;
use self::report::{Line, Table};

/// Runs before the measured ones.
const WARM_UP: usize = 10;

/// Measures Usher.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Runs of a warm request
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) warm: usize,
    /// Runs of a cold start
    #[arg(long, value_name = "N", default_value_t = 25)]
    pub(crate) cold: usize,
    /// Runs of a request for a container registry
    #[arg(long, value_name = "N", default_value_t = 15)]
    registry: usize,
    /// Runs of requests while a sign-in lapses
    #[arg(long, value_name = "N", default_value_t = 15)]
    renewal: usize,
    /// Runs of each step of what grows
    #[arg(long, value_name = "N", default_value_t = 15)]
    growth: usize,
    /// Runs of a window
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub(crate) frames: usize,
    /// Measure these parts, and nothing else
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// The program with the empty window; without it no window is measured
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) empty_window: Option<PathBuf>,
    /// Compare the Flatpak with the development build on the system as well
    #[arg(long)]
    sandbox: bool,
    /// Measure another build beside this one, and nothing else. STAGE is the folder that `build-aux/stage bench-stage
    /// --buildtype=release` has filled; `build-aux/bench` takes a commit in its place, and builds it. Both answer in turn, so
    /// what else the computer does meets both alike
    #[arg(long, value_name = "STAGE", conflicts_with_all = ["only", "sandbox", "save", "beside"])]
    compare: Option<PathBuf>,
    /// Save the table in a file, as JSON
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Print a table that an earlier run has saved beside this one. Where the computer was not quiet both times, only the
    /// ratios to the baselines say something; `--compare` says more
    #[arg(long, value_name = "FILE")]
    beside: Option<PathBuf>,
}

/// A part of what is measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Shops,
    Windows,
    Sandbox,
    Renewal,
    Registry,
    Encrypted,
    Growth,
}

impl Part {
    /// Measures it.
    async fn measure(self, arguments: &Arguments) -> Vec<Line> {
        match self {
            Self::Shops => shops::measure(arguments).await,
            Self::Windows => match &arguments.empty_window {
                Some(program) => frames::compare(program, arguments.frames).await,
                None => Vec::new(),
            },
            Self::Sandbox => sandboxed::compare(arguments.warm, arguments.cold).await,
            Self::Renewal => vec![renewal::compare(arguments.renewal).await],
            Self::Registry => registry::compare(arguments.registry).await,
            Self::Encrypted => encrypted::compare(arguments.warm, arguments.cold).await,
            Self::Growth => growth::measure(arguments.growth).await,
        }
    }

    /// What is said before it.
    fn title(self) -> &'static str {
        match self {
            Self::Shops => "Two shops, an account at each…",
            Self::Windows => "Windows…",
            Self::Sandbox => "In and out of the sandbox…",
            Self::Renewal => "A sign-in that is renewed…",
            Self::Registry => "A container registry, beside flatpak’s own authenticator…",
            Self::Encrypted => "An account server behind TLS…",
            Self::Growth => "More and more refs, accounts, remotes and apps…",
        }
    }

    /// Whether it is to be measured.
    fn is_wanted(self, arguments: &Arguments) -> bool {
        match self {
            _ if !arguments.only.is_empty() => arguments.only.contains(&self),
            Self::Sandbox => arguments.sandbox,
            _ => true,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::parse();
    // Read before hours of measuring, for it may not be there.
    let earlier = arguments.beside.as_deref().map(saved::read);
    let watch = Watch::begin();
    let mut output = std::io::stdout();
    if let Some(stage) = &arguments.compare {
        let comparison = compare::measure(stage, &arguments).await;
        write!(output, "\n{comparison}\n{}\n", watch.end()).expect("the table can be printed");
        return;
    }
    let mut table = Table::default();
    for &part in Part::value_variants().iter().filter(|part| part.is_wanted(&arguments)) {
        say(part.title());
        for line in part.measure(&arguments).await {
            table.add(line);
        }
    }
    let machine = watch.end();
    if let Some(file) = &arguments.save {
        saved::write(file, &table, &machine);
    }
    match earlier {
        Some(earlier) => write!(output, "\n{}", earlier.beside(&table)),
        None => write!(output, "\n{table}"),
    }
    .and_then(|()| writeln!(output, "{machine}"))
    .expect("the table can be printed");
}

pub(crate) fn say(what: &str) {
    writeln!(std::io::stderr(), "bench: {what}").expect("the error output can be written");
}

pub(crate) fn refs(count: usize) -> String {
    if count == 1 { "1 ref".to_owned() } else { format!("{count} refs") }
}
