// SPDX-License-Identifier: GPL-3.0-or-later
//! Files: regular ones only, and away from the thread that serves the bus (rule R6). Our own are small and private,
//! written whole or not at all, never through a link (rule R15).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use rustix::fs::{FlockOperation, OFlags, flock};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard, oneshot},
    time::error::Elapsed,
};

use crate::patience::within;

/// Longest wait for a disk where somebody waits for the answer.
const DISK_LIMIT: Duration = Duration::from_secs(3);
/// Longest wait for a disk to write: a busy one takes its time, and nobody waits for it.
pub const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// Stands for flatpak's installations, wherever they are ([`apart`]).
pub const INSTALLATIONS: &str = "installations";

/// The places whose disk has not answered yet. A second caller does not wait for them, and takes no further thread.
static LATE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Works with files on a thread of its own, so that a slow disk delays nobody else. `place` stands for what is read or
/// written there. Fails with [`io::ErrorKind::TimedOut`] if that does not answer in time; the work goes on. To be called
/// in a tokio runtime.
pub async fn apart<T: Send + 'static>(place: &Path, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    apart_within(DISK_LIMIT, place, work).await
}

/// The same, with this limit.
pub async fn apart_within<T: Send + 'static>(
    limit: Duration,
    place: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (answer, mut answered) = oneshot::channel();
    // Nobody may be there for it any more.
    let work = Box::new(move || drop(answer.send(work())));
    run_apart(limit, place, work).await?;
    answered.try_recv().map_err(io::Error::other)
}

/// Runs the work, and waits for its end. It has no type of its own, so that the runtime's code for a thread's work, several
/// kB each time, is in a program once.
async fn run_apart(limit: Duration, place: &Path, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    if late().contains(place) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let mut working = tokio::task::spawn_blocking(work);
    if let Ok(done) = within(limit, &mut working).await {
        return done.map_err(io::Error::other);
    }
    tracing::warn!(place = %place.display(), "a disk does not answer");
    let place = place.to_owned();
    late().insert(place.clone());
    tokio::spawn(async move {
        let _ = working.await;
        late().remove(&place);
    });
    Err(io::ErrorKind::TimedOut.into())
}

fn late() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    LATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a regular file to read it. Anything else in its place, such as a FIFO, a device or a folder, is an error at
/// once.
pub fn open(path: &Path) -> io::Result<File> {
    regular(OpenOptions::new().read(true), path, OFlags::empty())
}

/// Opens a regular file to read it, and fails if its name is a link.
pub fn open_unlinked(path: &Path) -> io::Result<File> {
    regular(OpenOptions::new().read(true), path, OFlags::NOFOLLOW)
}

/// Reads a regular file of at most `limit` bytes.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// The one place that opens files which we have not just made.
fn regular(options: &mut OpenOptions, path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | flags;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

/// Reads one of our files. `None` if it does not exist, or if we did not write it: a link, somebody else's, readable by
/// others, or larger than `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ours(path, limit)?.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn ours(path: &Path, limit: u64) -> Option<io::Take<File>> {
    let file = open_unlinked(path).ok()?;
    let metadata = file.metadata().ok()?;
    let is_ours = metadata.uid() == rustix::process::getuid().as_raw() && metadata.mode() & 0o077 == 0;
    (is_ours && metadata.len() <= limit).then(|| file.take(limit))
}

/// Writes one of our files with mode 0600 in a folder with mode 0700. After a crash it has the old content or the new.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let part = path.with_extension("part");
    let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    // Most often the folder is there, and no part that a crash has left.
    let mut file = match create() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_folder(folder).and_then(|()| create())?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::remove_file(&part).and_then(|()| create())?,
        created => created?,
    };
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// Adds bytes at the end of one of our files, on a line of their own.
pub(crate) fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = regular(OpenOptions::new().read(true).append(true), path, OFlags::NOFOLLOW)?;
    let mut last = [b'\n'];
    if let Some(end) = file.metadata()?.len().checked_sub(1) {
        file.read_exact_at(&mut last, end)?;
    }
    // A crash may have cut the last line short.
    let is_cut = last != *b"\n";
    file.write_all(&[if is_cut { &b"\n"[..] } else { b"" }, bytes].concat())
}

/// Removes one of our files if it exists.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Keeps the lock file locked until it is dropped.
#[derive(Debug)]
pub struct Lock {
    // Unlocked before the next of this process has its turn: fields are dropped in this order.
    _file: File,
    _turn: OwnedMutexGuard<()>,
}

/// Takes the lock. Waits at most `limit` for others of this process, and at most that for another process.
pub async fn lock(path: &Path, limit: Duration) -> io::Result<Lock> {
    Ok(lock_if(path, limit, || true).await?.expect("it is so"))
}

