//! Brings records that belong together into one partition, with bounded memory.
//!
//! A partition's records wait in a buffer, which goes to a file when it is full. Partitions are then read
//! one by one. Several threads may add records at once, so a partition has them in no fixed order: whoever
//! reads it sorts what must be in order.

use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use crate::error::{Error, Result};

/// Bytes that all buffers of one shuffle may take together.
const MEMORY: usize = 256 << 20;
/// Bytes that all buffers of a shuffle of keys may take together: it ends before the others begin.
const MEMORY_OF_KEYS: usize = 512 << 20;
/// Rows that one partition should hold at most, on average.
const PARTITION_ROWS: u64 = 400_000;

/// The number of partitions that `rows` records are spread over, a power of two.
///
/// The evidence alone decides it, so that partitions, and what is written for each, are the same on
/// every machine.
pub fn partitions(rows: u64) -> usize {
    let wanted = rows.div_ceil(PARTITION_ROWS).clamp(1, 4096);
    usize::try_from(wanted)
        .expect("at most 4096")
        .next_power_of_two()
}

#[derive(Default)]
struct Partition {
    /// Records that are in no file yet.
    buffer: Mutex<Vec<u8>>,
    /// Its file, once it needs one. A thread releases the buffer before it locks the file, so that
    /// others can go on.
    file: Mutex<Option<File>>,
}

/// Records being spread over partitions.
pub struct Shuffle {
    dir: PathBuf,
    name: &'static str,
    partitions: Vec<Partition>,
    /// Bytes at which a partition's buffer is full.
    full: usize,
    /// Buffers that were written out and can be used again.
    spare: Mutex<Vec<Vec<u8>>>,
}

impl Shuffle {
    /// A shuffle without records; its files, if it needs any, lie in `dir` and begin with `name`.
    pub fn new(dir: &Path, name: &'static str, count: usize) -> Self {
        Self::with_memory(dir, name, count, MEMORY)
    }

    /// A shuffle of keys without records: see [`Shuffle::push_keys`].
    pub fn of_keys(dir: &Path, name: &'static str, count: usize) -> Self {
        Self::with_memory(dir, name, count, MEMORY_OF_KEYS)
    }

    fn with_memory(dir: &Path, name: &'static str, count: usize, memory: usize) -> Self {
        // The remainder by a power of two is a mask: see `partition_of`.
        assert!(count.is_power_of_two(), "partitions are chosen by bits");
        let partitions = (0..count).map(|_| Partition::default()).collect();
        Shuffle {
            dir: dir.to_path_buf(),
            name,
            partitions,
            full: memory / count,
            spare: Mutex::default(),
        }
    }

    /// How many partitions there are.
    pub fn count(&self) -> usize {
        self.partitions.len()
    }

    /// Adds a record to the partition of all records with the same `key`.
    pub fn push(&self, key: u128, record: &[u8]) -> Result<()> {
        let length =
            u32::try_from(record.len()).map_err(|_| Error::user("a record is over 4 GiB"))?;
        self.append(self.partition_of(key), |buffer| {
            buffer.extend_from_slice(&length.to_le_bytes());
            buffer.extend_from_slice(record);
        })
    }

    /// Adds keys without records, each to the partition that its records would be in.
    ///
    /// [`Records::keys`] gives them back. They are sorted by partition first, so that each partition's
    /// buffer is locked once.
    pub fn push_keys(&self, keys: &[u128]) -> Result<()> {
        let mut begins = vec![0; self.partitions.len() + 1];
        for key in keys {
            begins[self.partition_of(*key) + 1] += 1;
        }
        for index in 1..begins.len() {
            begins[index] += begins[index - 1];
        }
        let (mut next, mut sorted) = (begins.clone(), vec![0; keys.len()]);
        for key in keys {
            let at = &mut next[self.partition_of(*key)];
            sorted[*at] = *key;
            *at += 1;
        }
        for (index, bounds) in begins.windows(2).enumerate() {
            let keys = &sorted[bounds[0]..bounds[1]];
            if !keys.is_empty() {
                self.append(index, |buffer| {
                    buffer.extend(keys.iter().flat_map(|key| key.to_le_bytes()));
                })?;
            }
        }
        Ok(())
    }

    /// The partition of a key.
    ///
    /// Keys are hashes, so any bits of them spread evenly. These are taken from the upper half; a table
    /// of a partition's keys goes by the lower half, whose bits still vary there.
    fn partition_of(&self, key: u128) -> usize {
        (key >> 64) as usize & (self.partitions.len() - 1)
    }

