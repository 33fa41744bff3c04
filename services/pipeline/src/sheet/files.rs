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
mod tests;
