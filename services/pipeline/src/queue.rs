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
    /// Its filter.
    pub only: Only,
}

/// The filter of a queue. Every queue has the oldest work first and those that the reviewer put aside last, unless it
/// says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// No filter.
    All,
    /// Works with a rule in the verdict that a person should check.
    Warnings,
    /// Possible duplicates of another work of the contest.
    Twins,
    /// Works that the reviewer put aside, the longest ago first.
    Aside,
}

/// Every queue, in the order in which they are listed.
pub static QUEUES: [Queue; 4] = [
    Queue { name: "screening", zh: "待初筛", en: "To be screened", only: Only::All },
    Queue { name: "warnings", zh: "有提示的作品", en: "With warnings", only: Only::Warnings },
    Queue { name: "twins", zh: "疑似重复", en: "Possible duplicates", only: Only::Twins },
    Queue { name: "later", zh: "我的稍后处理", en: "Put aside by me", only: Only::Aside },
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
