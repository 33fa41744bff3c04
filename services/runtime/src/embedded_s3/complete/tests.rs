//! An upload becomes an object, or nothing changes.
use super::*;

fn completion(numbers: &[i32]) -> Completion {
    let parts = numbers.iter().map(|number| CompletedPart {
        part_number: Some(*number),
        // MD5 of "one".
        e_tag: Some(ETag::Strong("f97c5d29941bfb1b2fdab0874906ab82".into())),
        ..Default::default()
    });
    Completion { bucket: "b".into(), key: "k/l".into(), upload: "ab-1".into(), parts: parts.collect() }
}

fn names(root: &Path) -> Vec<String> {
    let names = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn whatever_is_wrong_with_the_list_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join(".upload-ab-1.json"), "null").unwrap();
    std::fs::write(root.path().join(".upload_id-ab-1.part-1"), "one").unwrap();
    std::fs::write(root.path().join(".upload_id-ab-1.part-2"), "two").unwrap();
    let before = names(root.path());
    let code = |numbers: &[i32]| completion(numbers).run(root.path()).unwrap_err().code().as_str().to_owned();
    assert_eq!(
        [code(&[]), code(&[2, 1]), code(&[1, 1]), code(&[3]), code(&[1, 2])],
        ["InvalidPart", "InvalidPartOrder", "InvalidPartOrder", "InvalidPart", "EntityTooSmall"]
    );
    let foreign = |upload: &str, key: &str| {
        let asked = Completion { upload: upload.into(), key: key.into(), ..completion(&[1]) };
        asked.run(root.path()).unwrap_err().code().as_str().to_owned()
    };
    assert_eq!(
        [foreign("../x", "k"), foreign("ab-2", "k"), foreign("ab-1", "../k")],
        ["NoSuchUpload", "NoSuchUpload", "InvalidRequest"]
    );
    assert_eq!(names(root.path()), before);
}

#[test]
fn the_object_is_the_parts_and_nothing_of_the_upload_stays() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join(".upload-ab-1.json"), "null").unwrap();
    std::fs::write(root.path().join(".upload_id-ab-1.part-1"), vec![b'a'; LEAST_PART_BYTES as usize]).unwrap();
    std::fs::write(root.path().join(".upload_id-ab-1.part-3"), "one").unwrap();
    std::fs::write(root.path().join(".upload_id-ab-1.part-7"), "not listed").unwrap();
    let stem = object_stem("b", "k/l");
    std::fs::write(root.path().join(format!("{stem}.upload-ab-1.metadata.json")), "{}").unwrap();
    let mut listed = completion(&[1, 3]);
    listed.parts[0].e_tag = None;
    let untold = listed.tag(&listed.paths(root.path()).unwrap()).unwrap();
    listed.parts[0].e_tag = Some(ETag::Strong("79b281060d337b9b2b84ccf390adcf74".into()));
    let ETag::Strong(told) = listed.run(root.path()).unwrap() else { panic!("a weak tag") };
    // By md5sum, over the parts' MD5 sums together.
    assert_eq!([untold, told], ["9a87d5938f98ca51bace711cde4edff9-2"; 2]);
    let whole = std::fs::read(root.path().join("b/k/l")).unwrap();
    assert_eq!((whole.len() as u64, &whole[whole.len() - 4..]), (LEAST_PART_BYTES + 3, &b"aone"[..]));
    assert_eq!(names(root.path()), [format!("{stem}.internal.json"), format!("{stem}.metadata.json"), "b".to_owned()]);
    let again = completion(&[1, 3]).run(root.path()).unwrap_err();
    assert_eq!(again.code().as_str(), "NoSuchUpload");
}

#[test]
fn parts_whose_upload_is_over_go_and_those_of_others_stay() {
    let root = tempfile::tempdir().unwrap();
    let stays = [".upload-ab-1.json", ".upload_id-ab-1.part-1", ".upload_id-ab-1.part-2"];
    for name in stays.iter().chain(&[".upload_id-ab-2.part-2", ".upload_id-ab-2.part-10"]) {
        std::fs::write(root.path().join(name), "part").unwrap();
    }
    sweep_orphans(root.path()).unwrap();
    assert_eq!(names(root.path()), stays);
}
