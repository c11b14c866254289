// SPDX-License-Identifier: GPL-3.0-or-later
//! The clipboard, as another program pastes from it.

use x11rb::CURRENT_TIME;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, WindowClass};
use x11rb::rust_connection::RustConnection;

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

    fn display(&self) -> String {
        self.processes.environment().remove("DISPLAY").expect("the session has a display")
    }
}

fn clear(display: &str) {
    let (connection, _) = x11rb::connect(Some(display)).expect("the session has a screen");
    let clipboard = atom(&connection, "CLIPBOARD");
    let asked = connection.set_selection_owner(x11rb::NONE, clipboard, CURRENT_TIME);
    asked.expect("the clipboard can be taken").check().expect("the server takes it");
}

fn paste(display: &str) -> Option<String> {
    let (connection, number) = x11rb::connect(Some(display)).expect("the session has a screen");
    let root = connection.setup().roots[number].root;
    let window = connection.generate_id().expect("there is an id left");
    connection
        .create_window(0, window, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &CreateWindowAux::new())
        .expect("a window can be made");
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

fn atom(connection: &RustConnection, name: &str) -> u32 {
    let asked = connection.intern_atom(false, name.as_bytes()).expect("a name can be asked for");
    asked.reply().expect("the server answers").atom
}
