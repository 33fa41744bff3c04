//! Loudness over time as a drawing with a table beside it. Part of other pages; has no route.
use askama::Template;
use pages::Say;
use pipeline::media_info::{AudioInfo, ShortTerm};
use runtime::store::submissions::SubmissionRow;

use crate::Desk;
use scale::{BOTTOM_LUFS, GRID_LU, LEFT, TOP_LUFS, WIDTH, number, step_ms, y};
use table::{Row, rows};

mod scale;
mod table;

/// The data of the drawing.
pub(crate) struct Measured<'a> {
    /// The probe's measurements of the sound.
    pub(crate) sound: &'a AudioInfo,
    /// Its curve.
    pub(crate) curve: &'a ShortTerm,
    /// Target loudness of the finished files, LUFS; each once.
    pub(crate) targets: Vec<f64>,
    /// The range that the contest's rule accepts without a warning, LUFS.
    pub(crate) range: Option<(f64, f64)>,
    /// Length of the work, ms.
    pub(crate) length_ms: u64,
}

/// The drawing. Templates include `card_loudness.html`, which shows the variable `loudness: Option<Loudness>`.
#[derive(Template)]
#[template(path = "loudness.html")]
pub(crate) struct Loudness {
    say: Say,
    description: String,
    /// `points` of the curve.
    points: String,
    grid: Vec<Mark>,
    times: Vec<Mark>,
    /// Top and height of the accepted range.
    band: Option<(String, String)>,
    targets: Vec<Mark>,
    whole: Option<Mark>,
    rows: Vec<Row>,
}

/// A line of the drawing: its position and label.
struct Mark {
    at: String,
    text: String,
}

impl Loudness {
    /// Of a work; `None` if it has no sound, or was measured before curves were stored.
    pub(crate) fn of(desk: &Desk, say: Say, work: &SubmissionRow) -> Option<Self> {
        let info = work.media_info.as_ref()?;
        let sound = info.audio.as_ref()?;
        let curve = sound.short_term.as_ref()?;
        let rule = desk.catalogue.contest(&work.contest).and_then(|contest| contest.rules.loudness);
        let mut targets: Vec<f64> =
            work.plan.iter().flat_map(|plan| &plan.audios).map(|encode| encode.loudness_lufs).collect();
        targets.sort_by(f64::total_cmp);
        targets.dedup();
        let range = rule.map(|rule| (rule.min_lufs, rule.max_lufs));
        Self::new(say, &Measured { sound, curve, targets, range, length_ms: info.duration_ms })
    }

    /// `None` if the sound is shorter than a window.
    pub(crate) fn new(say: Say, measured: &Measured) -> Option<Self> {
        let Measured { sound, curve, targets, range, length_ms } = measured;
        let levels = || curve.lufs.iter().copied();
        let (softest, loudest) = (levels().reduce(f64::min)?, levels().reduce(f64::max)?);
        let x = |ms: f64| LEFT + (WIDTH - LEFT) * (ms / (*length_ms).max(1) as f64).clamp(0.0, 1.0);
        // A value is drawn in the middle of its window.
        let middle = |at_s: u32| {
            sound.start_ms.max(0) as f64 + f64::from(at_s) * 1000.0 - f64::from(ShortTerm::WINDOW_S) * 500.0
        };
        let point = |(at_s, lufs)| format!("{:.1},{:.1}", x(middle(at_s)), y(lufs));
        let line = |lufs: f64| Mark { at: format!("{:.1}", y(lufs)), text: number(lufs) };
        let lowest = (TOP_LUFS - BOTTOM_LUFS) as u32;
        let band = range.map(|(min, max)| (format!("{:.1}", y(max)), format!("{:.1}", y(min) - y(max))));
        let step_ms = step_ms(*length_ms);
        let time = |place: u64| Mark {
            at: format!("{:.1}", x((place * step_ms) as f64)),
            text: say.length(&(place * step_ms)),
        };
        Some(Self {
            say,
            description: measured.description(say, softest, loudest),
            points: curve.moments().map(point).collect::<Vec<_>>().join(" "),
            grid: (0..=lowest).step_by(GRID_LU as usize).map(|lu| line(TOP_LUFS - f64::from(lu))).collect(),
            times: (0..=length_ms / step_ms).map(time).collect(),
            band,
            targets: targets.iter().copied().map(line).collect(),
            whole: sound.loudness_lufs.map(line),
            rows: rows(say, curve),
        })
    }
}

