//! What is said between this process and a child: one request in, lines of answers out, and complaints for the log.
use std::process::ExitStatus;

use pipeline::rejection::Rejection;
use pipeline::text::{Lines, check};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tracing::debug;

use super::believe;
use super::error::{ChildError, Crash};
use super::spawner::Running;

/// The longest line that a child may write. Its largest answer, a `MediaInfo` with many stretches, has a few hundred
/// KiB.
const MAX_LINE: u64 = 4 << 20;
/// The most progress lines that are read: five a second, the child's highest rate, for eleven hours.
const MAX_PROGRESS: u32 = 200_000;
/// How much of a child's error text is kept, in characters: it is stored in the part's row and shown to people.
const FAILURE_CHARS: usize = 2000;
/// How much of the end of standard error is kept for the debug log.
const STDERR_TAIL: usize = 4096;

/// One line of a child's standard output.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Progress(f64),
    Done(serde_json::Value),
    Rejected(serde_json::Value),
    Failed(String),
}

/// Writes the request, reads the answers, waits for the end.
pub(super) async fn converse<R: DeserializeOwned>(
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
    let (_, answer, complaint) = tokio::join!(send(stdin, request), answering, tail(stderr));
    if !complaint.is_empty() {
        debug!("the child said: {complaint}");
    }
    let status = running.wait().await.map_err(|error| ChildError::failed("wait for the child", &error))?;
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

async fn send(mut stdin: ChildStdin, request: Vec<u8>) {
    // If a child ends without reading its request, its exit says more than a broken pipe would.
    let _ = stdin.write_all(&request).await;
    let _ = stdin.shutdown().await;
}

/// The child wrote something that is not an answer, or a line without an end.
struct Nonsense;

/// Reads answers until the last one, then to the end of the stream, so that the child is never blocked by a full pipe.
async fn listen(stdout: ChildStdout, mut on_progress: impl FnMut(f64) + Send) -> Result<Option<Answer>, Nonsense> {
    let mut reader = BufReader::new(stdout);
    let mut seen = 0;
    let answer = loop {
        let Some(line) = line(&mut reader).await? else { return Ok(None) };
        match serde_json::from_slice(&line) {
            Ok(Answer::Progress(progress)) if seen < MAX_PROGRESS => {
                seen += 1;
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
pub(super) fn escaped(text: &[u8]) -> String {
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
