//! Facts of the catalogue: the built-in one matches the call, and errors in files are reported.
use super::*;
use crate::lang::Lang;
use crate::partner::{DeliveryMethod, Replacement};
use crate::submission::{Gate, Gates};
use chrono::{DateTime, Utc};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The error for the built-in files with one replacement.
fn problem(file: &str, old: &str, new: &str) -> CatalogueError {
    let mut files = Catalogue::builtin_files();
    let text = &mut files.iter_mut().find(|(name, _)| name == file).unwrap().1;
    assert!(text.contains(old), "{file} has no {old}");
    *text = text.replacen(old, new, 1);
    Catalogue::from_files(&files).unwrap_err()
}

#[track_caller]
fn check(file: &str, old: &str, new: &str, key: &str, allowed: &str) {
    let error = problem(file, old, new);
    assert_eq!((error.file.as_str(), error.key.as_deref()), (file, Some(key)), "{error}");
    let text = error.to_string();
    assert!(text.contains(file) && text.contains(key) && text.contains(allowed), "{text}");
}

#[test]
fn the_built_in_contest_is_the_calls() {
    let catalogue = Catalogue::builtin();
    let contest = catalogue.contest(&"industry-power-2024".into()).unwrap();
    let themes: Vec<_> = contest.themes.iter().map(|theme| (theme.id.as_str(), theme.zh.as_str())).collect();
    assert_eq!(themes, [("high-end", "高端升级"), ("digital", "数智赋能"), ("green", "绿色低碳")]);
    assert_eq!(contest.gates, Gates { review: Gate::Manual, release: Gate::Manual });
    assert_eq!(catalogue.partners_of(contest).len(), 9);
    let rules = &contest.rules;
    assert_eq!(rules.duration.map(|rule| (rule.min_ms, rule.max_ms)), Some((60_000, 480_000)));
    assert_eq!(rules.resolution.map(|rule| rule.min_short_side), Some(1080));
    assert_eq!(
        rules.aspect.as_ref().unwrap().allowed.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["16:9", "9:16"]
    );
}

#[test]
fn the_demo_has_the_calls_rules_and_no_deadline() {
    let catalogue = Catalogue::builtin();
    let (call, demo) = (&catalogue.contests[&"industry-power-2024".into()], &catalogue.contests[&"demo".into()]);
    assert_eq!((&call.rules, &call.partners, &call.themes), (&demo.rules, &demo.partners, &demo.themes));
    assert!(demo.accepts(at("2099-01-01T00:00:00Z")));
    let without = Catalogue::builtin().without_demo();
    assert_eq!(without.contests.keys().map(|id| id.as_str()).collect::<Vec<_>>(), ["industry-power-2024"]);
}

#[test]
fn every_delivery_method_is_used_and_every_rung_is_wanted() {
    let catalogue = Catalogue::builtin();
    for method in DeliveryMethod::ALL {
        assert!(catalogue.partners.values().any(|partner| partner.method == method), "{method}");
    }
    for rung in catalogue.ladders.rungs.keys() {
        assert!(catalogue.partners.values().any(|partner| partner.rungs.contains(rung)), "{rung}");
    }
}

#[test]
fn every_partner_says_how_what_it_holds_is_replaced_and_whence_that_is_known() {
    let catalogue = Catalogue::builtin();
    for partner in catalogue.partners.values() {
        assert!(partner.replace.as_ref().is_some_and(|replace| !replace.source.is_empty()), "{}", partner.id);
    }
    let bilibili = &catalogue.partners[&"bilibili".into()];
    assert_eq!(bilibili.replacement(), Replacement::DeleteAndResubmit);
    assert!(bilibili.replacement().text(Lang::En).contains("loses plays, comments and address"));
    let silent = Partner { replace: None, ..catalogue.partners[&"cctv".into()].clone() };
    assert_eq!(silent.replacement(), Replacement::ByNewFolder, "without a word of its own, as its method has it");
}

