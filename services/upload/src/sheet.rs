//! The request to the sandboxed child about a spreadsheet, the meaning of its answer, and the works in it. Pure.
use std::path::Path;
use std::time::Duration;

use media::protocol::{Job, Limits, Request};
use paper::{Answer, Book, Refusal};
use pipeline::catalogue::Contest;
use pipeline::sheet::{Cells, Sheet, SheetError};
use runtime::child::ChildError;

/// The name that every spreadsheet has in the input directory.
pub const SHEET: &str = "sheet";

/// After this a reader counts as hanging; the largest sheet takes less than two seconds.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Reads the cells of the one file of `input`.
pub fn request(input: &Path, limits: paper::Limits, allow_missing_landlock: bool) -> Request {
    Request {
        input_dir: Some(input.to_owned()),
        output_dir: None,
        limits: Limits::sheet(),
        allow_missing_landlock,
        job: Job::Sheet { file: SHEET.into(), limits },
    }
}

/// The cells, or why the file is refused. A reader that crashes or takes too long has a file that no program writes; it
/// is not tried again, since a person waits for the answer and can send the file again.
///
/// # Errors
/// A fault of ours. [`ChildError::Lied`] for an answer beyond `limits`.
pub fn answered(
    answer: Result<Answer, ChildError>,
    limits: &paper::Limits,
) -> Result<Result<Book, Refusal>, ChildError> {
    match answer {
        Ok(Answer::Read(book)) => match book.check(limits) {
            Ok(()) => Ok(Ok(book)),
            Err(what) => Err(ChildError::Lied(what.to_owned())),
        },
        Ok(Answer::Refused(refusal)) => Ok(Err(refusal)),
        Err(ChildError::Crashed(_) | ChildError::TimedOut(_) | ChildError::Rejected(_)) => Ok(Err(Refusal::Damaged)),
        Err(error @ (ChildError::Cancelled | ChildError::Lied(_) | ChildError::Failed(_))) => Err(error),
    }
}

/// The works of the first worksheet that contains any.
///
/// # Errors
/// What is wrong with the worksheet that is nearest to a sheet.
pub fn works(contest: &Contest, unit: &str, book: &Book) -> Result<Sheet, SheetError> {
    let mut error = SheetError::NoHeadings;
    for sheet in &book.sheets {
        let rows: Vec<Cells> = sheet.rows.iter().map(|row| Cells { number: row.number, text: &row.cells }).collect();
        match pipeline::sheet::read(contest, unit, &rows) {
            Ok(works) => return Ok(works),
            Err(SheetError::NoHeadings) => {}
            Err(other) => error = other,
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use paper::{Limits, Row, Sheet};
    use pipeline::rejection::Rejection;
    use runtime::child::Crash;

    use super::*;

    #[test]
    fn a_reader_that_crashes_or_hangs_has_met_a_damaged_file() {
        let ends = [
            ChildError::Crashed(Crash::Signal(6)),
            ChildError::Crashed(Crash::Nonsense),
            ChildError::TimedOut(DEADLINE),
            ChildError::Rejected(Rejection::NoVideo),
        ];
        for end in ends {
            assert!(matches!(answered(Err(end), &Limits::default()), Ok(Err(Refusal::Damaged))));
        }
        let failed = answered(Err(ChildError::Failed("no scratch".into())), &Limits::default());
        assert!(matches!(failed, Err(ChildError::Failed(_))), "{failed:?}");
    }

    #[test]
    fn an_answer_beyond_the_limits_is_a_lie() {
        let row = |number| Row { number, cells: vec!["x".to_owned()] };
        let book = Book { sheets: vec![Sheet { name: String::new(), rows: vec![row(1), row(2)] }] };
        assert_eq!(answered(Ok(Answer::Read(book.clone())), &Limits::default()).unwrap(), Ok(book.clone()));
        let few = Limits { rows: 1, ..Limits::default() };
        assert!(matches!(answered(Ok(Answer::Read(book)), &few), Err(ChildError::Lied(_))));
    }
}
