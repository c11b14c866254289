// SPDX-License-Identifier: GPL-3.0-or-later
//! What is the matter during a round, and how it is put right.

use rustix::process::Signal;
use tokio::process::Command;
use usher_demo_store::{Failure, Reply, Route};

use super::crowd::{self, Manners, Tally};
use super::plan::Random;
use crate::processes::send_signal;
use crate::session::{Session, WINDOW};

/// What is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing, and as many requests are open as may be.
    None,
    /// The shop takes its time.
    Slow,
    /// The shop's answers are wrong, each in its own way.
    Failing,
    /// The shop does not answer, and clients lose patience.
    Silent,
    /// The sign-in has ended at the shop.
    Ended,
    /// The person signs out while requests are open.
    SignedOut,
    /// The person takes the permission back while requests are open.
    Revoked,
    /// Without an account the person is asked, and the window process comes and goes.
    Asked,
}

impl Trouble {
    pub(super) const COUNT: usize = 8;

    /// All of them, in some order.
    pub(super) fn all(random: &mut Random) -> [Self; Self::COUNT] {
        let mut all = [
            Self::None,
            Self::Slow,
            Self::Failing,
            Self::Silent,
            Self::Ended,
            Self::SignedOut,
            Self::Revoked,
            Self::Asked,
        ];
        random.shuffle(&mut all);
        all
    }

    /// Sends so many requests while this is the matter, and puts it right.
    pub(super) async fn round(self, session: &Session, requests: usize, random: &mut Random) -> Tally {
        let control = session.shop().control();
        let manners = self.manners(random);
        if let Some(failure) = self.failure(random) {
            control.fail(Route::GetTokens, failure);
        }
        let host = session.host();
        let tally = match self {
            Self::None | Self::Slow | Self::Failing | Self::Silent => {
                crowd::send(session, requests, manners, random).await
            }
            Self::Ended => {
                control.expire_credentials(None).expect("the shop lets sign-ins expire");
                let tally = crowd::send(session, requests, manners, random).await;
                session.sign_in_as("demo").await;
                tally
            }
            Self::SignedOut => {
                let arguments = ["sign-out", &host];
                let (tally, output) =
                    tokio::join!(crowd::send(session, requests, manners, random), session.usherctl(&arguments));
                output.expect_success();
                session.sign_in_as("demo").await;
                tally
            }
            Self::Revoked => {
                let (tally, output) = tokio::join!(
                    crowd::send(session, requests, manners, random),
                    session.usherctl(&["revoke", "demo"])
                );
                output.expect_success();
                session.usherctl(&["allow", "demo"]).await.expect_success();
                tally
            }
            Self::Asked => asked(session, requests, manners, random).await,
        };
        control.reset();
        // What came of it is certain only where nothing happens meanwhile.
        if self == Self::None {
            assert!(!tally.codes.contains_key(&2), "nothing was the matter: {tally}");
        }
        tally
    }

    fn manners(self, random: &mut Random) -> Manners {
        let (clients, depth) = if self == Self::None { (8, 8) } else { (1 + random.below(8), 1 + random.below(8)) };
        let usual = Manners { clients, depth, closed: 10, vanishing: 3, interactive: false, answered: true };
        match self {
            Self::Silent => Manners { closed: 60, vanishing: 20, answered: false, ..usual },
            Self::Asked => Manners { interactive: true, ..usual },
            _ => usual,
        }
    }

    fn failure(self, random: &mut Random) -> Option<Failure> {
        let milliseconds = u64::try_from(1 + random.below(30)).ok()?;
        let wrong = [
            Failure::Nonsense,
            Failure::Reset,
            Failure::CloseEarly,
            Failure::Reply(Reply::new(500, "out of order")),
            Failure::Reply(Reply::new(429, "too many")),
            Failure::Big { bytes: 64 << 10 },
        ];
        match self {
            Self::Slow => Some(Failure::Slow { milliseconds }),
            Self::Failing => Some(random.one_of(&wrong).clone()),
            Self::Silent => Some(Failure::Hang),
            _ => None,
        }
    }
}

/// Requests of somebody without an account. Sometimes the person has opened Usher before; otherwise the bus starts the window
/// process, if at all. In the end it is gone.
async fn asked(session: &Session, requests: usize, manners: Manners, random: &mut Random) -> Tally {
    session.usherctl(&["sign-out", &session.host()]).await.expect_success();
    let mut opened = None;
    if random.happens(50) {
        let mut usher = Command::from(session.command("usher"));
        opened = Some(usher.kill_on_drop(true).spawn().expect("usher starts"));
        session.bus.wait_for_owner(WINDOW).await;
    }
    let tally = crowd::send(session, requests, manners, random).await;
    if session.bus.has_owner(WINDOW).await {
        let signal = *random.one_of(&[Signal::TERM, Signal::KILL]);
        send_signal(session.bus.process_of(WINDOW).await, signal);
        session.bus.wait_until_free(WINDOW).await;
    }
    if let Some(mut opened) = opened {
        opened.wait().await.expect("a child can be waited for");
    }
    session.sign_in_as("demo").await;
    tally
}
