//! Numbers of receipts.
use super::*;

fn read(text: &str) -> Result<Receipt, ReceiptError> {
    text.parse()
}

fn digits(receipt: &Receipt) -> Vec<u8> {
    receipt.as_str().bytes().skip_while(|it| *it != b'-').filter(u8::is_ascii_digit).collect()
}

fn typed(digits: &[u8]) -> String {
    format!("GQ24{}", String::from_utf8(digits.to_vec()).unwrap())
}

#[test]
fn the_table_is_damms() {
    // The example of the literature: the check digit of 572 is 4.
    assert_eq!((check("572".bytes()), check("5724".bytes())), (4, 0));
    for c in 0..10 {
        assert_eq!(DAMM[c][c], 0);
        for (x, y) in (0..10).flat_map(|x| (0..x).map(move |y| (x, y))) {
            assert_ne!(DAMM[c][x], DAMM[c][y], "a wrong digit is found");
            let (xy, yx) = (DAMM[usize::from(DAMM[c][x])][y], DAMM[usize::from(DAMM[c][y])][x]);
            assert_ne!(xy, yx, "a swap is found");
        }
    }
}

#[test]
fn one_wrong_digit_and_each_swap_of_neighbours_is_found() {
    let numbers = [0, 1, 99_999_999_999, 48_291_735_061, 12_345_678_901, u64::MAX];
    for receipt in numbers.map(|random| Receipt::new("GQ24", random)) {
        let right = digits(&receipt);
        assert_eq!(read(&typed(&right)), Ok(receipt));
        for (at, digit) in (0..right.len()).flat_map(|at| (b'0'..=b'9').map(move |digit| (at, digit))) {
            let mut wrong = right.clone();
            wrong[at] = digit;
            assert_eq!(read(&typed(&wrong)).is_ok(), digit == right[at], "{wrong:?}");
        }
        for at in 1..right.len() {
            let mut wrong = right.clone();
            wrong.swap(at - 1, at);
            assert_eq!(read(&typed(&wrong)).is_ok(), wrong == right, "{wrong:?}");
        }
    }
}

#[test]
fn a_number_is_read_as_people_type_it() {
    let receipt = Receipt::new("GQ24", 48_291_735_061);
    assert!(receipt.as_str().starts_with("GQ24-4829-1735-061"), "{receipt}");
    let (head, wide) =
        (&receipt.as_str()[5..], receipt.as_str().replace('-', "－").replace('G', "Ｇ").replace('4', "４"));
    for text in [format!("gq24 {}", head.replace('-', "")), format!(" {receipt}\n"), wide] {
        assert_eq!(read(&text).as_ref(), Ok(&receipt), "{text}");
    }
    let long = "1".repeat(300);
    for text in ["", "GQ24", "482917350617", "GQ24-4829-17", "工强24-4829-1735-0617", "4A-4829-1735-0617", &long] {
        assert_eq!(read(text), Err(ReceiptError::Malformed), "{text}");
    }
}

#[test]
fn prefixes_are_short_and_begin_with_a_letter() {
    for (text, is) in [("GQ24", true), ("A", true), ("", false), ("24", false), ("gq", false), ("ABCDEFGHI", false)] {
        assert_eq!(is_prefix(text), is, "{text}");
    }
}
