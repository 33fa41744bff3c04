//! What ffmpeg must be able to do.
use super::*;

#[test]
fn nothing_is_missing_where_the_other_tests_pass() {
    assert_eq!(missing_features(), Vec::<String>::new());
}

#[test]
fn what_is_not_there_is_named() {
    assert!(!has_stream_filter("no_such_filter") && ffmpeg::filter::find("no_such_filter").is_none());
    assert!(Graph::audio(&RESAMPLER.replace("soxr", "no_such")).is_err());
}

#[test]
fn every_encoder_and_filter_that_the_code_names_is_asked_for() {
    let mut sources = Vec::new();
    read(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut sources);
    let mut encoders = 0;
    for source in &sources {
        for named in source.split("encoder::find_by_name(\"").skip(1) {
            let name = named.split('"').next().unwrap();
            assert!(ENCODERS.contains(&name), "encoder {name}");
            encoders += 1;
        }
    }
    assert!(encoders >= ENCODERS.len());
    let all = ffmpeg_filters();
    for text in sources.iter().flat_map(|source| source.split('"').skip(1).step_by(2)) {
        // A filter with its options, as it stands in a chain.
        for piece in text.split([',', ';', '[', ']', '}']) {
            let Some((name, _)) = piece.split_once('=') else { continue };
            let name = name.split('@').next().unwrap_or(name);
            assert!(!all.contains(&name.to_owned()) || FILTERS.contains(&name), "filter {name} in {text}");
        }
    }
}

fn read(dir: &std::path::Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, into);
        } else {
            into.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

/// Names of filters that this ffmpeg has and that a chain of ours might use.
fn ffmpeg_filters() -> Vec<String> {
    let usual = [
        "fps",
        "pad",
        "setpts",
        "settb",
        "setparams",
        "colorspace",
        "yadif",
        "hwdownload",
        "trim",
        "atrim",
        "asetpts",
        "volume",
        "alimiter",
        "loudnorm",
        "ebur128",
        "amerge",
        "pan",
        "channelmap",
        "overlay",
        "rotate",
        "select",
        "tile",
        "idet",
        "ssim",
    ];
    usual
        .iter()
        .chain(&FILTERS)
        .filter(|name| ffmpeg::filter::find(name).is_some())
        .map(|it| (*it).to_owned())
        .collect()
}