/// Takes the lock if this is so, which is found out on the same thread as the lock is opened.
pub(crate) async fn lock_if(
    path: &Path,
    limit: Duration,
    is_so: impl FnOnce() -> bool + Send + 'static,
) -> io::Result<Option<Lock>> {
    let turn = within(limit, row(path).lock_owned()).await.map_err(late_lock)?;
    let opened = apart_within(limit, path, {
        let path = path.to_owned();
        move || is_so().then(|| open_lock(&path))
    });
    let Some(file) = opened.await?.transpose()? else { return Ok(None) };
    // A blocked flock(2) cannot be cancelled, so try again while another process has the lock.
    let taken = async {
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::WOULDBLOCK) => tokio::time::sleep(Duration::from_millis(10)).await,
                Err(error) => return Err(error),
            }
        }
    };
    within(limit, taken).await.map_err(late_lock)??;
    Ok(Some(Lock { _file: file, _turn: turn }))
}

fn late_lock(_: Elapsed) -> io::Error {
    io::ErrorKind::TimedOut.into()
}

/// The row of those in this process who want a lock: none of them looks at the file before it is its turn.
fn row(path: &Path) -> Arc<AsyncMutex<()>> {
    static ROWS: Mutex<BTreeMap<PathBuf, Weak<AsyncMutex<()>>>> = Mutex::new(BTreeMap::new());
    let mut rows = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(row) = rows.get(path).and_then(Weak::upgrade) {
        return row;
    }
    rows.retain(|_, row| row.strong_count() > 0);
    let row = Arc::default();
    rows.insert(path.to_owned(), Arc::downgrade(&row));
    row
}

/// Opens a file to lock it, and makes it if needed.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    regular(options.create(true).truncate(false).write(true).mode(0o600), path, OFlags::NOFOLLOW)
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::{
            fs::{PermissionsExt, symlink},
            net::UnixListener,
        },
        sync::mpsc,
    };

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn only_a_regular_file_is_opened_and_anything_else_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), b"content").unwrap();
        symlink(at("file"), at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        symlink(at("fifo"), at("link to a fifo")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for odd in ["folder", "fifo", "link to a fifo", "socket", "nothing"] {
            let path = at(odd);
            assert!(open(&path).is_err() && open_unlinked(&path).is_err(), "{odd}");
            assert!(read_regular(&path, 10).is_err() && read(&path, 10).is_none(), "{odd}");
            assert!(odd == "nothing" || open_lock(&path).is_err(), "{odd}");
        }
        assert!(open(Path::new("/dev/tty")).is_err() && open(Path::new("/dev/zero")).is_err());
        assert_eq!(read_regular(&at("link"), 7).unwrap(), b"content");
        assert!(open_unlinked(&at("link")).is_err());
        assert_eq!(read_regular(&at("file"), 6).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[tokio::test]
    async fn a_disk_that_hangs_delays_one_caller_and_no_other_place() {
        let (dead, good) = (Path::new("/a dead disk"), Path::new("/a good disk"));
        let (answer, hangs) = mpsc::channel::<()>();
        let first = tokio::spawn(apart(dead, move || hangs.recv()));
        assert_eq!(apart(good, || 7).await.unwrap(), 7);
        assert_eq!(first.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        let second = apart(dead, || panic!("the place is late"));
        assert_eq!(second.await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(apart(good, || 7).await.unwrap(), 7);
        drop(answer);
        let again = async {
            while apart(dead, || ()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within(Duration::from_secs(30), again).await.expect("the disk has come back");
    }

    #[test]
    fn g07_only_private_files_of_ours_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/state.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path, 10).as_deref(), Some(&b"two"[..]));
        assert_eq!(read(&path, 2), None);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);

        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(read(&link, 10), None);
        write(&link, b"new").unwrap();
        assert_eq!(read(&path, 10).as_deref(), Some(&b"two"[..]));

        // A crash, or somebody else, has left a part.
        let (part, elsewhere) = (path.with_extension("part"), folder.path().join("elsewhere"));
        symlink(&elsewhere, &part).unwrap();
        write(&path, b"next").unwrap();
        assert_eq!(read(&path, 10).as_deref(), Some(&b"next"[..]));
        assert!(!elsewhere.exists() && part.symlink_metadata().is_err());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&path, 10), None);
    }

    #[tokio::test]
    async fn a_lock_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path, Duration::from_secs(30)).await.unwrap();
        let second = lock(&path, Duration::from_millis(30)).await;
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(held);
        lock(&path, Duration::from_secs(30)).await.unwrap();
    }

    #[tokio::test]
    async fn those_who_wait_for_a_lock_in_one_process_do_not_open_its_file_and_come_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path, Duration::from_secs(30)).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let waiting: Vec<_> = (0..40)
            .map(|number| {
                let (path, order) = (path.clone(), order.clone());
                tokio::spawn(async move {
                    let lock = lock(&path, Duration::from_secs(30)).await.unwrap();
                    order.lock().unwrap().push(number);
                    drop(lock);
                })
            })
            .collect();
        while Arc::strong_count(&row(&path)) < 2 + waiting.len() {
            tokio::task::yield_now().await;
        }
        let opened = || fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
        assert_eq!(opened().filter(|file| *file == path).count(), 1);
        drop(held);
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..40).collect::<Vec<_>>());
    }
}
