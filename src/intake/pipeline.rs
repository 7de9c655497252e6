//! Many files at once, and one file on many threads.
//!
//! A thread either reads a file (hash as found, unpack, cut into blocks) or takes a block further
//! (hash unpacked, parse, encode). Blocks are taken further in any order and written in theirs. A
//! thread whose file runs ahead of the others takes blocks further itself instead of waiting, so the
//! number of threads is what was asked for, and memory is a fixed number of blocks.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use sha2::{Digest, Sha256};

use super::block::{Parsed, Parser, Tally};
use super::reading::Reading;
use crate::case::Catalogue;
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::frames::{self, FrameWriter, Part};
use crate::intake::blocks::buffers::BLOCK;
use crate::intake::blocks::buffers::Pool;
use crate::intake::blocks::framing::Framing;
use crate::intake::blocks::framing::{self, Block, Ended};
use crate::intake::evidence::containers::{self, Found, Hashing, Whole};
use crate::intake::evidence::jobs::{Job, Log};
use crate::intake::evidence::parquet_rows::ParquetRows;
use crate::jws::SigningKeys;
use crate::progress::Progress;

/// A log, read to its end.
pub(crate) struct Read {
    /// The file it is in.
    pub(crate) whole: Whole,
    /// What it is packed in.
    pub(crate) packed: String,
    /// Bytes, unpacked, and what cut reading short.
    pub(crate) ended: Ended,
    /// SHA-256 of the unpacked bytes.
    pub(crate) content_sha256: String,
    /// What there is to know of its lines.
    pub(crate) tally: Tally,
    /// The frame parts written: rows, rejects.
    pub(crate) parts: [Vec<Part>; 2],
}

/// What reading needs beside the jobs.
pub(crate) struct Pipeline<'a> {
    /// How each source is read.
    pub(crate) readings: &'a [Reading],
    /// The page catalogue.
    pub(crate) catalogue: &'a Catalogue,
    /// Keys that signatures are checked with.
    pub(crate) signing_keys: &'a SigningKeys,
    /// Where frames are written.
    pub(crate) frames_dir: &'a Path,
    /// Where what must be seekable is set aside.
    pub(crate) spool: &'a Path,
    /// Told how far reading is.
    pub(crate) progress: &'a dyn Progress,
}

/// Items that are worked on in any order and finished in theirs.
struct InOrder<S, T> {
    queue: Mutex<Queue<T>>,
    state: Mutex<S>,
}

struct Queue<T> {
    next: u64,
    waiting: BTreeMap<u64, T>,
    busy: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked ends the program; what it left behind is not used.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S, T> InOrder<S, T> {
    fn new(state: S) -> Self {
        let queue = Queue {
            next: 0,
            waiting: BTreeMap::new(),
            busy: false,
        };
        InOrder {
            queue: Mutex::new(queue),
            state: Mutex::new(state),
        }
    }

    /// Finishes `item` and those that waited for it; or leaves it to the thread that is at it.
    fn submit(
        &self,
        index: u64,
        item: T,
        mut finish: impl FnMut(&mut S, T) -> Result<()>,
    ) -> Result<()> {
        {
            let mut queue = lock(&self.queue);
            queue.waiting.insert(index, item);
            if queue.busy {
                return Ok(());
            }
            queue.busy = true;
        }
        loop {
            let item = {
                let mut queue = lock(&self.queue);
                let next = queue.next;
                match queue.waiting.remove(&next) {
                    Some(item) => {
                        queue.next += 1;
                        item
                    }
                    None => {
                        queue.busy = false;
                        return Ok(());
                    }
                }
            };
            finish(&mut lock(&self.state), item)?;
        }
    }
}

/// A log being read.
struct OpenLog<'a> {
    log: &'a Log,
    reading: &'a Reading,
    packed: String,
    /// Hashes the unpacked bytes, where they are not those of the file.
    digest: Option<InOrder<Sha256, Arc<Block>>>,
    /// The hash of what was set aside, where blocks are not the log's own bytes.
    aside: OnceLock<String>,
    output: InOrder<Output, (Parsed, bool)>,
    ended: OnceLock<Ended>,
    job: Arc<OpenJob<'a>>,
}

/// What a log becomes.
struct Output {
    writers: Option<[FrameWriter; 2]>,
    parts: Option<[Vec<Part>; 2]>,
    tally: Tally,
}

/// A file being read.
struct OpenJob<'a> {
    /// The reader and the blocks that are not finished yet.
    outstanding: AtomicUsize,
    logs: Mutex<Vec<Arc<OpenLog<'a>>>>,
    whole: OnceLock<Whole>,
}

struct Task<'a> {
    log: Arc<OpenLog<'a>>,
    block: Arc<Block>,
}

#[derive(Default)]
struct State<'a> {
    queue: VecDeque<Task<'a>>,
    next_job: usize,
    readers: usize,
    /// Blocks that are read and not yet written.
    in_flight: usize,
    failed: Option<Error>,
}

