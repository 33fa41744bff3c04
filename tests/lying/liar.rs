//! A stand-in for the child's program, and the lies that it can tell.
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::process::binary;

/// A stand-in for the child's program: the child itself, whose answer and files are changed by the next lie about its
/// job. A lie is a few lines of shell and is used once; the answer is in `$answer` and the output directory in `$out`.
pub(super) struct Liar {
    pub(super) program: PathBuf,
    lies: PathBuf,
}

impl Liar {
    pub(super) fn new(dir: &Path) -> Self {
        let (program, lies) = (dir.join("lying-child"), dir.join("lies"));
        std::fs::create_dir(&lies).expect("a directory for lies");
        let text = format!(
            r#"#!/bin/sh
work=$(mktemp -d '{dir}/child.XXXXXX')
request=$work/request answer=$work/answer
cat > "$request"
job=$(sed -n 's/.*"job":{{"\([a-z_]*\)".*/\1/p' "$request")
out=$(sed -n 's/.*"output_dir":"\([^"]*\)".*/\1/p' "$request")
'{child}' "$@" < "$request" > "$answer"
for lie in '{lies}'/$job.*.lie; do
    if [ -f "$lie" ] && mv "$lie" "$lie.used" 2>/dev/null; then . "$lie.used"; break; fi
done
cat "$answer"
rm -rf "$work"
"#,
            dir = dir.display(),
            child = binary().display(),
            lies = lies.display(),
        );
        std::fs::write(&program, text).expect("write the liar");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("make it a program");
        Self { program, lies }
    }

    /// Lies about a job, to be used in this order.
    pub(super) fn tell(&self, job: &str, lies: &[String]) {
        for (number, lie) in lies.iter().enumerate() {
            let file = self.lies.join(format!("{job}.{number:02}.lie"));
            std::fs::write(file, lie).expect("write a lie");
        }
    }

    /// Lies that were not used yet.
    pub(super) fn left(&self) -> Vec<String> {
        let names = std::fs::read_dir(&self.lies).expect("the lies").map(|entry| entry.expect("a lie").file_name());
        names.filter_map(|name| name.into_string().ok()).filter(|name| name.ends_with(".lie")).collect()
    }
}

/// Changes a text of the answer.
pub(super) fn says(honest: &str, instead: &str) -> String {
    format!(r#"sed -i 's#{honest}#{instead}#' "$answer""#)
}

/// Replaces an output file.
pub(super) fn leaves(name: &str, what: &str) -> String {
    format!(r#"rm -rf "$out/{name}"; {what} "$out/{name}""#)
}

pub(super) fn link(to: &Path) -> String {
    format!("ln -s '{}'", to.display())
}
