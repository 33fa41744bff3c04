//! The sentences in Chinese.
use super::words::{midway, named, resource};
use crate::lang::{Lang, duration, shown};
use crate::rejection::Rejection;

pub(super) fn text(reason: &Rejection) -> String {
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
