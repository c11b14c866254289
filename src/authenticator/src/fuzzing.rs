// SPDX-License-Identifier: GPL-3.0-or-later
//! What damaged bytes are thrown at: messages of the bus, and the arguments of calls. `fuzz/` compiles this file with those
//! that it names, and calls it with what libFuzzer makes up; the tests call it with the seeds of `fuzz/seeds`.

use std::os::fd::OwnedFd;

use async_trait::async_trait;
use futures_util::FutureExt;
use usher_core::fuzzing::Target;
use zbus::{
    connection::socket::ReadHalf,
    zvariant::{
        BE, LE, ObjectPath,
        serialized::{Context, Data},
    },
};

use crate::{
    bounded::Settings,
    bus_socket::LimitedReader,
    limits,
    request::{CallArguments, RefArguments, Request},
};

/// All of them.
pub(crate) const TARGETS: &[Target] = &[Target::new("bus_arguments", arguments), Target::new("bus_message", message)];

/// The arguments of `RequestRefTokens`.
type Arguments<'a> = (&'a str, Settings<'a>, &'a str, &'a str, RefArguments<'a>, Settings<'a>, &'a str);

/// The arguments of a call for tokens, after a byte for their order of bytes (`l`, else the other): a request keeps to the
/// limits, and asks for each ref once.
fn arguments(bytes: &[u8]) {
    let Some((order, bytes)) = bytes.split_first() else { return };
    let endian = if *order == b'l' { LE } else { BE };
    let data = Data::new(bytes, Context::new_dbus(endian, 0));
    let Ok((arguments, _)) = data.deserialize::<Arguments<'_>>() else { return };
    let (token, authenticator_options, remote, remote_uri, refs, options, parent_window) = &arguments;
    if let Ok(path) = limits::handle_path(":1.42", token) {
        assert!(ObjectPath::try_from(path.as_str()).is_ok() && path.split('/').count() == 8, "{path}");
    }
    for refs in [Some(refs), None] {
        let arguments = CallArguments { authenticator_options, remote, remote_uri, refs, options, parent_window };
        if let Ok(request) = Request::read(&arguments) {
            assert_keeps_limits(&request, bytes.len());
        }
    }
}

fn assert_keeps_limits(request: &Request, size: usize) {
    let texts = [&request.remote, &request.remote_uri, &request.parent_window];
    assert!(texts.into_iter().chain(request.registry.as_ref()).all(|text| text.len() <= 4096));
    assert!(request.options.len() <= 256 && request.asks.len() <= 4096);
    let mut refs: Vec<String> = request.refs().iter().map(ToString::to_string).collect();
    assert!(refs.iter().map(String::len).sum::<usize>() <= size, "nothing grows");
    refs.sort();
    refs.dedup();
    assert!(request.is_listing || refs.len() == request.asks.len());
    let _ = (request.ground(), request.app_ids());
}

/// What a bus sends, piece by piece: messages within the limits, or the end.
fn message(bytes: &[u8]) {
    for piece in [usize::MAX, 7] {
        let mut reader = LimitedReader(Sent { bytes: bytes.to_vec(), at: 0, piece });
        let (mut received, mut fds) = (Vec::new(), Vec::new());
        loop {
            let next = reader.receive_message(1, &mut received, &mut fds);
            let Ok(message) = next.now_or_never().expect("everything is there") else { break };
            assert!(message.data().len() <= bytes.len() && message.body().len() <= 8 << 20);
            // The library reads the fields of a header when they are asked for, and panics at one that no bus lets pass.
            let _ = message.body().deserialize::<Arguments<'_>>().is_ok();
        }
    }
}

/// Gives these bytes, a few at a time.
#[derive(Debug)]
struct Sent {
    bytes: Vec<u8>,
    at: usize,
    piece: usize,
}

#[async_trait]
impl ReadHalf for Sent {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> std::io::Result<(usize, Vec<OwnedFd>)> {
        let count = buffer.len().min(self.piece).min(self.bytes.len() - self.at);
        buffer[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok((count, Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_reads_its_seeds() {
        usher_core::fuzzing::read_seeds(TARGETS);
    }
}
