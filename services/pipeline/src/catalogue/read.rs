//! Reads files into a checked catalogue. Every error names the file, the key and what is allowed.
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::check::{check_contest, check_ladders, check_partner, check_phrases, check_retention, checked_id, wrong};
use super::phrases::PhrasesFile;
use super::{Catalogue, CatalogueError, Ladders, Retention};
use crate::id::{ContestId, PartnerId};
use file::{contest, partner};

mod file;

impl Catalogue {
    /// Reads a whole catalogue from (file name, text) pairs. Names are relative to the catalogue's directory, with `/`:
    /// `ladders.toml`, `phrases.toml`, `retention.toml`, `contests/ID.toml`, `partners/ID.toml`. The caller gives the `.toml` files only.
    pub fn from_files(files: &[(String, String)]) -> Result<Self, CatalogueError> {
        catalogue(files)
    }
}

fn catalogue(files: &[(String, String)]) -> Result<Catalogue, CatalogueError> {
    let mut contests = BTreeMap::new();
    let mut partners = BTreeMap::new();
    let mut ladders = None;
    let (mut retention, mut phrases) = (Retention::default(), Vec::new());
    for (file, text) in files {
        let stem = |folder| file.strip_prefix(folder).and_then(|name: &str| name.strip_suffix(".toml"));
        if file == "ladders.toml" {
            ladders = Some(parse::<Ladders>(file, text)?);
        } else if file == "phrases.toml" {
            phrases = parse::<PhrasesFile>(file, text)?.phrases;
            check_phrases(file, &phrases)?;
        } else if file == "retention.toml" {
            retention = parse(file, text)?;
            check_retention(file, &retention)?;
        } else if let Some(id) = stem("contests/") {
            let id = ContestId::new(checked_id(file, id)?);
            contests.insert(id.clone(), (file, contest(id, parse(file, text)?)));
        } else if let Some(id) = stem("partners/") {
            let id = PartnerId::new(checked_id(file, id)?);
            partners.insert(id.clone(), (file, partner(id, parse(file, text)?)));
        } else {
            return Err(wrong(
                file,
                None,
                "is not known; files are ladders.toml, phrases.toml, retention.toml, contests/ID.toml and partners/ID.toml",
            ));
        }
    }
    let ladders = ladders.ok_or_else(|| wrong("ladders.toml", None, "is missing"))?;
    check_ladders(&ladders)?;
    for (file, partner) in partners.values() {
        check_partner(file, partner, &ladders)?;
    }
    let known: Vec<&PartnerId> = partners.keys().collect();
    for (file, contest) in contests.values() {
        check_contest(file, contest, &known)?;
    }
    Ok(Catalogue {
        contests: contests.into_iter().map(|(id, (_, contest))| (id, contest)).collect(),
        partners: partners.into_iter().map(|(id, (_, partner))| (id, partner)).collect(),
        ladders,
        phrases,
        retention,
    })
}

/// Parses one file; an error gives line and key, and toml itself lists what would be allowed there.
fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, CatalogueError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map(|span| place(text, span.start));
        let (line, key) = at.unwrap_or((1, None));
        let message = error.message().trim_end_matches('.').replace('\n', ", ");
        wrong(file, key.as_deref(), format!("line {line}: {message}"))
    })
}

/// Line number and dotted key of a byte of a TOML text: the last table header above, and the text before `=` in the
/// line.
fn place(text: &str, at: usize) -> (usize, Option<String>) {
    let before = text.get(..at).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    let mut table = String::new();
    let mut key = String::new();
    for text in text.lines().take(line) {
        let text = text.trim();
        if text.starts_with('[') && text.ends_with(']') {
            table = text.trim_matches(['[', ']']).trim().to_owned();
            key.clear();
        } else if let Some((name, _)) = text.split_once('=').filter(|_| !text.starts_with('#')) {
            name.trim().clone_into(&mut key);
        }
    }
    let dotted = [table, key].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
    (line, (!dotted.is_empty()).then_some(dotted))
}