struct Run<'a, 'p> {
    pipeline: &'p Pipeline<'a>,
    jobs: &'p [&'a Job],
    most: usize,
    state: Mutex<State<'a>>,
    changed: Condvar,
    pool: Arc<Pool>,
    done: &'p (dyn Fn(&Log, Read) -> Result<()> + Sync),
}

impl<'a> Pipeline<'a> {
    /// Reads all `jobs`; each log is handed to `done` when its frames are written.
    pub(crate) fn run(
        &self,
        jobs: &[&'a Job],
        threads: usize,
        done: &(dyn Fn(&Log, Read) -> Result<()> + Sync),
    ) -> Result<()> {
        let threads = threads.max(1);
        let run = Run {
            pipeline: self,
            jobs,
            most: 2 * threads + 2,
            state: Mutex::default(),
            changed: Condvar::new(),
            pool: Arc::default(),
            done,
        };
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| run.thread());
            }
        });
        match lock(&run.state).failed.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Lets the other threads end when one panics, which would else wait for what never comes.
struct Ending<'r, 'a, 'p>(&'r Run<'a, 'p>);

impl Drop for Ending<'_, '_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = lock(&self.0.state);
            state.failed.get_or_insert_with(Error::interrupted);
            self.0.changed.notify_all();
        }
    }
}

/// What a thread does next.
enum Next<'a> {
    Read(usize),
    Take(Task<'a>),
    End,
}

