//! The engine's version is part of the address of every rendition, and a person raises it. To make sure of that, a digest of the code
//! that decides bytes is committed here, and a change of that code fails the test until the digest, and where needed the version, follows.
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::source::{files, read, root, tokens};

/// The engine's version, and the digest of the code that has it.
///
/// The test failed here? If a rendition can come out with other bytes than before, raise `ENGINE` in `services/media/src/engine.rs` and
/// copy it; if it cannot (a rename, another message, code that was moved), copy the digest only. Say in the commit why.
const KNOWN: (&str, &str) = ("0.3.0", "0ea9b77484b3a05a");

/// Where the bytes of a rendition are decided, and what is recorded with them: everything that reads, prepares, encodes, joins and
/// measures, and the order in which the child is asked.
const DECIDES: [&str; 3] =
    ["services/media/src", "services/transcode/src/again.rs", "services/transcode/src/assembly.rs"];

/// Files there that never affect a rendition's bytes.
const BESIDE: [&str; 11] = [
    "services/media/src/bin",
    "services/media/src/child.rs",
    "services/media/src/child/sandbox.rs",
    "services/media/src/child/scheduling.rs",
    "services/media/src/child/self_test.rs",
    "services/media/src/engine.rs",
    "services/media/src/lib.rs",
    "services/media/src/picture/cover.rs",
    "services/media/src/preview",
    "services/media/src/requirements.rs",
    "services/media/src/synth",
];

/// Crates whose code decides bytes as well: the measure of loudness sets the gain, the binding passes on what libav is asked.
const CRATES: [&str; 3] = ["ebur128", "ffmpeg-next", "ffmpeg-sys-next"];

#[test]
fn the_engine_has_the_version_of_its_code() {
    let digest = digest(&sources(), &versions());
    assert_eq!(
        KNOWN,
        (media::ENGINE, digest.as_str()),
        "the code that decides the bytes of renditions has changed: see the comment on KNOWN in {}",
        file!()
    );
}

#[test]
fn a_comment_changes_no_address_and_a_constant_does() {
    let versions = versions();
    let with = |source: String| digest(&[(PathBuf::from("limiter.rs"), source)], &versions);
    let source = read(&PathBuf::from("services/media/src/sound/loudness.rs"));
    let constant = "const MAX_PASSES: u32 = 16;";
    assert!(source.contains(constant), "the test needs another constant");
    let before = with(source.clone());
    assert_eq!(before, with(source.replace(constant, &format!("/// Words.\n// More words.\n{constant}"))));
    assert_ne!(before, with(source.replace(constant, "const MAX_PASSES: u32 = 17;")));
}

#[test]
fn another_library_is_another_digest() {
    let mut versions = versions();
    let before = digest(&[], &versions);
    versions[0].push('1');
    assert_ne!(before, digest(&[], &versions));
}

/// The files that decide bytes, with their text.
fn sources() -> Vec<(PathBuf, String)> {
    let beside = |path: &PathBuf| BESIDE.iter().any(|it| path.starts_with(it) || path.starts_with(format!("{it}.rs")));
    for path in BESIDE {
        assert!(root().join(path).exists(), "{path} is not there");
    }
    let all = DECIDES.iter().flat_map(|path| files(path)).filter(|path| !beside(path) && !path.ends_with("tests.rs"));
    all.map(|path| (path.clone(), read(&path))).collect()
}

/// The crates that decide bytes, each with its version in the lock file.
fn versions() -> Vec<String> {
    let lock = read(&PathBuf::from("Cargo.lock"));
    let version = |name: &&str| {
        let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{name}\""));
        format!("{name} {}", lines.nth(1).unwrap_or_else(|| panic!("Cargo.lock has no {name}")))
    };
    CRATES.iter().map(version).collect()
}

/// SHA-256 of tokens and versions, in hex, shortened to 16 digits. Names of files do not count.
fn digest(sources: &[(PathBuf, String)], versions: &[String]) -> String {
    let mut hash = Sha256::new();
    let texts = sources.iter().map(|(_, source)| tokens(source)).chain([versions.to_vec()]);
    // A file's place follows from its name, and its content alone decides bytes: moving one is no change.
    let mut each: Vec<_> = texts.map(|tokens| Sha256::digest(tokens.join("\n"))).collect();
    each.sort();
    each.iter().for_each(|one| hash.update(one));
    hex::encode(&hash.finalize()[..8])
}
