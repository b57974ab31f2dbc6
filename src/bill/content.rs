//! The bytes of a bill, unpacked as they are read, with limits on what they may become.

use super::fault::BillError;
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Chain, Cursor, ErrorKind, Read};

/// How every gzip file begins.
pub const GZIP: [u8; 2] = [0x1f, 0x8b];
/// How much is unpacked before the ratio is looked at: small files may be packed very well.
const SMALL: u64 = 1024 * 1024;
/// How much of a packed file is read at a time.
const PACKED: usize = 64 * 1024;

/// How large a bill may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes, unpacked.
    pub bytes: u64,
    /// The most bytes that one packed byte may become, once there is more than a mebibyte.
    pub ratio: u64,
}

impl Default for Limits {
    /// 16 GiB, some sixty million rows; and 200 to 1, where real bills have 5 to 1.
    fn default() -> Self {
        Self { bytes: 16 * 1024 * 1024 * 1024, ratio: 200 }
    }
}

/// A file whose first two bytes were looked at.
type Whole<R> = Chain<Cursor<Vec<u8>>, Patient<R>>;

enum Packing<R> {
    Plain(Whole<R>),
    Gzip(Box<GzDecoder<Counted<BufReader<Whole<R>>>>>),
}

/// The unpacked bytes of a file.
pub struct Content<R> {
    packing: Packing<R>,
    limits: Limits,
    unpacked: u64,
    ended: bool,
}

impl<R: Read> Content<R> {
    /// Looks at the first bytes: gzip or plain.
    pub fn new(file: R, limits: Limits) -> Result<Self, BillError> {
        let mut file = Patient(file);
        let mut start = Vec::with_capacity(GZIP.len());
        file.by_ref().take(2).read_to_end(&mut start).map_err(|e| unreadable(&e))?;
        let packed = start == GZIP;
        let whole = Cursor::new(start).chain(file);
        let packing = if packed {
            let counted = Counted { inner: BufReader::with_capacity(PACKED, whole), taken: 0 };
            Packing::Gzip(Box::new(GzDecoder::new(counted)))
        } else {
            Packing::Plain(whole)
        };
        Ok(Self { packing, limits, unpacked: 0, ended: false })
    }

    /// Fills as much of the buffer as there is left. Less than all of it means the end, and that it was a good one.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, BillError> {
        let first = self.unpacked == 0;
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty() && !self.ended) {
            let read = self.read(rest)?;
            filled += read;
            self.ended = read == 0;
        }
        if first && self.is_packed() && buffer.starts_with(&GZIP) && filled >= GZIP.len() {
            return Err(BillError::Gzip("what it holds is packed once more"));
        }
        if self.ended {
            self.refuse_more()?;
        }
        Ok(filled)
    }

    /// Hands out all there is left, block by block.
    pub fn each_block<E: From<BillError>>(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut block = vec![0; PACKED];
        loop {
            let filled = self.fill(&mut block)?;
            take(block.get(..filled).unwrap_or_default())?;
            if filled < block.len() {
                return Ok(());
            }
        }
    }

    fn is_packed(&self) -> bool {
        matches!(self.packing, Packing::Gzip(_))
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, BillError> {
        let read = match &mut self.packing {
            Packing::Plain(file) => file.read(buffer),
            Packing::Gzip(unpacker) => unpacker.read(buffer),
        };
        let read = read.map_err(|e| self.explain(&e))?;
        self.unpacked += read as u64;
        self.within_limits().map(|()| read)
    }

    fn within_limits(&self) -> Result<(), BillError> {
        let Limits { bytes, ratio } = self.limits;
        if self.unpacked > bytes {
            return Err(BillError::TooLarge(format!("more than {bytes} bytes")));
        }
        match &self.packing {
            Packing::Gzip(unpacker)
                if self.unpacked > SMALL && self.unpacked / ratio > unpacker.get_ref().taken =>
            {
                Err(BillError::TooLarge(format!("it unpacks to more than {ratio} times its size")))
            }
            _ => Ok(()),
        }
    }

    fn explain(&self, e: &io::Error) -> BillError {
        match e.kind() {
            _ if !self.is_packed() => unreadable(e),
            ErrorKind::UnexpectedEof => BillError::Gzip("it was cut"),
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                BillError::Gzip("it does not unpack to what was packed")
            }
            _ => unreadable(e),
        }
    }

    fn refuse_more(&mut self) -> Result<(), BillError> {
        let Packing::Gzip(unpacker) = &mut self.packing else { return Ok(()) };
        let more = unpacker.get_mut().fill_buf().map_err(|e| unreadable(&e))?;
        if more.is_empty() { Ok(()) } else { Err(BillError::Gzip("bytes follow its end")) }
    }

    /// Of a packed file that is wrong in its text too, the packing is the first thing to name.
    pub fn gzip_fault(&mut self) -> Option<BillError> {
        if !self.is_packed() {
            return None;
        }
        let fault = self.each_block(|_| Ok::<(), BillError>(())).err();
        fault.filter(|e| matches!(e, BillError::Gzip(_)))
    }
}

fn unreadable(e: &io::Error) -> BillError {
    BillError::Unreadable(e.to_string())
}

/// Reads again when a signal came in between: what stands above it need not know.
struct Patient<R>(R);

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

/// Counts what is taken of a packed file.
struct Counted<B> {
    inner: B,
    taken: u64,
}

impl<B: BufRead> Read for Counted<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken += read as u64;
        Ok(read)
    }
}

impl<B: BufRead> BufRead for Counted<B> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount as u64;
        self.inner.consume(amount);
    }
}
