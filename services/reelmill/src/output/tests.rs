//! Tables and values as people read them.
use unicode_width::UnicodeWidthStr;

use super::*;

#[test]
fn text_of_others_cannot_act_on_the_terminal() {
    assert_eq!(plain("a\u{1b}[31m\n\u{202e}片"), "a\\u{1b}[31m\\u{a}\\u{202e}片");
}

#[test]
fn columns_line_up_under_chinese_text_too() {
    let mut table = Table::with_headings(&["title", "state"]);
    table.row(["竖着看工厂", "published"]);
    table.row(["x", "rejected"]);
    assert_eq!(table.to_string(), "title       state\n竖着看工厂  published\nx           rejected\n");
}

fn trouble() -> Table {
    let mut table = Table::with_headings(&["WHAT", "WHERE", "WHY"]).with_commands("NEXT");
    table.row(["parked", "transcode/segment/3", "no space left on device, tried five times"]);
    table.command("reelmill retry 0190f5d0-0000-7000-8000-000000000000/transcode/segment/3");
    table
}

#[test]
fn a_command_is_never_broken_and_text_breaks_at_words() {
    let narrow = trouble().text(Some(50));
    assert_eq!(
        narrow,
        [
            "WHAT    WHERE                WHY",
            "parked  transcode/segment/3  no space left on",
            "                             device, tried five",
            "                             times",
            "  reelmill retry 0190f5d0-0000-7000-8000-000000000000/transcode/segment/3",
            "",
        ]
        .join("\n")
    );
    for line in narrow.lines().filter(|line| !line.contains("reelmill")) {
        assert!(line.width() <= 50, "{line}");
    }
}

#[test]
fn a_pipe_gets_one_line_a_row() {
    let wide = trouble().text(None);
    let lines: Vec<&str> = wide.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].ends_with("  NEXT") && lines[1].ends_with("/transcode/segment/3"), "{wide}");
    assert_eq!(trouble().text(Some(200)), wide, "and so does a terminal that is wide enough");
}

#[test]
fn what_is_copied_whole_stands_beside_its_row_or_on_lines_of_its_own() {
    let mut table = Table::with_headings(&["ENTRY"]).with_commands("WHERE");
    assert!(table.is_bare());
    table.row(["one"]);
    table.command("https://a.example/1");
    table.command("https://b.example/2");
    assert!(!table.is_bare());
    assert_eq!(table.text(None), "ENTRY  WHERE\none    https://a.example/1 https://b.example/2\n");
    assert_eq!(table.text(Some(40)), "ENTRY\none\n  https://a.example/1\n  https://b.example/2\n");
}

#[test]
fn words_that_are_longer_than_the_terminal_stay_whole() {
    let mut table = Table::of_facts();
    table.fact("object", "renditions/0190f5d0-0000-7000-8000-000000000000/1/social-1080.mp4");
    assert_eq!(table.text(Some(40)).lines().count(), 1);
}

#[test]
fn sizes_and_times_read_as_people_say_them() {
    assert_eq!(bytes(1023), "1023 B");
    assert_eq!(bytes(6_254_208), "6.0 MiB");
    assert_eq!(duration(61_500), "1:01.500");
}
