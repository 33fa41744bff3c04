//! Sessions, one-time codes, links and the slow-down, by the database's clock. The tests move rows into the past
//! instead of waiting.
use std::collections::BTreeSet;
use std::time::Duration;

use pipeline::id::PersonId;
use pipeline::person::Person;
use runtime::seal::Sealed;
use runtime::store::people::invitations::{self, ChooserSecret, LinkSecret, Purpose};
use runtime::store::people::persons::NewPerson;
use runtime::store::people::sessions::{self, Factor, NewSession, SessionSecret, Site, Why};
use runtime::store::people::sign_in::{self, Chosen};
use runtime::store::submissions::history::{Actor, By};
use uuid::Uuid;

use crate::support::World;

fn by() -> By {
    By::person(Actor::Operator, "operator on test")
}

impl World {
    async fn staff(&self) -> Person {
        let (id, login) = (PersonId(Uuid::now_v7()), format!("p-{}", Uuid::now_v7().simple()).parse().unwrap());
        let roles = BTreeSet::from(["screener".parse().unwrap()]);
        let new = NewPerson { id, name: "王芳".into(), login: Some(login), roles };
        self.store.add_person(&new, &by()).await.unwrap()
    }

    async fn signed_in(&self, person: &Person) -> (Uuid, SessionSecret) {
        let (id, cookie) = (Uuid::now_v7(), SessionSecret::new().unwrap());
        let agent = Some("Edge, Windows".to_owned());
        let new =
            &NewSession { id, person: person.id, site: Site::Console, factor: Factor::Totp, agent, address: None };
        let kept = &cookie;
        let begun = self.store.transaction("begin", |tx, _| Box::pin(sessions::begin(tx, new, kept)));
        begun.await.unwrap();
        (id, cookie)
    }

    async fn is_valid(&self, cookie: &SessionSecret) -> bool {
        self.store.session(cookie, Site::Console).await.unwrap().valid().is_some()
    }

    async fn moved(&self, statement: String) {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(self.store.pool()).await.unwrap();
    }

