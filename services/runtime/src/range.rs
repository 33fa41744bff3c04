//! The `Range` header: one range of bytes, or all of them. Lists of ranges are answered with the whole file, as RFC
//! 9110 allows.
use axum::http::{HeaderMap, StatusCode, header, response};
use axum::response::{IntoResponse, Response};

/// Which bytes of a stored file answer a request, `[from, to)`.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// First byte.
    pub from: u64,
    /// One past the last byte.
    pub to: u64,
    bytes: u64,
    tag: String,
    status: StatusCode,
}

/// The file has no such bytes: 416, with its size.
#[derive(Clone, Copy, Debug)]
pub struct Beyond {
    bytes: u64,
}

impl Stretch {
    /// The range that these headers request from a file of `bytes`, whose digest is its tag.
    ///
    /// # Errors
    /// If it has no such bytes.
    pub fn asked(headers: &HeaderMap, bytes: u64, sha256: &str) -> Result<Self, Beyond> {
        let tag = format!("\"{sha256}\"");
        // A part of a changed file is useless to a client that has the rest of the old one.
        let same = headers.get(header::IF_RANGE).is_none_or(|wanted| wanted.as_bytes() == tag.as_bytes());
        let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).filter(|_| same);
        let (status, from, to) = match asked(range, bytes) {
            Asked::Whole => (StatusCode::OK, 0, bytes),
            Asked::Part(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
            Asked::Beyond => return Err(Beyond { bytes }),
        };
        Ok(Self { from, to, bytes, tag, status })
    }

    /// The head of the answer. Caches must not store it, because the right to read it may change.
    pub fn head(&self, content_type: &str) -> response::Builder {
        let head = Response::builder()
            .status(self.status)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::CONTENT_LENGTH, self.to - self.from)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CACHE_CONTROL, "private, no-store")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::ETAG, &self.tag);
        if self.status != StatusCode::PARTIAL_CONTENT {
            return head;
        }
        head.header(header::CONTENT_RANGE, format!("bytes {}-{}/{}", self.from, self.to.saturating_sub(1), self.bytes))
    }
}

impl IntoResponse for Beyond {
    fn into_response(self) -> Response {
        (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{}", self.bytes))])
            .into_response()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    /// Bytes `[from, to)`.
    Part(u64, u64),
    /// Bytes beyond its end.
    Beyond,
}

/// Parses the header for a file of `bytes`. Anything that is not a range of bytes is ignored.
fn asked(header: Option<&str>, bytes: u64) -> Asked {
    let Some(range) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else { return Asked::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Asked::Whole };
    let number = |text: &str| text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match (first.is_empty(), last.is_empty(), number(first), number(last)) {
        // The last N bytes.
        (true, false, _, Some(0)) => Asked::Beyond,
        (true, false, _, Some(_)) if bytes == 0 => Asked::Beyond,
        (true, false, _, Some(count)) => Asked::Part(bytes.saturating_sub(count), bytes),
        (false, true, Some(from), _) => within(from, bytes, bytes),
        (false, false, Some(from), Some(last)) if from <= last => within(from, last.saturating_add(1), bytes),
        _ => Asked::Whole,
    }
}

fn within(from: u64, to: u64, bytes: u64) -> Asked {
    if from >= bytes { Asked::Beyond } else { Asked::Part(from, to.min(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_one_range() {
        let cases = [
            (None, Asked::Whole),
            (Some("bytes=0-"), Asked::Part(0, 100)),
            (Some("bytes=0-0"), Asked::Part(0, 1)),
            (Some("bytes=10-19"), Asked::Part(10, 20)),
            (Some("bytes=90-1000"), Asked::Part(90, 100)),
            (Some("bytes=99-18446744073709551615"), Asked::Part(99, 100)),
            (Some("bytes=-5"), Asked::Part(95, 100)),
            (Some("bytes=-500"), Asked::Part(0, 100)),
            (Some("bytes=-0"), Asked::Beyond),
            (Some("bytes=100-"), Asked::Beyond),
            (Some("bytes=100-200"), Asked::Beyond),
            (Some("bytes=20-10"), Asked::Whole),
            (Some("bytes=0-1,5-6"), Asked::Whole),
            (Some("bytes=+1-2"), Asked::Whole),
            (Some("bytes=-"), Asked::Whole),
            (Some("lines=1-2"), Asked::Whole),
            (Some("bytes=99999999999999999999-"), Asked::Whole),
        ];
        for (header, wanted) in cases {
            assert_eq!(asked(header, 100), wanted, "{header:?}");
        }
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::Beyond);
    }
}
