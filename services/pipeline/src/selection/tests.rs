//! Facts of the language: what it accepts, what it refuses, and that no text crashes it.
use proptest::prelude::*;

use super::*;
use crate::lang::Lang;
use crate::submission::{Gate, Gates, State, Submission};

fn read(text: &str) -> Selection {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> SelectionError {
    text.parse::<Selection>().expect_err(text)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn every_field_is_read_into_its_own_place() {
    let selection = read(
        "contest=miit theme=green,数字 state!=rejected partner=bilibili rendition=social-1080 engine>=0.1 engine<0.3 \
         entered>=2024-08-01 entered<=2024-08-31 delivery=live,sending title~\"绿色 工厂\" unit~协会",
    );
    assert_eq!(selection.delivery.any, set(&["live", "sending"]));
    assert_eq!((selection.title.as_deref(), selection.unit.as_deref()), (Some("绿色 工厂"), Some("协会")));
    assert_eq!(selection.contest.any, set(&["miit"]));
    assert_eq!(selection.theme.any, set(&["green", "数字"]));
    assert_eq!((selection.state.any, selection.state.none), (set(&[]), set(&["rejected"])));
    assert_eq!(selection.partner.any, set(&["bilibili"]));
    assert_eq!(selection.rendition.any, set(&["social-1080"]));
    let versions: Vec<String> =
        selection.engine.iter().map(|(op, version)| format!("{}{version}", op.text())).collect();
    assert_eq!(versions, [">=0.1", "<0.3"]);
    let instant = |at: Option<DateTime<Utc>>| at.unwrap().to_rfc3339();
    assert_eq!(instant(selection.entered_from), "2024-07-31T16:00:00+00:00", "a day begins at midnight in China");
    assert_eq!(instant(selection.entered_before), "2024-08-31T16:00:00+00:00", "the last day counts whole");
}

#[test]
fn a_text_is_looked_for_as_it_was_typed() {
    for (typed, text) in [
        ("title~a=b<c", "a=b<c"),
        ("title~a\"b", "a\"b"),
        ("title~x~\"ab", "x~\"ab"),
        (r#"title~"a \"b\" \\""#, r#"a "b" \"#),
        (r#"title~" a  b ""#, "a  b"),
        (r"title~a\b", r"a\b"),
    ] {
        let selection = read(&format!("{typed} state=published"));
        assert_eq!(selection.title.as_deref(), Some(text), "{typed}");
        assert_eq!(selection.state.any, set(&["published"]), "{typed}");
    }
}

#[test]
fn a_version_below_is_below_by_numbers() {
    let selection = read("engine<0.10");
    assert!(selection.selects_engine("reelmill 0.9.3, ffmpeg 5.1.9"));
    assert!(!selection.selects_engine("reelmill 0.10.0, ffmpeg 5.1.9"));
    assert!(!selection.selects_engine("something else"), "what names no version satisfies no condition");
    assert!(!read("engine>=0.1 engine!=0.2").selects_engine("reelmill 0.2.0, ffmpeg 5.1.9"));
}

#[test]
fn a_day_and_an_instant_are_each_compared_as_the_span_they_name() {
    let day = read("entered=2024-08-01");
    assert_eq!(day.entered_before.unwrap() - day.entered_from.unwrap(), chrono::Duration::days(1));
    let instant = read("entered>2024-08-01T00:00:00+08:00");
    assert_eq!(instant.entered_from.unwrap().timestamp_micros(), day.entered_from.unwrap().timestamp_micros() + 1);
    assert_eq!(read("entered>2024-08-01").entered_from, day.entered_before);
}

#[test]
fn what_is_wrong_is_named_with_what_is_allowed_in_both_languages() {
    let check = |text: &str, en: &str, zh: &str| {
        let error = refused(text);
        let (found_en, found_zh) = (error.text(Lang::En), error.text(Lang::Zh));
        assert!(found_en.contains(en), "{text}: {found_en}");
        assert!(found_zh.contains(zh), "{text}: {found_zh}");
    };
    check("", "such as state=published", "例如 state=published");
    check("name=x", "no field is called \"name\"; fields are contest, theme", "没有字段“name”；可用字段：contest");
    check("title=x", "title cannot be compared by =; allowed are ~", "字段 title 不能用 = 比较；可用：~");
    check("theme~x", "is no condition", "不是条件");
    check("title~a title~b", "title~ is given twice", "title~ 出现了两次");
    check("title~", "title cannot be \"\"; allowed is a text of 1 to 100", "字段 title 的值不能是");
    check("unit~\"a b", "between double quotes where it has blanks", "写在双引号内");
    check("unit~\"a\"b", "unit cannot be", "字段 unit 的值不能是");
    check("theme", "\"theme\" is no condition", "“theme”不是条件");
    check("theme=", "is no condition", "不是条件");
    check("=x", "is no condition", "不是条件");
    check("theme==x", "is no condition", "不是条件");
    check("theme = x", "\"theme\" is no condition", "“theme”不是条件");
    check("theme<x", "theme cannot be compared by <; allowed are = !=", "不能用 < 比较；可用：= !=");
    check("theme=a theme=b", "theme= is given twice; write alternatives with commas", "theme= 出现了两次");
    check("theme=a,,b", "theme cannot be \"a,,b\"", "字段 theme 的值不能是“a,,b”");
    check("state=finished", "allowed is probe, screen", "可用：probe, screen");
    check("delivery=gone", "allowed is planned, sending", "可用：planned, sending");
    check("engine<new", "a version such as 0.3", "版本号");
    check("entered<yesterday", "a day in China such as 2024-08-01", "北京时间");
    check("entered!=2024-08-01", "allowed are = < <= > >=", "可用：= < <= > >=");
    check("entered<9999-12-31", "entered cannot be", "字段 entered");
}

#[test]
fn a_selection_is_bounded() {
    assert_eq!(refused(&"x".repeat(MAX_BYTES + 1)), SelectionError::TooLong);
    assert_eq!(refused(&"engine<1 ".repeat(2)), SelectionError::Twice("engine<".into()));
    let operators = Operator::ALL.map(|operator| format!("engine{}1", operator.text())).join(" ");
    let names = ["contest", "theme", "state", "partner", "rendition"];
    let names = names.map(|name| format!("{name}=published {name}!=rejected")).join(" ");
    let most = format!("{operators} {names} delivery=live delivery!=sending title~a unit~b");
    read(&most);
    assert_eq!(refused(&format!("{most} entered=2024-01-01")), SelectionError::TooManyConditions);
    let many: Vec<String> = (0..=MAX_NAMES).map(|n| n.to_string()).collect();
    assert!(matches!(refused(&format!("theme={}", many.join(","))), SelectionError::Value { .. }));
}

#[test]
fn every_state_can_be_asked_for() {
    let gates = Gates { review: Gate::Manual, release: Gate::Manual };
    let fresh = Submission::new(gates).state;
    let reason = crate::rejection::Rejection::NoVideo;
    let mut states = vec![fresh, State::AwaitingReview, State::AwaitingRelease, State::Published];
    states.extend([State::Rejected { stage: crate::stage::Stage::Probe, reason }, State::Withdrawn, State::Revoked]);
    states.extend(crate::stage::Stage::ALL.map(|stage| State::At { stage, pending: BTreeSet::new() }));
    for state in states {
        assert!(read(&format!("state={}", state.name())).state.selects(state.name()));
    }
}

fn names() -> impl Strategy<Value = Names> {
    let some = || prop::collection::btree_set("[a-z0-9一-龥_-]{1,12}", 0..4);
    (some(), some()).prop_map(|(any, none)| Names { any, none })
}

fn conditions() -> impl Strategy<Value = Selection> {
    let state = prop::sample::subsequence(vec!["published", "rejected", "transcode"], 0..3);
    let delivery = prop::sample::subsequence(vec!["live", "refused", "unknown"], 0..3);
    let operators = prop::sample::subsequence(Operator::ALL.to_vec(), 0..4);
    let engine = operators.prop_flat_map(|operators| {
        operators
            .into_iter()
            .map(|operator| ("[0-9]{1,4}(\\.[0-9]{1,4}){0,3}").prop_map(move |text| (operator, text.parse().unwrap())))
            .collect::<Vec<_>>()
    });
    let time =
        || prop::option::of(0i64..4_000_000_000_000_000).prop_map(|at| at.and_then(DateTime::from_timestamp_micros));
    let text = || prop::option::of(r#"[a-z"\\ =~一-龥]{0,8}[a-z"\\]"#.prop_map(|text| text.trim().to_owned()));
    (names(), names(), state, (text(), text()), names(), (delivery, names()), engine, (time(), time())).prop_map(
        |(
            contest,
            theme,
            state,
            (title, unit),
            partner,
            (delivery, rendition),
            engine,
            (entered_from, entered_before),
        )| Selection {
            contest,
            theme,
            state: Names { any: set(&state), none: BTreeSet::new() },
            title,
            unit,
            partner,
            delivery: Names { any: BTreeSet::new(), none: set(&delivery) },
            rendition,
            engine,
            entered_from,
            entered_before,
        },
    )
}

proptest! {
    #[test]
    fn a_selection_reads_back_as_itself(selection in conditions()) {
        prop_assume!(!selection.is_everything());
        let text = selection.to_string();
        prop_assert_eq!(text.parse::<Selection>(), Ok(selection), "{}", text);
    }

    #[test]
    fn no_text_breaks_it_and_what_is_read_reads_back(text in "\\PC{0,60}") {
        match text.parse::<Selection>() {
            Ok(selection) => prop_assert_eq!(selection.to_string().parse::<Selection>(), Ok(selection)),
            Err(error) => prop_assert!(!error.text(Lang::Zh).is_empty() && !error.text(Lang::En).is_empty()),
        }
    }

    #[test]
    fn nearly_right_text_does_not_break_it_either(text in "((theme|state|engine|entered|partner|title|unit)(=|!=|<|<=|>|>=|==|~|~\")[a-z0-9.,:T+-]{0,12} ?){0,6}") {
        if let Ok(selection) = text.parse::<Selection>() {
            prop_assert_eq!(selection.to_string().parse::<Selection>(), Ok(selection));
        }
    }
}
