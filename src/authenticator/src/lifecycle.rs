// SPDX-License-Identifier: GPL-3.0-or-later
//! The state of one request: exactly one `Response`, whatever happens in whatever order (rules R6 to R8). Pure.

use crate::{
    flow::{Answer, Reply},
    messages,
};

/// An event in the life of a request.
pub(crate) enum Event {
    /// The work is done.
    Answered(Box<Reply>),
    /// The work ended without an answer: it panicked.
    Failed,
    /// The client called `Close`.
    Closed,
    /// The client left the bus.
    PeerGone,
    /// The daemon has to end.
    Stopped,
}

/// How to react to an event.
pub(crate) enum Effect {
    /// Emit `Response`, then carry out what follows from it. The request is over.
    Respond(Box<Reply>),
    /// Nobody is left to answer. The request is over.
    Vanish,
    /// The request was over already.
    Nothing,
}

/// Whether a request has been answered.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    is_over: bool,
}

impl Lifecycle {
    /// Handles an event: the first one decides, later ones have no effect.
    pub(crate) fn on(&mut self, event: Event) -> Effect {
        if std::mem::replace(&mut self.is_over, true) {
            return Effect::Nothing;
        }
        let failed = |message| Answer::Failed { code: None, message };
        match event {
            Event::Answered(reply) => Effect::Respond(reply),
            Event::Failed => Effect::Respond(Box::new(failed(messages::failed()).into())),
            Event::Closed => Effect::Respond(Box::new(Answer::Cancelled.into())),
            Event::Stopped => Effect::Respond(Box::new(failed(messages::stopped()).into())),
            Event::PeerGone => Effect::Vanish,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(number: u8) -> Event {
        match number {
            0 => Event::Answered(Box::new(Answer::Tokens(vec![(None, vec!["app/a.A/x/1".parse().unwrap()])]).into())),
            1 => Event::Failed,
            2 => Event::Closed,
            3 => Event::PeerGone,
            _ => Event::Stopped,
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_there_is_exactly_one_response(events in proptest::collection::vec(0u8..5, 1..12)) {
            let mut life = Lifecycle::default();
            let mut codes = Vec::new();
            for &number in &events {
                if let Effect::Respond(reply) = life.on(event(number)) {
                    codes.push(reply.answer.code());
                }
            }
            let expected: &[u32] = match events[0] { 0 => &[0], 1 | 4 => &[2], 2 => &[1], _ => &[] };
            prop_assert_eq!(codes, expected);
        }
    }
}
