// SPDX-License-Identifier: GPL-3.0-or-later
//! The banner above a page.

/// What a banner says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BannerText {
    pub(crate) title: String,
    /// What its button is called, where it has one.
    pub(crate) button: Option<String>,
}

/// Shows a banner, or hides it. While it hides it keeps its text.
pub(crate) fn show_banner(banner: &adw::Banner, text: Option<&BannerText>) {
    if let Some(text) = text {
        banner.set_title(&text.title);
        banner.set_button_label(text.button.as_deref());
    }
    banner.set_revealed(text.is_some());
}
