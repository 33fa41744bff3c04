//! The servers and the children that both stages work with.
use runtime::child::ChildRunner;
use runtime::fetch::Fetcher;
use runtime::objects::Objects;
use runtime::service::Runtime;
use runtime::store::Store;
use runtime::worker::Job;

use crate::request::Place;

/// Everything that a part of either stage uses besides its job.
pub(crate) struct Tools {
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) fetcher: Fetcher,
    pub(crate) child: ChildRunner,
}

impl Tools {
    pub(crate) fn of(runtime: &Runtime) -> Self {
        Self {
            store: runtime.store.clone(),
            objects: runtime.objects.clone(),
            fetcher: Fetcher::new(runtime.objects.clone(), runtime.scratch.clone()),
            child: runtime.child.clone(),
        }
    }

    /// Where the children of a part read and write.
    pub(crate) fn place<'a>(&self, job: &'a Job) -> Place<'a> {
        Place {
            input: job.scratch.input(),
            output: job.scratch.output(),
            allow_missing_landlock: self.child.allows_missing_landlock(),
        }
    }
}
