//! What connections are made of: sockets, and how they tell that the client
//! is gone.

use std::future::Future;
use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// A stream that HTTP can be spoken on.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// After the client's last byte: whether it closed the connection, or only
    /// its own direction and still waits for an answer. `None` where that
    /// cannot be told.
    fn hung_up(&self) -> Option<bool> {
        None
    }
}

impl Transport for UnixStream {
    fn hung_up(&self) -> Option<bool> {
        let mut fds = [PollFd::from_borrowed_fd(self.as_fd(), PollFlags::empty())];
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        poll(&mut fds, Some(&at_once)).ok()?;
        Some(fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR))
    }
}

impl Transport for TcpStream {}

impl Transport for DuplexStream {}

/// A source of connections.
pub trait Listener: Send + 'static {
    /// What a connection is.
    type Transport: Transport;

    /// Waits for the next connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Transport>> + Send;
}

impl Listener for UnixListener {
    type Transport = UnixStream;

    async fn accept(&mut self) -> io::Result<UnixStream> {
        UnixListener::accept(self).await.map(|(stream, _)| stream)
    }
}

impl Listener for TcpListener {
    type Transport = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        // Lines and log frames are small and should leave at once.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
