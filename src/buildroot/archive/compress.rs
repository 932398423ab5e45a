//! Compression: chosen when an archive is written, known by its first bytes when one is read.

use std::io::{BufReader, Cursor, Read, Write};

use flate2::read::MultiGzDecoder;

use super::Fault;
use super::gzip::Gzip;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Zstd,
    Gzip,
    Plain,
}

/// Programs that made archives which mock does not read, by the first bytes of their output.
const FOREIGN: [(&[u8], &str); 5] = [
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x5d\x00\x00", "lzma"),
    (b"LZIP", "lzip"),
];

/// As the programs themselves choose when they are not told.
const ZSTD_LEVEL: i32 = 3;

/// How much is read from the file at once.
const INPUT: usize = 1 << 18;

/// Takes an archive and writes it compressed.
pub(super) enum Compressor<W: Write> {
    Zstd(zstd::Encoder<'static, W>),
    Gzip(Gzip<W>),
    Plain(W),
}

impl<W: Write> Compressor<W> {
    pub(super) fn new(format: Format, output: W) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(match format {
            Format::Zstd => {
                let mut encoder = zstd::Encoder::new(output, ZSTD_LEVEL)?;
                encoder.multithread(u32::try_from(cores).unwrap_or(1))?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
            Format::Gzip => Self::Gzip(Gzip::new(output, cores)),
            Format::Plain => Self::Plain(output),
        })
    }

    pub(super) fn finish(self) -> std::io::Result<W> {
        match self {
            Self::Zstd(encoder) => encoder.finish(),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Plain(output) => Ok(output),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Zstd(encoder) => encoder.write(data),
            Self::Gzip(encoder) => encoder.write(data),
            Self::Plain(output) => output.write(data),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Zstd(encoder) => encoder.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Plain(output) => output.flush(),
        }
    }
}

/// The tar archive in `file`, whatever its name says.
pub(super) fn source(file: impl Read + Send + 'static) -> Result<Box<dyn Read + Send>, Fault> {
    let advice = "; take compress_program out of the configuration of plugin root_cache";
    decompressed(file, advice)
}

/// The same; `advice` is said of what another program has compressed.
pub(super) fn decompressed(
    mut file: impl Read + Send + 'static,
    advice: &str,
) -> Result<Box<dyn Read + Send>, Fault> {
    let unreadable = |error: std::io::Error| Fault::Archive(error.to_string());
    let mut start = Vec::new();
    file.by_ref()
        .take(8)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    if let Some((_, program)) = FOREIGN.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Err(Fault::Archive(format!(
            "it is compressed by {program}, and mock reads zstd, gzip and no compression{advice}"
        )));
    }
    let (zstd, gzip) = (b"\x28\xb5\x2f\xfd", b"\x1f\x8b");
    let (is_zstd, is_gzip) = (start.starts_with(zstd), start.starts_with(gzip));
    let whole = BufReader::with_capacity(INPUT, Cursor::new(start).chain(file));
    Ok(if is_zstd {
        Box::new(zstd::Decoder::with_buffer(whole).map_err(unreadable)?)
    } else if is_gzip {
        Box::new(MultiGzDecoder::new(whole))
    } else {
        Box::new(whole)
    })
}
