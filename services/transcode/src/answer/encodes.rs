//! The encodes of a segment and of the sound.
use media::protocol::{AudioReport, EncodedAudio, Job, Request, SegmentReport, audio_file, video_file};
use pipeline::id::EncodeId;
use runtime::child::ChildError;
use runtime::scratch::Left;

use super::checks::{FTYP, another_job, ensure, output, plain_numbers};

/// The largest avcC record that is kept, in hexadecimal digits. Those of x264 have about a hundred.
const PARAMETER_SETS: usize = 4096;
/// Levels and gains beyond this have no meaning, dB either way.
const MOST_DB: f64 = 1000.0;

/// A file of one encode.
#[derive(Debug)]
pub struct Encoded {
    /// Which encode of the request.
    pub id: EncodeId,
    /// Its name in the output directory.
    pub name: String,
    /// The file.
    pub file: Left,
}

/// The files of a segment, in the request's order.
///
/// # Errors
/// [`ChildError::Lied`] when they are not exactly those that were asked for.
pub fn segment(request: &Request, report: &SegmentReport) -> Result<Vec<Encoded>, ChildError> {
    let Job::EncodeSegment { encodes, segment, .. } = &request.job else { return Err(another_job()) };
    plain_numbers(report)?;
    ensure(report.encodes.iter().all(|made| made.frames == segment.frames), "a segment has other frames")?;
    let hex = |text: &str| text.len() <= PARAMETER_SETS && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    ensure(report.encodes.iter().all(|made| hex(&made.parameter_sets)), "parameter sets are not hexadecimal")?;
    let wanted: Vec<_> = encodes.iter().map(|encode| (&encode.id, video_file(&encode.id))).collect();
    let said = report.encodes.iter().map(|made| Said { id: &made.id, name: &made.file, bytes: made.bytes }).collect();
    files(request, &wanted, said)
}

/// The files of the sound, in the request's order.
///
/// # Errors
/// [`ChildError::Lied`] when they are not exactly those that were asked for.
pub fn sound(request: &Request, report: &AudioReport) -> Result<Vec<Encoded>, ChildError> {
    let Job::EncodeAudio { encodes, .. } = &request.job else { return Err(another_job()) };
    plain_numbers(report)?;
    let levels = |made: &EncodedAudio| [Some(made.gain_db), made.loudness_lufs, made.true_peak_dbtp];
    let mut levels = report.encodes.iter().flat_map(levels).flatten();
    ensure(levels.all(|level| level.abs() <= MOST_DB), "a level out of range")?;
    let wanted: Vec<_> = encodes.iter().map(|encode| (&encode.id, audio_file(&encode.id))).collect();
    let said = report.encodes.iter().map(|made| Said { id: &made.id, name: &made.file, bytes: made.bytes }).collect();
    files(request, &wanted, said)
}

/// What the child says of one encode.
struct Said<'a> {
    id: &'a EncodeId,
    /// Its file's name.
    name: &'a str,
    bytes: u64,
}

/// Opens the files that were wanted, if the child says the same of them, one by one.
fn files(request: &Request, wanted: &[(&EncodeId, String)], said: Vec<Said<'_>>) -> Result<Vec<Encoded>, ChildError> {
    ensure(said.len() == wanted.len(), "it names more or fewer encodes than were asked for")?;
    let dir = output(request)?;
    let mut found = Vec::new();
    for ((id, name), said) in wanted.iter().zip(said) {
        ensure(*id == said.id, "it names another encode")?;
        ensure(name == said.name, "it names another file")?;
        let file = Left::open(dir, name, request.limits.file_bytes)?.of_size(said.bytes)?.with_magic(4, FTYP)?;
        found.push(Encoded { id: (*id).clone(), name: name.clone(), file });
    }
    Ok(found)
}
