//! The test catalogue: one contest whose limits fit small clips, two partners, a ladder of two small rungs; and the
//! built-in phrases.
use std::path::Path;

/// The contest's id.
pub(crate) const CONTEST: &str = "test";
/// Its recommending unit without a quota. `few` may enter two works, and the deadline of `late` is over.
pub(crate) const UNIT: &str = "province";
/// That unit's name.
pub(crate) const UNIT_NAME: &str = "某省工业和信息化厅";
/// Its one theme.
pub(crate) const THEME: &str = "green";
/// The partner to whom works are delivered in a bucket.
pub(crate) const DROP: &str = "drop";
/// The partner to whom a person delivers.
pub(crate) const BAG: &str = "bag";
/// The ladder's rungs.
pub(crate) const RUNGS: [&str; 2] = ["web-180", "web-90"];

/// The covers that the two partners require: partner, shape, and largest width in pixels.
pub(crate) const COVERS: [(&str, &str, u32); 3] = [(DROP, "16:9", 256), (DROP, "3:4", 1080), (BAG, "4:3", 1080)];

/// Which gates wait for a person: `manual` or `automatic`.
#[derive(Clone, Copy)]
pub(crate) struct Gates {
    /// Between screen and transcode.
    pub(crate) review: &'static str,
    /// Between assemble and publish.
    pub(crate) release: &'static str,
}

/// No gate waits for a person.
pub(crate) const OPEN: Gates = Gates { review: "automatic", release: "automatic" };

/// Writes the catalogue's files into `dir`. `segment_s` cuts the picture into segments of that length; 0 does not cut.
/// `buffer_start` is the buffer fill that each of several segments is encoded for. `more` partners are in the catalogue
/// beside the two of the contest; only inserted works go to them, unless `to_all` is set.
pub(crate) fn write(
    dir: &Path,
    gates: Gates,
    (segment_s, buffer_start): (u32, f64),
    more: &[(&str, String)],
    to_all: bool,
) {
    let file = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("files lie in the catalogue")).expect("the catalogue's folders");
        std::fs::write(path, text).expect("a file of the catalogue");
    };
    let others = more.iter().map(|(id, _)| *id).filter(|_| to_all);
    let partners: Vec<&str> = [DROP, BAG].into_iter().chain(others).collect();
    file(&format!("contests/{CONTEST}.toml"), &contest(gates, &partners));
    file(&format!("partners/{DROP}.toml"), &(partner("存储桶", "s3_drop") + &covers(DROP)));
    file(&format!("partners/{BAG}.toml"), &(partner("人工", "operator") + &covers(BAG)));
    for (id, text) in more {
        file(&format!("partners/{id}.toml"), text);
    }
    file("ladders.toml", &ladders(segment_s, buffer_start));
    file("phrases.toml", include_str!("../../services/pipeline/catalogue/phrases.toml"));
}

fn contest(gates: Gates, partners: &[&str]) -> String {
    let Gates { review, release } = gates;
    format!(
        r#"name = {{ zh = "测试", en = "Test" }}
publish_by = 2099-01-01T00:00:00+08:00
grace_s = 3600
max_upload_bytes = 50_000_000
title = {{ min_chars = 1, max_chars = 80 }}
synopsis = {{ min_chars = 0, max_chars = 500 }}
gates = {{ review = "{review}", release = "{release}" }}
partners = {partners:?}

[rules]
format = {{ allowed = ["mp4"] }}
duration = {{ min_ms = 1000, max_ms = 30_000, tolerance_ms = 100 }}
resolution = {{ min_short_side = 180 }}
aspect = {{ allowed = ["16:9", "9:16"], tolerance_per_mille = 10 }}
decode_errors = {{ warn_above = 0, fail_above = 10 }}

[[units]]
id = "{UNIT}"
name = {{ zh = "{UNIT_NAME}", en = "Department of a province" }}
aliases = ["某省工信厅"]

[[units]]
id = "few"
name = {{ zh = "小型协会", en = "A small association" }}
aliases = ["小协会"]
quota = 2

[[units]]
id = "late"
name = {{ zh = "已截止单位", en = "A unit whose time is over" }}
deadline = 2024-01-01T00:00:00+08:00

[[themes]]
id = "{THEME}"
zh = "绿色低碳"
en = "Green and low-carbon"
"#
    )
}

/// A partner's file.
pub(crate) fn partner(name: &str, method: &str) -> String {
    let rungs = RUNGS.map(|rung| format!("\"{rung}\"")).join(", ");
    format!("name = {{ zh = \"{name}\", en = \"{method}\" }}\nmethod = \"{method}\"\nrungs = [{rungs}]\n")
}

fn covers(id: &str) -> String {
    let theirs = COVERS.iter().filter(|(partner, ..)| *partner == id);
    let cover = |(_, aspect, width): &(&str, &str, u32)| {
        format!(
            "\n[[covers]]\naspect = \"{aspect}\"\nwidth_pixels = {width}\nmax_bytes = 20_000\ntag = \"A\"\nsource = \"a test\"\n\
             valid_from = \"2024-06-01\"\n"
        )
    };
    theirs.map(cover).collect()
}

fn ladders(segment_s: u32, buffer_start: f64) -> String {
    let rung = |name: &str, short_side: u32, kbps: u32| {
        format!(
            "\n[rungs.{name}]\npurpose = \"playback\"\nshort_side = {short_side}\ncrf = 26.0\nmax_bitrate_kbps = {kbps}\naudio_bitrate_kbps = 96\n\
             loudness_lufs = -15.0\nloudness_tolerance_lu = 2.0\ntrue_peak_dbtp = -2.0\n"
        )
    };
    // One thread: the machine's cores are shared by many tests.
    let common = format!(
        "preset = \"superfast\"\nthreads = 1\ngop_s = 1\nbuffer_s = 2.0\nsegment_s = {segment_s}\nsegment_buffer_start = {buffer_start}\n"
    );
    [common, rung(RUNGS[0], 180, 1000), rung(RUNGS[1], 90, 400)].concat()
}
