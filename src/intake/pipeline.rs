//! Reads many files at once, and one file on many threads.
//!
//! A thread either *reads* a file (it hashes the bytes as found, unpacks them and cuts them into blocks)
//! or *processes* a block (it hashes the unpacked bytes, parses them, and encodes the rows). Blocks are
//! parsed in any order and written in theirs. A thread that reads faster than blocks are processed
//! processes some itself instead of waiting. So no more threads run than were asked for, and memory
//! holds a fixed number of blocks.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};

use sha2::{Digest, Sha256};

use super::block::{BlockParser, ParsedBlock};
use super::in_order::{InOrder, lock};
use super::reading::Reading;
use super::tally::Tally;
use crate::case::Catalogue;
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::frames::{self, FrameWriter, Part};
use crate::intake::blocks::buffers::{BLOCK, Pool};
use crate::intake::blocks::framing::{self, Block, Ended, Framing};
use crate::intake::evidence::containers::{self, FoundLog, WholeFile};
use crate::intake::evidence::jobs::{Job, Log};
use crate::intake::evidence::parquet_rows::ParquetRows;
use crate::intake::evidence::readers::{Failing, HashingReader};
use crate::jws::SigningKeys;
use crate::progress::Progress;

/// What is known of a log that was read to its end.
pub(crate) struct ReadLog {
    /// The file it is in.
    pub(crate) whole: WholeFile,
    /// What it is packed in.
    pub(crate) packed: String,
    /// How many bytes it has, unpacked, and what kept it from being read on.
    pub(crate) ended: Ended,
    /// SHA-256 of the unpacked bytes.
    pub(crate) content_sha256: String,
    /// Counts and facts about its lines.
    pub(crate) tally: Tally,
    /// The parts of frames that it was written to: of its rows, and of its rejects.
    pub(crate) parts: [Vec<Part>; 2],
}

/// What reading needs beside the jobs.
pub(crate) struct Pipeline<'a> {
    /// How each source is read, in the order of the case file.
    pub(crate) readings: &'a [Reading],
    /// The page catalogue.
    pub(crate) catalogue: &'a Catalogue,
    /// Keys that signatures are checked with.
    pub(crate) signing_keys: &'a SigningKeys,
    /// Where frames are written.
    pub(crate) frames_dir: &'a Path,
    /// A folder for what must be set aside.
    pub(crate) spool: &'a Path,
    /// Told how far reading is.
    pub(crate) progress: &'a dyn Progress,
}

/// A log that is being read.
struct OpenLog<'a> {
    log: &'a Log,
    reading: &'a Reading,
    packed: String,
    /// Hashes the unpacked bytes, if they are not those of the file itself.
    digest: Option<InOrder<Sha256, Arc<Block>>>,
    /// The SHA-256 of a Parquet file, whose blocks are not its own bytes.
    aside: OnceLock<String>,
    /// Takes each parsed block, and whether it is the last one.
    output: InOrder<Output, (ParsedBlock, bool)>,
    ended: OnceLock<Ended>,
    job: Arc<OpenJob<'a>>,
}

/// What a log becomes.
struct Output {
    /// Of its rows and of its rejects; `None` once the last block is written.
    writers: Option<[FrameWriter; 2]>,
    /// What they wrote, from then on.
    parts: Option<[Vec<Part>; 2]>,
    tally: Tally,
}

/// A file that is being read.
struct OpenJob<'a> {
    /// How many blocks are not written yet, and one more while the file is read.
    outstanding: AtomicUsize,
    logs: Mutex<Vec<Arc<OpenLog<'a>>>>,
    whole: OnceLock<WholeFile>,
}

/// A block to process.
struct Task<'a> {
    log: Arc<OpenLog<'a>>,
    block: Arc<Block>,
}

/// What the threads share.
#[derive(Default)]
struct State<'a> {
    /// Blocks to process.
    queue: VecDeque<Task<'a>>,
    /// The first job that no thread has begun.
    next_job: usize,
    /// How many threads read a file.
    readers: usize,
    /// How many blocks are read and not written yet.
    in_flight: usize,
    /// The first error: all threads end.
    failed: Option<Error>,
}

/// One run of the pipeline.
struct Run<'a, 'p> {
    pipeline: &'p Pipeline<'a>,
    jobs: &'p [&'a Job],
    /// How many blocks may be in flight.
    most: usize,
    state: Mutex<State<'a>>,
    /// Notified when `state` changes.
    changed: Condvar,
    pool: Arc<Pool>,
    done: &'p (dyn Fn(&Log, ReadLog) -> Result<()> + Sync),
}

impl<'a> Pipeline<'a> {
    /// Reads all `jobs` on `threads` threads, and calls `done` for each log whose frames are written.
    pub(crate) fn run(
        &self,
        jobs: &[&'a Job],
        threads: usize,
        done: &(dyn Fn(&Log, ReadLog) -> Result<()> + Sync),
    ) -> Result<()> {
        let threads = threads.max(1);
        let run = Run {
            pipeline: self,
            jobs,
            // Enough that no thread waits while another writes a block.
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

/// Ends all threads when one panics: they would wait for its blocks without end.
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
    /// Read the file of this job.
    Read(usize),
    /// Process a block.
    Process(Task<'a>),
    /// Nothing is left, or something failed.
    End,
}

impl<'a> Run<'a, '_> {
    /// What each thread does, from its beginning to its end.
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
                Next::Process(task) => self.process(task),
                Next::End => return,
            };
            if let Err(error) = result {
                lock(&self.state).failed.get_or_insert(error);
                self.changed.notify_all();
            }
        }
    }

