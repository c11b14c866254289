// SPDX-License-Identifier: GPL-3.0-or-later
//! The socket of a bus connection: reads messages within limits (rule R9). The body of a message that is larger than any
//! sensible one is dropped while it is read, so that it costs no memory, and nobody looks at it. Whoever called with it
//! gets an error, since the arguments are missing.

use std::os::fd::OwnedFd;

use async_trait::async_trait;
use tokio::net::UnixStream;
use zbus::{
    Address, Connection, Message,
    address::transport::{Transport, UnixSocket},
    connection::{
        self, AuthMechanism,
        socket::{ReadHalf, Split, WriteHalf},
    },
    fdo::ConnectionCredentials,
    zvariant::{
        BE, Endian, LE, Value,
        serialized::{Context, Data},
    },
};

/// Size of the fixed part of a message's header, in bytes.
const FIXED: usize = 16;
/// Where the fields of the header begin, with their length.
const FIELDS: usize = 12;
/// The code of the field that holds the name of the method.
const MEMBER: u8 = 3;
/// The code of a call among the types of messages.
const CALL: u8 = 1;
/// The code of a signal among the types of messages.
const SIGNAL: u8 = 4;
/// Largest header, in bytes.
const HEADER_LIMIT: usize = 64 << 10;
/// Largest body of a call or a signal, in bytes.
const BODY_LIMIT: usize = 512 << 10;
/// Largest body of an answer to ourselves, and of [`LARGE_CALLS`], in bytes.
const LARGE_BODY_LIMIT: usize = 8 << 20;
/// The calls that may be large: they have many refs, each with what the repository says about it, or with a token.
const LARGE_CALLS: [&str; 2] = ["RequestRefTokens", "VerifyTokens"];
/// How much to drop at once, in bytes.
const PIECE: usize = 64 << 10;

/// Connects to the session bus.
pub(crate) async fn session() -> zbus::Result<Connection> {
    connect(Address::session()?).await
}

/// Connects to the bus at this address.
pub(crate) async fn connect(address: Address) -> zbus::Result<Connection> {
    let Transport::Unix(unix) = address.transport() else {
        tracing::warn!("this kind of address of the bus is served without limits on messages");
        return connection::Builder::address(address)?.build().await;
    };
    let stream = match unix.path() {
        UnixSocket::File(path) => UnixStream::connect(path).await?,
        // Tokio takes a name that begins with a zero byte as an abstract one.
        UnixSocket::Abstract(name) => {
            let mut path = std::ffi::OsString::from("\0");
            path.push(name);
            UnixStream::connect(path).await?
        }
        _ => return connection::Builder::address(address)?.build().await,
    };
    let (read, write) = stream.into_split();
    let read: Box<dyn ReadHalf> = Box::new(LimitedReader(read));
    let write: Box<dyn WriteHalf> = Box::new(write);
    connection::Builder::socket(Split::new(read, write)).build().await
}

/// Reads messages within the limits.
#[derive(Debug)]
pub(crate) struct LimitedReader<R>(pub(crate) R);

/// The sizes of a message, from the fixed part of its header.
#[derive(Debug, PartialEq, Eq)]
struct Sizes {
    endian: Endian,
    kind: u8,
    fields: usize,
    /// The whole header, with the padding before the body.
    header: usize,
    body: usize,
}

