//! A partner: who receives the finished works, by which method, in which form. Its data is a file of the catalogue.
use serde::{Deserialize, Serialize};

use crate::id::{PartnerId, RenditionName};
use crate::lang::Lang;

pub use form::{CoverWish, Passthrough};
pub use limits::{Limits, SourceTag, Sourced};
pub use method::{DeliveryMethod, Replacement};
pub use window::Window;

mod form;
mod limits;
mod method;
mod window;

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Name {
    /// The name in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// A receiver of finished works.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Partner {
    /// The stem of its file.
    pub id: PartnerId,
    /// Its name for people.
    pub name: Name,
    /// The method of delivery.
    pub method: DeliveryMethod,
    /// The rungs of the ladder that it gets, best first.
    pub rungs: Vec<RenditionName>,
    /// Whether a work without sound gets a silent track; otherwise its file has none.
    pub silent_track: bool,
    /// Whether a metadata file in CableLabs ADI 1.1 is delivered with the work.
    pub adi_sidecar: bool,
    /// The conditions for passing the source's picture through as the first rung; `None` is never.
    pub passthrough: Option<Passthrough>,
    /// How its files can be replaced; `None` means the method's default.
    pub replace: Option<Sourced<Replacement>>,
    /// When works may be published there; `None` is at any time.
    pub window: Option<Window>,
    /// Hours within which a recall must be proven.
    pub recall_within_h: u32,
    /// Hosts of its own sites, such as `bilibili.com`; each includes its subdomains. Empty: not known.
    pub sites: Vec<String>,
    /// The covers that it requires, the most important first.
    pub covers: Vec<CoverWish>,
    /// Its limits.
    pub limits: Limits,
}

impl Partner {
    /// Whether an address at `host` can belong to it. True if its sites are not known.
    pub fn may_have_host(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let below = |site: &str| host.strip_suffix(site).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.sites.is_empty() || self.sites.iter().any(|site| below(site))
    }

    /// How its files can be replaced.
    pub fn replacement(&self) -> Replacement {
        self.replace.as_ref().map_or_else(|| self.method.replacement(), |replace| replace.value)
    }
}
