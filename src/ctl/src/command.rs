// SPDX-License-Identifier: GPL-3.0-or-later
//! Commands to copy.

use usher_core::{names, text};

/// A `usherctl` command to copy. It has no arguments if they cannot be quoted safely.
pub(crate) fn usherctl(arguments: &[&str]) -> String {
    text::usherctl(arguments).unwrap_or_else(|| names::usherctl().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_cannot_be_quoted_are_left_out() {
        assert_eq!(usherctl(&["buy", "https://one.example/$(x)"]), "usherctl buy 'https://one.example/$(x)'");
        assert_eq!(usherctl(&["buy", "a\nb"]), "usherctl");
    }
}
