//! What every process has for itself: a child that was forked while another thread held a lock would wait for it forever.

use std::process;
use std::sync::OnceLock;

/// A value of this process; a forked child has its own, made of its parent's.
#[derive(Debug)]
pub struct PerProcess<T> {
    pid: u32,
    value: T,
    childs: OnceLock<Box<Self>>,
}

/// What a forked child can begin with.
pub trait Inherited {
    /// As much of it as can be had without waiting for a lock: its holder may not exist any more.
    #[must_use]
    fn inherited(&self) -> Self;
}

impl<T: Inherited> PerProcess<T> {
    /// This process's.
    pub fn get(&self) -> &T {
        let (mut owner, pid) = (self, process::id());
        while owner.pid != pid {
            owner = owner.childs.get_or_init(|| Box::new(Self::of(pid, owner.value.inherited())));
        }
        &owner.value
    }
}

impl<T> PerProcess<T> {
    const fn of(pid: u32, value: T) -> Self {
        Self { pid, value, childs: OnceLock::new() }
    }
}

impl<T: Default> Default for PerProcess<T> {
    fn default() -> Self {
        Self::of(process::id(), T::default())
    }
}

#[cfg(test)]
impl<T> PerProcess<T> {
    /// As a forked child has it.
    pub(crate) fn of_a_parent(value: T) -> Self {
        Self::of(process::id().wrapping_add(1), value)
    }

    /// What was its parent's.
    pub(crate) const fn parents(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    impl Inherited for Mutex<u32> {
        fn inherited(&self) -> Self {
            Self::new(self.try_lock().map_or(0, |number| *number))
        }
    }

    #[test]
    fn r18_a_child_begins_with_what_its_parent_knew_and_waits_for_no_lock_of_it() {
        let value = PerProcess::<Mutex<u32>>::default();
        *value.get().lock().unwrap() = 7;
        assert_eq!(*value.get().lock().unwrap(), 7);
        let child = PerProcess::of_a_parent(Mutex::new(7));
        assert_eq!(*child.get().lock().unwrap(), 7);
        *child.get().lock().unwrap() = 8;
        assert_eq!((*child.get().lock().unwrap(), *child.parents().lock().unwrap()), (8, 7));
        let orphan = PerProcess::of_a_parent(Mutex::new(7));
        let held = orphan.parents().lock().unwrap();
        assert_eq!((*orphan.get().lock().unwrap(), *held), (0, 7));
    }
}
