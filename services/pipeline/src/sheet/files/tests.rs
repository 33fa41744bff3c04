//! Which file belongs to which row.
use proptest::prelude::*;

use super::*;

/// The matches, by the names of the files.
fn films(works: &[(&str, &str)], files: &[&str]) -> Vec<String> {
    let owned: Vec<String> = files.iter().map(|&file| file.to_owned()).collect();
    let shown = |found: Found| match found {
        Found::Named(file) => format!("named {}", files[file]),
        Found::Titled(file) => format!("titled {}", files[file]),
        Found::Several(several) => several.iter().map(|&file| files[file]).collect::<Vec<_>>().join(" or "),
        Found::Nothing => "nothing".to_owned(),
    };
    films_of(works, &owned).into_iter().map(shown).collect()
}

#[test]
fn the_name_in_the_row_comes_first() {
    let files = ["早晨.mp4", "DJI_0042.MP4", "a/IMG 7.mov"];
    assert_eq!(films(&[("DJI_0042.MP4", "早晨")], &files), ["named DJI_0042.MP4"]);
    assert_eq!(films(&[("dji_0042", "早晨")], &files), ["named DJI_0042.MP4"]);
    assert_eq!(films(&[("img7.mov", "x")], &files), ["named a/IMG 7.mov"]);
    assert_eq!(films(&[("a\\IMG 7.mov", "x")], &files), ["named a/IMG 7.mov"]);
    assert_eq!(films(&[("不存在.mp4", "早晨")], &files), ["titled 早晨.mp4"], "the title is still a sign");
}

#[test]
fn chaotic_names_find_their_works() {
    let titles = ["早晨", "早晨的工厂", "ＡＩ“智”造", "绿色·低碳", "大国重器（上）", "大国重器（下）", "3D打印"];
    let works = titles.map(|title| ("", title));
    let files = [
        "03-《早晨的工厂》+张三+某某公司+13812345678.mp4",
        "早晨.MP4",
        "ai智造 最终版(1).mp4",
        "附件/绿色 低碳/成片.mp4",
        "大国重器上.mp4",
        "大国重器_下.mp4",
        "07.3D打印.mov",
    ];
    let expected = [
        "titled 早晨.MP4",
        "titled 03-《早晨的工厂》+张三+某某公司+13812345678.mp4",
        "titled ai智造 最终版(1).mp4",
        "titled 附件/绿色 低碳/成片.mp4",
        "titled 大国重器上.mp4",
        "titled 大国重器_下.mp4",
        "titled 07.3D打印.mov",
    ];
    assert_eq!(films(&works, &files), expected);
}

#[test]
fn what_fits_twice_is_left_to_a_person() {
    assert_eq!(films(&[("", "早晨")], &["早晨1.mp4", "早晨2.mp4"]), ["早晨1.mp4 or 早晨2.mp4"]);
    assert_eq!(films(&[("", "早晨")], &["早晨.mp4", "早晨(1).mp4"]), ["titled 早晨.mp4"], "one has the very name");
    assert_eq!(films(&[("", "早晨"), ("", "《早晨》")], &["早晨.mp4"]), ["早晨.mp4", "早晨.mp4"]);
    assert_eq!(films(&[("", "早晨"), ("", "夜晚")], &["早晨与夜晚.mp4"]), ["早晨与夜晚.mp4", "早晨与夜晚.mp4"]);
    assert_eq!(films(&[("", "早晨")], &["早晨/a.mp4", "早晨/b.mp4"]), ["早晨/a.mp4 or 早晨/b.mp4"]);
    assert_eq!(films(&[("a.mp4", "x")], &["1/a.mp4", "2/a.mp4"]), ["1/a.mp4 or 2/a.mp4"]);
    // A file named in the row is a person's decision.
    assert_eq!(films(&[("早晨2.mp4", "早晨")], &["早晨1.mp4", "早晨2.mp4"]), ["named 早晨2.mp4"]);
}

#[test]
fn too_little_is_no_sign() {
    assert_eq!(films(&[("", "家"), ("", ""), ("", "——")], &["我们的家.mp4", "……….mp4"]), ["nothing"; 3]);
    assert_eq!(films(&[("", "家")], &["《家》.mp4"]), ["titled 《家》.mp4"]);
    assert_eq!(films(&[("", "夜晚")], &["早晨/夜.mp4"]), ["nothing"]);
}

#[test]
fn forms_and_leftovers_are_no_films() {
    for film in ["早晨.mp4", "a/B.MOV", "x.M2TS"] {
        assert!(is_film(film), "{film}");
    }
    for other in [
        "早晨-承诺书.pdf",
        "汇总表.xlsx",
        "._早晨.mp4",
        "~$汇总表.mp4",
        "早晨.mp4.downloading",
        "mp4",
        ".mp4",
        "a.mp4/b",
    ] {
        assert!(!is_film(other), "{other}");
    }
}

proptest! {
    #[test]
    fn no_file_is_given_to_two_works(
        works in prop::collection::vec(("[ab早]{0,2}", "[ab早晨《》 1.]{0,4}"), 0..6),
        files in prop::collection::btree_set("[ab早晨/ 1(]{1,5}\\.mp4", 0..6),
    ) {
        let works: Vec<(&str, &str)> = works.iter().map(|(file, title)| (file.as_str(), title.as_str())).collect();
        let files: Vec<String> = files.into_iter().collect();
        let found = films_of(&works, &files);
        prop_assert_eq!(found.len(), works.len());
        let mut given: Vec<usize> = found.iter().filter_map(Found::file).collect();
        let count = given.len();
        given.sort_unstable();
        given.dedup();
        prop_assert_eq!(given.len(), count);
    }
}