impl Measured<'_> {
    /// The measurements in words.
    fn description(&self, say: Say, softest: f64, loudest: f64) -> String {
        let (softest, loudest) = (number(softest), number(loudest));
        let whole = self
            .sound
            .loudness_lufs
            .map_or_else(|| say.t("无声", "silent").to_owned(), |it| format!("{} LUFS", number(it)));
        let mut text = format!(
            "{}{whole}{}{softest} {} {loudest} LUFS",
            say.t("整体响度 ", "Loudness of the whole: "),
            say.t("；短时响度 ", "; short-term: "),
            say.t("至", "to"),
        );
        if let Some((min, max)) = self.range {
            let (min, max) = (number(min), number(max));
            text.push_str(&format!("{}{min} {} {max} LUFS", say.t("；可接受范围 ", "; accepted: "), say.t("至", "to")));
        }
        if !self.targets.is_empty() {
            let all: Vec<_> = self.targets.iter().copied().map(number).collect();
            text.push_str(&format!(
                "{}{} LUFS",
                say.t("；成片目标 ", "; target of finished files: "),
                all.join(say.t("、", ", "))
            ));
        }
        text.push_str(say.t("。", "."));
        text
    }
}

#[cfg(test)]
mod tests {
    use pipeline::lang::Lang;

    use super::scale::TIMES;
    use super::table::ROWS;
    use super::*;

    fn sound(lufs: Vec<f64>) -> AudioInfo {
        let seconds = lufs.len() as u64 + 2;
        serde_json::from_value(serde_json::json!({
            "stream": 1, "codec": "aac", "profile": "LC", "sample_rate": 48_000, "channels": 2, "layout": "stereo",
            "start_ms": 0, "duration_ms": seconds * 1000, "bitrate_kbps": 192, "loudness_lufs": -18.3, "true_peak_dbtp": -1.1,
            "silent": [], "short_term": { "step_s": 1, "lufs": lufs },
        }))
        .unwrap()
    }

    fn drawn(lang: Lang, lufs: Vec<f64>) -> Option<Loudness> {
        let sound = sound(lufs);
        let curve = sound.short_term.as_ref().unwrap();
        let (targets, range) = (vec![-24.0, -15.0], Some((-33.0, -8.0)));
        Loudness::new(Say::new(lang), &Measured { sound: &sound, curve, targets, range, length_ms: sound.duration_ms })
    }

    #[test]
    fn the_curve_lies_where_its_values_are() {
        let drawing = drawn(Lang::Zh, vec![0.0, -30.0, -60.0, -70.0]).unwrap();
        // Six seconds over 596 units: the middles of the windows are at 1.5 s, 2.5 s, … and 107 units are 30 LU.
        assert_eq!(drawing.points, "193.0,0.0 292.3,107.0 391.7,214.0 491.0,214.0");
        assert_eq!(drawing.band, Some(("28.5".into(), "89.2".into())));
        let times: Vec<_> = drawing.times.iter().map(|time| time.text.as_str()).collect();
        assert_eq!(times, ["0:00", "0:01", "0:02", "0:03", "0:04", "0:05", "0:06"]);
        assert_eq!(
            drawing.grid.iter().map(|line| line.text.as_str()).collect::<Vec<_>>()[..3],
            ["0.0", "−10.0", "−20.0"]
        );
    }

    #[test]
    fn it_says_in_words_what_it_shows() {
        let text = drawn(Lang::Zh, vec![-20.0, -45.0]).unwrap().render().unwrap();
        assert!(text.contains("整体响度 −18.3 LUFS；短时响度 −45.0 至 −20.0 LUFS；可接受范围 −33.0 至 −8.0 LUFS；成片目标 −24.0、−15.0 LUFS。"));
        let text = drawn(Lang::En, vec![-20.0, -45.0]).unwrap().render().unwrap();
        assert!(text.contains("accepted: −33.0 to −8.0 LUFS; target of finished files: −24.0, −15.0 LUFS."));
        assert!(
            text.contains("<title ")
                && text.contains("<desc ")
                && text.contains("<details>")
                && text.contains("<th scope=\"row\"")
        );
        assert!(!text.contains("style="));
    }

    #[test]
    fn a_long_work_has_a_short_table_and_a_sound_shorter_than_a_window_no_drawing() {
        let long = drawn(Lang::En, (0..480).map(|n| -f64::from(n % 50)).collect()).unwrap();
        assert!(long.rows.len() <= ROWS && long.rows.len() > ROWS / 2);
        assert_eq!((long.rows[0].from.as_str(), long.rows[0].to.as_str()), ("0:00", "0:12"));
        assert_eq!((long.rows[0].softest.as_str(), long.rows[0].loudest.as_str()), ("−9.0", "0.0"));
        assert!(long.times.len() <= TIMES as usize + 1);
        assert!(drawn(Lang::En, vec![]).is_none());
    }
}
