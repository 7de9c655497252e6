//! Items that any thread works on in any order, and that are finished in theirs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;

/// Locks `mutex`, also after a thread panicked with it: the program then ends and uses nothing of it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A state that items change one after another, whatever the order in which they come.
pub(super) struct InOrder<S, T> {
    queue: Mutex<Queue<T>>,
    state: Mutex<S>,
}

struct Queue<T> {
    /// The item that is to be finished next.
    next: u64,
    /// Items that came too early.
    waiting: BTreeMap<u64, T>,
    /// Whether a thread finishes items now.
    busy: bool,
}

impl<S, T> InOrder<S, T> {
    /// Begins with `state`, before any item.
    pub(super) fn new(state: S) -> Self {
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

    /// Finishes the item `index` and those that waited for it.
    ///
    /// If another thread finishes items now, leaves them to it and returns at once. Indices begin at 0
    /// and have no gaps.
    pub(super) fn submit(
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
        while let Some(item) = self.take_next() {
            finish(&mut lock(&self.state), item)?;
        }
        Ok(())
    }

    /// Takes the next item out; `None` if it is not there yet, and then no thread is busy any more.
    fn take_next(&self) -> Option<T> {
        let mut queue = lock(&self.queue);
        let next = queue.next;
        let item = queue.waiting.remove(&next);
        match item {
            Some(_) => queue.next += 1,
            None => queue.busy = false,
        }
        item
    }

    /// The state, once the items are finished.
    pub(super) fn state(&self) -> MutexGuard<'_, S> {
        lock(&self.state)
    }
}