impl Sizes {
    /// Reads them. `None` if the bytes are no message.
    fn of(fixed: &[u8]) -> Option<Self> {
        let endian = match fixed.first()? {
            b'l' => LE,
            b'B' => BE,
            _ => return None,
        };
        let number = |at: usize| {
            let bytes = fixed.get(at..at + 4)?.try_into().ok()?;
            let number = if endian == LE { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
            usize::try_from(number).ok()
        };
        let (body, fields) = (number(4)?, number(FIELDS)?);
        Some(Self { endian, kind: fixed[1], fields, header: (FIXED + fields).next_multiple_of(8), body })
    }

    /// Whether the body is larger than it may be, given the whole header.
    fn is_too_large(&self, header: &[u8]) -> bool {
        // Most messages are small, and nobody need know what they are.
        self.body > BODY_LIMIT && self.body > self.body_limit(header)
    }

    /// The most that the body may have, given the whole header.
    fn body_limit(&self, header: &[u8]) -> usize {
        match self.kind {
            CALL if self.method(header).is_some_and(|name| LARGE_CALLS.contains(&name.as_str())) => LARGE_BODY_LIMIT,
            CALL | SIGNAL => BODY_LIMIT,
            _ => LARGE_BODY_LIMIT,
        }
    }

    fn method(&self, header: &[u8]) -> Option<String> {
        let fields = header.get(FIELDS..FIXED + self.fields)?;
        let fields = Data::new(fields, Context::new_dbus(self.endian, FIELDS));
        let (fields, _) = fields.deserialize::<Vec<(u8, Value<'_>)>>().ok()?;
        fields.into_iter().find_map(|(code, value)| match value {
            Value::Str(name) if code == MEMBER => Some(name.to_string()),
            _ => None,
        })
    }
}

impl<R: ReadHalf> LimitedReader<R> {
    /// Reads on until `bytes` has this many.
    async fn fill(&mut self, bytes: &mut Vec<u8>, fds: &mut Vec<OwnedFd>, wanted: usize) -> zbus::Result<()> {
        let mut have = bytes.len();
        if have < wanted {
            bytes.resize(wanted, 0);
        }
        while have < wanted {
            have += self.read(&mut bytes[have..], fds).await?;
        }
        Ok(())
    }

    /// Drops this many of the next bytes.
    async fn skip(&mut self, bytes: &mut Vec<u8>, mut count: usize) -> zbus::Result<()> {
        let known = count.min(bytes.len());
        bytes.drain(..known);
        count -= known;
        let mut piece = vec![0; count.min(PIECE)];
        while count > 0 {
            let next = piece.len().min(count);
            count -= self.read(&mut piece[..next], &mut Vec::new()).await?;
        }
        Ok(())
    }

    async fn read(&mut self, into: &mut [u8], fds: &mut Vec<OwnedFd>) -> zbus::Result<usize> {
        let (count, more) = self.0.recvmsg(into).await?;
        fds.extend(more);
        if count == 0 { Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()) } else { Ok(count) }
    }
}

#[async_trait]
impl<R: ReadHalf> ReadHalf for LimitedReader<R> {
    async fn receive_message(
        &mut self,
        seq: u64,
        bytes: &mut Vec<u8>,
        fds: &mut Vec<OwnedFd>,
    ) -> zbus::Result<Message> {
        loop {
            self.fill(bytes, fds, FIXED).await?;
            // The library says what is wrong with other bytes.
            let Some(sizes) = Sizes::of(bytes) else { break };
            if sizes.header > HEADER_LIMIT {
                tracing::debug!(size = sizes.header, "dropping a message with a huge header");
                self.skip(bytes, sizes.header.saturating_add(sizes.body)).await?;
                fds.clear();
                continue;
            }
            self.fill(bytes, fds, sizes.header).await?;
            if sizes.is_too_large(bytes) {
                tracing::debug!(size = sizes.body, "dropping the body of a huge message");
                let mut header: Vec<u8> = bytes.drain(..sizes.header).collect();
                self.skip(bytes, sizes.body).await?;
                header[4..8].fill(0);
                return self.0.receive_message(seq, &mut header, fds).await;
            }
            break;
        }
        self.0.receive_message(seq, bytes, fds).await
    }

    async fn recvmsg(&mut self, buffer: &mut [u8]) -> std::io::Result<(usize, Vec<OwnedFd>)> {
        self.0.recvmsg(buffer).await
    }

    fn can_pass_unix_fd(&self) -> bool {
        self.0.can_pass_unix_fd()
    }

    async fn peer_credentials(&mut self) -> std::io::Result<ConnectionCredentials> {
        self.0.peer_credentials().await
    }

