//! Decompression in a thread of its own: what it makes is written while it goes on.

use std::io::{BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

/// Large enough that handing over costs nothing, small enough to stay in a cache.
const CHUNK: usize = 1 << 18;

/// How far the thread may be ahead.
const AHEAD: usize = 16;

#[derive(Debug)]
pub(super) struct Stream {
    chunks: Receiver<std::io::Result<Vec<u8>>>,
    /// Used chunks go back to be filled again.
    used: SyncSender<Vec<u8>>,
    current: Vec<u8>,
    position: usize,
}

impl Stream {
    /// Starts reading `source`; the thread ends with it, or when the stream is dropped.
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        mut source: Box<dyn Read + Send>,
    ) -> Self {
        let (send, chunks) = sync_channel(AHEAD);
        let (used, again) = sync_channel::<Vec<u8>>(AHEAD + 2);
        scope.spawn(move || {
            loop {
                let buffer = again.try_recv().unwrap_or_default();
                let chunk = fill(&mut source, buffer);
                let last = !matches!(&chunk, Ok(chunk) if !chunk.is_empty());
                if send.send(chunk).is_err() || last {
                    break;
                }
            }
        });
        Self {
            chunks,
            used,
            current: Vec::new(),
            position: 0,
        }
    }
}

fn fill(source: &mut dyn Read, mut buffer: Vec<u8>) -> std::io::Result<Vec<u8>> {
    buffer.resize(CHUNK, 0);
    let mut length = 0;
    while length < CHUNK {
        match source.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(length);
    Ok(buffer)
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let buffer = self.fill_buf()?;
        let length = buffer.len().min(into.len());
        into[..length].copy_from_slice(&buffer[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.position == self.current.len() {
            let next = match self.chunks.recv() {
                Ok(chunk) => chunk?,
                // The thread has said its last word before.
                Err(_) => Vec::new(),
            };
            let used = std::mem::replace(&mut self.current, next);
            self.position = 0;
            let _ = self.used.try_send(used);
        }
        Ok(&self.current[self.position..])
    }

    fn consume(&mut self, length: usize) {
        self.position = (self.position + length).min(self.current.len());
    }
}
