// SPDX-License-Identifier: GPL-3.0-or-later
//! A story: steps that are told as they happen, with a picture of each.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::leaks::{self, Leak};
use crate::session::{Session, Setup, workspace};

/// Where pictures go, if they are wanted.
const PICTURES: &str = "USHER_STORY_DIR";

/// A session in which a story is played.
#[derive(Debug)]
pub struct Story {
    /// The session that it is played in.
    pub session: Session,
    name: &'static str,
    pictures: Option<PathBuf>,
    number: usize,
    step: Option<(String, Instant)>,
}

impl Story {
    /// Prepares a session and begins.
    pub async fn begin(name: &'static str, title: &str, setup: Setup) -> Self {
        tell(&format!("\n{title}\n"));
        let pictures = env::var_os(PICTURES).map(PathBuf::from);
        if let Some(folder) = &pictures {
            fs::create_dir_all(folder).expect("the folder for pictures can be made");
        }
        Self { session: Session::start(setup).await, name, pictures, number: 0, step: None }
    }

    /// Ends the step before, and begins the one that is told.
    pub async fn step(&mut self, what: &str) {
        self.finish_step().await;
        self.number += 1;
        tell(&format!("  {:2}  {what} … ", self.number));
        self.step = Some((what.to_owned(), Instant::now()));
    }

    async fn finish_step(&mut self) {
        let Some((_, begun)) = self.step.take() else {
            return;
        };
        let leaks = leaks::in_processes(&self.session.processes);
        assert_eq!(leaks, [], "no process carries a secret");
        tell(&format!("ok ({:.1} s)\n", begun.elapsed().as_secs_f32()));
        self.take_picture().await;
    }

    async fn take_picture(&self) {
        let Some(folder) = &self.pictures else { return };
        if let Some(screen) = self.session.screen_if_any() {
            let file = folder.join(format!("{}-{:02}.png", self.name, self.number));
            screen.picture(&file).await;
        }
    }

    /// Ends the story: nothing leaked, and nothing of the session stays.
    pub async fn end(mut self) {
        self.step("No secret is in any log, file, argument or environment").await;
        assert_eq!(self.session.leaks(), [] as [Leak; 0]);
        self.finish_step().await;
    }

    fn keep_logs(&self) {
        let folder = workspace().join("build/story-logs").join(self.name);
        let _ = fs::remove_dir_all(&folder);
        if copy_files(self.session.processes.logs(), &folder).is_ok() {
            tell(&format!("      logs: {}\n", folder.display()));
        }
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if self.step.is_some() {
            tell("FAILED\n");
        }
        if std::thread::panicking() {
            self.keep_logs();
        }
    }
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Tells it at once, also where the line is not complete yet.
fn tell(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes());
    let _ = output.flush();
}
