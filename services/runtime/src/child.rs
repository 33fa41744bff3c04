//! Runs a media job in a sandboxed child: this program again, with the argument `child`. It sends the request as JSON
//! to the child's standard input and reads answers as JSON lines from its standard output. The child limits itself; the
//! parent gives it an empty environment, a separate process group and a deadline, and kills everything that is left of
//! it.
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use pipeline::rejection::Rejection;
use pipeline::text::{Lines, check};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug};

use crate::config::Config;
use crate::metrics::Metrics;
use crate::telemetry::spans;

mod believe;
mod spawner;

use spawner::{Running, Spawner};

pub use believe::numbers;

/// The longest line that a child may write. Its largest answer, a `MediaInfo` with many stretches, has a few hundred
/// KiB.
const MAX_LINE: u64 = 4 << 20;
/// The most progress lines that are read: five a second, the child's highest rate, for eleven hours.
const MAX_PROGRESS: u32 = 200_000;
/// How much of a child's error text is kept, in characters: it is stored in the part's row and shown to people.
const FAILURE_CHARS: usize = 2000;
/// How much of the end of standard error is kept for the debug log.
const STDERR_TAIL: usize = 4096;

/// Hides this process's memory, environment and open files from other processes of the same user, such as a child that
/// escaped from its sandbox: the kernel lets them neither attach nor read `/proc/PID/{mem,environ,fd}`, and writes no
/// core dump. For processes that hold secrets.
///
/// # Errors
/// If the kernel refuses.
pub fn hide_this_process() -> anyhow::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("hide this process from others (PR_SET_DUMPABLE)")
}

/// Starts children. Clones share one spawner.
#[derive(Clone)]
pub struct ChildRunner {
    program: PathBuf,
    allow_missing_landlock: bool,
    spawner: Spawner,
    metrics: Metrics,
}

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
    /// Metric label.
    fn end(&self) -> &'static str {
        match self {
            ChildError::Rejected(_) => "rejected",
            ChildError::Crashed(_) | ChildError::Lied(_) => "crashed",
            ChildError::TimedOut(_) => "timed_out",
            ChildError::Cancelled => "cancelled",
            ChildError::Failed(_) => "failed",
        }
    }
}

impl ChildError {
    /// What killed a child before its final answer, as a label of `reelmill_children_killed_total`.
    fn killed_by(&self) -> Option<&'static str> {
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

/// One line of a child's standard output.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Progress(f64),
    Done(serde_json::Value),
    Rejected(serde_json::Value),
    Failed(String),
}

impl ChildRunner {
    /// Prepares the runner; `Config::child_exe` replaces this program.
    pub fn new(config: &Config, metrics: Metrics) -> anyhow::Result<Self> {
        let program = match &config.child_exe {
            Some(program) => program.clone(),
            None => std::env::current_exe().context("find this program's own file")?,
        };
        let allow_missing_landlock = config.allow_missing_landlock;
        Ok(Self { program, allow_missing_landlock, spawner: Spawner::start()?, metrics })
    }

    /// Whether children may run on a kernel without Landlock, for the requests that say so.
    pub fn allows_missing_landlock(&self) -> bool {
        self.allow_missing_landlock
    }

    /// Runs one child to its end, within `wall` and until `cancelled`. `on_progress` is called with 0 to 1.
    pub async fn run<Q: Serialize, R: DeserializeOwned>(
        &self,
        request: &Q,
        wall: Duration,
        cancelled: &CancellationToken,
        on_progress: impl FnMut(f64) + Send,
    ) -> Result<R, ChildError> {
        let request = serde_json::to_value(request).map_err(|error| failed("write the request", &error))?;
        let running = self.metrics.child_seconds.with_label_values(&[job_of(&request)]).start_timer();
        let span = spans::child(job_of(&request));
        let result = self.run_inner(&request, wall, cancelled, on_progress).instrument(span.clone()).await;
        running.observe_duration();
        let end = result.as_ref().map_or_else(ChildError::end, |_| "done");
        if matches!(end, "crashed" | "timed_out" | "failed") {
            spans::failed(&span, end);
        }
        self.metrics.children.with_label_values(&[end]).inc();
        if let Some(cause) = result.as_ref().err().and_then(ChildError::killed_by) {
            self.metrics.media.children_killed.with_label_values(&[cause]).inc();
        }
        result
    }

