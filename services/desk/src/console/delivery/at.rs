//! Which delivery a page is about.
use pipeline::id::PartnerId;
use serde::Deserialize;

/// The delivery. The work is in the request already.
#[derive(Deserialize)]
pub(super) struct At {
    partner: String,
}

impl At {
    pub(super) fn partner(&self) -> PartnerId {
        self.partner.as_str().into()
    }
}
