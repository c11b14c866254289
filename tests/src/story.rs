// SPDX-License-Identifier: GPL-3.0-or-later
//! A story: prints its steps as they happen, and takes a picture of each.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use crate::leaks::{self, Leak};
use crate::session::{Session, Setup, workspace};

/// The variable that names the folder for pictures, if any are wanted.
const PICTURES: &str = "USHER_STORY_DIR";

/// The step that a story has reached.
#[derive(Debug, Default)]
struct Progress {
    number: usize,
    begun: Option<(String, Instant)>,
}

/// A story and its session.
#[derive(Debug)]
pub struct Story {
    /// The session in which it takes place.
    pub session: Session,
    name: &'static str,
    pictures: Option<PathBuf>,
    progress: Mutex<Progress>,
}

impl Story {
    /// Prepares a session and begins the story.
    pub async fn begin(name: &'static str, title: &str, setup: Setup) -> Self {
        print(&format!("\n{title}\n"));
        let pictures = env::var_os(PICTURES).map(PathBuf::from);
        if let Some(folder) = &pictures {
            fs::create_dir_all(folder).expect("the folder for pictures can be made");
        }
        let session = Session::start(setup).await;
        // Preparing the session is no part of the story.
        session.processes.transcript().take();
        Self { session, name, pictures, progress: Mutex::default() }
    }

    /// Finishes the previous step and begins the next.
    pub async fn step(&self, what: &str) {
        self.finish_step().await;
        let mut progress = self.progress();
        progress.number += 1;
        progress.begun = Some((what.to_owned(), Instant::now()));
        print(&format!("  {:2}  {what} … ", progress.number));
    }

    /// Finishes a step before the next one begins, so that its picture shows the screen as it is now.
    pub async fn finish_step(&self) {
        let (number, begun) = {
            let progress = self.progress();
            (progress.number, progress.begun.clone())
        };
        let Some((what, begun)) = begun else { return };
        let leaks = leaks::in_processes(&self.session.processes, &[]);
        assert_eq!(leaks, [], "no process carries a secret");
        self.progress().begun = None;
        print(&format!("ok ({:.1} s)\n", begun.elapsed().as_secs_f32()));
        let transcript = self.session.processes.transcript().take();
        let Some(folder) = &self.pictures else { return };
        let file = folder.join(format!("{}-{number:02}.png", self.name));
        match self.session.screen_if_any() {
            Some(screen) if !screen.is_blank().await => screen.save_picture(&file).await,
            _ => self.picture_of_terminal(&format!("# {what}\n{transcript}"), &file).await,
        }
    }

    /// Draws a picture of what a person saw in the terminal, for steps without a window.
    async fn picture_of_terminal(&self, text: &str, file: &Path) {
        let text = text.replace('\\', r"\\").replace('%', "%%");
        let status = tokio::process::Command::from(self.session.processes.command("convert"))
            .args(["-background", "#241f31", "-fill", "#f6f5f4", "-bordercolor", "#241f31"])
            .args(["-font", "DejaVu-Sans-Mono", "-pointsize", "14", "-size", "900x"])
            .arg(format!("caption:{text}"))
            .args(["-bordercolor", "#241f31", "-border", "24"])
            .arg(file)
            .status()
            .await
            .expect("convert starts");
        assert!(status.success(), "{} can be status", file.display());
    }

    /// Ends the story, and fails if a secret leaked.
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
        if copy_files(self.session.processes.log_folder(), &folder).is_ok() {
            print(&format!("      logs: {}\n", folder.display()));
        }
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if self.progress.lock().is_ok_and(|progress| progress.begun.is_some()) {
            print("FAILED\n");
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

/// Prints at once, even if the line is not complete yet.
fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes());
    let _ = output.flush();
}