    async fn run_inner<R: DeserializeOwned>(
        &self,
        request: &serde_json::Value,
        wall: Duration,
        cancelled: &CancellationToken,
        on_progress: impl FnMut(f64) + Send,
    ) -> Result<R, ChildError> {
        if cancelled.is_cancelled() {
            return Err(ChildError::Cancelled);
        }
        let request = serde_json::to_vec(request).map_err(|error| failed("write the request", &error))?;
        let mut command = tokio::process::Command::new(&self.program);
        command.arg("child").env_clear();
        // The only setting that a child receives besides its request.
        if self.allow_missing_landlock {
            command.env("REELMILL_ALLOW_MISSING_LANDLOCK", "true");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        // From here on, dropping `running` kills the whole group, however this function ends.
        let mut running = self.spawner.spawn(command).await.map_err(|error| failed("start the child", &error))?;
        tokio::select! {
            result = converse(&mut running, request, on_progress) => result,
            () = tokio::time::sleep(wall) => Err(ChildError::TimedOut(wall)),
            () = cancelled.cancelled() => Err(ChildError::Cancelled),
        }
    }
}

/// The kind of a request, by the name in its own format (`{"job": {"qc": …}}`). Requests are ours, so there are few
/// names.
fn job_of(request: &serde_json::Value) -> &str {
    match request.get("job") {
        Some(serde_json::Value::String(name)) => name,
        Some(serde_json::Value::Object(job)) => job.keys().next().map_or("other", String::as_str),
        _ => "other",
    }
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> ChildError {
    ChildError::Failed(format!("{what}: {error}"))
}

/// Writes the request, reads the answers, waits for the end.
async fn converse<R: DeserializeOwned>(
    running: &mut Running,
    request: Vec<u8>,
    on_progress: impl FnMut(f64) + Send,
) -> Result<R, ChildError> {
    let (Some(stdin), Some(stdout), Some(stderr)) = running.pipes() else {
        return Err(ChildError::Failed("the child has no pipes".to_owned()));
    };
    let answering = async {
        let answer = listen(stdout, on_progress).await;
        if answer.is_err() {
            // Its later output would be ignored, so it need not go on.
            running.kill_group();
        }
        answer
    };
    let (_, answer, complaint) = tokio::join!(tell(stdin, request), answering, tail(stderr));
    if !complaint.is_empty() {
        debug!("the child said: {complaint}");
    }
    let status = running.wait().await.map_err(|error| failed("wait for the child", &error))?;
    match answer {
        Ok(Some(Answer::Done(result))) => believed(result),
        Ok(Some(Answer::Rejected(reason))) => Err(refusal(reason)),
        Ok(Some(Answer::Failed(words))) => {
            Err(ChildError::Failed(escaped(words.as_bytes()).chars().take(FAILURE_CHARS).collect()))
        }
        Ok(Some(Answer::Progress(_)) | None) => Err(ChildError::Crashed(crash(status))),
        Err(Nonsense) => Err(ChildError::Crashed(Crash::Nonsense)),
    }
}

/// An answer whose texts may be stored. The service that asked must check whether it fits the request.
fn believed<R: DeserializeOwned>(answer: serde_json::Value) -> Result<R, ChildError> {
    let read = believe::texts(&answer).and_then(|()| serde_json::from_value(answer).map_err(|error| error.to_string()));
    read.map_err(|why| {
        debug!("the child wrote what is no answer: {}", escaped(why.as_bytes()));
        ChildError::Crashed(Crash::Nonsense)
    })
}

/// A refusal that a child may give; any other answer is nonsense.
fn refusal(reason: serde_json::Value) -> ChildError {
    match believed::<Rejection>(reason) {
        Ok(reason) if reason.is_of_the_file() => ChildError::Rejected(reason),
        Ok(_) => ChildError::Crashed(Crash::Nonsense),
        Err(error) => error,
    }
}

fn crash(status: ExitStatus) -> Crash {
    use std::os::unix::process::ExitStatusExt;
    status.signal().map_or(Crash::Code(status.code().unwrap_or(-1)), Crash::Signal)
}

async fn tell(mut stdin: ChildStdin, request: Vec<u8>) {
    // If a child ends without reading its request, its exit says more than a broken pipe would.
    let _ = stdin.write_all(&request).await;
    let _ = stdin.shutdown().await;
}

/// The child wrote something that is not an answer, or a line without an end.
struct Nonsense;

/// Reads answers until the last one, then to the end of the stream, so that the child is never blocked by a full pipe.
async fn listen(stdout: ChildStdout, mut on_progress: impl FnMut(f64) + Send) -> Result<Option<Answer>, Nonsense> {
    let mut reader = BufReader::new(stdout);
    let mut told = 0;
    let answer = loop {
        let Some(line) = line(&mut reader).await? else { return Ok(None) };
        match serde_json::from_slice(&line) {
            Ok(Answer::Progress(progress)) if told < MAX_PROGRESS => {
                told += 1;
                on_progress(progress.clamp(0.0, 1.0));
            }
            Ok(Answer::Progress(_)) => return Err(Nonsense),
            Ok(answer) => break answer,
            Err(error) => {
                debug!("the child wrote what is no answer: {error}: {}", escaped(&line[..line.len().min(200)]));
                return Err(Nonsense);
            }
        }
    };
    // The rest is not kept in memory. The deadline limits it.
    let _ = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
    Ok(Some(answer))
}

async fn line(reader: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Vec<u8>>, Nonsense> {
    let mut line = Vec::new();
    let read = reader.take(MAX_LINE).read_until(b'\n', &mut line).await;
    match read {
        Ok(0) | Err(_) => Ok(None),
        Ok(_) if line.ends_with(b"\n") => Ok(Some(line)),
        // Too long, or truncated by the child's end; the latter counts as no answer.
        Ok(length) if length as u64 >= MAX_LINE => Err(Nonsense),
        Ok(_) => Ok(None),
    }
}

/// The last few KiB of standard error, made safe to print.
async fn tail(mut stderr: ChildStderr) -> String {
    let mut tail = Vec::with_capacity(2 * STDERR_TAIL);
    while let Ok(read) = read_some(&mut stderr, &mut tail).await
        && read > 0
    {
        let excess = tail.len().saturating_sub(STDERR_TAIL);
        tail.drain(..excess);
    }
    escaped(&tail)
}

async fn read_some(from: &mut (impl AsyncRead + Unpin), to: &mut Vec<u8>) -> std::io::Result<usize> {
    from.take(STDERR_TAIL as u64).read_buf(to).await
}

/// A child's text, which may echo an entrant's bytes: characters that are not allowed in a one-line text are escaped,
/// so that log lines cannot be forged.
fn escaped(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut escaped = String::with_capacity(text.len());
    for c in text.trim_end().chars() {
        match check(c.encode_utf8(&mut [0; 4]), Lines::One) {
            Ok(()) => escaped.push(c),
            Err(_) => escaped.extend(c.escape_default()),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
