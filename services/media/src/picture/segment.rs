//! Encodes one stretch of the output grid: one decode feeds all encodes, and the frames are the same whatever the cut.
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use ffmpeg_next::frame;
use pipeline::rendition::{Picture, Segment, VideoEncode};

use crate::av;
use crate::child::protocol::{EncodedSegment, Limits, SegmentReport, video_file};
use crate::error::{Error, Result};
use crate::picture::encode::{Encoded, FRAMES_AHEAD, FRAMES_BEFORE, VideoEncoder};
use crate::picture::grid::Grid;
use crate::picture::scale;

/// Pictures that may wait for an encoder that is slower than the others.
const WAITING: usize = 4;

/// What is to be encoded.
pub(crate) struct Wish<'a> {
    pub(crate) picture: &'a Picture,
    pub(crate) segment: Segment,
    /// Encoders begin before the segment.
    pub(crate) warm_up: bool,
    pub(crate) encodes: &'a [VideoEncode],
}

/// Encodes a segment of the file at `path` once per encode. `output` gives each file's path.
///
/// # Errors
/// A failure when the source has not the frames that the plan promises.
pub(crate) fn encode(
    path: &Path,
    wish: &Wish,
    output: impl Fn(&str) -> Result<PathBuf>,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<SegmentReport> {
    let (before, shown) = shown(wish);
    let (sizes, places) = scale::sizes(wish.encodes);
    let mut report = SegmentReport { encodes: Vec::new() };
    std::thread::scope(|scope| {
        let mut lanes = Vec::new();
        for encode in wish.encodes {
            let file = video_file(&encode.id);
            lanes.push((encode, Lane::start(scope, output(&file)?, encode, wish, before, shown.frames), file));
        }
        let take = |_, pictures: &mut [frame::Video]| {
            for ((_, lane, _), place) in lanes.iter().zip(&places) {
                if let Some(picture) = pictures.get(*place) {
                    lane.show(picture)?;
                }
            }
            Ok(())
        };
        let read = read(path, Grid::new(wish.picture, shown, sizes, take), limits, progress);
        let ended: Vec<_> = lanes.into_iter().map(|(encode, lane, file)| (encode, lane.end(), file)).collect();
        // A failed encoder makes reading fail as well, so its error comes first.
        for (encode, made, file) in ended {
            if let Some(Encoded { frames, bytes, parameter_sets }) = made? {
                report.encodes.push(EncodedSegment { id: encode.id.clone(), file, frames, bytes, parameter_sets });
            }
        }
        read
    })?;
    Ok(report)
}

/// How many frames before the segment the encoders get, and how many in all.
fn shown(&Wish { picture, segment, warm_up, encodes }: &Wish) -> (u64, Segment) {
    let before = if warm_up { FRAMES_BEFORE.min(segment.first_frame) } else { 0 };
    let behind = picture.frames.saturating_sub(segment.first_frame.saturating_add(segment.frames));
    // Where it ends within a GOP, frames beyond would come out among its own.
    let whole = encodes.iter().all(|encode| segment.frames.is_multiple_of(u64::from(encode.gop_frames)));
    let ahead = if whole { FRAMES_AHEAD.min(behind) } else { 0 };
    let frames = segment.frames.saturating_add(before + ahead);
    (before, Segment { first_frame: segment.first_frame - before, frames, ..segment })
}

fn read<T: FnMut(u64, &mut [frame::Video]) -> Result<()>>(
    path: &Path,
    mut grid: Grid<T>,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<()> {
    if !grid.run(path, limits, true, progress)? {
        // The index led to a place after the segment's start: read from the beginning instead.
        grid.run(path, limits, false, progress)?;
    }
    grid.end()
}

/// An encoder in a thread of its own, so that a core that has nothing else to do helps: at a work's end there are fewer segments than
/// cores. Encoders are independent, so this changes no bits.
struct Lane<'scope> {
    pictures: SyncSender<frame::Video>,
    encoder: ScopedJoinHandle<'scope, Result<Option<Encoded>>>,
}

impl<'scope> Lane<'scope> {
    /// Starts an encoder that writes to `path` and gets `frames` frames, of which `before` lie before the segment.
    fn start<'a: 'scope>(
        scope: &'scope Scope<'scope, '_>,
        path: PathBuf,
        encode: &'a VideoEncode,
        &Wish { picture, segment, .. }: &Wish<'a>,
        before: u64,
        frames: u64,
    ) -> Self {
        let (pictures, waiting) = sync_channel::<frame::Video>(WAITING);
        let encoder = scope.spawn(move || {
            let mut encoder = VideoEncoder::create(&path, encode, picture.frame_rate, segment, before)?;
            let mut shown = 0;
            for mut picture in waiting {
                encoder.encode(&mut picture)?;
                shown += 1;
            }
            // Otherwise reading ended early, and the incomplete file is of no use.
            if shown == frames { encoder.finish().map(Some) } else { Ok(None) }
        });
        Self { pictures, encoder }
    }

    fn show(&self, picture: &frame::Video) -> Result<()> {
        let shared = av::share(picture)?;
        self.pictures.send(shared).map_err(|_| Error::Failed("an encoder ended before its last frame".into()))
    }

    /// Waits until it has encoded what it was shown; `None` if that was not all.
    fn end(self) -> Result<Option<Encoded>> {
        drop(self.pictures);
        self.encoder.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
