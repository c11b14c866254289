// SPDX-License-Identifier: GPL-3.0-or-later
//! What the expressions of templates compute.

/// Bound to a class with `Closures::bind_template_callbacks`.
pub(crate) struct Closures;

#[gtk::template_callbacks(functions)]
impl Closures {
    /// Whether there is a text to be shown.
    #[template_callback]
    fn is_filled(text: Option<String>) -> bool {
        text.is_some_and(|text| !text.is_empty())
    }

    /// Whether one of two parts is shown, or both.
    #[template_callback]
    fn is_either(first: bool, second: bool) -> bool {
        first || second
    }
}
