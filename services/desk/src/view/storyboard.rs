//! A work's storyboard as pages show it: which part of its sheet is shown at which time. The sheet itself is fetched
//! with the preview.
use pipeline::id::SubmissionId;
use pipeline::object_key::PreviewFile;
use runtime::objects::ObjectError;
use runtime::outcome::StoredPreview;
use serde::Serialize;
use tracing::warn;

use crate::Desk;

/// The most bytes of cues that are read. The probe writes 100 cues, 8 kB.
const CUES_BYTES: u64 = 64 << 10;

/// The sheet's small pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Storyboard {
    /// Size of the sheet, pixels.
    pub width: u32,
    /// Size of the sheet, pixels.
    pub height: u32,
    /// In the order of time.
    pub tiles: Vec<Tile>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tile {
    /// When it starts to be shown, in ms after the first picture.
    pub from_ms: u64,
    /// When it ends.
    pub to_ms: u64,
    /// Its position on the sheet, pixels.
    pub x: u32,
    /// Its position on the sheet, pixels.
    pub y: u32,
    /// Its size, pixels.
    pub width: u32,
    /// Its size, pixels.
    pub height: u32,
}

impl Storyboard {
    /// The tile at a moment; after the end, the last tile.
    pub fn at(&self, ms: u64) -> Option<&Tile> {
        self.tiles.iter().find(|tile| ms < tile.to_ms).or(self.tiles.last())
    }

    /// Reads cues as the probe writes them; the probe checked them before they were stored.
    fn read(cues: &str) -> Self {
        let mut lines = cues.lines();
        let mut tiles = Vec::new();
        while let Some(line) = lines.next() {
            let Some(time) = line.split_once(" --> ") else { continue };
            tiles.extend(lines.next().and_then(|place| tile(time, place)));
        }
        let most = |end: fn(&Tile) -> u32| tiles.iter().map(end).max().unwrap_or(0);
        let width = most(|tile| tile.x.saturating_add(tile.width));
        let height = most(|tile| tile.y.saturating_add(tile.height));
        Self { width, height, tiles }
    }
}

fn tile((from, to): (&str, &str), place: &str) -> Option<Tile> {
    let (_, numbers) = place.split_once("#xywh=")?;
    let numbers: Vec<u32> = numbers.split(',').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let [x, y, width, height] = numbers[..] else { return None };
    Some(Tile { from_ms: time_ms(from)?, to_ms: time_ms(to)?, x, y, width, height })
}

/// `00:01:02.500` in milliseconds.
fn time_ms(text: &str) -> Option<u64> {
    let (clock, thousandths) = text.split_once('.')?;
    let seconds = clock.split(':').try_fold(0u64, |sum, part| Some(sum * 60 + part.parse::<u64>().ok()?))?;
    Some(seconds * 1000 + thousandths.parse::<u64>().ok()?)
}

/// The storyboard of a work's preview; `None` if it is empty or cannot be read. The page is then shown without the
/// storyboard.
pub async fn storyboard(desk: &Desk, id: SubmissionId, preview: &StoredPreview) -> Option<Storyboard> {
    let file = preview.file(PreviewFile::Cues);
    match text(desk, &file.key, file.bytes).await {
        Ok(cues) => Some(Storyboard::read(&cues)).filter(|board| !board.tiles.is_empty()),
        Err(error) => {
            warn!(submission.id = %id, "the storyboard of {id} could not be read: {error}");
            None
        }
    }
}

async fn text(desk: &Desk, key: &str, bytes: u64) -> Result<String, ObjectError> {
    let mut reader = desk.objects.read_range(&key, 0, bytes.min(CUES_BYTES)).await?;
    let mut text = Vec::new();
    while let Some(some) = reader.next().await? {
        text.extend_from_slice(&some);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_picture() {
        let cues = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nstoryboard.jpg#xywh=0,0,160,90\n\n\
            00:00:01.000 --> 00:01:02.500\nstoryboard.jpg#xywh=160,90,160,90\n";
        let board = Storyboard::read(cues);
        assert_eq!((board.width, board.height, board.tiles.len()), (320, 180, 2));
        let at = |ms| board.at(ms).map(|tile| (tile.x, tile.y));
        assert_eq!(
            [at(0), at(999), at(1000), at(99_000)],
            [Some((0, 0)), Some((0, 0)), Some((160, 90)), Some((160, 90))]
        );
        assert_eq!(board.tiles[1].to_ms, 62_500);
        assert_eq!(Storyboard::read("WEBVTT\n").at(0), None);
        assert_eq!(Storyboard::read("x --> y\nstoryboard.jpg#xywh=1,2\n").tiles, []);
    }
}