impl<'a> Run<'a, '_> {
    fn thread(&self) {
        let _ending = Ending(self);
        loop {
            let result = match self.next() {
                Next::Read(job) => {
                    let result = self.read(self.jobs[job]);
                    lock(&self.state).readers -= 1;
                    self.changed.notify_all();
                    result
                }
                Next::Take(task) => self.take(task),
                Next::End => return,
            };
            if let Err(error) = result {
                lock(&self.state).failed.get_or_insert(error);
                self.changed.notify_all();
            }
        }
    }

    fn next(&self) -> Next<'a> {
        let mut state = lock(&self.state);
        loop {
            if state.failed.is_some() {
                return Next::End;
            }
            // Waiting blocks come first: they hold memory, and reading on would only wait for them.
            if let Some(task) = state.queue.pop_front() {
                return Next::Take(task);
            }
            if state.next_job < self.jobs.len() {
                state.next_job += 1;
                state.readers += 1;
                return Next::Read(state.next_job - 1);
            }
            if state.readers == 0 && state.in_flight == 0 {
                return Next::End;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Hands a block to whichever thread is free; takes others further while too many wait.
    fn hand_on(&self, task: Task<'a>) -> Result<()> {
        let mut state = lock(&self.state);
        loop {
            if state.failed.is_some() {
                return Err(Error::interrupted());
            }
            if state.in_flight < self.most {
                state.in_flight += 1;
                state.queue.push_back(task);
                drop(state);
                self.changed.notify_one();
                return Ok(());
            }
            state = match state.queue.pop_front() {
                Some(waiting) => {
                    drop(state);
                    self.take(waiting)?;
                    lock(&self.state)
                }
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Reads a file to its end.
    fn read(&self, job: &'a Job) -> Result<()> {
        let open = Arc::new(OpenJob {
            outstanding: AtomicUsize::new(1),
            logs: Mutex::default(),
            whole: OnceLock::new(),
        });
        let told = |length| self.pipeline.progress.advance(length);
        let mut place = 0;
        let mut whole = containers::read(&job.path, self.pipeline.spool, &told, &mut |found| {
            let log = job.logs.get(place).and_then(Option::as_ref);
            place += 1;
            match log {
                Some(log) if log.member == found.member => self.log(&open, log, found),
                Some(_) => Err(changed(&job.path)),
                // No source takes this member of the archive.
                None => Ok(()),
            }
        })?;
        // A file in which nothing was found is evidence all the same.
        if place == 0 {
            let damage = whole.damage.take();
            for log in job.logs.iter().flatten() {
                let failure: std::io::Error = damage.clone().map_or_else(
                    || std::io::ErrorKind::UnexpectedEof.into(),
                    std::io::Error::other,
                );
                let mut content = Failing(Some(failure));
                let found = Found {
                    member: None,
                    packed: "unreadable".into(),
                    content: &mut content,
                };
                self.log(&open, log, found)?;
            }
        } else if place < job.logs.len() && whole.damage.is_none() {
            return Err(changed(&job.path));
        }
        open.whole.set(whole).expect("a file ends once");
        self.outstanding(&open)
    }

    /// Reads one log of a file.
    fn log(&self, job: &Arc<OpenJob<'a>>, log: &'a Log, mut found: Found<'_>) -> Result<()> {
        let reading = &self.pipeline.readings[log.source];
        let as_found = found.packed == "none";
        let parquet = reading.framing == Framing::Parquet;
        let frames_dir = self.pipeline.frames_dir;
        let writers = [
            FrameWriter::create(frames_dir, reading.frame, log.evidence_id)?,
            FrameWriter::create(frames_dir, &frames::REJECTS, log.evidence_id)?,
        ];
        let output = Output {
            writers: Some(writers),
            parts: None,
            tally: Tally::default(),
        };
        let open = Arc::new(OpenLog {
            log,
            reading,
            packed: std::mem::take(&mut found.packed),
            digest: (!as_found && !parquet).then(|| InOrder::new(Sha256::new())),
            aside: OnceLock::new(),
            output: InOrder::new(output),
            ended: OnceLock::new(),
            job: Arc::clone(job),
        });
        lock(&job.logs).push(Arc::clone(&open));
        let emit = |block: Block| {
            job.outstanding.fetch_add(1, Ordering::Relaxed);
            self.hand_on(Task {
                log: Arc::clone(&open),
                block: Arc::new(block),
            })
        };
        let ended = if parquet {
            let mut content = Hashing::new(found.content, &|_| {});
            let rows = ParquetRows::set_aside(&mut content, self.pipeline.spool)?;
            let (size, sha256) = content
                .finish()
                .map_err(|e| Error::io("read the evidence", Path::new(&log.path), e))?;
            open.aside.set(sha256).expect("a log ends once");
            let (mut rows, damage) = match rows {
                Ok(rows) => (rows, None),
                Err(damage) => (ParquetRows::default(), Some(damage)),
            };
            let ended = framing::cut(&mut rows, Framing::Parquet, BLOCK, &self.pool, emit)?;
            Ended {
                size,
                damage: damage.or(ended.damage),
            }
        } else {
            framing::cut(found.content, reading.framing, BLOCK, &self.pool, emit)?
        };
        open.ended.set(ended).expect("a log ends once");
        Ok(())
    }

    /// Takes a block further: hash, parse, encode, write.
    fn take(&self, task: Task<'a>) -> Result<()> {
        let Task { log, block } = task;
        if let Some(digest) = &log.digest {
            digest.submit(block.index, Arc::clone(&block), |digest, block| {
                digest.update(block.buffer.filled());
                Ok(())
            })?;
        }
        let id = log.log.evidence_id;
        let parser = Parser::new(
            log.reading,
            (self.pipeline.catalogue, self.pipeline.signing_keys),
            id,
            block.lines,
        )?;
        let parsed = parser.parse(&block)?;
        let (index, last) = (block.index, block.last);
        drop(block);
        log.output
            .submit(index, (parsed, last), |output, (parsed, last)| {
                if let Some([rows, rejects]) = &mut output.writers {
                    rows.append(&parsed.rows)?;
                    rejects.append(&parsed.rejects)?;
                }
                output.tally.add(parsed.tally);
                if last && let Some([rows, rejects]) = output.writers.take() {
                    output.parts = Some([rows.finish()?, rejects.finish()?]);
                }
                lock(&self.state).in_flight -= 1;
                self.changed.notify_all();
                Ok(())
            })?;
        self.outstanding(&log.job)
    }

    /// One more of a file's parts is finished; with the last of them the file is.
    fn outstanding(&self, job: &Arc<OpenJob<'a>>) -> Result<()> {
        if job.outstanding.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ok(());
        }
        let whole = job.whole.get().expect("the reader is finished");
        let logs = std::mem::take(&mut *lock(&job.logs));
        let count = logs.len();
        for (index, open) in logs.into_iter().enumerate() {
            let mut output = lock(&open.output.state);
            let content_sha256 = match (&open.digest, open.aside.get()) {
                (Some(digest), _) => hex(&lock(&digest.state).clone().finalize()),
                (None, Some(aside)) => aside.clone(),
                (None, None) => whole.sha256.clone(),
            };
            let ended = open.ended.get().expect("the log is read to its end");
            // What kept an archive from being read on is told with the last log before it.
            let damage = ended
                .damage
                .clone()
                .or_else(|| whole.damage.clone().filter(|_| index + 1 == count));
            let read = Read {
                whole: whole.clone(),
                packed: open.packed.clone(),
                ended: Ended {
                    size: ended.size,
                    damage,
                },
                content_sha256,
                tally: std::mem::take(&mut output.tally),
                parts: output.parts.take().expect("the last block is written"),
            };
            (self.done)(open.log, read)?;
        }
        Ok(())
    }
}

#[cold]
fn changed(path: &Path) -> Error {
    Error::user("the archive changed while it was read")
        .in_file(path)
        .hint("evidence must not change; run again on a copy")
}

/// A log of which nothing can be read.
struct Failing(Option<std::io::Error>);

impl std::io::Read for Failing {
    fn read(&mut self, _buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
