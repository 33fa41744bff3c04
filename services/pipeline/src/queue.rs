//! The screening queues: which works wait for a reviewer, and in which order. A queue is a filter; the store builds the query.

/// A queue of works that await review.
#[derive(Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its title in Chinese.
    pub zh: &'static str,
    /// Its title in English.
    pub en: &'static str,
    /// Only possible duplicates of another work of the contest.
    pub twins: bool,
    /// Only works that the reviewer put aside, the longest ago first. Every other queue has the oldest work first, and those that the
    /// reviewer put aside at the end.
    pub aside: bool,
}

/// Every queue, in the order in which they are listed.
pub static QUEUES: [Queue; 3] = [
    Queue { name: "screening", zh: "待初筛", en: "To be screened", twins: false, aside: false },
    Queue { name: "twins", zh: "疑似重复", en: "Possible duplicates", twins: true, aside: false },
    Queue { name: "later", zh: "我的稍后处理", en: "Put aside by me", twins: false, aside: true },
];

impl Queue {
    /// The queue of this name.
    pub fn called(name: &str) -> Option<&'static Queue> {
        QUEUES.iter().find(|queue| queue.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_found_by_its_name() {
        for queue in &QUEUES {
            assert_eq!(Queue::called(queue.name), Some(queue));
        }
        assert_eq!(Queue::called("other"), None);
    }
}
