//! Questions that are passed on to name servers. Whatever those send, an answer
//! is bounded in size and time, and must be one to this very question.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// How long one server may take; resolvers ask again after five seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many servers are asked, as resolvers do.
const SERVERS: usize = 3;
/// The longest datagram.
const DATAGRAM: usize = 65_535;
/// The header before the question.
const HEADER: usize = 12;

/// Asks by datagrams, one server after the other.
pub(super) async fn by_datagram(question: &[u8], servers: &[SocketAddr]) -> Option<Vec<u8>> {
    for server in servers.iter().take(SERVERS) {
        match timeout(PATIENCE, ask(question, *server)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => tracing::debug!(%server, %error, "no answer"),
            Err(_) => tracing::debug!(%server, "no answer in time"),
        }
    }
    None
}

/// Asks by a connection, one server after the other.
pub(super) async fn by_connection(question: &[u8], servers: &[SocketAddr]) -> Option<Vec<u8>> {
    for server in servers.iter().take(SERVERS) {
        match timeout(PATIENCE, converse(question, *server)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => tracing::debug!(%server, %error, "no answer"),
            Err(_) => tracing::debug!(%server, "no answer in time"),
        }
    }
    None
}

async fn ask(question: &[u8], server: SocketAddr) -> io::Result<Vec<u8>> {
    let own: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(own).await?;
    // Nobody else's datagrams come by it.
    socket.connect(server).await?;
    let asked = numbered(question)?;
    socket.send(&asked).await?;
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(answer) = answer_to(&asked, question, &buffer[..length]) {
            return Ok(answer);
        }
    }
}

async fn converse(question: &[u8], server: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let asked = numbered(question)?;
    let length = u16::try_from(asked.len()).map_err(io::Error::other)?;
    stream
        .write_all(&[&length.to_be_bytes()[..], &asked].concat())
        .await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    answer_to(&asked, question, &answer).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The question with a number that nobody can guess.
fn numbered(question: &[u8]) -> io::Result<Vec<u8>> {
    let mut asked = question.to_vec();
    let number = asked.get_mut(..2).ok_or(io::ErrorKind::InvalidData)?;
    SystemRandom::new()
        .fill(number)
        .map_err(|_| io::Error::other("the system's random source failed"))?;
    Ok(asked)
}

/// The answer with the number of the question, if it is one to it: the same
/// number, and the same question in it.
fn answer_to(asked: &[u8], question: &[u8], found: &[u8]) -> Option<Vec<u8>> {
    let is_answer = found.get(..2)? == asked.get(..2)? && found.get(2)? & 0x80 != 0;
    let end = end_of_question(asked)?;
    let echoed = found.get(HEADER..end);
    // One that fails may leave the question out.
    let bare = found.get(4..6)? == [0, 0];
    let same = echoed.is_some_and(|echoed| echoed.eq_ignore_ascii_case(&asked[HEADER..end]));
    if !is_answer || !(same || bare) {
        return None;
    }
    let mut answer = found.to_vec();
    answer[..2].copy_from_slice(question.get(..2)?);
    Some(answer)
}

/// Where the first question of a message ends.
fn end_of_question(message: &[u8]) -> Option<usize> {
    let mut at = HEADER;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        match length {
            0 => break,
            1..64 => at += length,
            // A question's name stands where nothing stands before it.
            _ => return None,
        }
    }
    let end = at + 4;
    (end <= message.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question for `db`, with this number.
    fn question(number: u8) -> Vec<u8> {
        let mut message = vec![0, number, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        message.extend(b"\x02db\x00\x00\x01\x00\x01");
        message
    }

    #[test]
    fn only_an_answer_to_the_question_counts() {
        let (question, asked) = (question(1), question(9));
        let mut good = asked.clone();
        good[2] |= 0x80;
        let answer = answer_to(&asked, &question, &good).expect("an answer");
        assert_eq!(answer[..2], question[..2]);
        let mut other = good.clone();
        other[13] = b'x';
        let mut number = good.clone();
        number[1] = 8;
        for wrong in [
            other,
            number,
            asked.clone(),
            good[..11].to_vec(),
            Vec::new(),
        ] {
            assert_eq!(answer_to(&asked, &question, &wrong), None, "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_liar_is_not_believed() {
        let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a socket");
        let address = server.local_addr().expect("an address");
        let lies = tokio::spawn(async move {
            let mut buffer = [0; 512];
            let (length, peer) = server.recv_from(&mut buffer).await.expect("a question");
            let mut answer = buffer[..length].to_vec();
            answer[2] |= 0x80;
            let mut lie = answer.clone();
            lie[1] ^= 1;
            for message in [&lie[..], b"", &[0xff; 600], &answer] {
                server.send_to(message, peer).await.expect("sent");
            }
        });
        let asked = question(3);
        let answer = by_datagram(&asked, &[address]).await.expect("the truth");
        assert_eq!(answer[..2], asked[..2]);
        lies.await.expect("told");
    }
}
