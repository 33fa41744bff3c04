//! The child process: one JSON request in on stdin, the sandbox closes, one job runs, JSON lines go out on stdout.
//!
//! | question | file |
//! |---|---|
//! | what is a job asked to do, and what may it answer? | `protocol` |
//! | what may a job still do, and how is that tested? | `sandbox`, `self_test` |
//! | how is it scheduled? | `scheduling` |
use std::any::Any;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::check::qc;
use crate::error::{During, Error, Result};
use crate::picture::{cover, segment};
use crate::sound::encode::Wish;
use crate::write::join;
use protocol::{Job, Line, MAX_REQUEST_BYTES, Request};

pub mod protocol;
mod sandbox;
mod scheduling;
mod self_test;

/// Shortest time between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Runs the job that is described on stdin. The hidden subcommand of the one binary; returns only to exit.
///
/// Must be called before any thread is started: the sandbox binds the calling thread and those that it starts.
/// Exit code 0 says that a last line was written, whatever it says; anything else is a crash.
pub fn main() -> ExitCode {
    // A panic is reported as a line on stdout; the hook's own output would only repeat it with a path.
    std::panic::set_hook(Box::new(|_| {}));
    let last = match catch_unwind(run) {
        Ok(Ok(done)) => Line::Done(done),
        Ok(Err(Error::Rejected(rejection))) => Line::Rejected(rejection),
        Ok(Err(Error::Failed(text))) => Line::Failed(text),
        Err(panic) => Line::Failed(format!("panicked: {}", panic_text(panic.as_ref()))),
    };
    match say(&last) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn run() -> Result<serde_json::Value> {
    let request = read_request()?;
    // No single segment is urgent, and no other job has more threads.
    if matches!(request.job, Job::EncodeSegment { .. }) {
        scheduling::take_long_turns();
    }
    sandbox::enter(&request)?;
    catch_unwind(AssertUnwindSafe(|| work(&request, &mut Progress::to_stdout())))
        .unwrap_or_else(|panic| Err(Error::Failed(format!("panicked: {}", panic_text(panic.as_ref())))))
}

fn read_request() -> Result<Request> {
    let mut text = Vec::new();
    std::io::stdin().lock().take(MAX_REQUEST_BYTES + 1).read_to_end(&mut text).during("read the request")?;
    if text.len() as u64 > MAX_REQUEST_BYTES {
        return Err(Error::Failed(format!("the request is longer than {MAX_REQUEST_BYTES} bytes")));
    }
    serde_json::from_slice(&text).map_err(|error| Error::Failed(format!("read the request: {error}")))
}

/// Does the job of `request` in this process, without a sandbox of its own.
fn work(request: &Request, progress: &mut Progress) -> Result<serde_json::Value> {
    crate::av::init();
    match &request.job {
        Job::Outline { file } => to_value(&crate::probe::outline(&request.input(file)?, &request.limits)?),
        Job::Probe { file } => {
            let (path, report) = (request.input(file)?, &mut |part| progress.report(part));
            to_value(&crate::probe::report(&path, &request.limits, request.output_dir.as_deref(), report)?)
        }
        Job::EncodeSegment { file, picture, segment, warm_up, encodes } => {
            let (path, report) = (request.input(file)?, &mut |part| progress.report(part));
            let wish = segment::Wish { picture, segment: *segment, warm_up: *warm_up, encodes };
            to_value(&segment::encode(&path, &wish, |name| request.output(name), &request.limits, report)?)
        }
        Job::EncodeAudio { file, picture_start_ms, frames, frame_rate, encodes } => {
            let wish = Wish { picture_start_ms: *picture_start_ms, frames: *frames, frame_rate: *frame_rate, encodes };
            let (path, report) = (request.input(file)?, &mut |part| progress.report(part));
            to_value(&crate::sound::encode::encode(&path, &wish, |name| request.output(name), &request.limits, report)?)
        }
        Job::Assemble { picture, sound, aigc, output } => {
            let wish = join::Wish { picture, sound: sound.as_deref(), aigc: aigc.as_deref(), output };
            to_value(&join::join(request, &wish, &mut |part| progress.report(part))?)
        }
        Job::Covers { file, duration_ms, whole, covers, moments_ms } => {
            let wish = cover::Wish { whole, covers, moments_ms, duration_ms: *duration_ms };
            to_value(&cover::take(&request.input(file)?, &wish, |name| request.output(name), &request.limits)?)
        }
        Job::Qc { file, expected, source, mezzanine, stills } => {
            let (path, report) = (request.input(file)?, &mut |part| progress.report(part));
            let mezzanine = mezzanine.as_ref().map(|it| Ok::<_, Error>((request.input(&it.file)?, &it.picture)));
            let stills = request.output_dir.clone().map(|dir| (dir, *stills));
            let compared = qc::Compared { expected, source, mezzanine: mezzanine.transpose()?, stills };
            to_value(&qc::check(&path, &compared, &request.limits, report)?)
        }
        Job::Sheet { file, limits } => to_value(&sheet(&request.input(file)?, limits)?),
        Job::SelfTest => to_value(&self_test::run(request)),
    }
}

/// A parser that panics has met a file that no program writes.
fn sheet(path: &Path, limits: &paper::Limits) -> Result<paper::Answer> {
    match catch_unwind(|| paper::read(path, limits)) {
        Ok(answer) => answer.during("read the spreadsheet"),
        Err(_) => Ok(paper::Answer::Refused(paper::Refusal::Damaged)),
    }
}

fn to_value(reply: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(reply).map_err(|error| Error::Failed(format!("write the reply: {error}")))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".into())
}

/// Reports the progress of the job: throttled, never backwards, 0 to 1.
struct Progress {
    reported: f64,
    at: Instant,
}

impl Progress {
    fn to_stdout() -> Self {
        Self { reported: 0.0, at: Instant::now() }
    }

    fn report(&mut self, part: f64) {
        if part.is_nan() || part <= self.reported || self.at.elapsed() < PROGRESS_EVERY {
            return;
        }
        self.reported = part.min(1.0);
        self.at = Instant::now();
        say_or_leave(&Line::Progress(self.reported));
    }
}

/// Exits when the line cannot be written: then the parent is gone, and the result would be of no use.
fn say_or_leave(line: &Line) {
    if say(line).is_err() {
        std::process::exit(1);
    }
}

fn say(line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&text)?;
    stdout.flush()
}
