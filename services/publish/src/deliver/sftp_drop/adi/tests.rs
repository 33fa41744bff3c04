//! The whole document, and its conformance to the content model of ADI.DTD 1.1.
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use uuid::Uuid;

use super::*;

fn essence(file: &str) -> Essence {
    Essence {
        file: file.into(),
        bytes: 12_345_678,
        md5: "d41d8cd98f00b204e9800998ecf8427e".into(),
        width: 1920,
        height: 1080,
        duration_ms: 61_040,
    }
}

fn adi<'a>(title: &'a str, synopsis: &'a str) -> Adi<'a> {
    Adi {
        submission: SubmissionId(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001)),
        run: 2,
        provider: "映工场",
        provider_id: "reelmill.example",
        title,
        synopsis,
        category: "绿色低碳",
        entered: NaiveDate::from_ymd_opt(2026, 11, 23).unwrap(),
        movies: vec![essence("master-1080.mp4")],
        posters: vec![essence("master-1080.jpg")],
    }
}

/// Every element of the DTD: its children in order (`?` at most once, `*` any number) and its attributes, with `#` if required.
const DTD: [(&str, &[&str], &[&str]); 6] = [
    ("ADI", &["Metadata", "Asset*"], &[]),
    ("Metadata", &["AMS", "App_Data*"], &[]),
    ("Asset", &["Metadata", "Asset*", "Content?"], &[]),
    (
        "AMS",
        &[],
        &[
            "#Asset_Name",
            "#Asset_ID",
            "#Asset_Class",
            "#Provider",
            "#Provider_ID",
            "#Product",
            "#Version_Minor",
            "#Version_Major",
            "#Description",
            "#Creation_Date",
            "Verb",
        ],
    ),
    ("App_Data", &[], &["#App", "#Name", "#Value"]),
    ("Content", &[], &["#Value"]),
];

fn check_attributes(element: &BytesStart) {
    let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
    let (_, _, allowed) = DTD.iter().find(|(known, ..)| *known == name).expect("an element of the DTD");
    let there: Vec<String> =
        element.attributes().map(|it| String::from_utf8(it.unwrap().key.as_ref().to_vec()).unwrap()).collect();
    for attribute in &there {
        assert!(allowed.iter().any(|it| it.trim_start_matches('#') == attribute), "{name} has no {attribute}");
    }
    for required in allowed.iter().filter_map(|it| it.strip_prefix('#')) {
        assert!(there.iter().any(|it| it == required), "{name} lacks {required}");
    }
}

fn check_children(name: &str, children: &[String]) {
    let (_, model, _) = DTD.iter().find(|(known, ..)| *known == name).expect("an element of the DTD");
    let mut rest = children.iter().peekable();
    for wanted in *model {
        let (kind, least, most) = match (wanted.strip_suffix('*'), wanted.strip_suffix('?')) {
            (Some(kind), _) => (kind, 0, usize::MAX),
            (_, Some(kind)) => (kind, 0, 1),
            _ => (*wanted, 1, 1),
        };
        let mut count = 0;
        while rest.next_if(|child| *child == kind).is_some() {
            count += 1;
        }
        assert!((least..=most).contains(&count), "{name} has {count} of {kind}: {children:?}");
    }
    assert_eq!(rest.next(), None, "{name} has more than its model allows: {children:?}");
}

/// Panics unless `text` conforms to the DTD.
fn conforms(text: &str) {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, Vec<String>)> = vec![("document".into(), Vec::new())];
    loop {
        let event = reader.read_event().expect("well-formed");
        let (element, has_children) = match &event {
            Event::Start(element) => (element, true),
            Event::Empty(element) => (element, false),
            Event::End(_) => {
                let (name, children) = open.pop().unwrap();
                check_children(&name, &children);
                continue;
            }
            Event::Text(text) => {
                assert!(text.iter().all(u8::is_ascii_whitespace), "no element of the DTD has text");
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        check_attributes(element);
        let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
        open.last_mut().unwrap().1.push(name.clone());
        if has_children {
            open.push((name, Vec::new()));
        } else {
            check_children(&name, &[]);
        }
    }
    assert_eq!(open, [("document".to_owned(), vec!["ADI".to_owned()])]);
}

#[test]
fn a_work_is_described_as_the_dtd_wants_it() {
    let text = adi("智造之光", "一部短片。").write();
    conforms(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn what_an_entrant_typed_stays_inside_its_attribute() {
    let text = adi("\"/><Content Value='../../etc/passwd'/>\u{0}\r\n\u{1b}[2J", "&<![CDATA[ ]]>&#0;").write();
    conforms(&text);
    assert!(!text.contains(['\u{0}', '\u{1b}', '\r']));
    assert_eq!(text.matches("<Content ").count(), 2);
}

#[test]
fn titles_are_cut_by_characters() {
    let title = "工".repeat(200);
    let text = adi(&title, "").write();
    let value = |name: &str| {
        let (_, rest) = text.split_once(&format!("Name=\"{name}\" Value=\"")).unwrap();
        rest.split_once('"').unwrap().0.chars().count()
    };
    assert_eq!((value("Title_Brief"), value("Title"), value("Summary_Short")), (19, 128, 200));
}

#[test]
fn asset_ids_have_four_letters_and_sixteen_digits_and_outlive_a_run() {
    let id = asset_id(SubmissionId(Uuid::from_u128(7)), "movie", "web-1080.mp4");
    let (letters, digits) = id.split_at(4);
    assert!(letters.chars().all(|c| c.is_ascii_uppercase()) && digits.chars().all(|c| c.is_ascii_digit()), "{id}");
    assert_eq!(digits.len(), 16);
    assert_ne!(id, asset_id(SubmissionId(Uuid::from_u128(7)), "movie", "web-720.mp4"));
}
