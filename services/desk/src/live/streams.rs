//! How many streams are open: for each person, and in the process.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pipeline::id::PersonId;
use runtime::problem::{Code, Problem};

/// Streams that one person may have open; a page that is not visible closes its stream.
const OF_ONE_PERSON: usize = 4;
/// Streams that one process serves: fewer than half of its connections.
const AT_ONCE: usize = 200;

/// The open streams of this process, by person. Clones share the counts.
#[derive(Clone, Default)]
pub(super) struct OpenStreams {
    counts: Arc<Mutex<HashMap<PersonId, usize>>>,
}

impl OpenStreams {
    /// Counts another stream of a person.
    ///
    /// # Errors
    /// [`Code::TooManyStreams`] beyond the limit of one person, [`Code::Overloaded`] beyond that of the process.
    pub(super) fn open(&self, person: PersonId) -> Result<OpenStream, Problem> {
        // A panic while the lock is held leaves valid counts.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.values().sum::<usize>() >= AT_ONCE {
            return Err(Code::Overloaded.into());
        }
        let own = counts.entry(person).or_default();
        if *own >= OF_ONE_PERSON {
            return Err(Code::TooManyStreams.into());
        }
        *own += 1;
        Ok(OpenStream { counts: self.counts.clone(), person })
    }
}

/// One of the streams that a person may have; dropping it frees it.
pub(super) struct OpenStream {
    counts: Arc<Mutex<HashMap<PersonId, usize>>>,
    person: PersonId,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = counts.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                counts.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn streams_are_bounded_for_one_person_and_for_all() {
        let streams = OpenStreams::default();
        let open = |n| streams.open(PersonId(Uuid::from_u128(n))).map_err(|problem| problem.code);
        let own: Vec<_> = (0..OF_ONE_PERSON).map(|_| open(0).unwrap()).collect();
        assert_eq!(open(0).err(), Some(Code::TooManyStreams));
        let others = AT_ONCE - OF_ONE_PERSON;
        let all: Vec<_> = (0..others).map(|n| open(1 + n as u128 / OF_ONE_PERSON as u128).unwrap()).collect();
        assert_eq!(open(1_000).err(), Some(Code::Overloaded));
        drop((own, all));
        assert!(streams.counts.lock().unwrap().is_empty());
        assert!(open(0).is_ok());
    }
}
