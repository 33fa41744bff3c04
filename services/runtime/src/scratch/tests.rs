//! Files that running parts share, and directories of dead processes.
use std::time::Duration;

use super::*;

#[test]
fn what_a_running_part_has_is_linked_and_goes_with_the_last_of_them() {
    let root = tempfile::tempdir().unwrap();
    let scratch = Scratch::new(root.path()).unwrap();
    let (one, other, late) = (scratch.dir("1").unwrap(), scratch.dir("2").unwrap(), scratch.dir("3").unwrap());
    let source = |dir: &ScratchDir| dir.input().join("source");
    assert!(!scratch.link("film", &source(&other)));
    fs::write(source(&one), "film").unwrap();
    scratch.fetched("film", &source(&one));
    assert!(!scratch.link("another film", &source(&other)));
    assert!(scratch.link("film", &source(&other)));
    drop(one);
    assert!(scratch.link("film", &source(&late)), "the second has it still");
    assert_eq!(fs::read_to_string(source(&late)).unwrap(), "film");
    drop((other, late));
    let next = scratch.dir("4").unwrap();
    assert!(!scratch.link("film", &source(&next)));
    assert!(scratch.own.fetched.lock().unwrap().is_empty());
}

#[tokio::test]
async fn one_file_is_fetched_by_one_part_at_a_time_and_another_file_beside_it() {
    use futures::FutureExt;
    let root = tempfile::tempdir().unwrap();
    let scratch = Scratch::new(root.path()).unwrap();
    let first = scratch.alone("film").await;
    assert!(scratch.alone("another film").now_or_never().is_some());
    let mut second = Box::pin(scratch.alone("film"));
    assert!((&mut second).now_or_never().is_none(), "the first has not ended");
    drop(first);
    assert!(second.now_or_never().is_some());
    assert!(scratch.own.fetching.lock().unwrap().len() <= 1, "locks of files that are no longer fetched are dropped");
}

#[test]
fn nobody_else_may_look_into_scratch() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let root = root.path().join("made/by/us");
    let scratch = Scratch::new(&root).unwrap();
    let part = scratch.dir("part").unwrap();
    let beside = part.beside("stills").unwrap();
    assert!(part.beside("stills").is_err(), "it is new");
    for dir in [&root, &scratch.own.path, part.path(), part.input(), part.output(), &beside] {
        assert_eq!(fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700, "{}", dir.display());
    }
}

#[test]
fn what_a_dead_process_left_is_removed_and_what_a_living_one_has_is_not() {
    let root = tempfile::tempdir().unwrap();
    let dead = root.path().join(uuid::Uuid::now_v7().to_string());
    fs::create_dir_all(dead.join("part")).unwrap();
    let foreign = root.path().join("holiday-photos");
    fs::create_dir(&foreign).unwrap();
    let living = Scratch::new(root.path()).unwrap();
    let part = living.dir("part").unwrap();
    fs::create_dir_all(&dead).unwrap();
    fs::write(dead.join("file"), "12345").unwrap();
    let hour = Duration::from_secs(3600);
    let now = fs::metadata(&dead).unwrap().modified().unwrap();
    assert!(abandoned(root.path(), hour, now).is_empty(), "nothing is old yet");
    let [old] = &abandoned(root.path(), hour, now + hour * 2)[..] else { panic!("one is old") };
    assert_eq!((&old.path, old.bytes), (&dead, 5));
    assert!(!remove_if_abandoned(&living.own.path), "a living process' files are not touched, whatever their age");
    let _other = Scratch::new(root.path()).unwrap();
    assert!(!dead.exists());
    assert!(foreign.exists());
    assert!(part.path().exists());
    let path = part.path().to_owned();
    drop(part);
    assert!(!path.exists());
}
