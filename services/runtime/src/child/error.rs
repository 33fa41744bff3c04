//! How a child ended without a result.
use std::time::Duration;

use pipeline::rejection::Rejection;

/// How a child ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It reports that the content cannot be accepted.
    #[error("the content was refused: {}", .0.code())]
    Rejected(Rejection),
    /// A signal, or an exit without an answer, for example because a decoder crashed or the sandbox killed it: most
    /// likely the content's fault.
    #[error("the child crashed: {0}")]
    Crashed(Crash),
    /// It exceeded its time limit.
    #[error("the child took longer than {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The job is no longer wanted.
    #[error("the job was cancelled")]
    Cancelled,
    /// Its answer does not fit the request, or its files do not fit its answer: a decoder was taken over by an
    /// entrant's file, or we have a bug. Nothing of the answer is used.
    #[error("the child's answer does not fit the request: {0}")]
    Lied(String),
    /// It could not be started, or reports a failure on our side, such as a full disk.
    #[error("the child failed: {0}")]
    Failed(String),
}

/// How a child crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// By this signal.
    Signal(i32),
    /// It exited with this code and without an answer.
    Code(i32),
    /// It wrote something that is not an answer.
    Nonsense,
}

impl std::fmt::Display for Crash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Crash::Signal(signal) => write!(f, "signal {signal}"),
            Crash::Code(code) => write!(f, "exit code {code} without an answer"),
            Crash::Nonsense => f.write_str("it wrote what is no answer"),
        }
    }
}

impl ChildError {
    /// A failure of ours.
    pub(super) fn failed(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }

    /// Metric label.
    pub(super) fn end(&self) -> &'static str {
        match self {
            ChildError::Rejected(_) => "rejected",
            ChildError::Crashed(_) | ChildError::Lied(_) => "crashed",
            ChildError::TimedOut(_) => "timed_out",
            ChildError::Cancelled => "cancelled",
            ChildError::Failed(_) => "failed",
        }
    }

    /// What killed a child before its final answer, as a label of `reelmill_children_killed_total`.
    pub(super) fn killed_by(&self) -> Option<&'static str> {
        match self {
            ChildError::Rejected(_) | ChildError::Failed(_) => None,
            ChildError::TimedOut(_) => Some("timed_out"),
            ChildError::Cancelled => Some("cancelled"),
            ChildError::Crashed(Crash::Code(_) | Crash::Nonsense) | ChildError::Lied(_) => Some("no_answer"),
            ChildError::Crashed(Crash::Signal(signal)) => Some(match *signal {
                // Most likely out of memory.
                libc::SIGKILL => "sigkill",
                libc::SIGSEGV | libc::SIGBUS => "sigsegv",
                libc::SIGABRT => "sigabrt",
                // The sandbox: a forbidden system call, or too much processor time.
                libc::SIGSYS => "sigsys",
                libc::SIGXCPU => "sigxcpu",
                _ => "other_signal",
            }),
        }
    }
}
