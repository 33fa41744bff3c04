//! Checks of quality control by their names, and failed checks as a sentence.
use pages::Say;
use pipeline::lang::{Lang, measured_zh};

/// Stable name of a check, Chinese, English.
#[rustfmt::skip]
const CHECKS: [(&str, &str, &str); 38] = [
    ("format", "封装格式", "Container"),
    ("faststart", "可边下边播", "Fast start"),
    ("streams", "轨道", "Streams"),
    ("decode_errors", "文件损坏（处）", "Decode errors"),
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
    ("encoder", "编码设置与画质目标", "Encoder settings, and the quality to reach"),
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

/// A check by its name.
pub(crate) fn check_name(say: Say, name: &str) -> &str {
    let row = CHECKS.iter().find(|(check, _, _)| *check == name);
    row.map_or(name, |(_, zh, en)| say.t(zh, en))
}

/// Why a part failed. Findings of quality control are given in the page's language. A system error stays as it was
/// logged, because operators search for that text.
pub(crate) fn failure(say: Say, error: &str) -> String {
    let Some(found) = error.strip_prefix("quality control failed: ").filter(|_| say.lang == Lang::Zh) else {
        return error.to_owned();
    };
    // Values may contain semicolons, so a row starts where the name of a check stands.
    let mut rows: Vec<String> = Vec::new();
    for piece in found.split("; ") {
        let row = row(say, piece);
        match (row, rows.last_mut()) {
            (Some(row), _) => rows.push(row),
            (None, Some(last)) => *last = format!("{last}；{}", measured_zh(piece)),
            (None, None) => rows.push(piece.to_owned()),
        }
    }
    format!("质检未通过：{}。", rows.join("；"))
}

/// `CHECK: measured VALUE, allowed LIMIT`.
fn row(say: Say, text: &str) -> Option<String> {
    let (check, values) = text.split_once(": measured ")?;
    let (measured, limit) = values.rsplit_once(", allowed ").unwrap_or((values, ""));
    let limit = if limit.is_empty() { String::new() } else { format!("，要求 {}", measured_zh(limit)) };
    Some(format!("{}，实测 {}{limit}", check_name(say, check), measured_zh(measured)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_quality_control_found_is_said_in_chinese_and_errors_of_the_system_stay() {
        let zh = |error: &str| failure(Say::new(Lang::Zh), error);
        let found = "quality control failed: new_black_ms: measured 3000, allowed ≤ 500; streams: measured 1 video, 0 audio, 0 other, \
                     allowed 1 video, 1 audio, 0 other";
        assert_eq!(
            zh(found),
            "质检未通过：新增黑场（毫秒），实测 3000，要求 ≤ 500；轨道，实测 视频 1，音频 0，其他 0，要求 视频 1，音频 1，其他 0。"
        );
        assert_eq!(failure(Say::new(Lang::En), found), found);
        assert_eq!(zh("no space left on device"), "no space left on device");
    }
}
