// SPDX-License-Identifier: GPL-3.0-or-later
//! A peer on the bus that writes its messages byte by byte, so that it can send what no library would.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use zbus::zvariant::serialized::{Context, Data};
use zbus::zvariant::{LE, Value};

use crate::bus::Bus;

/// The codes of the fields in a message's header.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// The method that a message calls.
#[derive(Debug, Clone, Copy)]
pub struct Method<'a> {
    /// Name of the peer.
    pub destination: &'a str,
    /// Path of the object.
    pub path: &'a str,
    /// Name of the interface.
    pub interface: &'a str,
    /// Name of the method.
    pub member: &'a str,
}

/// Values in the form that they have on the bus.
#[derive(Debug, Clone, Default)]
pub struct Body(Vec<u8>);

impl Body {
    /// The bytes so far.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a string.
    #[must_use]
    pub fn string(mut self, text: &str) -> Self {
        self.push_string(text);
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, number: u32) -> Self {
        self.align(4);
        self.0.extend(number.to_le_bytes());
        self
    }

    /// Adds the type of a value, which comes next.
    #[must_use]
    pub fn value_of(mut self, signature: &str) -> Self {
        self.push_signature(signature);
        self
    }

    /// Adds an array whose entries begin at multiples of `alignment`.
    #[must_use]
    pub fn array(mut self, alignment: usize, entries: impl FnOnce(Self) -> Self) -> Self {
        self.align(4);
        let at = self.0.len();
        self.0.extend([0; 4]);
        self.align(alignment);
        let start = self.0.len();
        let mut whole = entries(self);
        let length = u32::try_from(whole.0.len() - start).expect("an array is no larger than 4 GiB");
        whole.0[at..at + 4].copy_from_slice(&length.to_le_bytes());
        whole
    }

    /// Goes on at a multiple of eight: there begins a structure, or an entry of a dictionary.
    #[must_use]
    pub fn entry(mut self) -> Self {
        self.align(8);
        self
    }

    /// A dictionary (`a{sv}`) of about that many bytes in small entries.
    #[must_use]
    pub fn settings(self, size: usize) -> Self {
        self.array(8, |mut body| {
            for number in 0..size / 32 {
                body = body.entry().string(&format!("key{number:08}")).value_of("s").string("a value");
            }
            body
        })
    }

    /// Adds bytes (`ay`).
    #[must_use]
    pub fn bytes(self, count: usize) -> Self {
        self.array(1, |mut body| {
            body.0.resize(body.0.len() + count, 0);
            body
        })
    }

    fn push_string(&mut self, text: &str) {
        self.align(4);
        self.0.extend(u32::try_from(text.len()).expect("a text is no larger than 4 GiB").to_le_bytes());
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    fn push_signature(&mut self, signature: &str) {
        self.0.push(u8::try_from(signature.len()).expect("a signature is short"));
        self.0.extend(signature.as_bytes());
        self.0.push(0);
    }

    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }
}

/// The peer.
#[derive(Debug)]
pub struct RawPeer {
    socket: BufReader<UnixStream>,
    serial: u32,
}

impl RawPeer {
    /// Connects to a bus.
    pub fn on(bus: &Bus) -> Self {
        let path = bus.address.strip_prefix("unix:path=").expect("the bus of a session has a path");
        let mut socket = BufReader::new(UnixStream::connect(path).expect("the bus takes another connection"));
        let user = rustix::process::getuid().as_raw().to_string();
        // A digit in hexadecimal is a 3 and itself.
        let user: String = user.chars().flat_map(|digit| ['3', digit]).collect();
        write!(socket.get_mut(), "\0AUTH EXTERNAL {user}\r\n").expect("the bus reads");
        let mut line = String::new();
        socket.read_line(&mut line).expect("the bus writes");
        assert!(line.starts_with("OK "), "{line}");
        socket.get_mut().write_all(b"BEGIN\r\n").expect("the bus reads");
        let mut peer = Self { socket, serial: 0 };
        let bus = "org.freedesktop.DBus";
        let hello = Method { destination: bus, path: "/org/freedesktop/DBus", interface: bus, member: "Hello" };
        assert_eq!(peer.call(&hello, "", &Body::default()), None);
        peer
    }

    /// Calls a method, and waits for the reply. The name of the error, if it is one.
    pub fn call(&mut self, method: &Method<'_>, signature: &str, body: &Body) -> Option<String> {
        self.serial += 1;
        let mut fields = Body::default();
        for (code, kind, text) in [
            (PATH, "o", method.path),
            (INTERFACE, "s", method.interface),
            (MEMBER, "s", method.member),
            (DESTINATION, "s", method.destination),
            (SIGNATURE, "g", signature),
        ] {
            fields.align(8);
            fields.0.push(code);
            fields.push_signature(kind);
            if kind == "g" { fields.push_signature(text) } else { fields.push_string(text) }
        }
        let mut message = Body(vec![b'l', 1, 0, 1]);
        for number in [body.0.len(), self.serial as usize, fields.0.len()] {
            message = message.number(u32::try_from(number).expect("a message is small enough"));
        }
        message.0.extend(&fields.0);
        message.align(8);
        let socket = self.socket.get_mut();
        socket.write_all(&message.0).and_then(|()| socket.write_all(&body.0)).expect("the bus reads");
        loop {
            let fields = self.receive();
            let of_code = |code| fields.iter().find(|(known, _)| *known == code).map(|(_, value)| value);
            if of_code(REPLY_SERIAL) == Some(&Value::U32(self.serial)) {
                return of_code(ERROR_NAME).map(|name| name.to_string().trim_matches('"').to_owned());
            }
        }
    }

    /// Receives a message, and gives the fields of its header.
    fn receive(&mut self) -> Vec<(u8, Value<'static>)> {
        let mut bytes = self.read(16);
        let number = |bytes: &[u8], at: usize| {
            let number = bytes[at..at + 4].try_into().expect("four bytes");
            usize::try_from(u32::from_le_bytes(number)).expect("a number of bytes")
        };
        assert_eq!(bytes[0], b'l', "the bus writes as this computer does");
        let (body, fields) = (number(&bytes, 4), number(&bytes, 12));
        bytes.extend(self.read(fields.next_multiple_of(8)));
        self.read(body);
        let fields = Data::new(&bytes[12..16 + fields], Context::new_dbus(LE, 12));
        let (fields, _): (Vec<(u8, Value<'_>)>, _) = fields.deserialize().expect("the bus writes whole messages");
        let owned = |(code, value): (u8, Value<'_>)| (code, value.try_into_owned().expect("no descriptor").into());
        fields.into_iter().map(owned).collect()
    }

    fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.socket.read_exact(&mut bytes).expect("the bus writes");
        bytes
    }
}
