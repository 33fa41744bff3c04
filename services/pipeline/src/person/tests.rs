//! Roles, tokens and login names, as facts.
use uuid::Uuid;

use super::*;
use crate::lang::Lang;

fn held(text: &str) -> Held {
    text.parse().unwrap()
}

fn set(roles: &[&str]) -> BTreeSet<Held> {
    roles.iter().map(|it| held(it)).collect()
}

fn person(roles: &[&str]) -> Person {
    let (id, at) = (PersonId(Uuid::nil()), DateTime::UNIX_EPOCH);
    Person { id, name: "王芳".into(), login: None, roles: set(roles), created_at: at, ended_at: None }
}

fn ended(roles: &[&str]) -> Person {
    Person { ended_at: Some(DateTime::UNIX_EPOCH), ..person(roles) }
}

#[test]
fn a_role_is_written_with_its_contest() {
    for text in ["screener", "organiser@demo", "admin"] {
        assert_eq!(held(text).to_string(), text);
    }
    for wrong in ["", "judge", "screener@", "screener@a@b", "@demo", "Screener", "screener @demo", "screener@../x"] {
        assert!(wrong.parse::<Held>().is_err(), "{wrong}");
    }
    let json = serde_json::to_value([held("screener"), held("organiser@demo")]).unwrap();
    assert_eq!(json, serde_json::json!([{ "role": "screener" }, { "role": "organiser", "contest": "demo" }]));
}

#[test]
fn a_login_name_is_plain() {
    for right in ["wangfang", "li.ming-2", "ops_1", "li@example.org", "0"] {
        assert_eq!(right.parse::<Login>().unwrap().as_str(), right);
    }
    for wrong in ["", "Wang", "王芳", "a b", "-a", "@a", "a\n", &"x".repeat(65)] {
        assert!(wrong.parse::<Login>().is_err(), "{wrong}");
    }
}

#[test]
fn no_role_covers_another_and_a_contest_never_covers_all() {
    for role in Role::ALL {
        for other in Role::ALL {
            assert_eq!(Held::everywhere(role).covers(&Held::everywhere(other)), role == other);
        }
        assert!(Held::everywhere(role).covers(&Held::within(role, "demo")));
        assert!(Held::within(role, "demo").covers(&Held::within(role, "demo")));
        assert!(!Held::within(role, "demo").covers(&Held::within(role, "small")));
        assert!(!Held::within(role, "demo").covers(&Held::everywhere(role)));
    }
}

#[test]
fn a_token_never_outranks_its_owner() {
    let anna = person(&["organiser", "screener@demo", "auditor@demo", "auditor@small"]);
    let made = |role, contest: Option<&str>| anna.token(role, contest.map(Into::into)).map(|held| held.to_string());
    assert_eq!(made(Role::Organiser, None).unwrap(), "organiser");
    assert_eq!(made(Role::Organiser, Some("demo")).unwrap(), "organiser@demo");
    assert_eq!(made(Role::Screener, Some("demo")).unwrap(), "screener@demo");
    // Bound automatically to the only contest; of several, one must be named.
    assert_eq!(made(Role::Screener, None).unwrap(), "screener@demo");
    assert_eq!(made(Role::Auditor, None), Err(Refused::ContestMissing(Role::Auditor)));
    assert_eq!(made(Role::Auditor, Some("small")).unwrap(), "auditor@small");
    for wrong in ["screener@small", "operator", "operator@demo", "admin", "auditor@other"] {
        let Held { role, contest, .. } = held(wrong);
        assert_eq!(anna.token(role, contest), Err(Refused::Outranks(held(wrong))));
    }
    // An admin is not an organiser, and an ended person has no role.
    assert!(person(&["admin"]).token(Role::Organiser, None).is_err());
    assert_eq!(ended(&["organiser"]).token(Role::Organiser, None), Err(Refused::Ended(anna.id)));
}

#[test]
fn a_person_sees_the_contests_of_the_role_in_which_they_look() {
    let anna = person(&["organiser", "screener@demo", "screener@small"]);
    let only = |contests: &[&str]| Sees::Only(contests.iter().map(|it| ContestId::new(*it)).collect());
    assert_eq!(anna.sees(Role::Organiser), Sees::All);
    assert_eq!(anna.sees(Role::Screener), only(&["demo", "small"]));
    assert_eq!(anna.sees(Role::Auditor), only(&[]));
    assert!(anna.sees(Role::Screener).includes(&"demo".into()) && !anna.sees(Role::Screener).includes(&"x".into()));
    assert!(!anna.sees(Role::Auditor).includes(&"demo".into()));
    assert_eq!(ended(&["organiser", "screener@demo"]).sees(Role::Organiser), only(&[]));
    assert_eq!(ended(&["organiser", "screener@demo"]).sees(Role::Screener), only(&[]));
}

#[test]
fn an_admin_manages_within_the_contest_that_they_are_admin_of() {
    let (all, demo, none) = (set(&["admin"]), set(&["admin@demo"]), set(&["organiser"]));
    assert!(may_give(&all, &held("admin")) && may_give(&all, &held("screener@demo")));
    assert!(may_give(&demo, &held("screener@demo")) && may_give(&demo, &held("admin@demo")));
    assert!(!may_give(&demo, &held("screener")) && !may_give(&demo, &held("screener@small")));
    assert!(!may_give(&none, &held("organiser@demo")) && !may_give(&set(&[]), &held("screener@demo")));
    assert!(may_manage(&demo, &person(&["screener@demo", "auditor@demo"])));
    assert!(!may_manage(&demo, &person(&["screener@demo", "auditor@small"])) && !may_manage(&demo, &person(&[])));
    assert!(may_manage(&all, &person(&[])) && may_manage(&all, &person(&["admin"])));
}

