//! A picture's colour, as tagged.
use serde::{Deserialize, Serialize};

/// The transfer function, as far as it is distinguished here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// BT.709 and similar.
    Sdr,
    /// SMPTE ST 2084.
    Pq,
    /// ARIB STD-B67.
    Hlg,
}

/// Colour as tagged, from container and bitstream together; ffmpeg's own names, `unknown` if neither has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colour {
    /// Matrix, such as `bt709`, `smpte170m`, `bt2020nc`.
    pub matrix: String,
    /// Primaries.
    pub primaries: String,
    /// Transfer characteristic as tagged.
    pub transfer_name: String,
    /// Its class.
    pub transfer: Transfer,
    /// Whether samples use the full range (`pc`) instead of the limited one.
    pub full_range: bool,
}

impl Colour {
    /// The matrix. If it is untagged, the one that belongs to the curve and the primaries; if these are untagged too,
    /// what players assume: BT.601 for a coded picture of fewer than 720 lines, else BT.709.
    pub fn matrix_of(&self, coded_width: u32, coded_height: u32) -> &str {
        if !is_untagged(&self.matrix) {
            return &self.matrix;
        }
        // BT.2100 defines no other primaries for PQ and HLG, and their matrix is BT.2020's.
        if self.transfer != Transfer::Sdr {
            return "bt2020nc";
        }
        let of = |name: &str| match name {
            "bt2020" | "bt2020-10" | "bt2020-12" => Some("bt2020nc"),
            // The wide primaries of screens are used with BT.709's matrix, as phones write them.
            "bt709" | "smpte431" | "smpte432" => Some("bt709"),
            "smpte170m" | "bt470bg" | "bt470m" => Some("smpte170m"),
            "smpte240m" => Some("smpte240m"),
            _ => None,
        };
        // Primaries first: the curves of BT.601, BT.709 and BT.2020 are the same, and are often tagged for each other.
        let known = of(&self.primaries).or_else(|| of(&self.transfer_name));
        known.unwrap_or(if coded_width.min(coded_height) < 720 { "smpte170m" } else { "bt709" })
    }
}

/// Whether a name of ffmpeg's means that there is no tag.
fn is_untagged(name: &str) -> bool {
    matches!(name, "" | "unknown" | "unspecified" | "reserved")
}
