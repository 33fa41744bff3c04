//! Lies about every job of a child: in its answer, in the files that it leaves, and in links to files outside.
use pipeline::object_key::ObjectKey;

use super::liar::{leaves, link, says};
use super::secrets::Secrets;

/// Each job with its lies, in the order of their use. `theirs` is the film of another entrant.
pub(super) fn lies_about_each_job(secrets: &Secrets, theirs: &ObjectKey) -> [(&'static str, Vec<String>); 7] {
    [
        (
            "outline",
            vec![
                says(r#""brand":"[^"]*""#, r#""brand":"\\u0000""#),
                says(r#""display_width":[0-9]*"#, r#""display_width":4294967295"#),
            ],
        ),
        // One for the child with a preview, one for the child without.
        ("probe", vec![leaves("proxy.mp4", &link(&secrets.film)), says(r#""size_bytes":[0-9]*"#, r#""size_bytes":1"#)]),
        (
            "encode_segment",
            vec![
                says(r#""id":"v1""#, &format!(r#""id":"../../../../{theirs}""#)),
                says(r#""id":"v1""#, r#""id":"v7""#),
                says(r#""file":"v1.mp4""#, &format!(r#""file":"{}""#, secrets.film.display())),
                says(r#""encodes":\[.*\]"#, r#""encodes":[]"#),
                leaves("v1.mp4", &link(&secrets.film)),
                leaves("v1.mp4", "mkfifo"),
                r#"printf x >> "$out/v1.mp4""#.to_owned(),
                says(r#""frames":[0-9]*"#, r#""frames":18446744073709551615"#),
            ],
        ),
        (
            "encode_audio",
            vec![
                leaves("a1.m4a", &link(&secrets.film)),
                leaves("a1.m4a", "mkdir"),
                leaves("a1.m4a", &format!("ln '{}'", secrets.film.display())),
                says(r#""id":"a1""#, r#""id":"..""#),
                says(r#""gain_db":[-0-9.e]*"#, r#""gain_db":1e999"#),
            ],
        ),
        (
            "assemble",
            vec![
                leaves("rendition.mp4", &link(&secrets.film)),
                says(r#""overdrawn":\[\]"#, r#""overdrawn":[{"segment":999,"held":0.1,"lowest_kbit":-1.0}]"#),
                says(r#""bytes":[0-9]*"#, r#""bytes":18446744073709551615"#),
                r#"printf x >> "$out/rendition.mp4""#.to_owned(),
            ],
        ),
        (
            "covers",
            vec![
                leaves("cover.jpg", &link(&secrets.picture)),
                leaves("cover-0.jpg", &link(&secrets.picture)),
                says(r#""file":"cover.jpg""#, &format!(r#""file":"{}""#, secrets.picture.display())),
                says(r#""covers":\[.*\]"#, r#""covers":[]"#),
                says(r#""at_ms":[0-9]*"#, r#""at_ms":86400000"#),
            ],
        ),
        (
            "qc",
            vec![
                says(r#""pass":true"#, r#""pass":false"#),
                says(r#""check":"format""#, r#""check":"\\u001b[2J""#),
                says(r#""size_bytes":[0-9]*"#, r#""size_bytes":1"#),
                leaves("still-0-source.jpg", &link(&secrets.picture)),
            ],
        ),
    ]
}
