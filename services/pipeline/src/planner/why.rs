//! The plan's reasons, in both languages: why a stream is copied, encoded, capped, or shared.
use crate::catalogue::Rung;
use crate::id::{PartnerId, RenditionName};
use crate::media_info::{MediaInfo, Ratio, VideoInfo};
use crate::partner::Partner;
use crate::rendition::{About, AudioEncode, Because, Target};

fn because(about: About, en: String, zh: String) -> Because {
    Because { about: Some(about), partner: None, en, zh }
}

/// A reason from one partner's limits.
fn of(partner: &Partner, about: About, en: String, zh: String) -> Because {
    Because { partner: Some(partner.id.clone()), ..because(about, en, zh) }
}

/// `10 Mbit/s`, `850 kbit/s`.
pub(super) fn rate(kbps: u64) -> String {
    if kbps < 1000 { format!("{kbps} kbit/s") } else { format!("{} Mbit/s", crate::lang::decimal(kbps, 1000)) }
}

/// `29.97`, `25`.
pub(super) fn fps(ratio: Ratio) -> String {
    let text = format!("{:.3}", ratio.value());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(super) fn copied(partner: &Partner) -> Because {
    of(
        partner,
        About::Copied,
        format!("picture copied: the source satisfies {} as it is", partner.name.en),
        format!("画面直接封装：源文件已满足{}的要求", partner.name.zh),
    )
}

pub(super) fn not_copied(partner: &Partner, en: &str, zh: &str) -> Because {
    of(
        partner,
        About::NotCopied,
        format!("not copied from the source for {}: {en}", partner.name.en),
        format!("未能为{}直接封装源画面：{zh}", partner.name.zh),
    )
}

pub(super) fn size(info: &MediaInfo, rung: &Rung, (width, height): (u32, u32)) -> Because {
    let is = width.min(height);
    let source = info.video.short_side();
    let wanted = rung.short_side;
    if source < wanted {
        return because(
            About::Size,
            format!("{width}×{height}: capped by the source's {source} lines, never enlarged"),
            format!("{width}×{height}：源画面短边为 {source}，不做放大"),
        );
    }
    if is < wanted {
        return because(
            About::Size,
            format!("{width}×{height}: capped by the longest side that the partner takes"),
            format!("{width}×{height}：受合作平台最大边长限制"),
        );
    }
    because(
        About::Size,
        format!("{width}×{height}: the rung's short side of {wanted}"),
        format!("{width}×{height}：该档规定短边为 {wanted}"),
    )
}

pub(super) fn same_size(dropped: &RenditionName, kept: &RenditionName, source: u32) -> Because {
    because(
        About::Merged,
        format!("{dropped} falls together with {kept}: the source has {source} lines"),
        format!("{dropped} 与 {kept} 合并：源画面短边为 {source}"),
    )
}

pub(super) fn cap_of_rung(kbps: u32) -> Because {
    let cap = rate(kbps.into());
    because(About::Bitrate, format!("at most {cap}: the rung's cap"), format!("码率不超过 {cap}：该档上限"))
}

pub(super) fn cap_of_source(kbps: u32, peak: u64) -> Because {
    let (cap, peak) = (rate(kbps.into()), rate(peak));
    because(
        About::Bitrate,
        format!("at most {cap}: the source itself peaks at {peak}, more would keep artefacts only"),
        format!("码率不超过 {cap}：源文件峰值仅 {peak}，更高只会保留瑕疵"),
    )
}

pub(super) fn cap_of_partner(kbps: u32, partner: &Partner) -> Because {
    let cap = rate(kbps.into());
    of(
        partner,
        About::Bitrate,
        format!("at most {cap}: the most that {} takes", partner.name.en),
        format!("码率不超过 {cap}：{}的上限", partner.name.zh),
    )
}

pub(super) fn cap_of_size(kbps: u32, bytes: u64, partner: &Partner) -> Because {
    let (cap, megabytes) = (rate(kbps.into()), bytes / 1_000_000);
    of(
        partner,
        About::Bitrate,
        format!("at most {cap}: {} takes files of {megabytes} MB", partner.name.en),
        format!("码率不超过 {cap}：{}只接受 {megabytes} MB 以内的文件", partner.name.zh),
    )
}

/// `medium, CRF 17`.
fn settings(preset: &str, crf: f64) -> (String, String) {
    (format!("{preset}, CRF {crf}"), format!("{preset}、CRF {crf}"))
}

/// The settings that the picture leaves room for, and what it is expected to take.
pub(super) fn quicker((preset, crf): (&str, f64), target: &Target, needs: u64, cap: u32) -> Because {
    let (is, is_zh) = settings(preset, crf);
    let (wanted, wanted_zh) = settings(&target.preset, target.crf);
    let (needs, cap) = (rate(needs), rate(cap.into()));
    because(
        About::Quality,
        format!("{is}, as good as {wanted}: the picture needs about {needs} of {cap}"),
        format!("{is_zh}，画质同 {wanted_zh}：画面约需 {needs}，上限 {cap}"),
    )
}

pub(super) fn too_hard(target: &Target, needs: u64, cap: u32) -> Because {
    let (is, is_zh) = settings(&target.preset, target.crf);
    let (needs, cap) = (rate(needs), rate(cap.into()));
    because(
        About::Quality,
        format!("{is}: quicker settings would need about {needs} of {cap}, and the cap would bind"),
        format!("{is_zh}：更快的设置约需 {needs}，接近上限 {cap}"),
    )
}

/// `measured`: whether it is known how hard the picture is.
pub(super) fn settings_of_rung(target: &Target, measured: bool) -> Because {
    let (is, is_zh) = settings(&target.preset, target.crf);
    let (en, zh) = if measured {
        ("the rung's own settings", "该档自有设置")
    } else {
        ("it was not measured how hard the picture is", "未测量画面复杂程度")
    };
    because(About::Quality, format!("{is}: {en}"), format!("{is_zh}：{zh}"))
}

/// `None` if the output has the source's own constant rate.
pub(super) fn frame_rate(video: &VideoInfo, output: Ratio) -> Option<Because> {
    let (is, was) = (fps(output), fps(video.frame_rate));
    if video.variable_rate {
        return Some(because(
            About::FrameRate,
            format!("{is} frames a second, constant: nearest to the source's varying {was}"),
            format!("恒定 {is} 帧/秒：最接近源文件的可变帧率 {was}"),
        ));
    }
    let close = (output.value() / video.frame_rate.value().max(0.001) - 1.0).abs() < 0.001;
    (!close).then(|| {
        because(
            About::FrameRate,
            format!("{is} frames a second instead of {was}: a constant rate of at most 60"),
            format!("{is} 帧/秒（源为 {was}）：恒定且不超过 60"),
        )
    })
}

/// Why the output is longer than the picture, if it is.
pub(super) fn sound_around(info: &MediaInfo) -> impl Iterator<Item = Because> + use<> {
    let seconds = |ms: u64| crate::lang::decimal(ms, 1000);
    let before = Some(info.sound_before_ms()).filter(|ms| *ms > 0).map(|ms| {
        because(
            About::Length,
            format!("the first picture stands {} s longer: the sound begins earlier", seconds(ms)),
            format!("首帧多停留 {} 秒：声音先于画面开始", seconds(ms)),
        )
    });
    let after = Some(info.sound_after_ms()).filter(|ms| *ms > 0).map(|ms| {
        because(
            About::Length,
            format!("the last picture stands {} s longer: the sound plays on", seconds(ms)),
            format!("末帧多停留 {} 秒：声音长于画面", seconds(ms)),
        )
    });
    before.into_iter().chain(after)
}

pub(super) fn sound(info: &MediaInfo, audio: Option<&AudioEncode>) -> Because {
    match (audio, &info.audio) {
        (Some(audio), Some(_)) => because(
            About::Sound,
            format!("sound evened to {} LUFS, {} kbit/s", audio.loudness_lufs, audio.bitrate_kbps),
            format!("声音调整至 {} LUFS，{} kbit/s", audio.loudness_lufs, audio.bitrate_kbps),
        ),
        (Some(_), None) => because(
            About::Sound,
            "silent track: the source has no sound and the partner's players expect one".into(),
            "静音音轨：源文件没有声音，而合作平台需要音轨".into(),
        ),
        (None, _) => {
            because(About::Sound, "no sound track: the source has none".into(), "无音轨：源文件没有声音".into())
        }
    }
}

pub(super) fn shared(partners: &[PartnerId]) -> Option<Because> {
    let names = partners.iter().map(PartnerId::as_str).collect::<Vec<_>>().join(", ");
    (partners.len() > 1)
        .then(|| because(About::Shared, format!("made once for {names}"), format!("一次制作，供 {names} 共用")))
}
