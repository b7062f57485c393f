//! A web server of the judge's own, for what no well-behaved registry says:
//! each request is answered by the case that set it up.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What the engine asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Asked {
    /// The first header of this name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// What it gets.
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Told {
    /// An answer with a body of some type.
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", content_type.to_owned())],
            body: body.into(),
        }
    }

    /// 404 without words.
    pub(crate) fn missing() -> Self {
        Self::new(404, "text/plain", "")
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Answer = dyn Fn(&Asked) -> Told + Send + Sync;

/// The running server; it ends with the value.
pub(crate) struct Stub {
    /// `host:port`.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    is_over: Arc<AtomicBool>,
}

impl Stub {
    /// Listens on a free port of this machine.
    pub(crate) fn start(
        answer: impl Fn(&Asked) -> Told + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stub = Self {
            address: listener.local_addr()?.to_string(),
            asked: Arc::default(),
            is_over: Arc::default(),
        };
        let (asked, is_over) = (Arc::clone(&stub.asked), Arc::clone(&stub.is_over));
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for peer in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(peer) = peer else { continue };
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                // A client that breaks off has seen enough.
                thread::spawn(move || serve(peer, &asked, &*answer).ok());
            }
        });
        Ok(stub)
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // One last connection wakes the listener, which then sees that.
        let _ = TcpStream::connect(&self.address);
    }
}

/// One request per connection.
fn serve(peer: TcpStream, asked: &Mutex<Vec<Asked>>, answer: &Answer) -> io::Result<()> {
    let mut peer = BufReader::new(peer);
    let mut line = String::new();
    peer.read_line(&mut line)?;
    let mut words = line.split(' ');
    let mut request = Asked {
        method: words.next().unwrap_or_default().to_owned(),
        path: words.next().unwrap_or_default().to_owned(),
        headers: Vec::new(),
    };
    loop {
        line.clear();
        if peer.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some((name, value)) = line.trim_end().split_once(':') {
            let header = (name.to_owned(), value.trim().to_owned());
            request.headers.push(header);
        }
    }
    let length = request
        .header("Content-Length")
        .and_then(|v| v.parse().ok());
    io::copy(&mut (&mut peer).take(length.unwrap_or(0)), &mut io::sink())?;
    asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request.clone());
    let told = answer(&request);
    let mut head = format!(
        "HTTP/1.1 {} Told\r\nConnection: close\r\nContent-Length: {}\r\n",
        told.status,
        told.body.len()
    );
    for (name, value) in &told.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    peer.get_mut().write_all(head.as_bytes())?;
    if request.method != "HEAD" {
        peer.get_mut().write_all(&told.body)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use crate::http::{self, Request};

    #[test]
    fn it_answers_and_remembers() {
        let stub = Stub::start(|asked| Told::new(200, "text/plain", asked.path.clone())).unwrap();
        let endpoint = Endpoint::Tcp(stub.address.clone());
        let mut reply = http::send(&endpoint, &Request::new("GET", "/a?b")).unwrap();
        assert_eq!(reply.read_all().unwrap(), b"/a?b");
        assert_eq!(stub.asked()[0].method, "GET");
    }
}
