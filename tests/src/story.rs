// SPDX-License-Identifier: GPL-3.0-or-later
//! A story: steps that are told as they happen, with a picture of each.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use crate::leaks::{self, Leak};
use crate::session::{Session, Setup, workspace};

/// Where pictures go, if they are wanted.
const PICTURES: &str = "USHER_STORY_DIR";

/// How far a story is.
#[derive(Debug, Default)]
struct Progress {
    number: usize,
    begun: Option<(String, Instant)>,
}

/// A session in which a story is played.
#[derive(Debug)]
pub struct Story {
    /// The session that it is played in.
    pub session: Session,
    name: &'static str,
    pictures: Option<PathBuf>,
    progress: Mutex<Progress>,
}

impl Story {
    /// Prepares a session and begins.
    pub async fn begin(name: &'static str, title: &str, setup: Setup) -> Self {
        tell(&format!("\n{title}\n"));
        let pictures = env::var_os(PICTURES).map(PathBuf::from);
        if let Some(folder) = &pictures {
            fs::create_dir_all(folder).expect("the folder for pictures can be made");
        }
        let session = Session::start(setup).await;
        // What prepared the session is not part of what is told.
        session.processes.transcript().take();
        Self { session, name, pictures, progress: Mutex::default() }
    }

    /// Ends the step before, and begins the one that is told.
    pub async fn step(&self, what: &str) {
        self.finish_step().await;
        let mut progress = self.progress();
        progress.number += 1;
        progress.begun = Some((what.to_owned(), Instant::now()));
        tell(&format!("  {:2}  {what} … ", progress.number));
    }

    /// Ends a step before the next one begins, so that its picture shows it as it is now.
    pub async fn finish_step(&self) {
        let (number, begun) = {
            let progress = self.progress();
            (progress.number, progress.begun.clone())
        };
        let Some((what, begun)) = begun else { return };
        let leaks = leaks::in_processes(&self.session.processes);
        assert_eq!(leaks, [], "no process carries a secret");
        self.progress().begun = None;
        tell(&format!("ok ({:.1} s)\n", begun.elapsed().as_secs_f32()));
        let transcript = self.session.processes.transcript().take();
        let Some(folder) = &self.pictures else { return };
        let file = folder.join(format!("{}-{number:02}.png", self.name));
        match self.session.screen_if_any() {
            Some(screen) if !screen.is_blank().await => screen.picture(&file).await,
            _ => self.picture_of_terminal(&format!("# {what}\n{transcript}"), &file).await,
        }
    }

    /// Where no window is open, a picture shows what a person saw in the terminal.
    async fn picture_of_terminal(&self, text: &str, file: &Path) {
        let text = text.replace('\\', r"\\").replace('%', "%%");
        let drawn = tokio::process::Command::from(self.session.processes.command("convert"))
            .args(["-background", "#241f31", "-fill", "#f6f5f4", "-bordercolor", "#241f31"])
            .args(["-font", "DejaVu-Sans-Mono", "-pointsize", "14", "-size", "900x"])
            .arg(format!("caption:{text}"))
            .args(["-bordercolor", "#241f31", "-border", "24"])
            .arg(file)
            .status()
            .await
            .expect("convert starts");
        assert!(drawn.success(), "{} can be drawn", file.display());
    }

    /// Ends the story: nothing leaked, and nothing of the session stays.
    pub async fn end(self) {
        self.step("No secret is in any log, file, argument or environment").await;
        assert_eq!(self.session.leaks(), [] as [Leak; 0]);
        self.finish_step().await;
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().expect("nobody panics with the lock")
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
        if self.progress.lock().is_ok_and(|progress| progress.begun.is_some()) {
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
