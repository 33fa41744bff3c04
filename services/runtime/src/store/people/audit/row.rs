//! A row as it is stored, and its hash.
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A row as it is stored and hashed: JSON as text, byte for byte.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) actor: String,
    pub(super) name: String,
    pub(super) person: Option<Uuid>,
    pub(super) credential: Option<Uuid>,
    pub(super) address: Option<String>,
    pub(super) act: String,
    pub(super) submission: Option<Uuid>,
    pub(super) contest: Option<String>,
    pub(super) partner: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) prev_hash: Vec<u8>,
}

/// Starts the hashed bytes of a row without person, credential and address, like all rows from before these columns
/// existed.
const DOMAIN_UNNAMED: &[u8] = b"reelmill audit row 1";

/// Starts the hashed bytes of rows with at least one of them. Because of the separate domain, the hashed bytes of one
/// kind of row are never those of the other.
const DOMAIN_NAMED: &[u8] = b"reelmill audit row 2";

impl Row {
    /// SHA-256 over the domain and the fields in order. Each field is preceded by its length, and an absent one has
    /// none, so no two rows have the same bytes. Person, credential and address follow the others if at least one of
    /// them is present: removing all three from a row changes its domain, and so its hash.
    pub(super) fn hash(&self) -> [u8; 32] {
        let seq = self.seq.to_be_bytes();
        let at = self.at.timestamp_micros().to_be_bytes();
        let text = |it: &'_ Option<String>| it.as_ref().map(|it| it.as_bytes().to_vec());
        let id = |it: Option<Uuid>| it.map(|it| it.as_bytes().to_vec());
        let mut fields = vec![
            Some(self.prev_hash.clone()),
            Some(seq.to_vec()),
            Some(at.to_vec()),
            Some(self.actor.clone().into_bytes()),
            Some(self.name.clone().into_bytes()),
            Some(self.act.clone().into_bytes()),
            id(self.submission),
            text(&self.contest),
            text(&self.partner),
            text(&self.reason),
            Some(self.before.clone().into_bytes()),
            Some(self.after.clone().into_bytes()),
        ];
        let named = self.person.is_some() || self.credential.is_some() || self.address.is_some();
        if named {
            fields.extend([id(self.person), id(self.credential), text(&self.address)]);
        }
        let mut hasher = Sha256::new();
        hasher.update(if named { DOMAIN_NAMED } else { DOMAIN_UNNAMED });
        for field in fields {
            match field {
                None => hasher.update([0]),
                Some(bytes) => {
                    hasher.update([1]);
                    hasher.update((bytes.len() as u64).to_be_bytes());
                    hasher.update(&bytes);
                }
            }
        }
        hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            seq: 1,
            at: DateTime::from_timestamp_micros(1723723200000001).unwrap(),
            actor: "organiser".into(),
            name: "王芳".into(),
            person: None,
            credential: None,
            address: None,
            act: "released".into(),
            submission: Some(Uuid::from_u128(1)),
            contest: Some("demo".into()),
            partner: None,
            reason: None,
            before: "{}".into(),
            after: r#"{"a":1}"#.into(),
            prev_hash: vec![0; 32],
        }
    }

    /// Another program computed the digests from the description of the format.
    #[test]
    fn a_row_without_person_credential_and_address_is_hashed_as_before_there_were_any() {
        let hash = |row: Row| hex::encode(row.hash());
        assert_eq!(hash(row()), "c79f3ad40c752dfdd76f3189969cae5e78a26debf659b89667d08f10886445dd");
        let (person, credential) = (Some(Uuid::from_u128(2)), Some(Uuid::from_u128(3)));
        let named = Row { person, credential, address: Some("0123456789abcdef".into()), ..row() };
        assert_eq!(hash(named), "3abb7d97478c552593660188654196dbb7788dc1c65ee49f60d82d19f6abccb9");
        assert_eq!(hash(Row { person, ..row() }), "0f7976d207e71df5fba4d867bc87fc82c402abc484d0d1b0eddba37df1f6b4f3");
        // The same id in another column gives another row.
        assert_ne!(hash(Row { credential: person, ..row() }), hash(Row { person, ..row() }));
    }
}