    fn auth_mechanism(&self) -> AuthMechanism {
        self.0.auth_mechanism()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1 << 10;

    /// A socket that gives these bytes, a few at a time.
    #[derive(Debug)]
    struct Given {
        bytes: Vec<u8>,
        at: usize,
        piece: usize,
    }

    #[async_trait]
    impl ReadHalf for Given {
        async fn recvmsg(&mut self, buffer: &mut [u8]) -> std::io::Result<(usize, Vec<OwnedFd>)> {
            let count = buffer.len().min(self.piece).min(self.bytes.len() - self.at);
            buffer[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
            self.at += count;
            Ok((count, Vec::new()))
        }
    }

    fn call(path: &str, method: &str, size: usize) -> Message {
        Message::method_call(path, method).unwrap().build(&"a".repeat(size)).unwrap()
    }

    fn reply(size: usize) -> Message {
        Message::method_return(&call("/", "A", 0).header()).unwrap().build(&"a".repeat(size)).unwrap()
    }

    /// The sizes of the bodies that are read, in order.
    async fn bodies(messages: &[Message], piece: usize, received_before: usize) -> Vec<usize> {
        let mut bytes: Vec<u8> = messages.iter().flat_map(|message| message.data().to_vec()).collect();
        let rest = bytes.split_off(received_before);
        let mut reader = LimitedReader(Given { bytes: rest, at: 0, piece });
        let (mut bodies, mut fds) = (Vec::new(), Vec::new());
        while let Ok(message) = reader.receive_message(1, &mut bytes, &mut fds).await {
            bodies.push(message.body().len());
        }
        bodies
    }

    #[tokio::test]
    async fn d23_a_body_that_is_too_large_is_dropped_and_all_others_are_whole() {
        let small = call("/", "Ping", 10);
        let size = |message: &Message| message.body().len();
        let table = [
            (call("/", "Ping", 500 * KIB), true),
            (call("/", "Ping", 600 * KIB), false),
            (Message::signal("/", "a.B", "C").unwrap().build(&"a".repeat(600 * KIB)).unwrap(), false),
            (call("/", LARGE_CALLS[0], 600 * KIB), true),
            (call("/", LARGE_CALLS[0], 9000 * KIB), false),
            (call("/", LARGE_CALLS[1], 600 * KIB), true),
            (call("/", LARGE_CALLS[1], 9000 * KIB), false),
            (reply(600 * KIB), true),
            (reply(9000 * KIB), false),
        ];
        for (message, is_kept) in table {
            let kept = if is_kept { size(&message) } else { 0 };
            let messages = [small.clone(), message, small.clone()];
            for (piece, received_before) in [(usize::MAX, 0), (1021, 0), (65536, 5), (4096, 16), (4096, 20_000)] {
                let read = bodies(&messages, piece, received_before).await;
                assert_eq!(read, [size(&small), kept, size(&small)], "{piece} {received_before}");
            }
        }
    }

    #[tokio::test]
    async fn d23_a_message_with_a_huge_header_is_dropped() {
        let (small, huge) = (call("/", "Ping", 10), call(&format!("/{}", "a".repeat(70 * KIB)), "Ping", 10));
        let read = bodies(&[small.clone(), huge, small.clone()], 4096, 0).await;
        assert_eq!(read, [small.body().len(); 2]);
    }

    #[test]
    fn sizes_are_read_in_either_order_of_bytes() {
        let little = [b'l', 1, 0, 1, 5, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0];
        let big = [b'B', 1, 0, 1, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 9];
        for (bytes, endian) in [(little, LE), (big, BE)] {
            let sizes = Sizes { endian, kind: CALL, fields: 9, header: 32, body: 5 };
            assert_eq!(Sizes::of(&bytes), Some(sizes));
        }
        assert_eq!(Sizes::of(&[0; 16]), None);
        assert_eq!(Sizes::of(b"l"), None);
    }
}