#[test]
fn who_is_bound_to_a_contest_sees_the_roles_that_hold_there() {
    let seen = |roles: &[&str]| person(roles).within(&Some("demo".into()).into()).map(|it| it.roles);
    assert_eq!(seen(&["organiser", "screener@demo", "auditor@small"]), Some(set(&["organiser", "screener@demo"])));
    assert_eq!(seen(&["auditor@small"]), None);
    assert_eq!(seen(&[]), None);
}

#[test]
fn roles_are_given_and_taken_and_only_those_that_are_held() {
    let anna = person(&["organiser", "screener@demo"]);
    let change = |add: &[&str], remove: &[&str]| RoleChange { add: set(add), remove: set(remove) };
    let after = anna.changed(&change(&["auditor"], &["screener@demo"]), false).unwrap();
    assert_eq!(after, set(&["auditor", "organiser"]));
    assert_eq!(anna.changed(&change(&["organiser"], &[]), false).unwrap(), anna.roles);
    let not_held = |role| Err(Refused::NotHeld(held(role)));
    assert_eq!(anna.changed(&change(&[], &["screener"]), false), not_held("screener"));
    assert_eq!(anna.changed(&change(&[], &["organiser@demo"]), false), not_held("organiser@demo"));
    assert_eq!(
        ended(&["organiser"]).changed(&change(&["admin"], &[]), true),
        Err(Refused::Ended(anna.id)),
        "nothing is given to who was ended"
    );
}

#[test]
fn the_last_admin_stays() {
    let take = RoleChange { remove: set(&["admin"]), ..RoleChange::default() };
    let narrow = RoleChange { add: set(&["admin@demo"]), ..take.clone() };
    let anna = person(&["admin", "organiser"]);
    for change in [&take, &narrow] {
        assert_eq!(anna.changed(change, false), Err(Refused::LastAdmin));
        assert!(anna.changed(change, true).is_ok());
    }
    assert_eq!(anna.may_end(false), Err(Refused::LastAdmin));
    assert_eq!(anna.may_end(true), Ok(()));
    // Other roles may be taken, and an admin of one contest is never the last admin.
    assert!(anna.changed(&RoleChange { remove: set(&["organiser"]), ..RoleChange::default() }, false).is_ok());
    assert_eq!(person(&["admin@demo"]).may_end(false), Ok(()));
    assert_eq!(ended(&["admin"]).may_end(false), Ok(()));
}

#[test]
fn roles_of_one_contest_belong_to_it() {
    let of = |roles: &[&str]| contest_of(&set(roles)).map(ToString::to_string);
    assert_eq!(of(&["screener@demo", "auditor@demo"]).as_deref(), Some("demo"));
    for several in [&["screener@demo", "auditor@small"][..], &["screener@demo", "auditor"], &["auditor"], &[]] {
        assert_eq!(of(several), None, "{several:?}");
    }
}

#[test]
fn each_refusal_has_a_sentence_in_both_languages() {
    let refusals = [
        Refused::Unknown(PersonId(Uuid::nil())),
        Refused::Ended(PersonId(Uuid::nil())),
        Refused::Outranks(held("screener")),
        Refused::ContestMissing(Role::Auditor),
        Refused::NotHeld(held("screener@demo")),
        Refused::LastAdmin,
        Refused::LoginTaken("anna".parse().unwrap()),
    ];
    for refusal in refusals {
        assert!(refusal.text(Lang::Zh).chars().any(|c| c > '\u{2e80}'), "{refusal:?}");
        assert!(refusal.text(Lang::En).is_ascii() && !refusal.code().is_empty(), "{refusal:?}");
    }
}

#[test]
fn a_recommender_is_one_of_one_unit_of_one_contest() {
    let hunan = held("recommender@demo/hunan");
    assert_eq!(hunan, Held::recommender("demo", "hunan"));
    assert_eq!(hunan.to_string(), "recommender@demo/hunan");
    for wrong in ["recommender", "recommender@demo", "organiser@demo/hunan", "recommender@/hunan", "recommender@demo/"]
    {
        assert!(wrong.parse::<Held>().is_err(), "{wrong}");
    }
    assert!(!hunan.covers(&held("recommender@demo/beijing")) && !hunan.covers(&held("recommender@small/hunan")));
    assert!(!hunan.covers(&Held::within(Role::Recommender, "demo")));
}

#[test]
fn a_recommender_has_no_token() {
    let mut anna = person(&["recommender@demo/hunan"]);
    assert_eq!(anna.recommends_for().count(), 1);
    assert!(anna.only_recommends());
    let refused = Err(Refused::Outranks(Held::everywhere(Role::Recommender)));
    assert_eq!(anna.token(Role::Recommender, None), refused);
    anna.ended_at = Some(DateTime::UNIX_EPOCH);
    assert_eq!(anna.recommends_for().count(), 0, "an ended person recommends for no unit");
}
