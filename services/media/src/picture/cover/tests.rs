//! Which pictures serve as covers.
use ffmpeg_next::format;

use super::*;

/// A grey picture with stripes between these columns.
fn striped(width: u32, height: u32, from: u32, to: u32) -> frame::Video {
    let mut picture = frame::Video::new(format::Pixel::YUV420P, width, height);
    (1..3).for_each(|plane| picture.data_mut(plane).fill(128));
    let stride = picture.stride(0);
    let luma = picture.data_mut(0);
    luma.fill(90);
    for y in 0..height {
        for x in from..to {
            luma[y as usize * stride + x as usize] = if x / 2 % 2 == 0 { 60 } else { 190 };
        }
    }
    picture
}

#[test]
fn the_window_goes_to_where_the_detail_is_and_else_to_the_middle() {
    let part = window(&striped(640, 360, 480, 640), (3, 4));
    assert_eq!((part.y, part.width, part.height), (0, 270, 360));
    assert!(part.x <= 480 && part.x + part.width >= 638, "{part:?}");
    let part = window(&striped(640, 360, 0, 640), (3, 4));
    assert!(part.x.abs_diff(185) <= 2, "{part:?}");
    let part = window(&striped(360, 640, 0, 360), (16, 9));
    assert_eq!((part.x, part.width, part.height), (0, 360, 204));
}

#[test]
fn quality_falls_until_the_limit_holds() {
    let picture = striped(640, 360, 0, 640);
    let wish = |max_bytes| CoverWish { file: "cover-1.jpg".into(), width: 480, height: 360, max_bytes };
    let part = window(&picture, (480, 360));
    let made = |limit| encode(&picture, part, &wish(limit)).map(|(bytes, size)| (bytes.len() as u64, size));
    let (free, _) = made(None).unwrap();
    let (held, size) = made(Some(free * 2 / 3)).unwrap();
    assert!(held <= free * 2 / 3 && held > free / 8 && size == (480, 360), "{free} and {held} bytes");
    // No quality is that low: then it is made smaller, in its shape.
    let (small, size) = made(Some(free / 12)).unwrap();
    assert!(small <= free / 12 && size.0 < 480 && size.0 * 3 == size.1 * 4, "{small} bytes, {size:?}");
    assert!(made(Some(100)).is_err());
}
