//! Which track a player would take.
use super::*;

/// A track by letters: P picture or S sound, then `x` undecodable, `e` empty, `s` still, `d` default, `a` auxiliary, and a digit
/// for its program.
fn tracks(text: &str) -> Vec<Described> {
    let one = |word: &str| Described {
        medium: match &word[..1] {
            "P" => Medium::Video,
            "S" => Medium::Audio,
            _ => Medium::Other,
        },
        codec: "aac".into(),
        channels: 2,
        decodable: !word.contains('x'),
        empty: word.contains('e'),
        still: word.contains('s'),
        default: word.contains('d'),
        auxiliary: word.contains('a'),
        programs: word.chars().filter_map(|letter| letter.to_digit(10)).map(|digit| digit as usize).collect(),
    };
    text.split_whitespace().map(one).collect()
}

#[test]
fn the_track_is_the_one_that_a_player_takes() {
    let table = [
        // Plain files, and those without one of both.
        ("Pd Sd", Some(0), Some(1)),
        ("S P", Some(1), Some(0)),
        ("D S", None, Some(1)),
        ("P", Some(0), None),
        ("D", None, None),
        // A phone's stereo and its spatial sound; a recorder's mix and its microphones, all enabled.
        ("Pd Sd Sxd", Some(0), Some(1)),
        ("Pd Sxd Sd", Some(0), Some(2)),
        ("Pd Sd Sd Sd", Some(0), Some(1)),
        // What can be decoded goes before what is enabled.
        ("Pd Sxd S", Some(0), Some(2)),
        ("Pxd P", Some(1), None),
        // Enabled, then without a special purpose, then the first.
        ("Pd S Sd", Some(0), Some(2)),
        ("P Sa S", Some(0), Some(2)),
        ("Pd Sda S", Some(0), Some(1)),
        ("P P Pd", Some(2), None),
        // Tracks without samples are no tracks; a single picture is no film beside one.
        ("Pde P Sde S", Some(1), Some(3)),
        ("Psd P", Some(1), None),
        ("Psd", Some(0), None),
        // Where there is no choice the refusal names what there is.
        ("Px Sx", Some(0), Some(1)),
        ("P Se Sx", Some(0), Some(2)),
        // A broadcast's second program.
        ("Px1 S1 P2 S2", Some(2), Some(3)),
        ("P1 S2 S1", Some(0), Some(2)),
        ("P1 Sx1 S2", Some(0), Some(2)),
    ];
    for (text, picture, sound) in table {
        assert_eq!(choose(&tracks(text)), Choice { picture, sound }, "{text}");
    }
}

#[test]
fn what_is_not_used_is_named_with_the_reason() {
    let why = |text: &str| {
        let tracks = tracks(text);
        others(&tracks, choose(&tracks)).iter().map(|other| (other.stream, other.why)).collect::<Vec<_>>()
    };
    assert_eq!(why("Pd Sd"), []);
    assert_eq!(why("Pd Sd Sxd Sd"), [(2, Unused::Undecodable), (3, Unused::Later)]);
    assert_eq!(why("Psd Pd Sd S Se"), [(0, Unused::Still), (3, Unused::NotDefault)]);
    assert_eq!(why("P D Sa S"), [(2, Unused::Auxiliary)]);
}
