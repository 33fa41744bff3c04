//! How a job ends when it does not succeed: the content's fault or ours.
use ffmpeg_next as ffmpeg;
use pipeline::rejection::Rejection;

/// Why a job has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The fault is in the content: final, and shown to the entrant.
    #[error("the content is refused: {0:?}")]
    Rejected(Rejection),
    /// Our fault, or the machine's: may be tried again.
    #[error("{0}")]
    Failed(String),
}

/// The result of media work.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Out of memory inside the sandbox: the content asked for more than an entry may.
    pub(crate) fn out_of_memory() -> Self {
        Error::Rejected(Rejection::BudgetExceeded { budget: "memory".into() })
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Error::Rejected(rejection)
    }
}

/// Adds what was being done when libav or the system failed.
pub(crate) trait During<T> {
    /// Turns the error into a failure of ours; only running out of memory stays the content's.
    fn during(self, doing: &str) -> Result<T>;
}

impl<T> During<T> for std::result::Result<T, ffmpeg::Error> {
    fn during(self, doing: &str) -> Result<T> {
        self.map_err(|error| match error {
            ffmpeg::Error::Other { errno: libc::ENOMEM } => Error::out_of_memory(),
            error => Error::Failed(format!("{doing}: {error}")),
        })
    }
}

impl<T> During<T> for std::io::Result<T> {
    fn during(self, doing: &str) -> Result<T> {
        self.map_err(|error| Error::Failed(format!("{doing}: {error}")))
    }
}
