//! A form with a file, such as a picture, as browsers send it (`multipart/form-data`, RFC 7578): short texts and at
//! most one file. The number received at a time is limited at the route (`http::pictures`).
use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use pipeline::id::ContestId;
use pipeline::text::{Lines, check};
use runtime::problem::{Code, Detail, Problem};
use runtime::store::people::idempotency::Keyed;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::visit::Visit;
use crate::act::Caller;
use crate::act::evidence::PICTURE_BYTES;

/// The largest such form: a picture, and its texts.
pub(super) const BODY_BYTES: usize = PICTURE_BYTES + 64 * 1024;
/// Parts of one form: forms of ours have a dozen fields.
const MOST_PARTS: usize = 32;
/// Headers of one part: its name, and that of a file.
const HEAD_BYTES: usize = 4096;

/// A form with a file that was sent.
#[derive(Debug)]
pub struct Filed {
    fields: BTreeMap<String, String>,
    file: Option<Vec<u8>>,
    key: Option<Uuid>,
    path: String,
}

impl Filed {
    /// A field; `None` if it was left empty.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The file, if one was chosen.
    pub fn file(&self) -> Option<&[u8]> {
        self.file.as_deref()
    }

    /// The person who sent it as the caller of an act. A form that is sent twice is done once: it is recognised by its
    /// content, since a browser separates the parts differently each time.
    pub(super) fn caller(&self, visit: &Visit, contest: Option<&ContestId>) -> Result<Caller, Problem> {
        let mut content = Sha256::new();
        for (name, value) in &self.fields {
            content.update(format!("{name}={value}\n"));
        }
        content.update(self.file.as_deref().unwrap_or_default());
        let content = content.finalize();
        let key = self.key.map(|key| Keyed::new(&visit.principal(), &key.to_string(), "POST", &self.path, &content));
        Ok(Caller { key, ..visit.caller(contest)? })
    }
}

impl<S: Send + Sync> FromRequest<S> for Filed {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = boundary(kind).ok_or_else(wrong)?;
        let path = request.uri().path().to_owned();
        let body = Bytes::from_request(request, state).await.map_err(|_| Code::BodyTooLarge)?;
        let mut form = Self { fields: BTreeMap::new(), file: None, key: None, path };
        for part in parts(&body, &boundary).ok_or_else(wrong)? {
            form.take(part)?;
        }
        Ok(form)
    }
}

impl Filed {
    fn take(&mut self, part: Part<'_>) -> Result<(), Problem> {
        if part.is_file {
            // A file field without a file is sent as an empty file.
            self.file = Some(part.content.to_vec()).filter(|bytes| !bytes.is_empty());
            return Ok(());
        }
        let value = std::str::from_utf8(part.content).map_err(|_| wrong())?.replace("\r\n", "\n");
        let unfit = |error| Code::TextUnfit.about(Detail::of_text(&part.name, error));
        check(&part.name, Lines::One).and_then(|()| check(&value, Lines::Many)).map_err(unfit)?;
        if part.name == "key" {
            self.key = Some(value.parse().map_err(|_| Code::FieldWrong.about("key"))?);
        } else {
            self.fields.insert(part.name, value);
        }
        Ok(())
    }
}

fn wrong() -> Problem {
    Code::FormWrong.about("multipart/form-data")
}

/// One part of a form.
#[derive(Debug, PartialEq)]
struct Part<'a> {
    name: String,
    is_file: bool,
    content: &'a [u8],
}

/// The separator of the parts; `None` if the form has another type.
fn boundary(kind: &str) -> Option<String> {
    let mut fields = kind.split(';').map(str::trim);
    fields.next().filter(|kind| kind.eq_ignore_ascii_case("multipart/form-data"))?;
    let boundary = fields.find_map(|field| field.strip_prefix("boundary="))?.trim_matches('"');
    (1..=70).contains(&boundary.len()).then(|| boundary.to_owned())
}

/// The parts in their order; `None` if the text is not such a form.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let end = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(&end.as_bytes()[2..])?;
    let mut parts = Vec::new();
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        if parts.len() == MOST_PARTS {
            return None;
        }
        let head_ends = find(&after[..after.len().min(HEAD_BYTES)], b"\r\n\r\n")?;
        let (name, is_file) = disposition(std::str::from_utf8(&after[..head_ends]).ok()?)?;
        let content = &after[head_ends + 4..];
        let ends = find(content, end.as_bytes())?;
        parts.push(Part { name, is_file, content: &content[..ends] });
        rest = &content[ends + end.len()..];
    }
    rest.starts_with(b"--").then_some(parts)
}

/// The first position of `wanted`, which begins with a carriage return.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].iter().position(|byte| *byte == b'\r')?;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Name of a part, and whether it is a file.
fn disposition(head: &str) -> Option<(String, bool)> {
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then(|| value.trim())
    })?;
    let quoted = |field: &str| {
        let at = line.find(&format!("; {field}=\""))? + field.len() + 4;
        Some(line[at..].split('"').next().unwrap_or_default().to_owned())
    };
    line.starts_with("form-data").then_some(())?;
    Some((quoted("name")?, quoted("filename").is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--x\r\nContent-Disposition: form-data; name=\"url\"\r\n\r\nhttps://a.example/\r\n\
        --x\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"截图.png\"\r\nContent-Type: image/png\r\n\r\n\r\r\n-\r\n\
        --x\r\nContent-Disposition: form-data; name=\"reason\"\r\n\r\n\r\n--x--\r\n";

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        assert_eq!(boundary("multipart/form-data; boundary=----WebKit1").as_deref(), Some("----WebKit1"));
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(boundary("application/x-www-form-urlencoded"), None);
        let read = parts(BODY.as_bytes(), "x").unwrap();
        let names: Vec<_> = read.iter().map(|part| (part.name.as_str(), part.is_file, part.content)).collect();
        let wanted: [(&str, bool, &[u8]); 3] =
            [("url", false, b"https://a.example/"), ("picture", true, b"\r\r\n-"), ("reason", false, b"")];
        assert_eq!(names, wanted);
    }

    #[test]
    fn what_is_cut_off_or_of_another_form_is_refused() {
        for end in [0, 1, 20, 60, BODY.len() - 10] {
            assert_eq!(parts(&BODY.as_bytes()[..end], "x"), None, "{end}");
        }
        assert_eq!(parts(BODY.as_bytes(), "y"), None);
        assert_eq!(parts(b"--x\r\nContent-Disposition: attachment\r\n\r\n\r\n--x--", "x"), None);
        let many = format!("{}--x--", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(40));
        assert_eq!(parts(many.as_bytes(), "x"), None);
    }
}