    /// Lets `write` append to a partition's buffer, and writes the buffer out if it is full.
    fn append(&self, index: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let mut buffer = locked(&self.partitions[index].buffer);
        write(&mut buffer);
        if buffer.len() < self.full {
            return Ok(());
        }
        let spare = locked(&self.spare).pop().unwrap_or_default();
        let mut full = std::mem::replace(&mut *buffer, spare);
        drop(buffer);
        self.spill(&full, index)?;
        full.clear();
        locked(&self.spare).push(full);
        Ok(())
    }

    /// The path of a partition's file, until the file is open.
    fn path(&self, index: usize) -> PathBuf {
        self.dir.join(format!("{}-{index}", self.name))
    }

    /// Appends a buffer to a partition's file.
    fn spill(&self, buffer: &[u8], index: usize) -> Result<()> {
        let path = self.path(index);
        let failed = |e: std::io::Error| Error::io("set records aside", &path, e);
        let mut place = locked(&self.partitions[index].file);
        let file = match &mut *place {
            Some(file) => file,
            None => {
                fs::create_dir_all(&self.dir).map_err(failed)?;
                let options = File::options()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .open(&path);
                let file = options.map_err(failed)?;
                // The open file stays usable without its name, and nothing is left behind however the
                // program ends.
                fs::remove_file(&path).map_err(failed)?;
                place.insert(file)
            }
        };
        file.write_all(buffer).map_err(failed)
    }

    /// Takes all records of a partition, which is empty afterwards.
    pub fn take(&self, index: usize) -> Result<Records> {
        let partition = &self.partitions[index];
        let file = locked(&partition.file).take();
        self.all(std::mem::take(&mut locked(&partition.buffer)), file, index)
    }

    /// Reads all records of a partition, which keeps them.
    pub fn read(&self, index: usize) -> Result<Records> {
        let partition = &self.partitions[index];
        let path = self.path(index);
        let failed = |e: std::io::Error| Error::io("read records set aside", &path, e);
        let file = locked(&partition.file).as_ref().map(File::try_clone);
        let file = file.transpose().map_err(failed)?;
        self.all(locked(&partition.buffer).clone(), file, index)
    }

    /// The records of a partition: those of its file, then those of its buffer.
    fn all(&self, buffer: Vec<u8>, file: Option<File>, index: usize) -> Result<Records> {
        let Some(mut file) = file else {
            return Ok(Records { bytes: buffer });
        };
        let path = self.path(index);
        let failed = |e: std::io::Error| Error::io("read records set aside", &path, e);
        let length = file.metadata().map_err(failed)?.len();
        let length = usize::try_from(length).unwrap_or(0);
        let mut bytes = Vec::with_capacity(length + buffer.len());
        file.rewind().map_err(failed)?;
        file.read_to_end(&mut bytes).map_err(failed)?;
        bytes.extend_from_slice(&buffer);
        Ok(Records { bytes })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic while shuffling")
}

/// The records of a partition.
pub struct Records {
    bytes: Vec<u8>,
}

impl Records {
    /// Each record.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (record, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            rest = after;
            Some(record)
        })
    }

    /// Each key of a shuffle of keys.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = u128> {
        let (keys, rest) = self.bytes.as_chunks();
        assert!(rest.is_empty(), "keys have 16 bytes");
        keys.iter().map(|key| u128::from_le_bytes(*key))
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Writes a record's fields, one after another.
#[derive(Default)]
pub struct Encoder(pub Vec<u8>);

/// Reads a record's fields in the order they were written.
pub struct Decoder<'a>(pub &'a [u8]);

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => {
        impl Encoder {
            $(#[doc = concat!("Appends one `", stringify!($type), "`.")]
            pub fn $name(&mut self, value: $type) -> &mut Self {
                self.0.extend_from_slice(&value.to_le_bytes());
                self
            })*
        }
        impl Decoder<'_> {
            $(#[doc = concat!("Takes one `", stringify!($type), "`.")]
            pub fn $name(&mut self) -> $type {
                let (bytes, rest) = self.0.split_first_chunk().expect("a whole record");
                self.0 = rest;
                <$type>::from_le_bytes(*bytes)
            })*
        }
    };
}

numbers!(u8: u8, u16: u16, u32: u32, u64: u64, u128: u128, i64: i64);

/// Stands for a missing number, in place of the count of its bytes (0 to 16).
const NONE: u8 = u8::MAX;

impl Encoder {
    /// Appends a number in as few bytes as it needs, after a byte with their count.
    pub fn packed(&mut self, value: u128) -> &mut Self {
        // At most 16, so it fits a byte.
        let length = 16 - value.leading_zeros() as usize / 8;
        self.0.push(length as u8);
        self.0.extend_from_slice(&value.to_le_bytes()[..length]);
        self
    }

    /// Appends an optional number.
    pub fn maybe(&mut self, value: Option<u64>) -> &mut Self {
        match value {
            Some(value) => self.packed(value.into()),
            None => self.u8(NONE),
        }
    }

