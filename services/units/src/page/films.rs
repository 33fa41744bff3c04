//! `/units/{contest}/{unit}/films`: the films of all works that wait for one, from a whole folder. The server decides
//! which file belongs to which work, by the rules of the command line. The browser sends the files, each with the key
//! of its entry.
use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use desk::site::{Here, Shell, Visit, shown};
use pipeline::catalogue::{Contest, Unit};
use pipeline::sheet::{Found, films_of, is_film};
use pipeline::text::{Lines, check};
use runtime::problem::{Code, Detail, Problem};
use runtime::store::entry::units::Of;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use upload::by_unit::{Token, WorkKept, kept_of};
use uuid::Uuid;

use crate::rows::expected;
use crate::state::Units;

/// Folders that are matched at once: each may take a second and tens of MB.
static MATCHES: Semaphore = Semaphore::const_new(1);

/// The largest list of names.
pub(crate) const NAMES_BYTES: usize = 1024 * 1024;
/// At most this many of the files that match one work are listed; a person chooses among all files.
const MOST_SEVERAL: usize = 20;
/// The most files of a folder.
const MOST_NAMES: usize = 5_000;

#[derive(Template)]
#[template(path = "unit_films.html")]
struct FilmsPage {
    shell: Shell,
    contest: Contest,
    unit: Unit,
    base: String,
    endpoint: String,
    waiting: Vec<Waiting>,
    /// Works whose link was replaced later: their entrants send the film.
    elsewhere: Vec<String>,
}

/// A work that waits for its film.
struct Waiting {
    id: Uuid,
    receipt: String,
    title: String,
    expected: String,
    key: Token,
}

/// GET.
pub(crate) async fn films(
    State(units): State<Units>,
    visit: Visit,
    Extension(of): Extension<Of>,
) -> Result<Response, Problem> {
    let (contest, unit) = units.found(&of)?;
    let (mut waiting, mut elsewhere) = (Vec::new(), Vec::new());
    for work in units.app.store.works_of_unit(&of).await? {
        if work.state != "uploading" {
            continue;
        }
        let WorkKept { file, key } = kept_of(&units.app, &work)?;
        match key {
            Some(key) => waiting.push(Waiting {
                id: work.submission.0,
                receipt: work.receipt.to_string(),
                expected: expected(&file, &work.title),
                title: work.title,
                key,
            }),
            None => elsewhere.push(work.title),
        }
    }
    let endpoint = format!("{}/files", units.app.settings.public_url);
    let (shell, base) = (visit.shell(Here::Elsewhere), super::path(&of));
    shown(&FilmsPage { shell, contest: contest.clone(), unit: unit.clone(), base, endpoint, waiting, elsewhere })
}

/// The files of a folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Folder {
    /// Paths within it, with `/`.
    names: Vec<String>,
}

/// Which file belongs to which work.
#[derive(Debug, Serialize)]
struct Matched {
    works: Vec<Match>,
    /// Indices of the files that have the name of a film.
    films: Vec<usize>,
}

/// The files that were found for one work, by their index.
#[derive(Debug, Serialize)]
struct Match {
    id: Uuid,
    /// The one file.
    film: Option<usize>,
    /// Several that fit, from which a person chooses.
    several: Vec<usize>,
}

/// POST …/films/match: names in, indices out. Nothing is stored.
pub(crate) async fn matched(
    State(units): State<Units>,
    Extension(of): Extension<Of>,
    body: Bytes,
) -> Result<Response, Problem> {
    let wrong = || {
        Code::FormWrong
            .about(Detail::new("文件清单有误，或超过 5000 个文件", "a wrong list of files, or more than 5000"))
    };
    let Folder { names } = serde_json::from_slice(&body).map_err(|_| wrong())?;
    if names.len() > MOST_NAMES || names.iter().any(|name| check(name, Lines::One).is_err()) {
        return Err(wrong());
    }
    units.check_rate(&of)?;
    let films: Vec<usize> = (0..names.len()).filter(|&at| is_film(&names[at])).collect();
    let files: Vec<String> = films.iter().map(|&at| names[at].clone()).collect();
    // All works of the unit, so that a name that also fits a work with a film is not assigned to another work.
    let works = units.app.store.works_of_unit(&of).await?;
    let mut wanted = Vec::with_capacity(works.len());
    for work in &works {
        wanted.push((kept_of(&units.app, work)?.file, work.title.clone()));
    }
    // Hundreds of works and thousands of files are compared with each other.
    let matching = move || {
        let wanted: Vec<(&str, &str)> = wanted.iter().map(|(file, title)| (file.as_str(), title.as_str())).collect();
        films_of(&wanted, &files)
    };
    let _turn = MATCHES.acquire().await.map_err(anyhow::Error::from)?;
    let found = spawn_blocking(matching).await.map_err(anyhow::Error::from)?;
    let one = |(work, found): (&runtime::store::entry::units::WorkRow, Found)| Match {
        id: work.submission.0,
        film: found.file().map(|file| films[file]),
        several: match found {
            Found::Several(several) => several.into_iter().take(MOST_SEVERAL).map(|file| films[file]).collect(),
            Found::Named(_) | Found::Titled(_) | Found::Nothing => Vec::new(),
        },
    };
    let works = works.iter().zip(found).filter(|(work, _)| work.state == "uploading").map(one).collect();
    Ok(([(CACHE_CONTROL, "no-store")], Json(Matched { works, films })).into_response())
}
