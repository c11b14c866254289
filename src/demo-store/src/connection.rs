// SPDX-License-Identifier: GPL-3.0-or-later
//! Connections that can misbehave below HTTP: send arbitrary bytes instead of an answer, or break off.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// How to end a connection instead of answering.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForcedEnd {
    /// Raw bytes to send first.
    pub(crate) bytes: Vec<u8>,
    /// Whether to reset the connection rather than to close it.
    pub(crate) reset: bool,
}

/// Lets a request handler end its own connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionHandle(Arc<Mutex<Option<ForcedEnd>>>);

impl ConnectionHandle {
    /// Ends the connection in this way in place of the next answer.
    pub(crate) fn end(&self, forced_end: ForcedEnd) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(forced_end);
    }

    fn take(&self) -> Option<ForcedEnd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Connected<IncomingStream<'_, ShopListener>> for ConnectionHandle {
    fn connect_info(stream: IncomingStream<'_, ShopListener>) -> Self {
        stream.io().handle.clone()
    }
}

/// Listens for [`Connection`]s.
pub(crate) struct ShopListener(pub(crate) TcpListener);

impl Listener for ShopListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let connection = Connection { stream, handle: ConnectionHandle::default(), forced_end: None };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A TCP connection that its [`ConnectionHandle`] can end.
pub(crate) struct Connection {
    stream: TcpStream,
    handle: ConnectionHandle,
    forced_end: Option<(ForcedEnd, usize)>,
}

impl Connection {
    /// Sends the remaining bytes, then fails, so that the server drops the connection.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let Some((forced_end, sent)) = &mut self.forced_end else {
            return Poll::Pending;
        };
        while *sent < forced_end.bytes.len() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &forced_end.bytes[*sent..])) {
                Ok(count) => *sent += count,
                Err(error) => return Poll::Ready(error),
            }
        }
        if forced_end.reset
            && let Err(error) = self.stream.set_zero_linger()
        {
            return Poll::Ready(error);
        }
        Poll::Ready(io::ErrorKind::BrokenPipe.into())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(forced_end) = self.handle.take() {
            self.forced_end = Some((forced_end, 0));
        }
        if self.forced_end.is_some() {
            return self.poll_end(context).map(Err);
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
