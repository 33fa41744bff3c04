//! The password and the second factor of a person.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use pipeline::person::Person;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::seal::Sealed;
use crate::store::Store;
use crate::store::people::persons;

/// The credentials of a person.
#[derive(Clone, Debug)]
pub struct Factors {
    /// The person.
    pub person: Person,
    /// argon2id in PHC form.
    pub password_hash: String,
    /// When it was set.
    pub password_set_at: DateTime<Utc>,
    /// The secret of the second factor.
    pub totp: Sealed,
    /// Now, by the database's clock.
    pub now: DateTime<Utc>,
}

/// A password and a second factor that are to become a person's.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// argon2id in PHC form.
    pub password_hash: String,
    /// The secret of the second factor.
    pub totp: Sealed,
}

struct Row {
    person: Uuid,
    password_hash: String,
    password_set_at: DateTime<Utc>,
    totp_key_id: String,
    totp_nonce: Vec<u8>,
    totp_ciphertext: Vec<u8>,
    now: DateTime<Utc>,
}

/// Adds the person; `None` if there is no row, or the person was ended.
async fn with_person(connection: &mut PgConnection, row: Option<Row>) -> anyhow::Result<Option<Factors>> {
    let Some(row) = row else { return Ok(None) };
    let person = persons::load(connection, PersonId(row.person)).await?;
    Ok(person.filter(|it| it.ended_at.is_none()).map(|person| Factors {
        person,
        password_hash: row.password_hash,
        password_set_at: row.password_set_at,
        totp: Sealed { key_id: row.totp_key_id, nonce: row.totp_nonce, ciphertext: row.totp_ciphertext },
        now: row.now,
    }))
}

impl Store {
    /// The credentials of the person with a login name; `None` if there is no such person, or the invitation was not
    /// accepted.
    pub async fn factors_of_login(&self, login: &str) -> anyhow::Result<Option<Factors>> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        let row = sqlx::query_as!(
            Row,
            r#"/* factors_of_login */
            select f.person, f.password_hash, f.password_set_at, f.totp_key_id, f.totp_nonce, f.totp_ciphertext,
                clock_timestamp() as "now!"
            from persons p join sign_in_factors f on f.person = p.id where p.login = $1 and p.ended_at is null"#,
            login,
        )
        .fetch_optional(&mut *connection)
        .await
        .context("find the credentials of a login name")?;
        with_person(&mut connection, row).await
    }

    /// The credentials of a person.
    pub async fn factors(&self, person: PersonId) -> anyhow::Result<Option<Factors>> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        let row = sqlx::query_as!(
            Row,
            r#"/* factors */
            select person, password_hash, password_set_at, totp_key_id, totp_nonce, totp_ciphertext, clock_timestamp() as "now!"
            from sign_in_factors where person = $1"#,
            person.0,
        )
        .fetch_optional(&mut *connection)
        .await
        .context("load the credentials of a person")?;
        with_person(&mut connection, row).await
    }
}