#[test]
fn the_deadline_is_the_days_last_instant_in_beijing() {
    let catalogue = Catalogue::builtin();
    let contest = &catalogue.contests[&"industry-power-2024".into()];
    assert!(contest.accepts(at("2024-07-31T15:59:59.999Z")));
    assert!(!contest.accepts(at("2024-07-31T16:00:00Z")));
    let started = at("2024-07-31T15:59:59Z");
    assert!(contest.may_finish(started, at("2024-07-31T21:59:59Z")));
    assert!(!contest.may_finish(started, at("2024-07-31T22:00:00Z")));
    assert!(!contest.may_finish(at("2024-07-31T16:00:00Z"), at("2024-07-31T16:00:01Z")), "it started too late");
}

#[test]
fn a_wrong_key_or_value_is_named_with_what_is_allowed() {
    let call = "contests/industry-power-2024.toml";
    check(call, "grace_s =", "grace_hours =", "grace_hours", "grace_s");
    check(call, "review = \"manual\"", "review = \"sometimes\"", "gates", "`manual` or `automatic`");
    check(call, "sound = \"warn\"", "sound = \"loud\"", "rules.sound", "`ignore`, `warn`, `fail`");
    check(call, "\"16:9\", ", "\"16/9\", ", "rules.aspect", "W:H");
    check(call, "min_ms = 60_000", "min_ms = 600_000", "rules.duration", "min_ms <= max_ms");
    check(call, "\"mp4\"", "\"gif\"", "rules.format.allowed", "mp4, mov, 3gp, matroska");
    check(call, "\"yangshipin\"", "\"youku\"", "partners", "allowed are bilibili, cctv");
    check(call, "\"yangshipin\"", "\"cctv\"", "partners", "twice");
    check(call, "2024-08-01T00:00:00+08:00", "2024-08-01T00:00:00", "deadline", "with its offset");
    check(call, "grace_s =", "publish_by = 2024-07-01T00:00:00+08:00\ngrace_s =", "publish_by", "before the deadline");
    check(call, "max_upload_bytes = 8_589_934_592", "max_upload_bytes = -1", "max_upload_bytes", "u64");
    check(call, "id = \"green\"", "id = \"digital\"", "themes.id", "twice");
    check(call, "id = \"green\"", "id = \"绿\"", "themes.id", "a-z");
    check(call, "kind = \"line\"", "kind = \"words\"", "fields.kind", "`line`, `text`, `choice`");
    check(call, "id = \"title\"", "id = \"名称\"", "fields.id", "a-z");
    check(call, "id = \"title\"", "id = \"heading\"", "fields", "title is missing");
    check(
        call,
        "id = \"declarations.rights\"\nrequired = true",
        "id = \"declarations.rights\"\nrequired = false",
        "fields",
        "declarations.rights is not required",
    );
    check("partners/cctv.toml", "sftp_drop\"\n", "ftp\"\n", "method", "`sftp_drop`");
    check(
        "partners/cctv.toml",
        "[\"master-1080\"]",
        "[\"master-4k\"]",
        "rungs",
        "master-1080, social-1080, web-1080, web-720",
    );
    check("partners/cctv.toml", "[\"master-1080\"]", "[]", "rungs", "at least one");
    check("partners/bilibili.toml", "tag = \"O\"\n", "tag = \"X\"\n", "passthrough.tag", "`O`, `C`, `R`, `2`, `A`");
    check("partners/weixin_channels.toml", "value = 6,", "value = 60,", "limits.title_min_chars.value", "0 to 16");
    check("partners/douyin.toml", "value = 900,", "value = \"15 min\",", "limits.max_duration_s", "u64");
    check(
        "partners/douyin.toml",
        "valid_from = \"2024-06-01\"\n",
        "valid_from = \"June\"\n",
        "passthrough.valid_from",
        "invalid",
    );
    check("partners/cctv.toml", "\"by_new_folder\"", "\"by_hope\"", "replace", "`delete_and_resubmit`");
    check("phrases.toml", "id = \"theme\"", "id = \"rights\"", "phrases.id", "twice");
    check("phrases.toml", "rule = \"duplicate\"", "rule = \"dupe\"", "phrases.rule", "`duplicate`");
    check("phrases.toml", "\"作品内容与征选主题不符。\"", "\" \"", "phrases.zh", "1 to 300");
    check("ladders.toml", "crf = 17", "crf = 60", "rungs.master-1080.crf", "0 to 51");
    check("ladders.toml", "short_side = 1080", "short_side = 1081", "rungs.master-1080.short_side", "even");
    check("ladders.toml", "\"medium\"", "\"placebo\"", "preset", "veryslow");
    let quicker = |rows: &[(&str, f64, f64)]| {
        let row = |(preset, crf_less, up_to): &(&str, f64, f64)| {
            format!(
                "[[quicker]]\npurpose = \"playback\"\npreset = \"{preset}\"\ncrf_less = {crf_less}\nup_to = {up_to}\n"
            )
        };
        format!("segment_buffer_start = 0.6\n{}", rows.iter().map(row).collect::<String>())
    };
    let ladders = "segment_buffer_start = 0.6\n";
    check("ladders.toml", ladders, &quicker(&[("medium", 1.0, 0.5)]), "quicker.preset", "not quicker");
    check("ladders.toml", ladders, &quicker(&[("faster", -1.0, 0.5)]), "quicker.crf_less", "0 to 10");
    check("ladders.toml", ladders, &quicker(&[("veryfast", 3.0, 0.5), ("faster", 1.0, 0.5)]), "quicker.up_to", "rises");
    check(
        "ladders.toml",
        "purpose = \"playback\"\nshort_side = 1080",
        "purpose = \"archive\"\nshort_side = 1080",
        "rungs.web-1080.purpose",
        "`playback`",
    );
}

