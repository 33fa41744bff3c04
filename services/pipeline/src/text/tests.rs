//! What people may type.
use proptest::prelude::*;

use super::*;

#[test]
fn a_text_is_trimmed_and_bounded_in_characters() {
    let text = |text: &str| Text::new(text, Limit::one(1, 3)).map(String::from);
    assert_eq!(text("\u{3000} 早晨 \n").unwrap(), "早晨");
    assert_eq!(text("一二三").unwrap(), "一二三");
    assert_eq!(text("一二三四"), Err(TextError::Length(Limit::one(1, 3))));
    assert_eq!(text(" \t ").unwrap_err().to_string(), "1 to 3 characters");
    assert_eq!(text("").unwrap_err().text(Lang::Zh), "须为 1 至 3 个字符");
}

#[test]
fn what_acts_on_its_readers_is_no_text() {
    for (wrong, error) in [
        ("a\0b", TextError::Control('\0')),
        ("a\u{1b}[2Jb", TextError::Control('\u{1b}')),
        ("a\u{7f}b", TextError::Control('\u{7f}')),
        ("a\u{85}b", TextError::Control('\u{85}')),
        ("a\u{202e}b", TextError::Direction('\u{202e}')),
        ("a\u{2066}b", TextError::Direction('\u{2066}')),
        ("a\u{2029}b", TextError::Direction('\u{2029}')),
    ] {
        for limit in [Limit::one(0, 99), Limit::many(0, 99)] {
            assert_eq!(Text::new(wrong, limit), Err(error));
        }
        for lang in [Lang::Zh, Lang::En] {
            assert!(error.text(lang).contains("U+"));
        }
    }
    assert_eq!(Text::new("a\r\n\tb", Limit::one(0, 99)), Err(TextError::Control('\r')));
    assert_eq!(Text::new("a\r\n\tb", Limit::many(0, 99)).unwrap().as_str(), "a\r\n\tb");
    // A Uyghur word with a joiner, an emoji of several characters, and a name in two spellings of its accent.
    for right in ["ئۇي\u{200d}غۇر", "👩‍🎬", "e\u{301}", "é", "𠮷野"] {
        assert_eq!(Text::new(right, Limit::NAME).unwrap().as_str(), right);
    }
}

proptest! {
    #[test]
    fn whatever_is_tidied_is_a_text(text in any::<String>(), max in 0..40_usize) {
        for lines in [Lines::One, Lines::Many] {
            let tidied = tidy(&text, lines, max);
            prop_assert!(check(&tidied, lines).is_ok());
            prop_assert_eq!(tidied.chars().count(), text.chars().count().min(max));
        }
    }

    #[test]
    fn whatever_is_taken_keeps_its_limit(text in any::<String>(), max in 0..40_usize) {
        if let Ok(taken) = Text::new(&text, Limit::one(0, max)) {
            prop_assert!(taken.as_str().chars().count() <= max);
            prop_assert!(!taken.as_str().chars().any(char::is_control));
        }
    }
}