    /// Appends an optional text.
    pub fn maybe_text(&mut self, value: Option<&str>) -> &mut Self {
        self.maybe(value.map(|text| text.len() as u64));
        self.0
            .extend_from_slice(value.unwrap_or_default().as_bytes());
        self
    }

    /// Appends an optional `i64`.
    pub fn maybe_time(&mut self, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.u8(1).i64(value),
            None => self.u8(0),
        }
    }
}

impl<'a> Decoder<'a> {
    /// Takes a packed number.
    pub fn packed(&mut self) -> u128 {
        let length = self.u8();
        self.rest(length)
    }

    /// Takes a number of so many bytes.
    fn rest(&mut self, length: u8) -> u128 {
        let (bytes, rest) = self.0.split_at(length.into());
        self.0 = rest;
        let mut value = [0; 16];
        value[..bytes.len()].copy_from_slice(bytes);
        u128::from_le_bytes(value)
    }

    /// Takes an optional number.
    pub fn maybe(&mut self) -> Option<u64> {
        let length = self.u8();
        (length != NONE).then(|| self.rest(length) as u64)
    }

    /// Takes an optional text.
    pub fn maybe_text(&mut self) -> Option<&'a str> {
        let length = self.maybe()?;
        let (bytes, rest) = self
            .0
            .split_at(usize::try_from(length).expect("it was in memory"));
        self.0 = rest;
        Some(Decoder(bytes).text())
    }

    /// Takes an optional `i64`.
    pub fn maybe_time(&mut self) -> Option<i64> {
        (self.u8() == 1).then(|| self.i64())
    }

    /// Takes all that is left as text.
    pub fn text(self) -> &'a str {
        std::str::from_utf8(self.0).expect("text was written here")
    }
}

/// Runs `work` for each of `count` partitions on up to `threads` threads.
///
/// Gives the results in the order of the partitions, or the first error in that order.
pub fn each_partition<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Result<T>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let result = work(index);
                    results
                        .lock()
                        .expect("no panic while working")
                        .push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no panic while working");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_from_memory_and_from_disk() {
        let dir = tempfile::tempdir().expect("a folder");
        let shuffle = Shuffle::new(dir.path(), "test", 2);
        let big = vec![7u8; 40 << 20];
        for round in 0..5u8 {
            shuffle.push(1 << 64, &[round]).expect("pushed");
            shuffle.push(0, &big).expect("pushed");
        }
        let odd = shuffle.take(1).expect("taken");
        assert_eq!(
            odd.iter().map(<[u8]>::to_vec).collect::<Vec<_>>(),
            [[0], [1], [2], [3], [4]]
        );
        let even = shuffle.take(0).expect("taken");
        assert_eq!(
            even.iter().map(<[u8]>::len).collect::<Vec<_>>(),
            [40 << 20; 5]
        );
        assert_eq!(
            fs::read_dir(dir.path()).expect("listed").count(),
            0,
            "nothing is left behind"
        );
    }

    #[test]
    fn keys_come_back_where_their_records_would_be() {
        let dir = tempfile::tempdir().expect("a folder");
        let shuffle = Shuffle::of_keys(dir.path(), "test", 4);
        let keys: Vec<u128> = (0..1000).map(|n| (n << 64) | (n * 7)).collect();
        shuffle.push_keys(&keys[..400]).expect("pushed");
        shuffle.push_keys(&keys[400..]).expect("pushed");
        for part in 0..4 {
            let records = shuffle.take(part).expect("taken");
            let wanted = keys.iter().skip(part).step_by(4).copied();
            assert_eq!(
                records.keys().collect::<Vec<_>>(),
                wanted.collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn fields_come_back_as_written() {
        let mut encoder = Encoder::default();
        encoder
            .u16(7)
            .maybe(None)
            .maybe(Some(3))
            .maybe_time(Some(-1))
            .maybe_text(Some("ab"))
            .maybe_text(None)
            .maybe(Some(u64::MAX))
            .packed(0)
            .packed(u128::MAX)
            .u128(9);
        let mut decoder = Decoder(&encoder.0);
        assert_eq!(
            (decoder.u16(), decoder.maybe(), decoder.maybe()),
            (7, None, Some(3))
        );
        assert_eq!(
            (
                decoder.maybe_time(),
                decoder.maybe_text(),
                decoder.maybe_text()
            ),
            (Some(-1), Some("ab"), None)
        );
        assert_eq!(
            (decoder.maybe(), decoder.packed(), decoder.packed()),
            (Some(u64::MAX), 0, u128::MAX)
        );
        assert_eq!(decoder.u128(), 9);
    }
}
