//! The sentences of each rejection. One function a language, so that a translator reads straight down.
use super::Rejection;
use crate::lang::{Lang, duration, shown};

impl Rejection {
    /// The text for the entrant: one or two sentences with the measured value, the limit and the remedy. Text from the
    /// file is made safe to display.
    pub fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => zh(self),
            Lang::En => en(self),
        }
    }
}

fn en(reason: &Rejection) -> String {
    match reason {
        Rejection::DigestMismatch => {
            "The file that arrived is not the file that was sent: its SHA-256 differs. Please upload it again.".into()
        }
        Rejection::UnknownFormat { found } => {
            format!("The file is not a video that we can open (it looks like {}). Please export an mp4.", shown(found))
        }
        Rejection::NoVideo => "The file has no moving picture.".into(),
        Rejection::ExternalReference => {
            "The file refers to other files or to addresses. Please export one self-contained mp4.".into()
        }
        Rejection::UnsupportedCodec { codec } => {
            format!("The codec {} is not accepted. Please export the work as H.264 with AAC sound.", shown(codec))
        }
        Rejection::TooManyStreams { streams } => {
            format!("The file has {streams} streams, more than an entry needs. Please keep one picture and one sound.")
        }
        Rejection::OversizedTags { bytes } => {
            format!(
                "The file's tags hold {bytes} bytes of text, more than an entry needs. Please export it without tags."
            )
        }
        Rejection::MisleadingHeader { claimed_ms, decoded_ms } => format!(
            "The header of the file's picture or sound says that it lasts {}, but only {} could be decoded. Please export it again.",
            duration(*claimed_ms, Lang::En),
            duration(*decoded_ms, Lang::En)
        ),
        Rejection::PictureTooLarge { width, height } => {
            format!(
                "The picture is {width}×{height} pixels, larger than can be processed. Please export at most 7680×4320."
            )
        }
        Rejection::ChangesMidway { what } => {
            format!("The file changes midway ({}). Please export it again in one piece.", midway(what, Lang::En))
        }
        Rejection::TimeRunsBackwards { frames } => format!(
            "The file's time jumps back: {frames} pictures come after their time, and players would leave them out. \
             Please export it again in one piece."
        ),
        Rejection::Damaged { end_missing: true, .. } => {
            "The file is incomplete: its end is missing. Please export it again and upload all of it.".into()
        }
        Rejection::Encrypted { scheme } => format!(
            "The file is encrypted{} and cannot be opened without its key. Please export it without protection.",
            named(scheme, " (", ")")
        ),
        Rejection::Damaged { errors, .. } => {
            format!("The file is damaged: {errors} errors while decoding it. Please export and upload it again.")
        }
        Rejection::Undecodable => "The file cannot be decoded. Please export it again and check that it plays.".into(),
        Rejection::BudgetExceeded { budget } => format!(
            "Decoding the file needs more {} than an entry may use. Please export it again with ordinary settings.",
            resource(budget, Lang::En)
        ),
        Rejection::FormatNotAllowed { found } => {
            format!("The format is {}, by content; the contest takes mp4 only. Renaming does not help.", shown(found))
        }
        Rejection::TooShort { duration_ms, min_ms } => format!(
            "The work is {} long; the contest asks for at least {}.",
            duration(*duration_ms, Lang::En),
            duration(*min_ms, Lang::En)
        ),
        Rejection::TooLong { duration_ms, max_ms } => format!(
            "The work is {} long; the contest takes at most {}.",
            duration(*duration_ms, Lang::En),
            duration(*max_ms, Lang::En)
        ),
        Rejection::ResolutionTooLow { short_side, min_short_side } => format!(
            "The picture's short side is {short_side} pixels; the contest asks for at least {min_short_side}. \
             Please export from the original material; enlarging does not help."
        ),
        Rejection::AspectNotAllowed { width, height } => {
            format!("The picture is shown at {width}×{height}; that is none of the aspects that the contest takes.")
        }
        Rejection::NoSound => "The work has no sound; the contest asks for it.".into(),
        Rejection::Interlaced => "The picture is interlaced; the contest takes progressive video only.".into(),
        Rejection::HighDynamicRange => "The picture is HDR; the contest takes SDR (BT.709) only.".into(),
        Rejection::AlreadyEntered => {
            "This very file has been entered in the contest already; a work may be entered once, under one theme."
                .into()
        }
        Rejection::ReviewRefused { words } => format!("The organisers did not accept the work: “{}”.", shown(words)),
    }
}

