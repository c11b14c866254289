// SPDX-License-Identifier: GPL-3.0-or-later
//! Which questions are the same to a person.

use usher_core::{binding::Binding, prompt::Kind, service::RemoteUrl};

use crate::flow::{Question, Wanted};

/// Questions with equal keys become one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct QuestionKey {
    pub(super) binding: Binding,
    pub(super) remote_url: RemoteUrl,
    pub(super) kind: Kind,
    wanted: Wanted,
}

impl QuestionKey {
    pub(super) fn of(question: &Question) -> Self {
        let Question { ground, kind, wanted, .. } = question;
        Self { binding: ground.binding.clone(), remote_url: ground.remote_url.clone(), kind: *kind, wanted: *wanted }
    }

    /// Whether the other question asks the same for somebody who wants more than this one, who would not wait.
    pub(super) fn is_part_of(&self, other: &Self) -> bool {
        self.wanted < other.wanted && *other == Self { wanted: other.wanted, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    #[test]
    fn what_is_asked_for_an_install_need_not_be_asked_for_an_update_or_a_listing() {
        use Wanted::{Install, Listing, Update};
        let key = |kind, wanted| QuestionKey {
            binding: testing::binding("https://s.example/"),
            remote_url: testing::remote_url("https://r.example/"),
            kind,
            wanted,
        };
        for (one, other, is_part) in [
            (Listing, Update, true),
            (Listing, Install, true),
            (Update, Install, true),
            (Update, Update, false),
            (Update, Listing, false),
            (Install, Listing, false),
        ] {
            assert_eq!(key(Kind::Link, one).is_part_of(&key(Kind::Link, other)), is_part, "{one:?} {other:?}");
        }
        assert!(!key(Kind::Link, Listing).is_part_of(&key(Kind::SignIn, Install)));
    }
}
