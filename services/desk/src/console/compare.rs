//! Renditions: the same frames of source and rendition, what quality control measured, and the files to take away.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
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
use crate::http::routes::Route;
use crate::view::compare::{self, Compare};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/works/{id}/compare/{rendition}", READERS, get(show)),
        page("/works/{id}/compare/{rendition}/{still}", READERS, get(still)),
        page("/works/{id}/renditions/{file}", CARRIERS, get(download)),
    ]
}

/// Which rendition.
#[derive(Deserialize)]
struct At {
    rendition: String,
}

/// Which of its stills: `3-source.jpg`.
#[derive(Deserialize)]
struct StillAt {
    rendition: String,
    still: String,
}

/// Which file: `web-1080.mp4`, or `web-1080.jpg` for the picture that comes with it.
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

/// Stable name of a check, Chinese, English.
#[rustfmt::skip]
const CHECKS: [(&str, &str, &str); 37] = [
    ("format", "封装格式", "Container"),
    ("faststart", "可边下边播", "Fast start"),
    ("streams", "轨道", "Streams"),
    ("decode_errors", "解码错误", "Decode errors"),
    ("foreign_tags", "多余标签", "Foreign tags"),
    ("aigc_label", "AI 生成标识", "AI label"),
    ("video_codec", "视频编码", "Video codec"),
    ("display_size", "画面尺寸", "Display size"),
    ("rotation", "旋转", "Rotation"),
    ("pixel_aspect", "像素宽高比", "Pixel aspect"),
    ("progressive", "逐行扫描", "Progressive"),
    ("sdr", "标准动态范围", "SDR"),
    ("frame_count", "帧数", "Frame count"),
    ("duration_ms", "时长（毫秒）", "Duration, ms"),
    ("av_difference_ms", "音画时长差（毫秒）", "Audio against video, ms"),
    ("av_start_difference_ms", "音画起点差（毫秒）", "Audio start against video start, ms"),
    ("profile", "编码档次", "Profile"),
    ("level", "编码级别", "Level"),
    ("pixel_format", "像素格式", "Pixel format"),
    ("colour", "色彩标签", "Colour tags"),
    ("limited_range", "有限范围", "Limited range"),
    ("frame_rate", "帧率", "Frame rate"),
    ("constant_rate", "恒定帧率", "Constant frame rate"),
    ("key_frames", "关键帧", "Key frames"),
    ("bitrate_kbps", "码率（kbit/s）", "Bitrate, kbit/s"),
    ("buffer", "解码缓冲", "Decoder buffer"),
    ("first_frame_idr", "首帧为 IDR", "First frame is IDR"),
    ("audio_codec", "音频编码", "Audio codec"),
    ("sample_rate", "采样率", "Sample rate"),
    ("channels", "声道数", "Channels"),
    ("loudness_lufs", "响度（LUFS）", "Loudness, LUFS"),
    ("true_peak_dbtp", "真峰值（dBTP）", "True peak, dBTP"),
    ("new_black_ms", "新增黑场（毫秒）", "New black, ms"),
    ("new_frozen_ms", "新增静帧（毫秒）", "New frozen, ms"),
    ("new_silence_ms", "新增静音（毫秒）", "New silence, ms"),
    ("source_frames", "与源逐帧比对", "Frames against the source"),
    ("encoded_again", "重编的片段", "Segments encoded again"),
];

impl ComparePage {
    fn check(&self, name: &str) -> String {
        let row = CHECKS.iter().find(|(check, _, _)| *check == name);
        row.map_or(name, |(_, zh, en)| self.shell.say.t(zh, en)).to_owned()
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

/// A file to take away. Its address works for as long as the session does, and for no one else.
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

/// `saved`: under which name a browser keeps it, which a rendition in force has.
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
