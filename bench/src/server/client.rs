//! A signed client of a server: plain HTTP/1.1 over one socket that stays open. Written out, because on two cores
//! a client that costs as much as the server measures itself.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tc3::v3::{Authorization, Case, SigningKey, authorize};

use super::{Api, Key, unwrap};
use crate::Result;

/// Longer than this without a request, and the server may be about to close: a new connection is made.
const FRESH: Duration = Duration::from_secs(5);
/// Largest answer taken.
const LARGEST: usize = 64 << 20;
/// What is signed; what every SDK signs.
const SIGNED: [&str; 2] = ["content-type", "host"];

/// Signs and sends.
pub struct Client {
    host: String,
    key: Key,
    connection: RefCell<Option<Connection>>,
    /// The signing key of a day and a service: deriving it costs as much as signing.
    derived: RefCell<Option<(String, &'static str, SigningKey)>>,
}

impl Client {
    pub(super) fn new(host: String, key: Key) -> Self {
        Client { host, key, connection: RefCell::default(), derived: RefCell::default() }
    }

    /// A whole request as it goes over the network, signed for now. The path is not part of the signature.
    pub fn prepare(&self, path: &str, api: Api, action: &str, body: &[u8]) -> Result<Vec<u8>> {
        let timestamp = jiff::Timestamp::now().as_second();
        let date = tc3::utc_date(timestamp).ok_or("no date")?;
        let mut auth = Authorization {
            secret_id: self.key.secret_id.clone(),
            date,
            service: api.0.to_owned(),
            signed_headers: SIGNED.map(str::to_owned).into(),
            signature: String::new(),
        };
        let headers: [(&str, &[u8]); 2] =
            [("Content-Type", b"application/json"), ("Host", self.host.as_bytes())];
        let body_of = tc3::Body::Bytes(body);
        let request = tc3::Request { method: "POST", query: "", headers: &headers, body: body_of };
        let signing = self.signing(&auth.date, api.0);
        auth.signature = authorize(&request, &auth, timestamp, &signing, Case::AsSent)?;
        let mut bytes = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nX-TC-Action: {action}\r\n\
             X-TC-Version: {}\r\nX-TC-Timestamp: {timestamp}\r\nAuthorization: {auth}\r\nContent-Length: {}\r\n\r\n",
            self.host,
            api.1,
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        Ok(bytes)
    }

    fn signing(&self, date: &str, service: &'static str) -> SigningKey {
        let mut derived = self.derived.borrow_mut();
        match &*derived {
            Some((day, name, key)) if day == date && *name == service => key.clone(),
            _ => {
                let key = SigningKey::derive(&self.key.secret_key, date, service);
                *derived = Some((date.to_owned(), service, key.clone()));
                key
            }
        }
    }

    /// Sends a prepared request; what it looks at in the body of the answer comes back.
    pub fn exchange<T>(&self, request: &[u8], look: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let mut slot = self.connection.borrow_mut();
        let connection = match slot.take().filter(|kept| kept.used.elapsed() < FRESH) {
            Some(kept) => slot.insert(kept),
            None => slot.insert(Connection::open(&self.host)?),
        };
        connection.exchange(request).and_then(look)
    }

    /// The bytes of the answer.
    pub fn send(&self, api: Api, action: &str, body: &[u8]) -> Result<Vec<u8>> {
        self.exchange(&self.prepare("/", api, action, body)?, |answer| Ok(answer.to_vec()))
    }

    /// The members of the answer; an error of the server is one here.
    pub fn call(&self, api: Api, action: &str, request: &serde_json::Value) -> Result<serde_json::Value> {
        let bytes = self.send(api, action, &serde_json::to_vec(request)?)?;
        unwrap(&bytes).map_err(|error| format!("{action}: {error}").into())
    }
}

/// One socket and what was read from it.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    used: Instant,
}

impl Connection {
    fn open(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: vec![0; 64 << 10], used: Instant::now() })
    }

    /// Writes a request and reads its answer, whose body it returns.
    fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let (body, end) = loop {
            filled += self.read(filled)?;
            if let Some(found) = head(&self.buffer[..filled])? {
                break found;
            }
        };
        if end > LARGEST {
            return Err("an answer that is too large".into());
        }
        if end > self.buffer.len() {
            self.buffer.resize(end, 0);
        }
        while filled < end {
            filled += self.read(filled)?;
        }
        self.used = Instant::now();
        if filled == end { Ok(&self.buffer[body..end]) } else { Err("more than one answer".into()) }
    }

    fn read(&mut self, filled: usize) -> Result<usize> {
        match self.stream.read(&mut self.buffer[filled..]) {
            Ok(0) => Err("the server ended the connection, or its answer has no end".into()),
            Ok(count) => Ok(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

/// Where the body begins and ends, once the head is complete. Takes nothing but 200 and a `Content-Length`.
fn head(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(head.to_owned().into());
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    let length: usize = length.ok_or("an answer without a length")?.parse()?;
    Ok(Some((end + 4, end.saturating_add(4).saturating_add(length))))
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn heads_tell_where_the_body_ends() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n").unwrap(), None);
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab").unwrap(), Some((38, 43)));
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(head(b"HTTP/1.1 500 X\r\ncontent-length: 5\r\n\r\n").is_err());
    }
}
