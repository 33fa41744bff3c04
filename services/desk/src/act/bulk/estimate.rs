//! The cost of new runs, and what partners have of the works.
use pipeline::catalogue::Catalogue;
use pipeline::id::PartnerId;
use pipeline::partner::{Replacement, SourceTag};
use runtime::serving::openapi::vocabulary::ReplacementWay;
use runtime::store::bulk;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The cost of the works that can start.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    /// Renditions that would be made.
    pub renditions: u64,
    /// Hours of one core.
    pub cpu_hours: f64,
    /// Works whose own earlier parts were measured.
    pub measured_works: u64,
    /// Works that were estimated by their plans.
    pub estimated_works: u64,
    /// Works without a plan, which `cpu_hours` does not count.
    pub unknown_works: u64,
    /// Works whose files all exist already and are reused. Absent for runs that start before `transcode`, and for more
    /// than 2000 works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_works: Option<u64>,
    /// Median of measured over estimated time, by which estimates are multiplied. Absent if nothing was measured yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_factor: Option<f64>,
    /// What partners have of these works.
    pub partners: Vec<Held>,
}

/// What one partner has.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PartnerHolding)]
pub struct Held {
    /// Its id in the catalogue.
    pub partner: String,
    /// Works that it has or may have.
    pub holds: u64,
    /// How many of them would be replaced by the new files.
    pub replaced: u64,
    /// How files are replaced there: `in_place`, `by_new_folder`, `delete_and_resubmit`, `by_operator` or `never`.
    #[schema(value_type = ReplacementWay)]
    pub replacement: String,
    /// The source of this information; absent if it follows from the method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_from: Option<KnownFrom>,
}

/// A source of the catalogue.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KnownFrom {
    /// How well it is known: `O` by the partner's own document, `C` by a third party's contract, `R` by open-source code, `2` by a
    /// secondary page, `A` by our assumption.
    #[schema(value_type = String)]
    pub tag: SourceTag,
    /// The document or page.
    pub source: String,
}

impl Estimate {
    pub(super) fn of(catalogue: &Catalogue, found: &bulk::Estimate) -> Self {
        let bulk::Estimate { renditions, elapsed, holdings, .. } = found;
        let held = |(id, holding): (&PartnerId, &bulk::Holding)| {
            let partner = catalogue.partner(id);
            let source = partner.and_then(|it| it.replace.as_ref());
            Held {
                partner: id.to_string(),
                holds: holding.holds,
                replaced: holding.replaced,
                replacement: partner.map_or(Replacement::Never, |it| it.replacement()).name().to_owned(),
                known_from: source.map(|it| KnownFrom { tag: it.tag, source: it.source.clone() }),
            }
        };
        Self {
            renditions: *renditions,
            cpu_hours: elapsed.seconds / 3600.0,
            measured_works: elapsed.measured_works,
            estimated_works: elapsed.estimated_works,
            unknown_works: elapsed.unknown_works,
            reused_works: elapsed.found_works,
            median_factor: elapsed.median_factor,
            partners: holdings.iter().map(held).collect(),
        }
    }
}
