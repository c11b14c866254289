// SPDX-License-Identifier: GPL-3.0-or-later
//! Notifications that the daemon sent: what they told a person and when, and which ones still show. Kept in the data
//! folder, since a desktop keeps notifications from one login to the next. Names servers and accounts by their ids;
//! holds no user, no app and no secret.
//!
//! ```text
//! validity   whether a notification's statement still holds (pure)
//! reminders  whether the person wants to be reminded
//! services   the services that show notifications
//! withdraw   takes a notification back
//! ```

mod reminders;
mod services;
mod validity;
mod withdraw;

use std::{io, path::Path};

use serde::{Deserialize, Serialize};

pub use self::{
    reminders::Reminders,
    services::{DESKTOP, GTK, PORTAL, Service},
    validity::{KEYRING, id_of_account, id_of_server, still_valid},
    withdraw::withdraw,
};
use crate::{
    files,
    json_file::{self, Contents, JsonFile, Version},
    names,
};

/// How long not to repeat a notification, in seconds.
const DAY: i64 = 24 * 60 * 60;
const MINUTE: i64 = 60;
/// Most notices to keep.
const COUNT_LIMIT: usize = 256;

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Updates wait for a sign-in.
    SignIn,
    /// Updates wait for the permission to use an account.
    Permission,
    /// Updates wait for the keyring to be unlocked.
    Unlock,
    /// An app was not updated, since the account no longer has access to it.
    NoAccess,
    /// The sign-in ends soon.
    EndsSoon,
    /// A purchase of unknown outcome turned out to be paid.
    Finished,
    /// An install stopped, and the program that asked for it tells nobody.
    Stopped,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 7] =
        [Self::SignIn, Self::Permission, Self::Unlock, Self::NoAccess, Self::EndsSoon, Self::Finished, Self::Stopped];

    /// Whether this is a reminder, which a person can do without: everything about updates, which comes unasked and
    /// repeatedly. The end of a purchase or of an install is different, since the person began it.
    pub fn is_reminder(self) -> bool {
        match self {
            Self::SignIn | Self::Permission | Self::Unlock | Self::NoAccess | Self::EndsSoon => true,
            Self::Finished | Self::Stopped => false,
        }
    }

    /// How long not to repeat it, in seconds. The answer to something that the person has just done comes each time, but
    /// no program can make it come without end.
    fn pause(self) -> i64 {
        if self == Self::Stopped { MINUTE } else { DAY }
    }
}

/// Where a notification shows, so that it can be taken back there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// At the portal.
    Portal,
    /// At `org.gtk.Notifications`.
    Gtk,
    /// At `org.freedesktop.Notifications`, which identifies notifications by numbers.
    Desktop {
        /// The notification's number.
        number: u32,
        /// Unique name of the service that issued it.
        owner: String,
        /// Id of the bus on which the service has that name.
        bus: String,
    },
}

/// A notification that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Id of the notification: of an account, or of a server without one. The next one with this id replaces it.
    pub id: String,
    /// What it is about.
    pub cause: Cause,
    /// When it was sent: seconds since 1970.
    pub at: i64,
    /// The end that it announces, only once: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    /// Where it shows now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

impl Notice {
    /// Seconds since it was sent. A clock that was set back makes it older, not eternal.
    fn age(&self, now: i64) -> i64 {
        now.saturating_sub(self.at).saturating_abs()
    }

    fn is_worth_keeping(&self, now: i64) -> bool {
        self.shown.is_some() || self.age(now) < DAY || self.end.is_some_and(|end| end > now)
    }
}

/// Whether to send it now: at most once a day for the same account and cause (see [`Cause::pause`]), and once for an end.
pub fn may_send(sent: &[Notice], new: &Notice) -> bool {
    let is_same = |known: &&Notice| known.id == new.id && known.cause == new.cause;
    !sent
        .iter()
        .filter(is_same)
        .any(|known| known.age(new.at) < new.cause.pause() || (new.end.is_some() && known.end == new.end))
}

/// Records a notification. It replaces the one that shows under its id. Gives the former notices with that id.
pub fn add(sent: &mut Vec<Notice>, new: Notice) -> Vec<Notice> {
    let before: Vec<Notice> = sent.extract_if(.., |known| known.id == new.id).collect();
    let others = before.iter().filter(|known| known.cause != new.cause);
    sent.extend(others.map(|known| Notice { shown: None, ..known.clone() }));
    sent.push(new);
    before
}

/// Undoes [`add`] for a notification that did not show.
pub fn take_back(sent: &mut Vec<Notice>, new: &Notice, before: Vec<Notice>) {
    sent.retain(|known| known.id != new.id);
    sent.extend(before);
}

/// The content of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct NoticeList {
    version: Version<1>,
    notices: Vec<Notice>,
}

impl Contents for NoticeList {
    const SIZE_LIMIT: u64 = 1 << 20;

    fn shrink(&mut self) -> bool {
        json_file::drop_first(&mut self.notices)
    }
}

/// The file that holds the notices. Cheap to clone.
#[derive(Debug, Clone)]
pub struct NoticeFile(JsonFile<NoticeList>);