#[test]
fn a_missing_or_unknown_file_is_named() {
    let mut files = Catalogue::builtin_files();
    files.retain(|(name, _)| name != "ladders.toml");
    assert_eq!(Catalogue::from_files(&files).unwrap_err().to_string(), "catalogue file ladders.toml: is missing");
    for name in ["partner/x.toml", "partners/x.yaml", "partners/Ä.toml", "contests/../x.toml"] {
        let mut files = Catalogue::builtin_files();
        files.push((name.to_owned(), files[1].1.clone()));
        assert_eq!(Catalogue::from_files(&files).unwrap_err().file, name);
    }
}

#[test]
fn a_missing_key_is_named() {
    let error = problem("partners/cctv.toml", "method = \"sftp_drop\"", "");
    assert!(error.to_string().contains("partners/cctv.toml") && error.problem.contains("`method`"), "{error}");
}

#[test]
fn a_file_that_is_no_toml_says_where() {
    let error = problem("ladders.toml", "gop_s = 2", "gop_s = = 2");
    assert!(error.problem.starts_with("line ") && error.key.as_deref() == Some("gop_s"), "{error}");
}

#[test]
fn the_small_catalogue_for_tests_is_right() {
    let files = [
        ("ladders.toml", include_str!("../../tests/small/ladders.toml")),
        ("contests/small.toml", include_str!("../../tests/small/contests/small.toml")),
        ("contests/small-open.toml", include_str!("../../tests/small/contests/small-open.toml")),
        ("partners/tiangong.toml", include_str!("../../tests/small/partners/tiangong.toml")),
        ("partners/weixin_channels.toml", include_str!("../../tests/small/partners/weixin_channels.toml")),
        ("partners/bilibili.toml", include_str!("../../tests/small/partners/bilibili.toml")),
    ];
    let catalogue = Catalogue::from_files(&files.map(|(name, text)| (name.to_owned(), text.to_owned()))).unwrap();
    let open = catalogue.contest(&"small-open".into()).unwrap();
    assert_eq!(open.gates, Gates { review: Gate::Automatic, release: Gate::Automatic });
}

#[test]
fn a_partners_sites_are_hosts_and_stand_for_those_below_them() {
    let catalogue = Catalogue::builtin();
    let douyin = &catalogue.partners[&"douyin".into()];
    for own in ["douyin.com", "www.douyin.com", "V.Douyin.com."] {
        assert!(douyin.may_have_host(own), "{own}");
    }
    for foreign in ["evildouyin.com", "douyin.com.example", "example.com", ""] {
        assert!(!douyin.may_have_host(foreign), "{foreign}");
    }
    assert!(catalogue.partners[&"cctv".into()].may_have_host("example.com"), "not known, so any");
    for wrong in ["https://douyin.com", "Douyin.com", "localhost", "a..b", ".com"] {
        check("partners/douyin.toml", "\"iesdouyin.com\"", &format!("{wrong:?}"), "sites", "in lower case");
    }
}
