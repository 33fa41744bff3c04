//! What opens encrypted data, and which keys are refused.
use super::*;

const OLD: &str = "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn id(n: u128) -> SubmissionId {
    SubmissionId(uuid::Uuid::from_u128(n))
}

#[test]
fn what_was_sealed_opens_for_the_same_submission_only() {
    let ring = Keyring::parse(OLD).unwrap();
    let sealed = ring.seal(id(1), b"13800000000").unwrap();
    assert!(!sealed.ciphertext.windows(3).any(|it| it == b"138"));
    assert_eq!(ring.open(id(1), &sealed).unwrap(), b"13800000000");
    assert_eq!(ring.open(id(2), &sealed), Err(CannotOpen::Damaged));
    let mut changed = sealed.clone();
    changed.ciphertext[0] ^= 1;
    assert_eq!(ring.open(id(1), &changed), Err(CannotOpen::Damaged));
    changed.nonce.pop();
    assert_eq!(ring.open(id(1), &changed), Err(CannotOpen::Damaged));
}

#[test]
fn a_changed_key_still_opens_the_old_data() {
    let sealed = Keyring::parse(OLD).unwrap().seal(id(1), b"x").unwrap();
    let both = Keyring::parse(&format!("{NEW}, {OLD}")).unwrap();
    assert_eq!(both.open(id(1), &sealed).unwrap(), b"x");
    assert_eq!(both.seal(id(1), b"x").unwrap().key_id, "new");
    let retired = Keyring::parse(NEW).unwrap();
    assert_eq!(retired.open(id(1), &sealed), Err(CannotOpen::UnknownKey("old".into())));
}

#[test]
fn a_keyed_hash_is_of_its_purpose_text_and_first_key() {
    let ring = Keyring::parse(OLD).unwrap();
    let hash = ring.keyed_hash("login", "anna");
    assert_eq!(hash, Keyring::parse(&format!("{OLD},{NEW}")).unwrap().keyed_hash("login", "anna"));
    let both = Keyring::parse(&format!("{NEW},{OLD}")).unwrap();
    assert_eq!(both.keyed_hashes("login", "anna"), [both.keyed_hash("login", "anna"), hash]);
    assert_ne!(hash, ring.keyed_hash("login", "anne"));
    assert_ne!(hash, ring.keyed_hash("other", "anna"));
    assert_ne!(hash, Keyring::parse(NEW).unwrap().keyed_hash("login", "anna"));
}

#[test]
fn the_same_data_is_never_sealed_the_same_way() {
    let ring = Keyring::parse(OLD).unwrap();
    assert_ne!(ring.seal(id(1), b"x").unwrap(), ring.seal(id(1), b"x").unwrap());
}

#[test]
fn wrong_keys_are_named_but_not_quoted() {
    let check = |text: &str, wrong: BadKeys| assert_eq!(Keyring::parse(text).unwrap_err(), wrong);
    check("", BadKeys::None);
    check(" , ", BadKeys::None);
    check(&format!("{OLD},AAAA"), BadKeys::NoId(2));
    check("k:AAAA", BadKeys::NotAKey("k".into()));
    check("k:~", BadKeys::NotAKey("k".into()));
    check(&format!("{OLD},{OLD}"), BadKeys::Twice("old".into()));
    assert_eq!(format!("{:?}", Keyring::parse(OLD).unwrap()), r#"["old"]"#);
}
