//! Questions for names, asked from inside a container's network.

use std::fs::File;
use std::net::UdpSocket;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};

/// Where containers ask.
const SERVER: &str = "127.0.0.11:53";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A thread inside; it ends when this is dropped.
pub(super) struct Asker {
    questions: Sender<Vec<u8>>,
    answers: Receiver<Result<Duration, String>>,
}

impl Asker {
    /// In the network namespace of a process.
    pub(super) fn inside(pid: i32) -> Result<Self, String> {
        let path = format!("/proc/{pid}/ns/net");
        let namespace = File::open(&path).map_err(|e| format!("{path}: {e}"))?;
        let (questions, asked) = channel::<Vec<u8>>();
        let (answer, answers) = channel();
        // Namespaces of networks are a thread's own, and this one never leaves.
        thread::spawn(move || {
            let socket = socket_in(&namespace);
            while let Ok(question) = asked.recv() {
                let time = match &socket {
                    Ok(socket) => exchange(socket, &question),
                    Err(problem) => Err(problem.clone()),
                };
                if answer.send(time).is_err() {
                    return;
                }
            }
        });
        Ok(Self { questions, answers })
    }

    /// How long the answer with the address of a name takes.
    pub(super) fn ask(&self, name: &str) -> Result<Duration, String> {
        let gone = "the asking thread has ended";
        self.questions.send(question(name)).map_err(|_| gone)?;
        self.answers.recv().map_err(|_| gone)?
    }
}

fn socket_in(namespace: &File) -> Result<UdpSocket, String> {
    setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|e| format!("setns: {e}"))?;
    let open = || -> std::io::Result<UdpSocket> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.connect(SERVER)?;
        Ok(socket)
    };
    open().map_err(|e| format!("{SERVER}: {e}"))
}

fn exchange(socket: &UdpSocket, question: &[u8]) -> Result<Duration, String> {
    let mut answer = [0; 512];
    let begin = Instant::now();
    let length = socket
        .send(question)
        .and_then(|_| socket.recv(&mut answer))
        .map_err(|e| format!("{SERVER}: {e}"))?;
    let time = begin.elapsed();
    match is_found(&answer[..length]) {
        true => Ok(time),
        false => Err("the name has no address".to_owned()),
    }
}

/// A question for the address of a name (RFC 1035, section 4.1).
fn question(name: &str) -> Vec<u8> {
    // Number 7, recursion desired, one question.
    let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        message.extend(label.as_bytes());
    }
    // The name's end; type A, class IN.
    message.extend([0, 0, 1, 0, 1]);
    message
}

/// Whether an answer has no error, and something in it.
fn is_found(answer: &[u8]) -> bool {
    let code = answer.get(3).map(|flags| flags & 0xf);
    let count = answer.get(6..8);
    code == Some(0) && count.is_some_and(|count| count != [0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_answers() {
        let mut message = question("db.net");
        assert_eq!(&message[12..20], b"\x02db\x03net\x00");
        assert!(!is_found(&message), "nothing is answered");
        message[7] = 1;
        assert!(is_found(&message));
        message[3] = 3;
        assert!(!is_found(&message), "no such name");
        assert!(!is_found(&[]));
    }
}
