//! The covers.
use media::protocol::{CoverWish, CoversReport, Job, Request};
use runtime::child::ChildError;
use runtime::scratch::Left;

use super::checks::{JPEG, another_job, ensure, output, plain_numbers};

/// The longest side of a picture, pixels: JPEG allows no more.
const LONGEST_SIDE: u32 = 65_500;

/// The covers that were cut, in the request's order.
#[derive(Debug)]
pub struct Cut {
    /// The whole picture.
    pub whole: Left,
    /// The others.
    pub covers: Vec<Left>,
}

/// The covers that were cut.
///
/// # Errors
/// [`ChildError::Lied`] when they are not exactly those that were asked for.
pub fn covers(request: &Request, report: &CoversReport) -> Result<Cut, ChildError> {
    let Job::Covers { whole, covers, duration_ms, .. } = &request.job else { return Err(another_job()) };
    plain_numbers(report)?;
    ensure(report.covers.len() == covers.len(), "it names more or fewer covers than were asked for")?;
    let dir = output(request)?;
    let open = |wish: &CoverWish, made: &media::protocol::Cover| {
        ensure(wish.file == made.file, "it names another file")?;
        let sides = (1..=wish.width).contains(&made.width) && (1..=wish.height).contains(&made.height);
        ensure(sides, "a cover is larger than was asked for")?;
        ensure(made.at_ms <= duration_ms.saturating_add(1000), "a cover is from beyond the end")?;
        let most = wish.max_bytes.unwrap_or(u64::MAX).min(request.limits.file_bytes);
        Left::open(dir, &wish.file, most)?.of_size(made.bytes)?.with_magic(0, JPEG)
    };
    let plain = CoverWish { file: whole.clone(), width: LONGEST_SIDE, height: LONGEST_SIDE, max_bytes: None };
    let whole = open(&plain, &report.whole)?;
    let covers = covers.iter().zip(&report.covers).map(|(wish, made)| open(wish, made)).collect::<Result<_, _>>()?;
    Ok(Cut { whole, covers })
}
