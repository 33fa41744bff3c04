//! The `Range` header: one stretch of bytes, or all of them. Lists of ranges are answered with the whole file, as RFC 9110 allows.

/// What is asked for of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All of it.
    Whole,
    /// Bytes `[from, to)`.
    Part(u64, u64),
    /// Bytes that it does not have.
    Beyond,
}

/// Reads the header against a file of `bytes`. What is no range of bytes is ignored.
pub fn asked(header: Option<&str>, bytes: u64) -> Asked {
    let Some(range) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else { return Asked::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Asked::Whole };
    let number = |text: &str| text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match (first.is_empty(), last.is_empty(), number(first), number(last)) {
        // The last so many bytes.
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