    /// A password hash and an encrypted secret that cannot be used.
    fn chosen() -> Chosen {
        let totp = Sealed { key_id: "k".into(), nonce: vec![0; 24], ciphertext: vec![0; 36] };
        Chosen { password_hash: "none".into(), totp }
    }
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_idle_or_twelve_hours() {
    let world = World::new().await;
    let anna = world.staff().await;
    let (id, cookie) = world.signed_in(&anna).await;
    let found = world.store.session(&cookie, Site::Console).await.unwrap().valid().expect("it is valid");
    assert_eq!((found.id, found.person.id, found.person.roles.len()), (id, anna.id, 1));
    assert!(!world.is_valid(&SessionSecret::new().unwrap()).await);
    // A request after a minute is recorded, one within it is not.
    world.moved(format!("update sessions set seen_at = seen_at - interval '29 minutes' where id = '{id}'")).await;
    let noted = world.store.session(&cookie, Site::Console).await.unwrap().valid().expect("it is valid").seen_at;
    assert!(noted > found.seen_at);
    assert_eq!(world.store.session(&cookie, Site::Console).await.unwrap().valid().expect("it is valid").seen_at, noted);
    world.moved(format!("update sessions set seen_at = seen_at - interval '31 minutes' where id = '{id}'")).await;
    assert!(!world.is_valid(&cookie).await);
    let (id, cookie) = world.signed_in(&anna).await;
    world.moved(format!("update sessions set created_at = created_at - interval '12 hours' where id = '{id}'")).await;
    assert!(!world.is_valid(&cookie).await);
    assert_eq!(world.store.sessions_of(anna.id).await.unwrap(), []);
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_all_at_once_and_with_their_person() {
    let world = World::new().await;
    let (anna, other) = (world.staff().await, world.staff().await);
    let (one, first) = world.signed_in(&anna).await;
    let (two, second) = world.signed_in(&anna).await;
    let (_, foreign) = world.signed_in(&other).await;
    let listed: Vec<Uuid> = world.store.sessions_of(anna.id).await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(listed, [two, one]);
    let (person, stranger) = (anna.id, other.id);
    let end =
        |whose, id| world.store.transaction("end", move |tx, _| Box::pin(sessions::end(tx, whose, id, Why::Ended)));
    assert!(!end(stranger, one).await.unwrap(), "another person's session is not ended");
    assert!(end(person, one).await.unwrap() && !end(person, one).await.unwrap());
    assert!(!world.is_valid(&first).await && world.is_valid(&second).await);
    let all = world.store.transaction("end", |tx, _| Box::pin(sessions::end_all(tx, person, Why::Ended)));
    assert_eq!(all.await.unwrap(), [two]);
    assert!(!world.is_valid(&second).await && world.is_valid(&foreign).await);
    world.store.end_person(other.id, &by()).await.unwrap();
    assert!(!world.is_valid(&foreign).await);
    // The person's end alone is enough, whatever the session's row contains.
    world.moved("update sessions set ended_at = null".to_owned()).await;
    assert!(!world.is_valid(&foreign).await && world.is_valid(&second).await);
}

#[tokio::test]
async fn a_renewed_session_lasts_no_longer_than_the_one_before() {
    let world = World::new().await;
    let anna = world.staff().await;
    let (old, cookie) = world.signed_in(&anna).await;
    world.moved(format!("update sessions set created_at = created_at - interval '11 hours' where id = '{old}'")).await;
    let (new, fresh, person) = (Uuid::now_v7(), SessionSecret::new().unwrap(), anna.id);
    let (before, kept) = (world.store.session(&cookie, Site::Console).await.unwrap().valid().expect("valid"), &fresh);
    let renewed = world.store.transaction("renew", |tx, _| {
        Box::pin(async move {
            let renewed = sessions::renew(tx, person, old, new, kept).await?;
            sessions::end_others(tx, person, new, Why::PasswordChanged).await?;
            Ok(renewed)
        })
    });
    assert!(renewed.await.unwrap() && !world.is_valid(&cookie).await);
    assert_eq!(
        world.store.session(&fresh, Site::Console).await.unwrap().valid().expect("valid").created_at,
        before.created_at
    );
}

#[tokio::test]
async fn five_failures_are_free_then_each_waits_twice_as_long_up_to_fifteen_minutes() {
    let world = World::new().await;
    let (name, other) = ([1; 32], [2; 32]);
    let attempt = async |name| world.store.begin_attempt(name).await.unwrap();
    for n in 1..=5 {
        assert_eq!(attempt(&name).await, None, "{n}");
    }
    for seconds in [30, 60, 120, 240, 480, 900, 900] {
        let wait = attempt(&name).await.expect("it waits");
        let most = Duration::from_secs(seconds);
        assert!(wait <= most && wait + Duration::from_secs(25) > most, "{wait:?} of {seconds} s");
        assert_eq!(attempt(&other).await, None, "another name does not wait");
        world.store.password_was_right(&other).await.unwrap();
        world.moved("update sign_in_failures set wait_until = clock_timestamp()".to_owned()).await;
        assert_eq!(attempt(&name).await, None);
    }
    // After a right password, the code may be tried immediately, and a wrong code costs as before.
    world.store.password_was_right(&name).await.unwrap();
    assert_eq!(attempt(&name).await, None);
    assert!(attempt(&name).await.is_some_and(|wait| wait > Duration::from_secs(800)));
    // Yesterday's failures no longer count; a complete sign-in resets all.
    world
        .moved("update sign_in_failures set wait_until = null, failed_at = failed_at - interval '25 hours'".to_owned())
        .await;
    for n in 1..=5 {
        assert_eq!(attempt(&name).await, None, "{n}");
    }
    assert!(attempt(&name).await.is_some());
    let forgiven =
        world.store.transaction("sign_in", |tx, _| Box::pin(async move { sign_in::succeeded(tx, &[1; 32]).await }));
    forgiven.await.unwrap();
    assert_eq!(attempt(&name).await, None);
}

#[tokio::test]
async fn attempts_at_the_same_time_count_as_failures_until_they_succeed() {
    let world = World::new().await;
    let name = [1; 32];
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = world.store.clone();
        all.spawn(async move { store.begin_attempt(&name).await.unwrap().is_none() });
    }
    let begun = all.join_all().await.into_iter().filter(|it| *it).count();
    assert_eq!(begun, 5);
}

#[tokio::test]
async fn each_code_works_once() {
    let world = World::new().await;
    let (anna, chosen) = (world.staff().await, World::chosen());
    let (person, chosen) = (anna.id, &chosen);
    let used = world.store.transaction("codes", |tx, _| {
        Box::pin(async move {
            sign_in::set(tx, person, chosen, 100).await?;
            sign_in::set_recovery_codes(tx, person, &[[1; 32], [2; 32]]).await?;
            let mut used = Vec::new();
            for step in [99, 100, 101, 101, 100, 103] {
                used.push(sign_in::use_step(tx, person, step).await?);
            }
            for code in [[1; 32], [1; 32], [3; 32], [2; 32]] {
                used.push(sign_in::use_recovery_code(tx, person, &code).await?);
            }
            Ok(used)
        })
    });
    let expected = [false, false, true, false, false, true, true, false, false, true];
    assert_eq!(used.await.unwrap(), expected);
    assert_eq!(world.store.recovery_codes_left(anna.id).await.unwrap(), 0);
    world.store.end_person(anna.id, &by()).await.unwrap();
    assert!(world.store.factors(anna.id).await.unwrap().is_none(), "what an ended person signed in with is forgotten");
}

#[tokio::test]
async fn a_link_is_valid_for_three_days_until_it_is_used_or_another_is_made() {
    let world = World::new().await;
    let anna = world.staff().await;
    let person = anna.id;
    let made = async || {
        let link = LinkSecret::new().unwrap();
        let secret = &link;
        let done = world.store.transaction("invite", |tx, _| {
            Box::pin(invitations::create(tx, person, Purpose::Invite, secret, "operator on test"))
        });
        done.await.unwrap();
        link
    };
    let open = async |link: &LinkSecret| world.store.invitation(link).await.unwrap().map(|it| it.id);
    let first = made().await;
    assert!(open(&first).await.is_some() && open(&first).await.is_some(), "opening it uses nothing up");
    let second = made().await;
    assert!(open(&first).await.is_none() && open(&second).await.is_some());
    world.moved("update invitations set expires_at = expires_at - interval '72 hours'".to_owned()).await;
    assert!(open(&second).await.is_none());
    let third = made().await;
    let (id, chosen) = (open(&third).await.unwrap(), World::chosen());
    let (chosen, chooser) = (&chosen, &ChooserSecret::new().unwrap());
    let done = world.store.transaction("choose", |tx, _| Box::pin(invitations::choose(tx, id, chosen, chooser)));
    done.await.unwrap();
    let waits = world.store.invitation(&third).await.unwrap().unwrap();
    assert!(waits.chosen_by(Some(chooser)).is_some());
    assert!(waits.chosen_by(None).is_none() && waits.chosen_by(Some(&ChooserSecret::new().unwrap())).is_none());
    let done = world.store.transaction("accept", |tx, _| Box::pin(invitations::accept(tx, id)));
    done.await.unwrap();
    assert!(open(&third).await.is_none());
    let fourth = made().await;
    world.store.end_person(anna.id, &by()).await.unwrap();
    assert!(open(&fourth).await.is_none());
}

#[tokio::test]
async fn sessions_and_links_go_ninety_days_after_they_began() {
    let world = World::new().await;
    let anna = world.staff().await;
    let (old, _) = world.signed_in(&anna).await;
    let (_, kept) = world.signed_in(&anna).await;
    world.moved(format!("update sessions set created_at = created_at - interval '91 days' where id = '{old}'")).await;
    let before = world.store.time().await.unwrap() - chrono::TimeDelta::days(90);
    assert_eq!(world.store.old_sign_ins(before).await.unwrap().count, 1);
    assert_eq!(world.store.forget_sign_ins(before).await.unwrap(), 1);
    assert_eq!(world.store.forget_sign_ins(before).await.unwrap(), 0);
    assert!(world.is_valid(&kept).await);
}
