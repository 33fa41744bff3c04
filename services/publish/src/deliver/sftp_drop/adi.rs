//! `ADI.XML`: a work described as CableLabs ADI 1.1 (VOD Metadata 1.1), the form that IPTV head-ends ingest. Pure: text from data.
use chrono::{Datelike, NaiveDate};
use pipeline::id::SubmissionId;
use sha2::{Digest, Sha256};

use crate::xml::Xml;

/// The application of the metadata, in the specification's terms: movies on demand.
const APP: &str = "MOD";
/// Longest values by VOD Metadata 1.1, in characters.
const TITLE_CHARS: usize = 128;
const TITLE_BRIEF_CHARS: usize = 19;
const SUMMARY_CHARS: usize = 256;

/// A work as its package describes it.
pub(crate) struct Adi<'a> {
    /// The work; asset ids are derived from it.
    pub(crate) submission: SubmissionId,
    /// The version: a later run replaces an earlier one.
    pub(crate) run: u32,
    /// The provider's name.
    pub(crate) provider: &'a str,
    /// The provider's Internet domain.
    pub(crate) provider_id: &'a str,
    /// The entrant's title.
    pub(crate) title: &'a str,
    /// The entrant's synopsis; may be empty.
    pub(crate) synopsis: &'a str,
    /// Its category.
    pub(crate) category: &'a str,
    /// The day of entry.
    pub(crate) entered: NaiveDate,
    /// The renditions.
    pub(crate) movies: Vec<Essence>,
    /// Their covers.
    pub(crate) posters: Vec<Essence>,
}

/// One file.
pub(crate) struct Essence {
    /// Its name in the package.
    pub(crate) file: String,
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// MD5 in lower-case hex: the only checksum in ADI 1.1.
    pub(crate) md5: String,
    /// Pixels.
    pub(crate) width: u32,
    /// Pixels.
    pub(crate) height: u32,
    /// Milliseconds of the film.
    pub(crate) duration_ms: u64,
}

impl Adi<'_> {
    /// The document.
    pub(crate) fn write(&self) -> String {
        let mut xml = Xml::new(Some("ADI SYSTEM \"ADI.DTD\""));
        xml.open("ADI", &[]);
        self.metadata(
            &mut xml,
            "package",
            "",
            &[("Metadata_Spec_Version", "CableLabsVOD1.1"), ("Provider_Content_Tier", self.provider)],
        );
        xml.open("Asset", &[]);
        self.title(&mut xml);
        for movie in &self.movies {
            self.movie(&mut xml, movie);
        }
        for poster in &self.posters {
            self.poster(&mut xml, poster);
        }
        xml.finish()
    }

    fn title(&self, xml: &mut Xml) {
        let title = first_chars(self.title, TITLE_CHARS);
        let summary = if self.synopsis.trim().is_empty() { self.title } else { self.synopsis };
        let seconds = self.movies.first().map_or(0, |movie| movie.duration_ms.div_ceil(1000));
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        self.metadata(
            xml,
            "title",
            "",
            &[
                ("Type", "title"),
                ("Title_Brief", &first_chars(self.title, TITLE_BRIEF_CHARS)),
                ("Title", &title),
                ("Title_Sort_Name", &title),
                ("Summary_Short", &first_chars(summary, SUMMARY_CHARS)),
                // Not rated.
                ("Rating", "NR"),
                ("Closed_Captioning", "N"),
                ("Run_Time", &format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)),
                ("Display_Run_Time", &format!("{hours:02}:{minutes:02}")),
                ("Year", &self.entered.year().to_string()),
                ("Country_of_Origin", "CN"),
                ("Category", self.category),
                ("Genre", self.category),
                // The contest's licence begins with the entry and has no agreed end; a recall ends it earlier.
                ("Licensing_Window_Start", &self.entered.to_string()),
                ("Licensing_Window_End", "2099-12-31"),
                // Free of charge.
                ("Billing_ID", "00000"),
                ("Provider_QA_Contact", self.provider),
            ],
        );
    }

    fn movie(&self, xml: &mut Xml, movie: &Essence) {
        let lines = movie.width.min(movie.height);
        // Bits per millisecond are kbit/s.
        let kbps = movie.bytes * 8 / movie.duration_ms.max(1);
        let content = [
            ("Type", "movie"),
            ("Audio_Type", "Stereo"),
            ("Screen_Format", if movie.width > movie.height { "Widescreen" } else { "Standard" }),
            ("Languages", "zh"),
            ("HDContent", if lines >= 720 { "Y" } else { "N" }),
            ("Resolution", &format!("{lines}p")),
            ("Bit_Rate", &kbps.to_string()),
            ("Copy_Protection", "N"),
            ("Watermarking", "N"),
            ("Viewing_Can_Be_Resumed", "Y"),
            ("Content_FileSize", &movie.bytes.to_string()),
            ("Content_CheckSum", &movie.md5),
        ];
        self.asset(xml, "movie", movie, &content);
    }

    fn poster(&self, xml: &mut Xml, poster: &Essence) {
        let content = [
            ("Type", "poster"),
            ("Image_Aspect_Ratio", &*format!("{}x{}", poster.width, poster.height)),
            ("Content_FileSize", &poster.bytes.to_string()),
            ("Content_CheckSum", &poster.md5),
        ];
        self.asset(xml, "poster", poster, &content);
    }

    fn asset(&self, xml: &mut Xml, class: &str, essence: &Essence, data: &[(&str, &str)]) {
        xml.open("Asset", &[]);
        self.metadata(xml, class, &essence.file, data);
        xml.empty("Content", &[("Value", &essence.file)]);
        xml.close();
    }

    /// `Metadata`: one `AMS`, which names the asset, and its `App_Data`. `what` distinguishes assets of one class.
    fn metadata(&self, xml: &mut Xml, class: &str, what: &str, data: &[(&str, &str)]) {
        let name = if what.is_empty() { format!("{} {class}", self.submission) } else { what.to_owned() };
        xml.open("Metadata", &[]);
        xml.empty(
            "AMS",
            &[
                ("Asset_Name", &name),
                ("Asset_ID", &asset_id(self.submission, class, what)),
                ("Asset_Class", class),
                ("Provider", self.provider),
                ("Provider_ID", self.provider_id),
                ("Product", APP),
                ("Version_Major", &self.run.to_string()),
                ("Version_Minor", "0"),
                ("Description", &first_chars(self.title, TITLE_CHARS)),
                ("Creation_Date", &self.entered.to_string()),
            ],
        );
        for (name, value) in data {
            xml.empty("App_Data", &[("App", APP), ("Name", name), ("Value", value)]);
        }
        xml.close();
    }
}

/// Four letters and sixteen digits, as ADI 1.1 requires; the same for all runs of a work, so that a later one is an
/// update.
fn asset_id(submission: SubmissionId, class: &str, what: &str) -> String {
    let digest = Sha256::digest(format!("{submission} {class} {what}"));
    let number = digest.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let letters: String = class.chars().take(2).collect::<String>().to_ascii_uppercase();
    format!("RM{letters}{:016}", number % 10_000_000_000_000_000)
}

fn first_chars(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}

#[cfg(test)]
mod tests;
