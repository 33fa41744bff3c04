//! Passwords of persons who sign in to the console: the rules, the stored hash, the check. Hashing shares the turns of
//! [`crate::bearer`]'s tokens, so its memory is bounded.
use pipeline::person::{Login, Person};
use pipeline::text::{Lines, check};

use crate::bearer::hasher::Hasher;
use crate::problem::Detail;

/// Length in characters: long enough that guessing fails at the permitted rate of sign-ins, short enough to hash.
const CHARS: std::ops::RangeInclusive<usize> = 12..=128;
/// The fewest different characters; fewer form a pattern.
const LEAST_DIFFERENT: usize = 5;
/// The fewest characters besides the person's names.
const LEAST_OWN_CHARS: usize = 8;
/// Common passwords of 12 characters and more, in lower case.
const USUAL: [&str; 22] = [
    "000000000000",
    "0123456789ab",
    "0987654321qwe",
    "112233445566",
    "123123123123",
    "123456123456",
    "123456789012",
    "1234567890123",
    "123456789abc",
    "123456qwerty",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "abcdefghijkl",
    "abcd12345678",
    "administrator",
    "letmein12345",
    "password1234",
    "passwordpassword",
    "qwerty123456",
    "qwertyuiop12",
    "woaini1314520",
    "woaini5201314",
];

/// A hash that no password matches, with the usual cost parameters. It is verified if there is no password, so that an
/// unknown login name takes as long as a known one.
const OF_NONE: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Checks a password that a person chooses.
///
/// # Errors
/// What is allowed; it never repeats the password.
pub fn fit(password: &str, person: &Person) -> Result<(), Detail> {
    if let Err(wrong) = check(password, Lines::One) {
        return Err(Detail::new(wrong.text(pipeline::lang::Lang::Zh), wrong.to_string()));
    }
    if !CHARS.contains(&password.chars().count()) {
        return Err(Detail::new("须为 12 至 128 个字符", "12 to 128 characters"));
    }
    let lower = password.to_lowercase();
    let names = [person.login.as_ref().map(Login::as_str), Some(person.name.as_str())];
    for name in names.into_iter().flatten().map(str::to_lowercase) {
        if lower.replace(&name, "").chars().count() < LEAST_OWN_CHARS {
            return Err(Detail::new("不能是登录名或姓名", "not the login name and not your name"));
        }
    }
    let different: std::collections::BTreeSet<char> = lower.chars().collect();
    if different.len() < LEAST_DIFFERENT || USUAL.contains(&lower.as_str()) {
        return Err(Detail::new("过于常见，请另选一个", "too common; choose another one"));
    }
    Ok(())
}

/// The hash to store: argon2id in PHC form. [`crate::bearer::Busy`] if too many wait for a turn.
pub async fn keep(password: &str) -> anyhow::Result<String> {
    Hasher::of_process().hash(password.to_owned()).await
}

/// Whether the password matches the stored hash. `None`, for a person without a password, takes as long and is `false`.
/// [`crate::bearer::Busy`] as in [`keep`].
pub async fn is(password: &str, kept: Option<&str>) -> anyhow::Result<bool> {
    // A longer text matches no password, so the rest of it need not be hashed.
    let password: String = password.chars().take(CHARS.end() + 1).collect();
    let same = Hasher::of_process().verify(password, kept.unwrap_or(OF_NONE).to_owned()).await?;
    Ok(same && kept.is_some())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use pipeline::id::PersonId;
    use pipeline::lang::Lang;

    use super::*;

    fn wrong(password: &str) -> Option<String> {
        let person = Person {
            id: PersonId(uuid::Uuid::nil()),
            name: "Wang Fang".into(),
            login: Some("wangfang".parse().unwrap()),
            roles: Default::default(),
            created_at: DateTime::UNIX_EPOCH,
            ended_at: None,
        };
        fit(password, &person).err().map(|it| it.text(Lang::En).to_owned())
    }

    #[test]
    fn a_password_is_long_and_neither_a_name_nor_usual() {
        for fits in ["correct horse battery", "一二三四五六七八九十百千", "wangfang-likes-films"] {
            assert_eq!(wrong(fits), None, "{fits}");
        }
        let length = Some("12 to 128 characters".to_owned());
        assert_eq!(wrong("elevenchars"), length);
        assert_eq!(wrong(&"ab1c2d".repeat(22)), length);
        let name = Some("not the login name and not your name".to_owned());
        for named in ["WangFang2026", "wang fang 123", "wangfangwangfang"] {
            assert_eq!(wrong(named), name, "{named}");
        }
        let usual = Some("too common; choose another one".to_owned());
        for common in ["Password1234", "aaaabbbbccccaaaa", "1qaz2wsx3edc"] {
            assert_eq!(wrong(common), usual, "{common}");
        }
        assert_eq!(wrong("correct\nhorse battery").unwrap(), "the character U+000A is not allowed");
    }

    #[tokio::test]
    async fn a_person_without_a_password_is_asked_at_the_same_cost_and_never_let_in() {
        let kept = keep("correct horse battery").await.unwrap();
        let costs = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(costs(&kept), costs(OF_NONE));
        assert!(is("correct horse battery", Some(&kept)).await.unwrap());
        assert!(!is("correct horse batterz", Some(&kept)).await.unwrap());
        assert!(!is("correct horse battery", None).await.unwrap());
    }
}