impl NoticeFile {
    /// This person's file. `None` without a home folder.
    pub fn of_person() -> Option<Self> {
        Some(Self::in_folder(&names::data_dir()?.join(names::APP_ID)))
    }

    /// The file in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self(JsonFile::at(folder.join("notices.json")))
    }

    /// The notices. A file that is missing or not ours holds none.
    pub fn load(&self, now: i64) -> Vec<Notice> {
        let mut notices = self.0.load().notices;
        notices.retain(|notice| notice.is_worth_keeping(now));
        notices
    }

    /// The notices, read on a thread of its own. A disk that does not answer holds none.
    pub async fn read(&self, now: i64) -> Vec<Notice> {
        let file = self.clone();
        files::apart(self.0.path(), move || file.load(now)).await.unwrap_or_default()
    }

    /// Changes the notices under a lock. Writes only if something changed.
    pub async fn change(&self, now: i64, change: impl FnOnce(&mut Vec<Notice>) + Send) -> io::Result<()> {
        self.0
            .change(|NoticeList { notices, .. }| {
                notices.retain(|notice| notice.is_worth_keeping(now));
                change(notices);
                json_file::keep_last(notices, COUNT_LIMIT);
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn notice(id: &str, cause: Cause, at: i64) -> Notice {
        Notice { id: id.into(), cause, at, end: None, shown: Some(Shown::Gtk) }
    }

    #[test]
    fn a_notification_repeats_at_most_once_a_day() {
        let sent = [notice("a", Cause::SignIn, 100)];
        let may = |id, cause, at| may_send(&sent, &notice(id, cause, at));
        assert!(!may("a", Cause::SignIn, 100 + DAY - 1));
        assert!(may("a", Cause::SignIn, 100 + DAY));
        assert!(may("a", Cause::NoAccess, 101), "another cause");
        assert!(may("b", Cause::SignIn, 101), "another account");
        assert!(may("a", Cause::SignIn, 100 - DAY), "a clock that was set back silences nothing");
    }

    #[test]
    fn an_end_is_announced_once_however_long_it_takes() {
        let ends = |end, at| Notice { end: Some(end), ..notice("a", Cause::EndsSoon, at) };
        let sent = [ends(10 * DAY, 100)];
        assert!(!may_send(&sent, &ends(10 * DAY, 5 * DAY)));
        assert!(may_send(&sent, &ends(20 * DAY, 15 * DAY)), "another sign-in ends another time");
        assert!(!may_send(&sent, &ends(20 * DAY, 101)), "but not on the same day");
    }

    #[test]
    fn a_notification_that_did_not_show_replaces_none() {
        let known = [notice("a", Cause::SignIn, 1), notice("a", Cause::EndsSoon, 1), notice("b", Cause::SignIn, 1)];
        let mut sent = known.to_vec();
        let new = notice("a", Cause::SignIn, 2 * DAY);
        let before = add(&mut sent, new.clone());
        assert_eq!(sent[1..], [Notice { shown: None, ..known[1].clone() }, new.clone()]);
        take_back(&mut sent, &new, before);
        sent.sort_by(|one, other| (&one.id, one.cause).cmp(&(&other.id, other.cause)));
        assert_eq!(sent, known);
    }

    #[tokio::test]
    async fn a_notice_is_kept_as_long_as_it_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = NoticeFile::in_folder(folder.path());
        let gone = Notice { shown: None, ..notice("a", Cause::SignIn, 0) };
        let ends = Notice { end: Some(9 * DAY), shown: None, ..notice("b", Cause::EndsSoon, 0) };
        let shown = notice("c", Cause::NoAccess, 0);
        for new in [&gone, &ends, &shown] {
            file.change(0, |sent| _ = add(sent, new.clone())).await.unwrap();
        }
        assert_eq!(file.load(1), [gone, ends.clone(), shown.clone()]);
        assert_eq!(file.load(2 * DAY), [ends, shown.clone()]);
        assert_eq!(file.load(9 * DAY), [shown]);
    }

    #[tokio::test]
    async fn g07_a_file_of_other_content_holds_nothing_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = NoticeFile::in_folder(folder.path());
        for content in
            [&b"{"[..], b"\xff\0", br#"{"version":2,"notices":[]}"#, br#"{"version":1,"notices":[{"id":1}]}"#]
        {
            crate::files::write(file.0.path(), content).unwrap();
            assert_eq!(file.load(0), []);
        }
        file.change(0, |sent| _ = add(sent, notice("a", Cause::SignIn, 0))).await.unwrap();
        assert_eq!(file.load(0).len(), 1);
    }

    proptest! {
        #[test]
        fn at_most_one_notification_of_an_id_is_shown(steps in proptest::collection::vec(("[a-c]", 0u8..3), 0..20)) {
            let causes = [Cause::SignIn, Cause::NoAccess, Cause::EndsSoon];
            let mut sent = Vec::new();
            for (id, cause) in &steps {
                add(&mut sent, notice(id, causes[usize::from(*cause)], 0));
            }
            for id in ["a", "b", "c"] {
                prop_assert!(sent.iter().filter(|known| known.id == id && known.shown.is_some()).count() <= 1);
            }
        }
    }
}
