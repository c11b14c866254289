// SPDX-License-Identifier: GPL-3.0-or-later
//! Connections on which the shop can misbehave below HTTP: answer with bytes of its own, or break off.

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

/// What is sent instead of the next answer; the connection ends after it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending {
    /// Bytes to send as they are.
    pub(crate) bytes: Vec<u8>,
    /// Whether the connection is reset rather than closed.
    pub(crate) reset: bool,
}

/// Lets a request handler reach under its own connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionHandle(Arc<Mutex<Option<Ending>>>);

impl ConnectionHandle {
    /// Ends the connection in this way as soon as the answer would be written.
    pub(crate) fn end(&self, ending: Ending) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
    }

    fn take(&self) -> Option<Ending> {
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
        let connection = Connection { stream, handle: ConnectionHandle::default(), ending: None };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A TCP connection that does as its [`ConnectionHandle`] says.
pub(crate) struct Connection {
    stream: TcpStream,
    handle: ConnectionHandle,
    ending: Option<(Ending, usize)>,
}

impl Connection {
    /// Sends what is left of the ending, then fails, by which the server gives the connection up.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let Some((ending, sent)) = &mut self.ending else {
            return Poll::Pending;
        };
        while *sent < ending.bytes.len() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &ending.bytes[*sent..])) {
                Ok(count) => *sent += count,
                Err(error) => return Poll::Ready(error),
            }
        }
        if ending.reset
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
        if let Some(ending) = self.handle.take() {
            self.ending = Some((ending, 0));
        }
        if self.ending.is_some() {
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
