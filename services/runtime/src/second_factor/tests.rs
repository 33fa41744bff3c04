//! Codes by time, and recovery codes.
use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// The vectors of RFC 6238, appendix B: the last six of their eight digits.
#[test]
fn codes_are_those_of_rfc_6238() {
    let secret = TotpSecret(*b"12345678901234567890");
    for (time, code) in
        [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")]
    {
        assert_eq!(secret.code(at(time)).unwrap(), code);
        assert_eq!(secret.step_of(code, at(time)).unwrap(), Some(time / 30));
    }
}

#[test]
fn a_code_is_right_for_its_step_and_one_beside_it() {
    let secret = TotpSecret(*b"12345678901234567890");
    let code = secret.code(at(1_111_111_110)).unwrap();
    for (seconds, right) in [(-31, false), (-30, true), (0, true), (59, true), (60, false)] {
        let step = secret.step_of(&code, at(1_111_111_110 + seconds)).unwrap();
        assert_eq!(step, right.then_some(1_111_111_110 / 30), "{seconds}");
    }
    for wrong in ["", "000000", "+87082", "28708", "2870822", "二八七零八二"] {
        assert_eq!(secret.step_of(wrong, at(59)).unwrap(), None, "{wrong}");
    }
}

#[test]
fn an_app_reads_the_secret_from_an_address_or_as_text() {
    let secret = TotpSecret(*b"12345678901234567890");
    let url = secret.url(&"wang.fang@example".parse().unwrap()).unwrap();
    assert!(
        url.starts_with("otpauth://totp/Reelmill:wang.fang%40example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
        "{url}"
    );
    assert_eq!(secret.text().unwrap(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    assert_eq!(format!("{secret:?}"), "TotpSecret(…)");
}

#[test]
fn a_secret_opens_for_its_person_only() {
    let keys = Keyring::parse("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let (anna, other) = (PersonId(uuid::Uuid::from_u128(1)), PersonId(uuid::Uuid::from_u128(2)));
    let secret = TotpSecret::new().unwrap();
    let sealed = secret.seal(&keys, anna).unwrap();
    assert_eq!(TotpSecret::open(&keys, anna, &sealed).unwrap(), secret);
    assert!(TotpSecret::open(&keys, other, &sealed).is_err());
}

#[test]
fn a_recovery_code_is_read_as_people_type_it() {
    let code = RecoveryCode::new().unwrap();
    let text = code.text();
    assert_eq!((text.len(), text.matches('-').count()), (19, 3));
    for typed in [text.clone(), text.to_uppercase(), text.replace('-', " "), text.replace('-', "")] {
        assert_eq!(RecoveryCode::parse(&typed), Some(code.clone()));
    }
    assert_ne!(code.digest(), RecoveryCode::new().unwrap().digest());
    for wrong in ["", "123456", &text[1..], &format!("{text}a"), &text.replace('-', "0")] {
        assert_eq!(RecoveryCode::parse(wrong), None, "{wrong}");
    }
}
