//! A part of a file as an HTTP body: read in chunks while it is sent, never whole in memory.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes read from disk at once.
const CHUNK: usize = 128 * 1024;

/// The next `left` bytes of a file.
pub struct FileBody {
    file: File,
    left: u64,
    buffer: Vec<u8>,
}

impl FileBody {
    /// The next `length` bytes of `file`, from where it stands.
    pub fn new(file: File, length: u64) -> Self {
        Self { file, left: length, buffer: Vec::new() }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        let want = usize::try_from(this.left).unwrap_or(CHUNK).min(CHUNK);
        this.buffer.resize(want, 0);
        let mut space = ReadBuf::new(&mut this.buffer);
        ready!(Pin::new(&mut this.file).poll_read(cx, &mut space))?;
        let read = space.filled().len();
        if read == 0 {
            // Files are not changed once they are offered; a shorter one has been damaged.
            let short = io::Error::new(io::ErrorKind::UnexpectedEof, "the file is shorter than recorded");
            return Poll::Ready(Some(Err(short)));
        }
        this.left -= u64::try_from(read).unwrap_or(this.left).min(this.left);
        let mut chunk = std::mem::take(&mut this.buffer);
        chunk.truncate(read);
        Poll::Ready(Some(Ok(Frame::data(chunk.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
