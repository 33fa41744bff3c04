//! What an entrant should do about a film that breaks a rule, in Chinese and English. The figures are the contest's
//! and are shown beside it.
use super::verdict::Rule;
use crate::lang::Lang;

impl Rule {
    /// What an entrant should do if a film breaks the rule, or a reviewer should check; `None` if nothing has to be
    /// done to the file.
    pub fn cure(self, lang: Lang) -> Option<&'static str> {
        let (zh, en) = of(self)?;
        Some(if lang == Lang::Zh { zh } else { en })
    }
}

/// The remedy of a rule; `None` if nothing has to be done to the file.
fn of(rule: Rule) -> Option<(&'static str, &'static str)> {
    Some(match rule {
        Rule::Format => (
            "请导出为 mp4，仅修改扩展名无效。苹果手机：在“设置 → 相机 → 格式”中选择“兼容性最佳”后重新拍摄，或用剪映打开后导出为 mp4。",
            "Export it as mp4; renaming does not help. On an iPhone choose Settings → Camera → Formats → Most Compatible and record again, or export an mp4 from an editor.",
        ),
        Rule::Duration => (
            "请把作品剪辑到规定时长后重新导出。",
            "Cut the work to the length that the contest takes, and export it again.",
        ),
        Rule::Resolution => (
            "请从原始素材按要求的分辨率重新导出（剪映：在“导出”中选择分辨率）；放大低分辨率的成片无效。用微信传过的视频会被压缩，请使用原文件。",
            "Export it from the original at the size that is asked for; enlarging a small film does not help. WeChat shrinks films that it sends: use the original file.",
        ),
        Rule::Aspect => (
            "请在剪辑软件中把画布设为要求的比例后重新导出。",
            "Set the canvas to a shape that is asked for in your editor, and export it again.",
        ),
        Rule::DecodeErrors | Rule::Structure => (
            "文件可能在拷贝或传输中损坏，请从剪辑软件重新导出后再上传。",
            "The file may have been damaged by copying or sending. Export it again from your editor.",
        ),
        Rule::Sound => (
            "如作品应有声音，请检查音轨未被静音或关闭，再重新导出。",
            "If the work should have sound, check that no sound track is muted, and export it again.",
        ),
        Rule::SoundLength => (
            "请在时间线上对齐画面与声音的结尾后重新导出。",
            "Let picture and sound end together on the time line, and export it again.",
        ),
        Rule::Loudness => (
            "请在剪辑软件中调整整体音量后重新导出。",
            "Adjust the volume of the whole in your editor, and export it again.",
        ),
        Rule::Interlaced => ("请以逐行扫描（如 1080p）导出。", "Export it with progressive frames, such as 1080p."),
        Rule::Black | Rule::Frozen | Rule::Silent => {
            ("如非有意为之，请修改后重新导出。", "If it is not meant to be so, correct it and export it again.")
        }
        Rule::OtherTracks | Rule::Hdr | Rule::Duplicate => return None,
    })
}
