//! What is read from Matroska.
use super::*;

/// An element with a size of one byte.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    [id, &[0x80 | content.len() as u8], content].concat()
}

fn entry(kind: u8, codec: &[u8]) -> Vec<u8> {
    element(&[0xae], &[element(&[0xd7], &[7]), element(&[0x83], &[kind]), element(&[0x86], codec)].concat())
}

#[test]
fn a_head_has_an_id_and_a_size_that_may_be_unknown() {
    let of = |bytes: &[u8]| Element::of(bytes).map(|it| (it.id, it.head, it.size));
    assert_eq!(of(&[0xae, 0x85, 0]), Some((0xae, 2, Some(5))));
    assert_eq!(of(&[0x18, 0x53, 0x80, 0x67, 0x40, 0x10]), Some((SEGMENT, 6, Some(16))));
    assert_eq!(of(&[0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255]), Some((SEGMENT, 12, None)));
    for wrong in [&[][..], &[0xae], &[0x18, 0x53], &[0xae, 0x40], &[0, 0x81], &[0xae, 0]] {
        assert_eq!(of(wrong), None, "{wrong:?}");
    }
}

#[test]
fn each_stream_has_the_name_of_its_codec() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let tracks = element(
        &[0x16, 0x54, 0xae, 0x6b],
        &[entry(1, b"V_XYZ"), entry(0x12, b"B_BUTTON"), entry(2, b"A_ZZ3")].concat(),
    );
    let before = element(&[0xec], &[0; 40]);
    let content = [before, tracks, element(&[0x1f, 0x43, 0xb6, 0x75], &[0; 9])].concat();
    // The segment of a live recording: its size is not known.
    let segment = [&[0x18, 0x53, 0x80, 0x67, 0xff][..], &content].concat();
    std::io::Write::write_all(&mut file, &[element(&[0x1a, 0x45, 0xdf, 0xa3], &[0; 30]), segment].concat()).unwrap();
    let names = codecs(file.path()).unwrap();
    assert_eq!(names, ["V_XYZ", "A_ZZ3"]);
}

#[test]
fn garbage_names_nothing_and_no_claimed_size_leads_beyond_what_there_is() {
    let tracks = [entry(1, b"V_XYZ"), entry(2, b"A_ZZ3")].concat();
    for length in 0..tracks.len() {
        let names = named(&tracks[..length]);
        assert!(
            names.iter().all(|name| "V_XYZ".starts_with(name.as_str()) || "A_ZZ3".starts_with(name.as_str())),
            "{length}"
        );
    }
    assert_eq!(named(&[0xae, 0x01, 255, 255, 255, 255, 255, 255, 254, 0x83, 0x81, 1]), Vec::<String>::new());
}
