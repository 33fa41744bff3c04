//! Concatenation: pieces that were uploaded in parallel become one upload. `finish` makes the object.
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use pipeline::catalogue::Contest;
use pipeline::id::UploadId;
use runtime::store::entry::uploads::{Created, NewUpload, UploadKind, UploadState};
use runtime::store::submissions::SubmissionRow;

use super::created::created;
use super::metadata::Metadata;
use super::named::check_alive;
use crate::app::App;
use crate::finish;
use crate::high_water::{self, Wish};
use crate::writer::begin::{MOST_UPLOADS, budget, check_granted, new_upload};
use runtime::problem::{Code, Detail, Problem};

/// Pieces of one concatenation. More would make us list without end.
const MOST_PIECES: usize = MOST_UPLOADS as usize;

/// The value of `Upload-Concat`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Concat {
    None,
    Partial,
    Final(Vec<UploadId>),
}

impl Concat {
    pub(crate) fn parse(header: Option<&str>) -> Result<Self, Problem> {
        let Some(header) = header else { return Ok(Concat::None) };
        if header == "partial" {
            return Ok(Concat::Partial);
        }
        let list = header.strip_prefix("final;").ok_or(Code::ConcatWrong)?;
        // An address may be absolute or a path, as it was returned; the upload is its last segment.
        let id = |address: &str| address.rsplit_once("/files/").and_then(|(_, id)| id.parse().ok());
        let pieces: Vec<_> = list.split_whitespace().map(id).collect::<Option<_>>().ok_or(Code::ConcatWrong)?;
        if pieces.is_empty() || pieces.len() > MOST_PIECES {
            return Err(Code::ConcatWrong.into());
        }
        Ok(Concat::Final(pieces))
    }
}

/// Makes an upload of finished pieces. The same request again is answered with the same upload.
pub(crate) async fn create(
    app: &Arc<App>,
    submission: &SubmissionRow,
    contest: &Contest,
    metadata: Metadata,
    pieces: Vec<UploadId>,
    sent: &HeaderMap,
) -> Result<Response, Problem> {
    if sent.contains_key("upload-length") || sent.contains_key("upload-defer-length") {
        return Err(Code::ConcatWrong.about(Detail::new(
            "upload-length：合并的长度由各分段决定",
            "upload-length: a concatenation has that of its pieces",
        )));
    }
    if sent.get(CONTENT_TYPE).is_some_and(|it| it == super::headers::BYTES) {
        return Err(Code::FinalReadOnly.into());
    }
    let new = metadata.onto(new_upload(app, submission, contest));
    if let Some(id) = app.store.upload_of_pieces(submission.id, &pieces).await? {
        return Ok(created(app, &NewUpload { id, kind: UploadKind::Final, ..new }, None));
    }
    let length = whole_length(app, submission, contest, &pieces).await?;
    let (kind, state) = (UploadKind::Final, UploadState::Assembling);
    let new = NewUpload { kind, state, pieces, length: Some(length), offset: length, ..new };
    high_water::check(app, Wish::Continue).await?;
    // Its pieces count, so one more than their limit is allowed.
    let done = app.store.create_upload(&new, budget(app, contest, MOST_UPLOADS + 1)).await?;
    check_granted(app, done)?;
    if let Created::Same(id) = done {
        return Ok(created(app, &NewUpload { id, ..new }, None));
    }
    finish::soon(app, new.id).await;
    Ok(created(app, &new, None))
}

/// The total length of the pieces; each must be complete, alive, and of this submission.
async fn whole_length(
    app: &App,
    submission: &SubmissionRow,
    contest: &Contest,
    pieces: &[UploadId],
) -> Result<u64, Problem> {
    let mut length = 0_u64;
    for (index, id) in pieces.iter().enumerate() {
        let piece = app.store.upload(*id).await?;
        let ours = piece.filter(|it| it.submission == submission.id && it.kind == UploadKind::Partial);
        let piece = ours.filter(|_| !pieces[..index].contains(id)).ok_or(Code::ConcatWrong)?;
        check_alive(app, &piece)?;
        if piece.state == UploadState::Open {
            return Err(Code::PieceUnfinished.into());
        }
        length = length.saturating_add(piece.offset);
    }
    if length > contest.max_upload_bytes { Err(Code::TooLarge.into()) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_names_its_pieces_by_address_or_path() {
        let id = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
        let wanted = Concat::Final(vec![id.parse().unwrap(); 2]);
        assert_eq!(Concat::parse(Some(&format!("final;/files/{id} https://a.b/x/files/{id}"))).unwrap(), wanted);
        assert_eq!(Concat::parse(Some("partial")).unwrap(), Concat::Partial);
        assert_eq!(Concat::parse(None).unwrap(), Concat::None);
        for wrong in ["", "final", "final;", "final; ", "final;/files/x", &format!("final;{id}"), "Partial"] {
            assert_eq!(Concat::parse(Some(wrong)).unwrap_err().code, Code::ConcatWrong, "{wrong}");
        }
    }
}
