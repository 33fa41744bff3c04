//! Which file belongs to which work: by the name in the row, then by the title. Ambiguous matches are left to a person.
use std::collections::{BTreeMap, BTreeSet};

use super::title::{plain, unnumbered};

/// File name extensions of films. The content is judged after the upload, whatever the name.
const FILMS: [&str; 14] =
    ["mp4", "mov", "m4v", "avi", "wmv", "flv", "mkv", "mpg", "mpeg", "mts", "m2ts", "ts", "webm", "3gp"];

/// Whether a file has the name of a film. A folder also contains forms, scans, and files of the cloud drive's program.
pub fn is_film(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    !name.starts_with(['.', '~']) && ending.is_some_and(|ending| FILMS.contains(&ending.as_str()))
}

/// The match of a work; files by their index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The row names it.
    Named(usize),
    /// Its name contains the title.
    Titled(usize),
    /// These match, and a person must choose; the row should name the file.
    Several(Vec<usize>),
    /// No file matches.
    Nothing,
}

impl Found {
    /// The one file.
    pub fn file(&self) -> Option<usize> {
        match self {
            Found::Named(file) | Found::Titled(file) => Some(*file),
            Found::Several(_) | Found::Nothing => None,
        }
    }
}

/// Finds the film of each work. `works` are the file that a row names, which may be empty, and its title; `files` are
/// paths within the folder, with `/`. A file is assigned to one work only.
pub fn films_of(works: &[(&str, &str)], files: &[String]) -> Vec<Found> {
    let files: Vec<Named> = files.iter().map(|path| Named::of(path)).collect();
    let mut found = vec![Found::Nothing; works.len()];
    claim(&mut found, &files, Found::Named, |work, file| by_name(works[work].0, file));
    claim(&mut found, &files, Found::Named, |work, file| by_plain_name(works[work].0, file));
    let titles: Vec<String> = works.iter().map(|(_, title)| plain(title)).collect();
    claim(&mut found, &files, Found::Titled, |work, file| file.is_titled(&titles[work]));
    claim(&mut found, &files, Found::Titled, |work, file| file.holds(&titles[work], &titles));
    // Only files whose own name matches no title: whether it does is the same for all works.
    let silent = |file: &Named| !titles.iter().any(|any| is_within(any, &file.stems[0]));
    let silent: BTreeSet<&str> = files.iter().filter(|file| silent(file)).map(|file| file.path).collect();
    let is_silent = |file: &Named| silent.contains(file.path);
    claim(&mut found, &files, Found::Titled, |work, file| is_silent(file) && file.folder_holds(&titles[work], &titles));
    found
}

/// A file's name in its normalised forms for comparison.
struct Named<'f> {
    path: &'f str,
    name: &'f str,
    /// The name without its extension, with and without a serial number.
    stems: [String; 2],
    /// The same for its folders, the nearest last.
    folders: Vec<String>,
}

impl<'f> Named<'f> {
    fn of(path: &'f str) -> Self {
        let mut parts: Vec<&str> = path.split('/').collect();
        let name = parts.pop().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let folders = parts.into_iter().map(plain).collect();
        Self { path, name, stems: [plain(stem), unnumbered(stem)], folders }
    }

    fn is_titled(&self, title: &str) -> bool {
        !title.is_empty() && self.stems.iter().any(|stem| stem == title)
    }

    /// Whether the name contains this title, and not a longer title of another work that contains this one.
    fn holds(&self, title: &str, all: &[String]) -> bool {
        longest_in(&self.stems[0], title, all)
    }

    /// The same for the folder.
    fn folder_holds(&self, title: &str, all: &[String]) -> bool {
        self.folders.last().is_some_and(|folder| longest_in(folder, title, all))
    }
}

fn longest_in(text: &str, title: &str, all: &[String]) -> bool {
    let longer = |other: &String| other.len() > title.len() && other.contains(title) && is_within(other, text);
    is_within(title, text) && !all.iter().any(longer)
}

/// A single character occurs in too many names.
fn is_within(title: &str, text: &str) -> bool {
    title.chars().nth(1).is_some() && text.contains(title)
}

fn by_name(wanted: &str, file: &Named) -> bool {
    let wanted = wanted.trim().replace('\\', "/");
    !wanted.is_empty() && (wanted == file.name || wanted == file.path)
}

/// By the name with or without its extension, normalised.
fn by_plain_name(wanted: &str, file: &Named) -> bool {
    let wanted = wanted.replace('\\', "/");
    let wanted = wanted.rsplit('/').next().unwrap_or("");
    let bare = if is_film(wanted) { wanted.rsplit_once('.').map_or(wanted, |(stem, _)| stem) } else { wanted };
    let bare = plain(bare);
    !bare.is_empty() && (file.stems[0] == bare || plain(file.name) == bare)
}

/// Assigns to each work without a film the only free file that matches it and no other such work. Ambiguous matches are
/// recorded for a person; a later, weaker criterion does not overrule that.
fn claim(found: &mut [Found], files: &[Named], with: fn(usize) -> Found, fits: impl Fn(usize, &Named) -> bool) {
    let taken: Vec<usize> = found.iter().filter_map(Found::file).collect();
    let free = |file: &usize| !taken.contains(file);
    let open: Vec<usize> = (0..found.len()).filter(|&work| found[work] == Found::Nothing).collect();
    let fitting: BTreeMap<usize, Vec<usize>> = open
        .iter()
        .map(|&work| (work, (0..files.len()).filter(free).filter(|&file| fits(work, &files[file])).collect()))
        .collect();
    for (work, candidates) in &fitting {
        let shared = |file: &usize| fitting.iter().any(|(other, theirs)| other != work && theirs.contains(file));
        found[*work] = match candidates[..] {
            [] => continue,
            [only] if !shared(&only) => with(only),
            _ => Found::Several(candidates.clone()),
        };
    }
}

#[cfg(test)]
mod tests {
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
}
