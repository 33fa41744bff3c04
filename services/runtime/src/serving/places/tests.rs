//! Slots in total and for one address.
use super::*;

const ONE: &str = "192.0.2.1";
const OTHER: &str = "192.0.2.2";

fn counted() -> TurnedAway {
    crate::metrics::Metrics::new().unwrap().calls.turned_away("public")
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn none(taken: Result<Place, Full>) -> Full {
    taken.err().expect("no place")
}

#[test]
fn one_address_has_its_share_and_no_more_and_together_they_have_all() {
    let places = Places::divided(4, 50, counted());
    let ours = [places.take_now(ip(ONE)).unwrap(), places.take_now(ip(ONE)).unwrap()];
    assert_eq!(none(places.take_now(ip(ONE))), Full::Address);
    let theirs = [places.take_now(ip(OTHER)).unwrap(), places.take_now(ip(OTHER)).unwrap()];
    assert_eq!(none(places.take_now(ip("192.0.2.3"))), Full::Everywhere);
    drop(theirs);
    assert_eq!(none(places.take_now(ip(ONE))), Full::Address);
    drop(ours);
    places.take_now(ip(ONE)).unwrap();
}

#[test]
fn only_an_address_with_room_in_its_share_is_short_of_others_places() {
    let places = Places::divided(4, 50, counted());
    let _ours = [places.take_now(ip(ONE)).unwrap(), places.take_now(ip(ONE)).unwrap()];
    assert!(!places.is_short(Some(ip(OTHER))), "there are places");
    let _theirs = [places.take_now(ip(OTHER)).unwrap(), places.take_now(ip("192.0.2.3")).unwrap()];
    assert!(!places.is_short(Some(ip(ONE))), "it has its share");
    assert!(places.is_short(Some(ip(OTHER))) && places.is_short(None));
}

#[test]
fn nothing_is_kept_of_addresses_that_left() {
    let places = Places::new(3, 1, counted());
    let kept = places.take_now(ip(ONE)).unwrap();
    for n in 0..10_000u32 {
        drop(places.take_now(std::net::Ipv4Addr::from_bits(n).into()).unwrap());
        assert_eq!(none(places.take_now(ip(ONE))), Full::Address);
    }
    let known = || places.shares.as_ref().unwrap().taken.lock().unwrap().len();
    assert_eq!(known(), 1);
    drop(kept);
    assert_eq!(known(), 0);
}

#[tokio::test]
async fn a_greedy_address_waits_for_itself_and_not_in_the_way_of_others() {
    let places = Places::new(4, 2, counted());
    let held = [places.take(Some(ip(ONE))).await.unwrap(), places.take(Some(ip(ONE))).await.unwrap()];
    let greedy: Vec<_> = (0..20)
        .map(|_| {
            let places = places.clone();
            tokio::spawn(async move { places.take(Some(ip(ONE))).await })
        })
        .collect();
    let (other, unknown) = (places.take(Some(ip(OTHER))).await.unwrap(), places.take(None).await.unwrap());
    assert_eq!(none(places.take(Some(ip(OTHER))).await), Full::Everywhere);
    for one in greedy {
        assert_eq!(none(one.await.unwrap()), Full::Address);
    }
    drop((held, other, unknown));
    assert_eq!(places.free.available_permits(), 4);
}

#[test]
fn a_share_is_never_none_and_all_of_a_hundred_is_no_division() {
    assert_eq!((share_of(256, 25), share_of(2, 25), share_of(128, 100)), (64, 1, 128));
    let shares = |percent| Places::divided(5, percent, counted()).shares;
    assert!(shares(100).is_none() && shares(99).is_some());
}
