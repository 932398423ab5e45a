//! gzip with all cores: blocks become members of their own, one after the other.
//!
//! A gzip file may have any number of members; what reads one reads them as one stream. Blocks are
//! large enough that this costs nearly nothing in size.

use std::collections::VecDeque;
use std::io::{Error, Result, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;

const BLOCK: usize = 1 << 20;

/// A block, and where its member goes.
type Job = (Vec<u8>, SyncSender<Result<Vec<u8>>>);

pub(super) struct Gzip<W: Write> {
    output: W,
    block: Vec<u8>,
    /// Dropping it ends the workers.
    jobs: Sender<Job>,
    /// Members under way, in the order of their blocks.
    pending: VecDeque<Receiver<Result<Vec<u8>>>>,
    most: usize,
}

impl<W: Write> Gzip<W> {
    pub(super) fn new(output: W, cores: usize) -> Self {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..cores {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || work(&queue));
        }
        Self {
            output,
            block: Vec::with_capacity(BLOCK),
            jobs,
            pending: VecDeque::new(),
            most: 2 * cores,
        }
    }

    pub(super) fn finish(mut self) -> Result<W> {
        self.hand_over()?;
        while !self.pending.is_empty() {
            self.take_first()?;
        }
        Ok(self.output)
    }

    fn hand_over(&mut self) -> Result<()> {
        if self.pending.len() >= self.most {
            self.take_first()?;
        }
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        let (send, member) = sync_channel(1);
        self.jobs.send((block, send)).map_err(Error::other)?;
        self.pending.push_back(member);
        Ok(())
    }

    fn take_first(&mut self) -> Result<()> {
        match self.pending.pop_front() {
            Some(member) => {
                let member = member.recv().map_err(Error::other)??;
                self.output.write_all(&member)
            }
            None => Ok(()),
        }
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, data: &[u8]) -> Result<usize> {
        let length = data.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&data[..length]);
        if self.block.len() == BLOCK {
            self.hand_over()?;
        }
        Ok(length)
    }

    fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    let next = || queue.lock().ok()?.recv().ok();
    while let Some((block, send)) = next() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let member = encoder.write_all(&block).and_then(|()| encoder.finish());
        // Whoever gave the job up has no use for it.
        let _ = send.send(member);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn members_are_one_stream_in_order() -> Result<()> {
        for size in [0, 1, BLOCK, 5 * BLOCK + 7] {
            let data: Vec<u8> = (0..size).map(|n| (n / 1000) as u8).collect();
            let mut gzip = Gzip::new(Vec::new(), 3);
            for piece in data.chunks(10_007) {
                gzip.write_all(piece)?;
            }
            let packed = gzip.finish()?;
            let mut back = Vec::new();
            flate2::read::MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut back)?;
            assert!(back == data, "{size}");
        }
        Ok(())
    }
}
