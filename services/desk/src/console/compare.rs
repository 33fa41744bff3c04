//! Renditions: the same frames of source and rendition, the measurements of quality control, and the files for
//! download.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use pipeline::lang::{Lang, measured_zh};
use pipeline::object_key::Compared;
use pipeline::rendition::QcOutcome;
use runtime::objects::{ObjectError, StoredFile};
use runtime::problem::{Code, Problem};
use runtime::range::Stretch;
use runtime::serving::principal::Subject;
use serde::Deserialize;

use super::{CARRIERS, Here, READERS, Shell, Visit, page, shown};
use crate::Desk;
use crate::http::preview::body;
use crate::names::check_name;
use crate::route::Route;
use crate::view::compare::{self, Compare};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/works/{id}/compare/{rendition}", READERS, get(show)),
        page("/works/{id}/compare/{rendition}/{still}", READERS, get(still)),
        page("/works/{id}/renditions/{file}", CARRIERS, get(download)),
    ]
}

/// The rendition.
#[derive(Deserialize)]
struct At {
    rendition: String,
}

/// One of its stills: `3-source.jpg`.
#[derive(Deserialize)]
struct StillAt {
    rendition: String,
    still: String,
}

/// A file: `web-1080.mp4`, or `web-1080.jpg` for its picture.
#[derive(Deserialize)]
struct FileAt {
    file: String,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    shell: Shell,
    id: String,
    title: String,
    shown: Compare,
}

impl ComparePage {
    fn check<'a>(&self, name: &'a str) -> &'a str {
        check_name(self.shell.say, name)
    }

    /// A measured value or a limit.
    fn value(&self, text: &str) -> String {
        match self.shell.say.lang {
            Lang::Zh => measured_zh(text),
            Lang::En => text.to_owned(),
        }
    }

    /// The word for an outcome, and the class of its tag.
    fn outcome(&self, outcome: &QcOutcome) -> (&'static str, &'static str) {
        match outcome {
            QcOutcome::Pass => (self.shell.say.t("合格", "pass"), "ok"),
            QcOutcome::Fail => (self.shell.say.t("不合格", "fail"), "bad"),
            QcOutcome::Invalid => (self.shell.say.t("测量无效", "not measured"), "warn"),
        }
    }

    fn sides(&self) -> [(&'static str, &'static str); 2] {
        let [source, rendition] = Compared::BOTH.map(Compared::name);
        [(source, self.shell.say.t("原片", "Source")), (rendition, self.shell.say.t("成片", "Rendition"))]
    }

    fn downloads(&self) -> bool {
        CARRIERS.iter().any(|role| self.shell.is(*role))
    }

    #[expect(clippy::unused_self, reason = "a template calls it")]
    fn ssim(&self, ssim: &f64) -> String {
        format!("{ssim:.3}")
    }
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
) -> Result<Response, Problem> {
    let compared = compare::compare(&desk, &work, &at.rendition).await?;
    let (id, title) = (work.id.to_string(), work.title.clone());
    shown(&ComparePage { shell: visit.shell(Here::Works), id, title, shown: compared })
}

async fn still(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<StillAt>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = at.still.strip_suffix(".jpg").and_then(|name| name.split_once('-')).ok_or(Code::RouteUnknown)?;
    let place = wanted.0.parse().map_err(|_| Code::RouteUnknown)?;
    let of = Compared::BOTH.into_iter().find(|of| of.name() == wanted.1).ok_or(Code::RouteUnknown)?;
    let file = compare::still(&desk, &work, &at.rendition, (place, of)).await?;
    served(&desk, &file, "image/jpeg", None, &headers).await
}

/// A file for download. Its address works as long as the session, and for no other person.
async fn download(
    State(desk): State<Arc<Desk>>,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<FileAt>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (name, ending) = at.file.rsplit_once('.').ok_or(Code::RouteUnknown)?;
    let (file, kind) = match ending {
        "mp4" => (compare::film(&desk, &work, name).await?, "video/mp4"),
        "jpg" => (compare::cover(&desk, &work, name).await?, "image/jpeg"),
        _ => return Err(Code::RouteUnknown.into()),
    };
    served(&desk, &file, kind, Some(&at.file), &headers).await
}

/// `saved`: the name under which a browser saves it, only for a rendition in force.
async fn served(
    desk: &Desk,
    file: &StoredFile,
    kind: &'static str,
    saved: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let stretch = match Stretch::asked(headers, file.bytes, &file.sha256) {
        Ok(stretch) => stretch,
        Err(beyond) => return Ok(beyond.into_response()),
    };
    let reader = match desk.objects.read_range(&file.key, stretch.from, stretch.to).await {
        Err(ObjectError::NotFound) => return Err(Code::RouteUnknown.into()),
        reader => reader?,
    };
    let mut head = stretch.head(kind);
    if let Some(saved) = saved {
        head = head.header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{saved}\""));
    }
    Ok(head.body(body(reader)).map_err(anyhow::Error::from)?)
}
