//! Values that a browser stores for us and cannot read or change: sealed for one purpose, written as text.
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime::problem::Problem;
use runtime::seal::Sealed;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Desk;

/// The sealed text of a value: base64url and full stops.
pub(super) fn sealed(desk: &Desk, place: &[u8], value: &impl Serialize) -> Result<String, Problem> {
    let plain = serde_json::to_vec(value).map_err(anyhow::Error::from)?;
    let Sealed { key_id, nonce, ciphertext } = desk.keys()?.seal_for(place, &plain)?;
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Ok(format!("{}.{}.{}", encode(key_id.as_bytes()), encode(&nonce), encode(&ciphertext)))
}

/// The value of such a text; `None` where it was not sealed here for this place.
pub(super) fn opened<T: DeserializeOwned>(desk: &Desk, place: &[u8], text: &str) -> Option<T> {
    let mut parts = text.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let key_id = parts.next()??;
    let nonce = parts.next()??;
    let ciphertext = parts.next()??;
    let sealed = Sealed { key_id: String::from_utf8(key_id).ok()?, nonce, ciphertext };
    let plain = desk.keys().ok()?.open_for(place, &sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}
