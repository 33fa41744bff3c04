//! Which column of a sheet is which field.
use super::*;
use crate::catalogue::Catalogue;

#[test]
fn each_heading_names_one_column_only() {
    for contest in Catalogue::builtin().contests.values() {
        let columns = columns(contest);
        for column in &columns {
            for lang in [Lang::Zh, Lang::En] {
                let called = columns.iter().filter(|other| other.is_called(column.label(lang))).count();
                assert_eq!(called, 1, "{} in {}", column.label(lang), contest.id);
            }
        }
        for name in ALSO.iter().flat_map(|(_, names)| *names) {
            assert!(columns.iter().filter(|column| column.is_called(name)).count() <= 1, "{name} in {}", contest.id);
        }
    }
}

#[test]
fn remarks_at_a_heading_do_not_count() {
    let catalogue = Catalogue::builtin();
    let columns = columns(&catalogue.contests[&Catalogue::DEMO.into()]);
    for heading in ["*作品名称", "作品名称（必填，80字以内）", "作 品 名 称", "作品\n名称", "Title"]
    {
        let found: Vec<_> = columns.iter().filter(|column| column.is_called(heading)).collect();
        assert!(matches!(&found[..], [Column { holds: Holds::Answer(field) }] if field.id == id::TITLE), "{heading}");
    }
    assert!(!columns.iter().any(|column| column.is_called("（备注）") || column.is_called("备注")));
}
