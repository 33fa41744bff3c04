//! Which files of a child are opened.
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use rustix::fs::{FileType, mknodat};

use super::*;

fn said(dir: &Path, name: &str) -> String {
    match Left::open(dir, name, 10) {
        Err(ChildError::Lied(words)) => words,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn only_a_regular_file_of_the_directory_is_opened() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(root.path().join("secret"), "secret").unwrap();
    let at = |name: &str| out.join(name);
    fs::write(at("right"), "12345").unwrap();
    fs::write(at("large"), "12345678901").unwrap();
    fs::write(at("empty"), "").unwrap();
    symlink(root.path().join("secret"), at("absolute")).unwrap();
    symlink("../secret", at("relative")).unwrap();
    symlink("right", at("within")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    symlink("/proc/self/environ", at("magic")).unwrap();
    fs::hard_link(root.path().join("secret"), at("second")).unwrap();
    fs::create_dir(at("directory")).unwrap();
    mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();

    let left = Left::open(&out, "right", 10).unwrap();
    assert_eq!(left.bytes(), 5);
    for (name, what) in [
        ("absolute", "a link"),
        ("relative", "a link"),
        ("within", "a link"),
        ("dangling", "a link"),
        ("magic", "a link"),
        ("second", "another name"),
        ("directory", "no regular file"),
        ("pipe", "no regular file"),
        ("socket", "no regular file"),
        ("missing", "not there"),
        ("empty", "0 bytes"),
        ("large", "11 bytes"),
        ("../secret", "no plain name"),
        ("/etc/passwd", "no plain name"),
        ("..", "no plain name"),
        ("", "no plain name"),
        ("a\0b", "no plain name"),
    ] {
        assert!(said(&out, name).contains(what), "{name}: {}", said(&out, name));
    }
    assert!(left.clone().of_size(5).is_ok() && left.clone().of_size(6).is_err());
    assert!(left.clone().with_magic(1, b"234").is_ok());
    assert!(left.clone().with_magic(1, b"235").is_err() && left.with_magic(4, b"56").is_err());
    assert!(Left::open_if_there(&out, "missing", 10).unwrap().is_none());
    assert!(Left::open_if_there(&out, "dangling", 10).is_err());
}

#[test]
fn a_directory_that_is_a_link_is_not_entered() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("elsewhere")).unwrap();
    fs::write(root.path().join("elsewhere/right"), "1").unwrap();
    symlink("elsewhere", root.path().join("out")).unwrap();
    assert!(Left::open(&root.path().join("out"), "right", 10).is_err());
}
