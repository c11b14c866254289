// SPDX-License-Identifier: GPL-3.0-or-later
//! A window of libadwaita that asks something with the kinds of widgets that a prompt has, in a process that loads WebKitGTK:
//! what the toolkit takes for them.

mod plain;

use adw::prelude::*;

fn main() -> gtk::glib::ExitCode {
    plain::load_webkit();
    plain::show("io.github.usher.Tests.QuestionWindow", || {
        let header = adw::HeaderBar::builder().show_title(false).build();
        header.pack_start(&gtk::Button::with_label("Not Now"));
        let view = adw::ToolbarView::builder().content(&question()).build();
        view.add_top_bar(&header);
        view.add_bottom_bar(&answer());
        Some(view.upcast())
    })
}

fn question() -> gtk::ScrolledWindow {
    let parts =
        gtk::Box::builder().orientation(gtk::Orientation::Vertical).spacing(12).valign(gtk::Align::Center).build();
    parts.append(&gtk::Image::builder().icon_name("dialog-password-symbolic").pixel_size(96).build());
    parts.append(&gtk::Label::builder().label("Sign In to “127.0.0.1”?").css_classes(["title-1"]).wrap(true).build());
    parts.append(&gtk::Label::builder().label("A program wants to install an app.").wrap(true).build());
    let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).css_classes(["boxed-list"]).build();
    list.append(&adw::ExpanderRow::builder().title("Why?").build());
    parts.append(&list);
    parts.append(&gtk::Label::builder().label("Not used here before").css_classes(["dim-label"]).wrap(true).build());
    let clamp = adw::Clamp::builder().maximum_size(440).child(&parts).build();
    gtk::ScrolledWindow::builder().hscrollbar_policy(gtk::PolicyType::Never).child(&clamp).build()
}

fn answer() -> adw::Clamp {
    let button =
        gtk::Button::builder().label("Sign In…").css_classes(["pill", "suggested-action"]).sensitive(false).build();
    adw::Clamp::builder().maximum_size(440).child(&button).build()
}
