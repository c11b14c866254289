// SPDX-License-Identifier: GPL-3.0-or-later
//! The clipboard, as another program copies to it and pastes from it.

use std::sync::mpsc::{Sender, channel};
use std::thread;

use x11rb::CURRENT_TIME;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, SelectionNotifyEvent, SelectionRequestEvent,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::session::Session;

/// The most that is read, in units of 4 bytes.
const LENGTH: u32 = 64 * 1024;

impl Session {
    /// What a program would paste now; `None` if nobody gives it anything.
    pub async fn clipboard(&self) -> Option<String> {
        let display = self.display();
        tokio::task::spawn_blocking(move || paste(&display)).await.expect("nobody panics")
    }

    /// Takes the clipboard from the program that has copied last, as copying something else does.
    pub async fn clear_clipboard(&self) {
        let display = self.display();
        tokio::task::spawn_blocking(move || clear(&display)).await.expect("nobody panics");
    }

    /// Copies a text, as a password manager does, and gives it to whoever pastes until something else is copied.
    pub async fn copy(&self, text: &str) {
        let (display, text) = (self.display(), text.to_owned());
        let copied = tokio::task::spawn_blocking(move || {
            let (ready, is_ready) = channel();
            thread::spawn(move || offer(&display, &text, &ready));
            is_ready.recv()
        });
        copied.await.expect("nobody panics").expect("the clipboard can be taken");
    }

    fn display(&self) -> String {
        self.processes.environment().remove("DISPLAY").expect("the session has a display")
    }
}

/// Owns the clipboard, and answers programs that paste. Ends when something else is copied, or with the session.
fn offer(display: &str, text: &str, ready: &Sender<()>) {
    let (connection, number) = x11rb::connect(Some(display)).expect("the session has a screen");
    let window = window(&connection, number);
    let clipboard = atom(&connection, "CLIPBOARD");
    let asked = connection.set_selection_owner(window, clipboard, CURRENT_TIME);
    asked.expect("the clipboard can be taken").check().expect("the server takes it");
    ready.send(()).expect("somebody waits");
    while let Ok(event) = connection.wait_for_event() {
        match event {
            Event::SelectionRequest(request) => give(&connection, &request, text),
            Event::SelectionClear(_) => return,
            _ => {}
        }
    }
}

/// Gives a program what it asks for: the text, or the forms in which there is one.
fn give(connection: &RustConnection, request: &SelectionRequestEvent, text: &str) {
    let [targets, utf8] = ["TARGETS", "UTF8_STRING"].map(|name| atom(connection, name));
    let is_known = [targets, utf8].contains(&request.target);
    let (requestor, property) = (request.requestor, request.property);
    if request.target == targets {
        let forms =
            connection.change_property32(PropMode::REPLACE, requestor, property, AtomEnum::ATOM, &[targets, utf8]);
        forms.expect("the server takes requests");
    } else if is_known {
        let given = connection.change_property8(PropMode::REPLACE, requestor, property, utf8, text.as_bytes());
        given.expect("the server takes requests");
    }
    let answer = SelectionNotifyEvent {
        response_type: x11rb::protocol::xproto::SELECTION_NOTIFY_EVENT,
        sequence: 0,
        time: request.time,
        requestor,
        selection: request.selection,
        target: request.target,
        property: if is_known { property } else { x11rb::NONE },
    };
    connection.send_event(false, requestor, EventMask::NO_EVENT, answer).expect("the server takes requests");
    connection.flush().expect("the server takes requests");
}

fn clear(display: &str) {
    let (connection, _) = x11rb::connect(Some(display)).expect("the session has a screen");
    let clipboard = atom(&connection, "CLIPBOARD");
    let asked = connection.set_selection_owner(x11rb::NONE, clipboard, CURRENT_TIME);
    asked.expect("the clipboard can be taken").check().expect("the server takes it");
}

fn paste(display: &str) -> Option<String> {
    let (connection, number) = x11rb::connect(Some(display)).expect("the session has a screen");
    let window = window(&connection, number);
    let [clipboard, text, property] =
        ["CLIPBOARD", "UTF8_STRING", "USHER_TESTS_PASTE"].map(|name| atom(&connection, name));
    connection.convert_selection(window, clipboard, text, property, CURRENT_TIME).expect("text can be asked for");
    connection.flush().expect("the server takes requests");
    loop {
        let Event::SelectionNotify(answer) = connection.wait_for_event().expect("the server answers") else { continue };
        if answer.property == x11rb::NONE {
            return None;
        }
        let asked = connection.get_property(true, window, property, AtomEnum::ANY, 0, LENGTH);
        let given = asked.expect("a property can be asked for").reply().expect("the server answers");
        return Some(String::from_utf8(given.value).expect("it is text"));
    }
}

/// A window that is not seen, to give and to receive with.
fn window(connection: &RustConnection, number: usize) -> u32 {
    let root = connection.setup().roots[number].root;
    let window = connection.generate_id().expect("there is an id left");
    connection
        .create_window(0, window, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &CreateWindowAux::new())
        .expect("a window can be made");
    window
}

fn atom(connection: &RustConnection, name: &str) -> u32 {
    let asked = connection.intern_atom(false, name.as_bytes()).expect("a name can be asked for");
    asked.reply().expect("the server answers").atom
}
