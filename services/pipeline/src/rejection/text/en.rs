//! The sentences in English.
use super::words::{midway, named, resource};
use crate::lang::{Lang, duration, shown};
use crate::rejection::Rejection;

pub(super) fn text(reason: &Rejection) -> String {
    match reason {
        Rejection::DigestMismatch => {
            "The file that arrived is not the file that was sent: its SHA-256 differs. Please upload it again.".into()
        }
        Rejection::UnknownFormat { found } => {
            format!("The file is not a video that we can open (it looks like {}). Please export an mp4.", shown(found))
        }
        Rejection::NoVideo => "The file has no moving picture.".into(),
        Rejection::ExternalReference => {
            "The file refers to other files or to addresses. Please export one self-contained mp4.".into()
        }
        Rejection::UnsupportedCodec { codec } => {
            format!("The codec {} is not accepted. Please export the work as H.264 with AAC sound.", shown(codec))
        }
        Rejection::TooManyStreams { streams } => {
            format!("The file has {streams} streams, more than an entry needs. Please keep one picture and one sound.")
        }
        Rejection::OversizedTags { bytes } => format!(
            "The file's tags hold {bytes} bytes of text, more than an entry needs. Please export it without tags."
        ),
        Rejection::MisleadingHeader { claimed_ms, decoded_ms } => misleading(*claimed_ms, *decoded_ms),
        Rejection::PictureTooLarge { width, height } => format!(
            "The picture is {width}×{height} pixels, larger than can be processed. Please export at most 7680×4320."
        ),
        Rejection::ChangesMidway { what } => {
            format!("The file changes midway ({}). Please export it again in one piece.", midway(what, Lang::En))
        }
        Rejection::TimeRunsBackwards { frames } => format!(
            "The file's time jumps back: {frames} pictures come after their time, and players would leave them out. \
             Please export it again in one piece."
        ),
        Rejection::Damaged { errors, end_missing } => damaged(*errors, *end_missing),
        Rejection::Encrypted { scheme } => format!(
            "The file is encrypted{} and cannot be opened without its key. Please export it without protection.",
            named(scheme, " (", ")")
        ),
        Rejection::Undecodable => "The file cannot be decoded. Please export it again and check that it plays.".into(),
        Rejection::BudgetExceeded { budget } => format!(
            "Decoding the file needs more {} than an entry may use. Please export it again with ordinary settings.",
            resource(budget, Lang::En)
        ),
        Rejection::FormatNotAllowed { found } => {
            format!("The format is {}, by content; the contest takes mp4 only. Renaming does not help.", shown(found))
        }
        Rejection::TooShort { duration_ms, min_ms } => {
            format!("The work is {} long; the contest asks for at least {}.", long(*duration_ms), long(*min_ms))
        }
        Rejection::TooLong { duration_ms, max_ms } => {
            format!("The work is {} long; the contest takes at most {}.", long(*duration_ms), long(*max_ms))
        }
        Rejection::ResolutionTooLow { short_side, min_short_side } => format!(
            "The picture's short side is {short_side} pixels; the contest asks for at least {min_short_side}. \
             Please export from the original material; enlarging does not help."
        ),
        Rejection::AspectNotAllowed { width, height } => {
            format!("The picture is shown at {width}×{height}; that is none of the aspects that the contest takes.")
        }
        Rejection::NoSound => "The work has no sound; the contest asks for it.".into(),
        Rejection::Interlaced => "The picture is interlaced; the contest takes progressive video only.".into(),
        Rejection::HighDynamicRange => "The picture is HDR; the contest takes SDR (BT.709) only.".into(),
        Rejection::AlreadyEntered => {
            "This very file has been entered in the contest already; a work may be entered once, under one theme."
                .into()
        }
        Rejection::ReviewRefused { words } => format!("The organisers did not accept the work: “{}”.", shown(words)),
    }
}

fn misleading(claimed_ms: u64, decoded_ms: u64) -> String {
    format!(
        "The header of the file's picture or sound says that it lasts {}, but only {} could be decoded. \
         Please export it again.",
        long(claimed_ms),
        long(decoded_ms)
    )
}

fn damaged(errors: u64, end_missing: bool) -> String {
    if end_missing {
        return "The file is incomplete: its end is missing. Please export it again and upload all of it.".into();
    }
    format!("The file is damaged: {errors} errors while decoding it. Please export and upload it again.")
}

fn long(ms: u64) -> String {
    duration(ms, Lang::En)
}
