//! Signatures, and secrets that are rotated.
use super::*;

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(hours * 3600, 0).unwrap()
}

#[test]
fn an_old_secret_signs_for_a_day_after_its_rotation_and_no_longer() {
    let mut target = Target::new("https://example.com/").unwrap();
    let first = secret_bytes(target.secret()).unwrap();
    target.rotate(at(0)).unwrap();
    let second = secret_bytes(target.secret()).unwrap();
    assert_eq!(target.valid(at(23)).unwrap(), [second.clone(), first.clone()]);
    assert_eq!(target.valid(at(24)).unwrap(), vec![second.clone()]);
    // If it is rotated again within the day, no secret ends early or lives longer.
    target.rotate(at(12)).unwrap();
    let third = secret_bytes(target.secret()).unwrap();
    assert_eq!(target.valid(at(23)).unwrap(), [third.clone(), second.clone(), first]);
    assert_eq!(target.valid(at(30)).unwrap(), [third.clone(), second]);
    assert_eq!(target.valid(at(36)).unwrap(), [third]);
}

#[test]
fn what_is_sealed_opens_for_its_own_endpoint_only_and_prints_nothing() {
    let keys = Keyring::parse("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let target = Target::new("https://example.com/?token=canary-canary").unwrap();
    let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let sealed = target.seal(&keys, own).unwrap();
    assert_eq!(Target::open(&keys, own, &sealed).unwrap().url, target.url);
    assert!(Target::open(&keys, other, &sealed).is_err());
    let printed = format!("{target:?}");
    assert!(!printed.contains("canary") && !printed.contains("whsec"), "{printed}");
    assert!(target.secrets().contains(&"canary-canary".to_owned()));
    assert_eq!(target.host(), "example.com");
}

#[test]
fn what_is_no_secret_is_refused_without_being_quoted() {
    for wrong in ["", "whsec_", "whsec_short", "whsec_c2hvcnQ=", "whsec_~~~~", &written(&[1; 23]), &written(&[1; 65])] {
        let error = format!("{:#}", secret_bytes(wrong).unwrap_err());
        assert!(wrong.len() < 7 || !error.contains(&wrong[6..]), "{error}");
    }
    assert!(secret_bytes(&written(&[1; 24])).is_ok() && secret_bytes(&written(&[1; 64])).is_ok());
}

#[test]
fn a_message_has_one_spelling() {
    let id = Uuid::from_u128(7);
    assert_eq!(message_name(id), "msg_00000000000000000000000000000007");
    assert_eq!(message_id(&message_name(id)), Some(id));
    for wrong in [id.to_string(), id.simple().to_string(), format!("msg_{id}"), "msg_".to_owned()] {
        assert_eq!(message_id(&wrong), None, "{wrong}");
    }
}