    /// Waits until there is something to do.
    fn next(&self) -> Next<'a> {
        let mut state = lock(&self.state);
        loop {
            if state.failed.is_some() {
                return Next::End;
            }
            // Waiting blocks come first: they hold memory, and reading on would only wait for them.
            if let Some(task) = state.queue.pop_front() {
                return Next::Process(task);
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

    /// Hands a block to whichever thread is free; while too many wait, processes some of them itself.
    fn enqueue(&self, task: Task<'a>) -> Result<()> {
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
                    self.process(waiting)?;
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
        let on_read = |length| self.pipeline.progress.advance(length);
        let mut place = 0;
        let mut whole = containers::read(&job.path, self.pipeline.spool, &on_read, &mut |found| {
            let log = job.logs.get(place).and_then(Option::as_ref);
            place += 1;
            match log {
                Some(log) if log.member == found.member => self.read_log(&open, log, found),
                Some(_) => Err(changed(&job.path)),
                // No source claims this member of the archive.
                None => Ok(()),
            }
        })?;
        if place == 0 {
            self.read_nothing(&open, job, whole.damage.take())?;
        } else if place < job.logs.len() && whole.damage.is_none() {
            return Err(changed(&job.path));
        }
        open.whole.set(whole).expect("a file ends once");
        self.finish_one(&open)
    }

    /// Reads a file in which no log was found: each log that it should have is evidence all the same.
    fn read_nothing(
        &self,
        open: &Arc<OpenJob<'a>>,
        job: &'a Job,
        damage: Option<String>,
    ) -> Result<()> {
        for log in job.logs.iter().flatten() {
            let reason = damage.clone();
            let reason = reason.unwrap_or_else(|| "there is no log in it".into());
            let mut content = Failing::new(reason);
            let found = FoundLog {
                member: None,
                named: None,
                packed: "unreadable".into(),
                content: &mut content,
            };
            self.read_log(open, log, found)?;
        }
        Ok(())
    }

    /// Reads one log of a file.
    fn read_log(
        &self,
        job: &Arc<OpenJob<'a>>,
        log: &'a Log,
        mut found: FoundLog<'_>,
    ) -> Result<()> {
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
            self.enqueue(Task {
                log: Arc::clone(&open),
                block: Arc::new(block),
            })
        };
        let ended = if parquet {
            self.read_parquet(&open, found, emit)?
        } else {
            framing::cut(found.content, reading.framing, BLOCK, &self.pool, emit)?
        };
        open.ended.set(ended).expect("a log ends once");
        Ok(())
    }

    /// Sets a Parquet file aside, and hands its rows to `emit` as lines of JSON.
    fn read_parquet(
        &self,
        open: &OpenLog<'a>,
        found: FoundLog<'_>,
        emit: impl FnMut(Block) -> Result<()>,
    ) -> Result<Ended> {
        let mut content = HashingReader::new(found.content, &|_| {});
        let rows = ParquetRows::set_aside(&mut content, self.pipeline.spool)?;
        let (size, sha256) = content
            .finish()
            .map_err(|e| Error::io("read the evidence", Path::new(&open.log.path), e))?;
        open.aside.set(sha256).expect("a log ends once");
        let (mut rows, damage) = match rows {
            Ok(rows) => (rows, None),
            Err(damage) => (ParquetRows::default(), Some(damage)),
        };
        let ended = framing::cut(&mut rows, Framing::Parquet, BLOCK, &self.pool, emit)?;
        Ok(Ended {
            size,
            damage: damage.or(ended.damage),
        })
    }

    /// Processes a block: hashes it, parses it, encodes its rows, and writes them in their turn.
    fn process(&self, task: Task<'a>) -> Result<()> {
        let Task { log, block } = task;
        if let Some(digest) = &log.digest {
            digest.submit(block.index, Arc::clone(&block), |digest, block| {
                digest.update(block.buffer.filled());
                Ok(())
            })?;
        }
        let id = log.log.evidence_id;
        let parser = BlockParser::new(
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
        self.finish_one(&log.job)
    }

    /// Counts a block as written, or a file as read; with the last of them all its logs are done.
    fn finish_one(&self, job: &Arc<OpenJob<'a>>) -> Result<()> {
        // Whoever takes the last one must see what the others wrote.
        if job.outstanding.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ok(());
        }
        let whole = job.whole.get().expect("the reader is finished");
        let logs = std::mem::take(&mut *lock(&job.logs));
        let count = logs.len();
        for (index, open) in logs.into_iter().enumerate() {
            let mut output = open.output.state();
            let content_sha256 = match (&open.digest, open.aside.get()) {
                (Some(digest), _) => hex(&digest.state().clone().finalize()),
                (None, Some(aside)) => aside.clone(),
                (None, None) => whole.sha256.clone(),
            };
            let ended = open.ended.get().expect("the log is read to its end");
            // What kept an archive from being read on is the damage of the last log before it.
            let damage = ended
                .damage
                .clone()
                .or_else(|| whole.damage.clone().filter(|_| index + 1 == count));
            let read = ReadLog {
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

/// The error of an archive that has other members than when they were listed.
#[cold]
fn changed(path: &Path) -> Error {
    Error::user("the archive changed while it was read")
        .in_file(path)
        .hint("evidence must not change; run again on a copy")
}