fn zh(reason: &Rejection) -> String {
    match reason {
        Rejection::DigestMismatch => "收到的文件与您发送的文件不一致（SHA-256 不符），请重新上传。".into(),
        Rejection::UnknownFormat { found } => {
            format!("该文件不是可以打开的视频（看起来是 {}），请导出为 mp4。", shown(found))
        }
        Rejection::NoVideo => "文件中没有视频画面。".into(),
        Rejection::ExternalReference => "文件引用了其他文件或网址，请导出为单个完整的 mp4。".into(),
        Rejection::UnsupportedCodec { codec } => {
            format!("不接受编码格式 {}，请以 H.264 视频、AAC 音频导出。", shown(codec))
        }
        Rejection::TooManyStreams { streams } => {
            format!("文件含有 {streams} 条流，超出参选所需，请只保留一路画面和一路声音。")
        }
        Rejection::OversizedTags { bytes } => {
            format!("文件的标签文字共 {bytes} 字节，超出参选所需，请去除标签后重新导出。")
        }
        Rejection::MisleadingHeader { claimed_ms, decoded_ms } => format!(
            "文件中画面或声音的头部声称时长为{}，实际只能解码出{}，请重新导出。",
            duration(*claimed_ms, Lang::Zh),
            duration(*decoded_ms, Lang::Zh)
        ),
        Rejection::PictureTooLarge { width, height } => {
            format!("画面为 {width}×{height} 像素，超出可处理的范围，请以不超过 7680×4320 的尺寸导出。")
        }
        Rejection::ChangesMidway { what } => {
            format!("文件中途发生变化（{}），请重新导出为统一的一段。", midway(what, Lang::Zh))
        }
        Rejection::TimeRunsBackwards { frames } => {
            format!("文件的时间戳倒退：有 {frames} 帧画面晚于其显示时间，播放时会被丢弃，请重新导出为一个完整的文件。")
        }
        Rejection::Damaged { end_missing: true, .. } => "文件不完整：缺少结尾部分，请重新导出并完整上传。".into(),
        Rejection::Encrypted { scheme } => {
            format!("文件已加密{}，没有密钥无法打开，请导出未加密、无版权保护的文件。", named(scheme, "（", "）"))
        }
        Rejection::Damaged { errors, .. } => format!("文件已损坏：解码时出现 {errors} 处错误，请重新导出并上传。"),
        Rejection::Undecodable => "文件无法解码，请重新导出，并确认可以正常播放。".into(),
        Rejection::BudgetExceeded { budget } => {
            format!("解码该文件所需的{}超出参选作品的上限，请以常规设置重新导出。", resource(budget, Lang::Zh))
        }
        Rejection::FormatNotAllowed { found } => {
            format!("按内容判断，文件格式为 {}；本次征选只接受 mp4，仅修改扩展名无效。", shown(found))
        }
        Rejection::TooShort { duration_ms, min_ms } => {
            format!("作品时长 {}，不足 {}。", duration(*duration_ms, Lang::Zh), duration(*min_ms, Lang::Zh))
        }
        Rejection::TooLong { duration_ms, max_ms } => {
            format!("作品时长 {}，超过 {}。", duration(*duration_ms, Lang::Zh), duration(*max_ms, Lang::Zh))
        }
        Rejection::ResolutionTooLow { short_side, min_short_side } => {
            format!("画面短边为 {short_side} 像素，不足 {min_short_side} 像素；请用原始素材重新导出，放大无效。")
        }
        Rejection::AspectNotAllowed { width, height } => {
            format!("画面显示尺寸为 {width}×{height}，不属于本次征选接受的画面比例。")
        }
        Rejection::NoSound => "作品没有声音；本次征选要求有声音。".into(),
        Rejection::Interlaced => "画面为隔行扫描；本次征选只接受逐行扫描的视频。".into(),
        Rejection::HighDynamicRange => "画面为高动态范围（HDR）；本次征选只接受 SDR（BT.709）。".into(),
        Rejection::AlreadyEntered => "该文件已报送参加本次征选；一条作品不可多主题重复投稿。".into(),
        Rejection::ReviewRefused { words } => format!("主办方未通过该作品：“{}”。", shown(words)),
    }
}

/// A word in brackets, or nothing if it is empty.
fn named(word: &str, open: &str, close: &str) -> String {
    let word = shown(word);
    if word.trim().is_empty() { String::new() } else { format!("{open}{word}{close}") }
}

/// What changed midway; an unknown word is shown unchanged, so that an older reader still shows something.
fn midway(what: &str, lang: Lang) -> String {
    match (what, lang) {
        ("picture_size", Lang::En) => "picture size".into(),
        ("picture_size", Lang::Zh) => "画面尺寸".into(),
        ("pixel_format", Lang::En) => "pixel format".into(),
        ("pixel_format", Lang::Zh) => "像素格式".into(),
        ("sample_rate", Lang::En) => "sample rate".into(),
        ("sample_rate", Lang::Zh) => "音频采样率".into(),
        ("channels", Lang::En) => "audio channels".into(),
        ("channels", Lang::Zh) => "声道".into(),
        ("codec", Lang::En) => "codec".into(),
        ("codec", Lang::Zh) => "编码格式".into(),
        (other, Lang::En | Lang::Zh) => shown(other),
    }
}

/// Which budget was exceeded.
fn resource(budget: &str, lang: Lang) -> String {
    match (budget, lang) {
        ("time", Lang::En) => "time".into(),
        ("time", Lang::Zh) => "时间".into(),
        ("memory", Lang::En) => "memory".into(),
        ("memory", Lang::Zh) => "内存".into(),
        ("frames", Lang::En) => "frames".into(),
        ("frames", Lang::Zh) => "帧数".into(),
        ("packets", Lang::En) => "packets".into(),
        ("packets", Lang::Zh) => "数据包".into(),
        ("output", Lang::En) => "output space".into(),
        ("output", Lang::Zh) => "输出空间".into(),
        (other, Lang::En | Lang::Zh) => shown(other),
    }
}
