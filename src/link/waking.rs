//! A queue that a machine fills and one task empties: a push wakes the task.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Waker};

/// A shared queue with the task that waits for its next change. Cheap to clone.
#[derive(Debug)]
pub struct Waking<Q>(Arc<Mutex<Slot<Q>>>);

/// A locked queue.
pub struct Locked<'a, Q>(MutexGuard<'a, Slot<Q>>);

#[derive(Debug, Default)]
struct Slot<Q> {
    queue: Q,
    waiting: Option<Waker>,
}

impl<Q> Waking<Q> {
    /// Locks the queue, and wakes nobody.
    pub fn lock(&self) -> Locked<'_, Q> {
        Locked(self.0.lock().expect("the lock is not poisoned"))
    }

    /// Changes the queue, and wakes the task that waits for that.
    pub fn change<R>(&self, change: impl FnOnce(&mut Q) -> R) -> R {
        let mut locked = self.lock();
        let result = change(&mut locked);
        let waiting = locked.0.waiting.take();
        drop(locked);
        waiting.into_iter().for_each(Waker::wake);
        result
    }
}

impl<Q> Locked<'_, Q> {
    /// Lets the next change wake this task, and no other.
    pub fn wait(&mut self, cx: &Context<'_>) {
        self.0.waiting = Some(cx.waker().clone());
    }
}

impl<Q> Deref for Locked<'_, Q> {
    type Target = Q;

    fn deref(&self) -> &Q {
        &self.0.queue
    }
}

impl<Q> DerefMut for Locked<'_, Q> {
    fn deref_mut(&mut self) -> &mut Q {
        &mut self.0.queue
    }
}

impl<Q: Default> Default for Waking<Q> {
    fn default() -> Self {
        Waking(Arc::default())
    }
}

impl<Q> Clone for Waking<Q> {
    fn clone(&self) -> Self {
        Waking(self.0.clone())
    }
}
