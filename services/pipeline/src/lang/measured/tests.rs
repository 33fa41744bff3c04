//! Measured findings in Chinese.
use super::*;

#[test]
fn what_quality_control_writes_is_read_in_chinese() {
    for (en, zh) in [
        ("yes", "是"),
        ("1 video, 1 audio, 0 other", "视频 1，音频 1，其他 0"),
        ("75, every 50 frames", "75 个，每 50 帧一个"),
        ("-3 kbit at frame 120", "第 120 帧处 -3 kbit"),
        ("≥ -12 of 4000 kbit", "≥ -12 kbit（缓冲共 4000 kbit）"),
        ("-18.2 to -16 ± 1", "-18.2 至 -16 ± 1"),
        ("SSIM 0.982 at 24 places, lowest 0.951 at frame 7", "24 处 SSIM 平均 0.982，最低 0.951（第 7 帧）"),
        (
            "SSIM 0.982 at 3 places, lowest 0.951 at frame 7; shifted: the source 2 frames later matches better, with 0.99 at frame 8",
            "3 处 SSIM 平均 0.982，最低 0.951（第 7 帧）；画面错位：原片后 2 帧更相符，第 8 帧处为 0.99",
        ),
        (
            "measurement invalid: SSIM 0.1 at 3 places, lowest 0.1 at frame 7, from afar 0.2 at frame 9, which is no encode's score, \
             and no neighbour matches better",
            "测量无效：3 处 SSIM 平均 0.1，最低 0.1（第 7 帧），缩小后 0.2（第 9 帧）；此值不会由编码造成，邻近各帧也不更相符",
        ),
        ("segment 3 for a buffer filled to 50 %, then 30 %", "第 3 段，缓冲起始 50 %、30 %"),
        ("≥ 0.9 at their own index", "同一帧 ≥ 0.9"),
    ] {
        assert_eq!(measured_zh(en), zh);
    }
}

#[test]
fn what_older_verdicts_hold_is_read_in_chinese() {
    for (en, zh) in [
        ("12 s", "12 秒"),
        ("60–480 s", "60–480 秒"),
        ("≤ 2 s", "≤ 2 秒"),
        ("16:9, 9:16 ± 1 %", "16:9, 9:16（误差 1 % 以内）"),
        ("-30 to -9 LUFS", "-30 至 -9 LUFS"),
        ("foreign_brand, times_by_order", "2 处异常"),
        ("picture 98 %, sound 0 %", "画面 98 %，声音 0 %"),
    ] {
        assert_eq!(measured_zh(en), zh);
    }
}

#[test]
fn what_is_no_text_of_ours_stays() {
    for name in ["1920×1080", "mp4 (isom)", "bt709 bt709 bt709", "aac LC", "my frames", "foreign_brand, x", ""] {
        assert_eq!(measured_zh(name), name);
    }
    let long = "yes; ".repeat(300);
    assert_eq!(measured_zh(&long), long);
}

#[test]
fn every_oddity_has_its_place_here() {
    use crate::media_info::Oddity;
    let all = [
        Oddity::LongMovieHeader { claimed_ms: 1 },
        Oddity::ForeignBrand { major: String::new() },
        Oddity::PacketsWithoutPicture { packets: 1 },
        Oddity::TimesByOrder,
        Oddity::ColourInConflict { container: String::new(), bitstream: String::new() },
        Oddity::LastPictureStays { stays_ms: 1 },
    ];
    assert_eq!(all.map(|it| it.code()), ODDITIES);
}
