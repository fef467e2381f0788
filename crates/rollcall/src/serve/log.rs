//! The log's way to the standard error. Lines are gathered for some milliseconds and written together: a system call
//! for each, which threads wait for in a row, costs more than most of the calls that the lines tell of. A warning or
//! an error is written at once, with everything before it.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others.
const PATIENCE: Duration = Duration::from_millis(20);
/// Most bytes that wait; who would add more writes them.
const MOST: usize = 1 << 20;

/// Lines on their way. The last ones are written when it is dropped.
pub struct Log(Arc<Lines>);

impl Log {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start() -> io::Result<Self> {
        let lines = Arc::new(Lines::default());
        let writing = Arc::clone(&lines);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || writing.run())?;
        Ok(Log(lines))
    }

    /// What the subscriber writes to.
    pub fn writer(&self) -> Gathering {
        Gathering(Arc::clone(&self.0))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.0.write();
    }
}

#[derive(Default)]
struct Lines {
    gathered: Mutex<Vec<u8>>,
    some: Condvar,
    /// Held while lines are taken and written, so that they keep their order.
    turn: Mutex<()>,
}

impl Lines {
    fn gathered(&self) -> MutexGuard<'_, Vec<u8>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let waiting = self.some.wait_while(self.gathered(), |lines| lines.is_empty());
            drop(waiting.unwrap_or_else(PoisonError::into_inner));
            std::thread::sleep(PATIENCE);
            self.write();
        }
    }

    fn write(&self) {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = std::mem::take(&mut *self.gathered());
        // There is nowhere left to tell of a standard error that takes nothing.
        drop(io::stderr().write_all(&lines));
        drop(turn);
    }

    fn add(&self, bytes: &[u8], urgent: bool) {
        let mut lines = self.gathered();
        let first = lines.is_empty();
        lines.extend_from_slice(bytes);
        let full = lines.len() > MOST;
        drop(lines);
        if urgent || full {
            self.write();
        } else if first {
            self.some.notify_one();
        }
    }
}

/// Makes the writer of each line.
pub struct Gathering(Arc<Lines>);

impl<'a> MakeWriter<'a> for Gathering {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: &self.0, urgent: true }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line<'a> {
        Line { lines: &self.0, urgent: *about.level() <= Level::WARN }
    }
}

/// One line; comes in one piece.
pub struct Line<'a> {
    lines: &'a Lines,
    urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.add(bytes, self.urgent);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
