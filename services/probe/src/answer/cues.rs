//! Whether the storyboard's cues (WebVTT) are safe for a player: each may name a time and a part of our own sheet only. A player fetches
//! the address in a cue, so a cue with another address would make reviewers' browsers open it.
use media::protocol::SHEET;

/// Cues at most. The storyboard has 100 pictures.
const MOST: usize = 1000;
/// The longest side of the sheet, pixels: JPEG allows no more.
const LONGEST_SIDE: u32 = 65_500;

/// Checks a whole file of cues.
///
/// # Errors
/// Names the problem, without quoting the text.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let mut lines = text.strip_prefix("WEBVTT\n").ok_or("no header line")?.lines();
    let (mut cues, mut before) = (0, 0);
    while let Some(line) = lines.next() {
        if !line.is_empty() {
            return Err("more than cues");
        }
        let (from, to) = lines.next().and_then(|line| line.split_once(" --> ")).ok_or("a cue without a time")?;
        let (from, to) = (time_ms(from).ok_or("an invalid time")?, time_ms(to).ok_or("an invalid time")?);
        if from < before || to <= from {
            return Err("times out of order");
        }
        before = from;
        if !lines.next().is_some_and(is_part_of_sheet) {
            return Err("a picture outside the sheet");
        }
        cues += 1;
        if cues > MOST {
            return Err("too many cues");
        }
    }
    Ok(())
}

/// `00:01:02.500` in milliseconds; hours may have more digits.
fn time_ms(text: &str) -> Option<u64> {
    let (clock, thousandths) = text.split_once('.')?;
    let mut fields = clock.split(':');
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>, most: u64| {
        let plain = digits.contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
        text.parse::<u64>().ok().filter(|number| plain && *number <= most)
    };
    let hours = number(fields.next()?, 2..=4, 9999)?;
    let minutes = number(fields.next()?, 2..=2, 59)?;
    let seconds = number(fields.next()?, 2..=2, 59)?;
    let thousandths = number(thousandths, 3..=3, 999)?;
    fields.next().is_none().then_some(((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths)
}

/// `storyboard.jpg#xywh=160,90,160,90`.
fn is_part_of_sheet(line: &str) -> bool {
    let Some(numbers) = line.strip_prefix(SHEET).and_then(|rest| rest.strip_prefix("#xywh=")) else { return false };
    let pixels = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        text.parse::<u32>().ok().filter(|pixels| plain && *pixels <= LONGEST_SIDE)
    };
    let numbers: Option<Vec<u32>> = numbers.split(',').take(5).map(pixels).collect();
    matches!(numbers.as_deref(), Some([_, _, width, height]) if *width > 0 && *height > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HONEST: &str = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nstoryboard.jpg#xywh=0,0,160,90\n\n\
        00:00:01.000 --> 01:00:02.500\nstoryboard.jpg#xywh=160,0,160,90\n";

    #[test]
    fn cues_are_times_and_parts_of_the_sheet_and_nothing_else() {
        assert_eq!(check(HONEST), Ok(()));
        assert_eq!(check("WEBVTT\n"), Ok(()), "a film of no length has none");
        let lie = |what: &str, honest: &str, instead: &str| {
            assert!(HONEST.contains(honest), "{honest}");
            assert!(check(&HONEST.replacen(honest, instead, 1)).is_err(), "{what}");
        };
        lie("another file", "storyboard.jpg", "proxy.mp4");
        lie("an address", "storyboard.jpg", "https://evil.example/storyboard.jpg");
        lie("an address without a scheme", "storyboard.jpg", "//evil.example/storyboard.jpg");
        lie("a path", "storyboard.jpg", "../../1/preview/storyboard.jpg");
        lie("a script", "storyboard.jpg#xywh=0,0,160,90", "javascript:alert(1)");
        lie("markup", "storyboard.jpg#xywh=0,0,160,90", "<b onclick=x>");
        lie("something behind it", "160,90", "160,90&x=1");
        lie("a fifth number", "160,90", "160,90,1");
        lie("no size", "160,90", "0,90");
        lie("a size without end", "160,90", "99999999999,90");
        lie("a sign", "160,90", "+160,90");
        lie("a second line", "160,90\n", "160,90\nmore\n");
        lie("a note", "WEBVTT\n", "WEBVTT\n\nNOTE stay\n");
        lie("a style", "WEBVTT\n", "WEBVTT\n\nSTYLE\n::cue { background: url(//evil.example) }\n");
        lie("a region behind the name", "WEBVTT", "WEBVTT - x");
        lie("settings of a cue", "00:00:01.000\n", "00:00:01.000 align:left\n");
        lie("an invalid time", "00:00:01.000", "00:99:01.000");
        lie("a time without end", "01:00:02.500", "99999:00:02.500");
        lie("an end before its beginning", "01:00:02.500", "00:00:00.500");
        lie("times out of order", "00:00:00.000 --> 00:00:01.000", "00:00:05.000 --> 00:00:06.000");
        let cue = "\n00:00:00.000 --> 00:00:01.000\nstoryboard.jpg#xywh=0,0,160,90\n";
        assert_eq!(check(&format!("WEBVTT\n{}", cue.repeat(MOST))), Ok(()));
        assert_eq!(check(&format!("WEBVTT\n{}", cue.repeat(MOST + 1))), Err("too many cues"));
    }
}
