//! The catalogue's files, compiled in.

pub(super) const FILES: [(&str, &str); 14] = [
    ("ladders.toml", include_str!("../../catalogue/ladders.toml")),
    ("contests/industry-power-2024.toml", include_str!("../../catalogue/contests/industry-power-2024.toml")),
    ("contests/demo.toml", include_str!("../../catalogue/contests/demo.toml")),
    ("partners/bilibili.toml", include_str!("../../catalogue/partners/bilibili.toml")),
    ("partners/douyin.toml", include_str!("../../catalogue/partners/douyin.toml")),
    ("partners/weixin_channels.toml", include_str!("../../catalogue/partners/weixin_channels.toml")),
    ("partners/gongxin_weibao.toml", include_str!("../../catalogue/partners/gongxin_weibao.toml")),
    ("partners/yangshipin.toml", include_str!("../../catalogue/partners/yangshipin.toml")),
    ("partners/cctv.toml", include_str!("../../catalogue/partners/cctv.toml")),
    ("partners/guangming.toml", include_str!("../../catalogue/partners/guangming.toml")),
    ("partners/china_com_cn.toml", include_str!("../../catalogue/partners/china_com_cn.toml")),
    ("partners/tiangong.toml", include_str!("../../catalogue/partners/tiangong.toml")),
    ("phrases.toml", include_str!("../../catalogue/phrases.toml")),
    ("retention.toml", include_str!("../../catalogue/retention.toml")),
];
