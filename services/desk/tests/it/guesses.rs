//! Wrong guesses at the sign-in and who must wait for them; and one link in two browsers.
use desk::act::sign_in::{Device, Visitor};
use runtime::store::people::invitations::Purpose;

use crate::desk_sign_in::{Browser, Console, WORDS, code_of};

const WRONG: &str = "wrong wrong wrong";

fn at(address: &str) -> Visitor {
    Visitor::new(Some(address.into()), None, None)
}

#[tokio::test]
async fn wrong_passwords_elsewhere_do_not_delay_a_person_in_their_own_browser() {
    let console = Console::new().await;
    let anna = console.staff("anna").await;
    let own = console.recognised(&anna.signed_in.device);
    // From many addresses, which share the count of the login name: the sixth guess must wait, whichever address it
    // comes from.
    for n in 1..=5 {
        let guess = console.password_from(&at(&format!("address {n}")), "anna", WRONG).await;
        assert_eq!(code_of(guess), "sign_in_wrong", "{n}");
    }
    for address in ["address 1", "address 6"] {
        assert_eq!(code_of(console.password_from(&at(address), "anna", WORDS).await), "sign_in_slow", "{address}");
    }
    // A right password in the person's own browser does not reset the count of the guesses.
    console.password_from(&own, "anna", WORDS).await.unwrap();
    assert_eq!(code_of(console.password_from(&at("address 7"), "anna", WORDS).await), "sign_in_slow");
}

#[tokio::test]
async fn a_recognised_browser_does_not_wait_for_its_address_either() {
    let console = Console::new().await;
    let anna = console.staff("anna").await;
    // The whole office has one address, from which one person tries many names.
    let office = console.visitor.clone();
    for n in 0..20 {
        let guess = console.password_from(&office, &format!("name-{n}"), WRONG).await;
        assert_eq!(code_of(guess), "sign_in_wrong", "{n}");
    }
    assert_eq!(code_of(console.password_from(&office, "anna", WORDS).await), "sign_in_slow");
    console.password_from(&console.recognised(&anna.signed_in.device), "anna", WORDS).await.unwrap();
}

#[tokio::test]
async fn guesses_in_a_recognised_browser_are_slowed_down_by_a_count_of_their_own() {
    let console = Console::new().await;
    let (anna, other) = (console.staff("anna").await, console.staff("other").await);
    let (own, stolen) = (console.recognised(&anna.signed_in.device), console.recognised(&other.signed_in.device));
    for _ in 0..5 {
        assert_eq!(code_of(console.password_from(&own, "anna", WRONG).await), "sign_in_wrong");
    }
    assert_eq!(code_of(console.password_from(&own, "anna", WORDS).await), "sign_in_slow");
    // For all other names, nothing was counted yet. A browser is recognised only for the names that were used in it:
    // this one shares their count.
    for _ in 0..5 {
        assert_eq!(code_of(console.password_from(&stolen, "anna", WRONG).await), "sign_in_wrong");
    }
    assert_eq!(code_of(console.password_from(&Visitor::default(), "anna", WORDS).await), "sign_in_slow");
    assert_eq!(code_of(console.password_from(&stolen, "anna", WORDS).await), "sign_in_slow");
    console.password_from(&stolen, "other", WORDS).await.unwrap();
}

#[tokio::test]
async fn a_device_cookie_cannot_be_forged_and_stores_each_name_of_a_shared_browser() {
    let console = Console::new().await;
    let anna = console.staff("anna").await;
    let device = anna.signed_in.device.as_str();
    let pending = console.password_from(&Visitor::default(), "anna", WORDS).await.unwrap();
    for forged in ["", "a.b.c", &device[1..], &device[..device.len() - 2], &format!("{device}x"), &pending] {
        assert!(Device::read(&console.desk, forged).is_none(), "{forged}");
    }
    let shared = Console { visitor: console.recognised(device), ..console };
    let other = shared.staff("other").await;
    let both = shared.recognised(&other.signed_in.device);
    for login in ["anna", "other"] {
        for _ in 0..5 {
            assert_eq!(code_of(shared.password_from(&Visitor::default(), login, WRONG).await), "sign_in_wrong");
        }
        assert_eq!(code_of(shared.password_from(&Visitor::default(), login, WORDS).await), "sign_in_slow");
        shared.password_from(&both, login, WORDS).await.unwrap();
    }
}

/// The link of an invited person, and two browsers in which it is opened.
async fn two() -> (Console, String, Browser, Browser) {
    let console = Console::new().await;
    console.person("anna", "screener").await;
    let secret = console.link("anna", Purpose::Invite).await.unwrap();
    let (one, other) = (Browser::new(&console), Browser::new(&console));
    (console, secret, one, other)
}

const CHOSEN: [(&str, &str); 2] = [("password", WORDS), ("again", WORDS)];

#[tokio::test]
async fn the_second_factor_is_set_only_in_the_browser_that_chose_the_password() {
    let (console, secret, mut one, mut other) = two().await;
    let (link, confirm) = (format!("/invitation/{secret}"), format!("/invitation/{secret}/code"));
    assert_eq!(one.sent(one.post(&link, &CHOSEN)).await.0, 303);
    let totp = console.chosen(&secret, &one.chooser()).await;
    let (status, to, page) = other.sent(other.get(&confirm)).await;
    assert_eq!((status, to.as_deref()), (303, Some(link.as_str())));
    assert!(!page.contains(&totp.text().unwrap()));
    // Even the right code, for example one that was seen over a shoulder, does not work elsewhere.
    let code = totp.code(console.now().await).unwrap();
    let (status, _, page) = other.sent(other.post(&confirm, &[("code", &code)])).await;
    assert!(status == 403 && page.contains("sign_in_expired") && other.cookies.is_empty(), "{status} {page}");
    let (status, _, page) = one.sent(one.post(&confirm, &[("code", &code)])).await;
    assert!(status == 200 && page.matches("<li><code>").count() == 10, "{status} {page}");
}

#[tokio::test]
async fn a_later_choice_in_another_browser_makes_the_earlier_one_void() {
    let (console, secret, mut one, mut other) = two().await;
    let (link, confirm) = (format!("/invitation/{secret}"), format!("/invitation/{secret}/code"));
    one.sent(one.post(&link, &CHOSEN)).await;
    let before = console.chosen(&secret, &one.chooser()).await;
    other.sent(other.post(&link, &CHOSEN)).await;
    let after = console.chosen(&secret, &other.chooser()).await;
    assert_ne!(before.text().unwrap(), after.text().unwrap());
    assert_eq!(one.sent(one.get(&confirm)).await.1.as_deref(), Some(link.as_str()));
    for totp in [&before, &after] {
        let code = totp.code(console.now().await).unwrap();
        let (status, _, page) = one.sent(one.post(&confirm, &[("code", &code)])).await;
        assert!(status == 403 && page.contains("start again") && page.contains("new-password"), "{status} {page}");
    }
    // The browser that was too early starts again, which makes the other choice void.
    one.sent(one.post(&link, &CHOSEN)).await;
    let last = console.chosen(&secret, &one.chooser()).await;
    let code = last.code(console.now().await).unwrap();
    assert_eq!(other.sent(other.post(&confirm, &[("code", &code)])).await.0, 403);
    assert_eq!(one.sent(one.post(&confirm, &[("code", &code)])).await.0, 200);
    assert_eq!(other.sent(other.get(&link)).await.0, 404);
}
