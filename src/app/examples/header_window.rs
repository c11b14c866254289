// SPDX-License-Identifier: GPL-3.0-or-later
//! A window of libadwaita with a header bar and two buttons in it, as the main window has them in its first frame, in a process
//! that loads WebKitGTK: what the toolkit takes for them.

mod plain;

use adw::prelude::*;

fn main() -> gtk::glib::ExitCode {
    plain::load_webkit();
    plain::show("io.github.usher.Tests.HeaderWindow", || {
        let header = adw::HeaderBar::new();
        header.pack_start(&gtk::Button::from_icon_name("list-add-symbolic"));
        header.pack_end(&gtk::MenuButton::builder().icon_name("open-menu-symbolic").build());
        let view = adw::ToolbarView::new();
        view.add_top_bar(&header);
        Some(view.upcast())
    })
}
