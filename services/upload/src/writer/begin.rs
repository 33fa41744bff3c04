//! The beginning of an upload: its limits, and its row. The caller has checked who enters, and until when.
use pipeline::catalogue::Contest;
use pipeline::id::UploadId;
use runtime::problem::{Code, Problem};
use runtime::store::entry::uploads::{Budget, Created, NewUpload, UploadKind, UploadState};
use runtime::store::submissions::SubmissionRow;
use uuid::Uuid;

use crate::app::App;
use crate::high_water::{self, Wish};

/// Unfinished uploads and finished pieces that one submission may have: more than any browser's parallel pieces, few
/// enough to limit what one token can store.
pub(crate) const MOST_UPLOADS: i64 = 32;

/// Stores an upload that begins, within the budgets of its submission and of the installation.
pub(crate) async fn begin(app: &App, contest: &Contest, new: &NewUpload) -> Result<(), Problem> {
    high_water::check(app, Wish::Begin).await?;
    check_granted(app, app.store.create_upload(new, budget(app, contest, MOST_UPLOADS)).await?)?;
    app.stock.begun().await;
    app.store.metrics().uploads.count("created");
    Ok(())
}

/// The limits of uploads of one submission to that contest.
pub(crate) fn budget(app: &App, contest: &Contest, uploads: i64) -> Budget {
    let largest = contest.max_upload_bytes;
    let bytes = largest.saturating_mul(u64::from(app.settings.budget_factor));
    Budget { uploads, bytes, undeclared: largest }
}

/// The problem of an upload that was not granted. `Same` is no problem.
pub(crate) fn check_granted(app: &App, created: Created) -> Result<(), Problem> {
    let code = match created {
        Created::New | Created::Same(_) => return Ok(()),
        Created::Closed => Code::SubmissionClosed,
        Created::PieceGone => Code::ConcatWrong,
        Created::TooMany => Code::TooManyUploads,
        Created::TooMuch => Code::UploadBudget,
    };
    if matches!(created, Created::TooMany | Created::TooMuch) {
        app.store.metrics().uploads.count("over_budget");
    }
    Err(code.into())
}

/// A new upload without further properties.
pub(crate) fn new_upload(app: &App, submission: &SubmissionRow, contest: &Contest) -> NewUpload {
    NewUpload {
        // Random, not by time: the address should not be guessable, though it opens nothing without the token.
        id: UploadId(Uuid::new_v4()),
        submission: submission.id,
        length: None,
        offset: 0,
        state: UploadState::Open,
        kind: UploadKind::Single,
        pieces: Vec::new(),
        metadata: String::new(),
        filename: None,
        declared_sha256: None,
        part_size: App::part_size(contest),
        expires_at: app.expiry(contest, submission),
        created_at: app.clock.now(),
    }
}
