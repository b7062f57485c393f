//! Attach by websocket: binary messages both ways, never framed.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf,
};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::body::{Hijack, Upgraded};
use crate::frames::Decoder;

/// How much output may wait for a slow client before the operation does.
const BUFFER: usize = 64 * 1024;

/// How long a client may take to hear the goodbye.
const MOMENT: Duration = Duration::from_secs(1);

/// The answer to the client's key.
pub(super) fn accept(key: &str) -> String {
    derive_accept_key(key.as_bytes())
}

/// Runs an operation behind the handshake, until it ends or the client does.
pub(super) async fn run(hijack: Hijack, stream: impl AsyncRead + AsyncWrite + Send + Unpin) {
    let framed = hijack.is_multiplexed();
    let (near, far) = tokio::io::duplex(BUFFER);
    let (mut sink, source) = WebSocketStream::from_raw_socket(stream, Role::Server, None)
        .await
        .split();
    let (output, input) = tokio::io::split(near);
    let operation = hijack.run(Upgraded::new(far));
    let talk = async {
        tokio::select! {
            // The client left; what it has not read it will not miss.
            () = receive(source, input) => {}
            ((), ()) = async { tokio::join!(operation, send(output, &mut sink, framed)) } => {}
        }
    };
    talk.await;
    let goodbye = async {
        let normal = CloseFrame {
            code: CloseCode::Normal,
            reason: Utf8Bytes::default(),
        };
        // A client that said it first is only answered.
        let _ = sink.send(Message::Close(Some(normal))).await;
        let _ = sink.close().await;
    };
    // If the client is gone nobody needs it.
    let _ = tokio::time::timeout(MOMENT, goodbye).await;
}

/// Messages to stdin. A close message ends stdin and the connection.
async fn receive<S>(mut source: SplitStream<WebSocketStream<S>>, mut input: WriteHalf<DuplexStream>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = source.next().await {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(text) => text.into(),
            Message::Close(_) => break,
            _ => continue,
        };
        if input.write_all(&bytes).await.is_err() {
            // The operation reads no more; its output may still come.
            std::future::pending::<()>().await;
        }
    }
    // The operation may have shut its side already.
    let _ = input.shutdown().await;
}

/// Output to messages, without frames.
async fn send<S>(
    mut output: ReadHalf<DuplexStream>,
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    framed: bool,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut decoder = Decoder::default();
    let mut buffer = vec![0; 16 * 1024];
    'output: while let Ok(length @ 1..) = output.read(&mut buffer).await {
        let mut bytes = &buffer[..length];
        if !framed {
            if sink.send(message(bytes)).await.is_err() {
                break;
            }
            continue;
        }
        while let Ok(Some((_, piece))) = decoder.next(&mut bytes) {
            if sink.send(message(piece)).await.is_err() {
                break 'output;
            }
        }
    }
}

fn message(bytes: &[u8]) -> Message {
    Message::Binary(bytes.to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::{Stream, frame};

    #[tokio::test]
    async fn frames_come_off_and_messages_become_stdin() {
        let (client, server) = tokio::io::duplex(1024);
        let echo = Hijack::multiplexed(|mut io: Upgraded| async move {
            let mut line = [0; 3];
            io.read_exact(&mut line).await.unwrap();
            io.write_all(&frame(Stream::Stdout, &line)).await.unwrap();
            io.write_all(&frame(Stream::Stderr, b"!")).await.unwrap();
        });
        let served = tokio::spawn(run(echo, server));
        let mut socket = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
        socket.send(Message::Text("abc".into())).await.unwrap();
        let mut got = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Binary(bytes) => got.extend_from_slice(&bytes),
                Message::Close(frame) => {
                    assert_eq!(frame.map(|frame| frame.code), Some(CloseCode::Normal));
                    break;
                }
                other => panic!("unexpected {other:?}"),
            }
        }
        assert_eq!(got, b"abc!");
        drop(socket);
        served.await.unwrap();
    }
}
