//! What reviewers see before an entry is rendered: a small proxy, a storyboard, and moments that would make a good cover.
//!
//! It uses the frames that the probe decodes. One scaled picture serves all three. Every failure here is ours and says nothing
//! about the content.
//!
//! | what | file |
//! |---|---|
//! | the small film | `proxy` |
//! | its sound | `sound` |
//! | sound that is read before the first picture | `waiting` |
//! | small pictures at a regular interval | `storyboard` |
//! | moments for covers | `moments` |
use std::path::{Path, PathBuf};

use ffmpeg_next::frame;

use crate::av;
use crate::av::graph::Graph;
use crate::child::protocol::PROXY;
use crate::error::{During, Error, Result};
use crate::picture::scale;
use crate::picture::shape::Shape;
use crate::read::times::to_us;
use moments::Moments;
use proxy::Proxy;
use storyboard::Storyboard;
use waiting::Waiting;

mod moments;
mod proxy;
mod sound;
mod storyboard;
mod waiting;

/// The proxy's shorter side at most, pixels.
const SHORT_SIDE: u32 = 480;
/// Its longer side at most, pixels: of ribbons.
const LONG_SIDE: u32 = 1920;
/// Shortest time between pictures of the proxy, µs: 30 a second, less 2 ms for rounded time stamps.
const APART_US: i64 = 1_000_000 / 30 - 2000;
/// Longest source with a preview, µs: no contest accepts longer ones, and the files stay bounded.
const LONGEST_US: i64 = 4 * 3600 * 1_000_000;

/// The preview of one source, being made.
pub(crate) struct Preview {
    dir: PathBuf,
    /// Whether the source says that it has sound.
    sounds: bool,
    /// Sound that came before the first picture.
    early: Waiting,
    making: Option<Making>,
    due_us: i64,
    too_long: bool,
}

struct Making {
    graph: Graph,
    ticks: (i32, i32),
    proxy: Proxy,
    storyboard: Storyboard,
    moments: Moments,
}

impl Preview {
    /// A preview that leaves its files in `dir`, of a source with sound or none.
    pub(crate) fn new(dir: &Path, sounds: bool) -> Self {
        let (early, making) = (Waiting::default(), None);
        Self { dir: dir.to_owned(), sounds, early, making, due_us: 0, too_long: false }
    }

    /// Takes a decoded picture that is shown `at_us` after the first one, which begins at `begin_us` of the file's timeline.
    pub(crate) fn picture(
        &mut self,
        frame: &mut frame::Video,
        at_us: i64,
        begin_us: i64,
        shape: impl FnOnce() -> Option<Shape>,
    ) -> Result<()> {
        self.too_long |= at_us > LONGEST_US;
        if self.too_long || (self.making.is_some() && at_us < self.due_us) {
            return Ok(());
        }
        self.due_us = at_us.saturating_add(APART_US);
        ours(self.take(frame, at_us, begin_us, shape))
    }

    fn take(
        &mut self,
        frame: &mut frame::Video,
        at_us: i64,
        begin_us: i64,
        shape: impl FnOnce() -> Option<Shape>,
    ) -> Result<()> {
        let making = match &mut self.making {
            Some(making) => making,
            none => {
                let shape = shape().ok_or_else(|| Error::Failed("a picture without a shape".into()))?;
                let mut making = Making::begin(&self.dir, &shape, self.sounds.then_some(begin_us))?;
                while let Some((mut block, at_us)) = self.early.next() {
                    making.proxy.hear(&mut block, at_us)?;
                }
                none.insert(making)
            }
        };
        frame.set_pts(Some(at_us));
        making.graph.push(frame)?;
        making.pull()
    }

    /// Takes a decoded block of sound that begins at `at_us` of the file's timeline, where that is known.
    pub(crate) fn sound(&mut self, block: &mut frame::Audio, at_us: Option<i64>) -> Result<()> {
        if self.too_long {
            return Ok(());
        }
        let Some(making) = &mut self.making else {
            self.early.add(block, at_us);
            return Ok(());
        };
        ours(making.proxy.hear(block, at_us)).map(|too_long| self.too_long |= too_long)
    }

    /// Completes the files of a picture that ends `end_us` after its first frame, and gives the moments for a cover in ms, best
    /// first. Leaves no file of a source that is too long.
    pub(crate) fn finish(self, end_us: i64) -> Result<Vec<u64>> {
        let Some(mut making) = self.making else { return Ok(Vec::new()) };
        if self.too_long {
            drop(making);
            return ours(std::fs::remove_file(self.dir.join(PROXY)).during("remove the proxy").map(|()| Vec::new()));
        }
        let finish = || {
            making.graph.finish()?;
            making.pull()?;
            making.proxy.finish(end_us)?;
            making.storyboard.finish(end_us, &self.dir)?;
            Ok(making.moments.best(end_us))
        };
        ours(finish())
    }
}

impl Making {
    fn begin(dir: &Path, shape: &Shape, begin_us: Option<i64>) -> Result<Self> {
        let size = shape.fitted(SHORT_SIDE, LONG_SIDE);
        let mut graph = scale::small(shape.facts, &shape.picture(), size)?;
        let ticks = graph.time_base(0).unwrap_or((1, 1_000_000));
        Ok(Self {
            graph,
            ticks,
            proxy: Proxy::create(&dir.join(PROXY), size, begin_us)?,
            storyboard: Storyboard::new(size)?,
            moments: Moments::default(),
        })
    }

    fn pull(&mut self) -> Result<()> {
        let mut small = frame::Video::empty();
        while self.graph.pull(0, &mut small)? {
            let base = av::Rational { num: self.ticks.0, den: self.ticks.1 };
            let at_us = to_us(small.pts().unwrap_or(0), base);
            self.moments.see(&small, at_us);
            self.storyboard.see(&small, at_us)?;
            self.proxy.see(&mut small, at_us)?;
            small = frame::Video::empty();
        }
        Ok(())
    }
}

/// Turns any error into a failure of ours.
fn ours<T>(result: Result<T>) -> Result<T> {
    result.map_err(|error| match error {
        Error::Failed(text) => Error::Failed(format!("make the preview: {text}")),
        Error::Rejected(reason) => Error::Failed(format!("make the preview: {reason:?}")),
    })
}
