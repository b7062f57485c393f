//! What connections are made of: sockets, and how they tell that the client
//! is gone.

use std::future::Future;
use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// A stream that HTTP can be spoken on.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Waits for input without taking it: whether there is any, `false` at its
    /// end.
    fn poll_peek(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>>;

    /// After the client's last byte: whether it closed the connection, or only
    /// its own direction and still waits for an answer. `None` where that
    /// cannot be told.
    fn hung_up(&self) -> Option<bool> {
        None
    }
}

impl Transport for UnixStream {
    fn poll_peek(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            ready!(self.poll_read_ready(cx))?;
            let peeked = self.try_io(Interest::READABLE, || {
                let (length, _) = recv(&*self, &mut [0], RecvFlags::PEEK)?;
                Ok(length > 0)
            });
            if !matches!(&peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
                return Poll::Ready(peeked);
            }
        }
    }

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

impl Transport for TcpStream {
    fn poll_peek(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut byte = [0];
        let peeked = TcpStream::poll_peek(self, cx, &mut ReadBuf::new(&mut byte));
        peeked.map_ok(|length| length > 0)
    }
}

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
