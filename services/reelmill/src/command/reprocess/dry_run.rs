//! What `reprocess --dry-run` says.
use std::fmt::Write as _;

use pipeline::catalogue::Catalogue;
use pipeline::lang::Lang;
use pipeline::partner::Replacement;
use pipeline::stage::Stage;
use runtime::store::bulk::{Ask, Elapsed, Estimate};
use serde_json::json;

use crate::exit::Exit;
use crate::output::{self, Format, Table};

/// Prints it.
pub(super) fn tell(estimate: &Estimate, ask: &Ask, catalogue: &Catalogue, format: Format) -> anyhow::Result<Exit> {
    match format {
        Format::Json => output::print_json(&as_json(estimate, ask, catalogue)?)?,
        Format::Table => output::print(&as_table(estimate, ask, catalogue))?,
    }
    Ok(Exit::Done)
}

fn as_json(estimate: &Estimate, ask: &Ask, catalogue: &Catalogue) -> anyhow::Result<serde_json::Value> {
    let mut whole = serde_json::to_value(estimate)?;
    for (id, holding) in &estimate.holdings {
        let Some(partner) = catalogue.partner(id) else { continue };
        let known_from =
            partner.replace.as_ref().map(|replace| json!({ "tag": replace.tag, "source": replace.source }));
        whole["holdings"][id.as_str()] = json!({
            "holds": holding.holds,
            "replaced": holding.replaced,
            "replacement": partner.replacement().name(),
            "known_from": known_from,
        });
    }
    whole["from"] = json!(ask.from);
    whole["cpu_hours"] = json!(estimate.elapsed.seconds / 3600.0);
    Ok(whole)
}

fn as_table(estimate: &Estimate, ask: &Ask, catalogue: &Catalogue) -> String {
    let mut facts = Table::of_facts();
    let more = if estimate.too_many { " and more, which one job cannot take: narrow the selection" } else { "" };
    facts.row(["works", &format!("{}{more}", estimate.works)]);
    for (state, works) in &estimate.cannot_begin {
        facts.row(["left out", &format!("{works} in state {state}, where no run can begin at {}", ask.from)]);
    }
    if estimate.in_another_job > 0 {
        facts.row(["left out", &format!("{} that another bulk job has", estimate.in_another_job)]);
    }
    if estimate.under_way > 0 {
        facts.row(["left out", &format!("{} whose files are being made now", estimate.under_way)]);
    }
    facts.row(["renditions", &estimate.renditions.to_string()]);
    facts.row(["cpu hours", &hours(&estimate.elapsed, ask.from)]);
    let mut text = facts.to_string();
    if estimate.holdings.is_empty() {
        let _ = writeln!(text, "\nno partner holds any of these works");
        return text;
    }
    let mut partners = Table::with_headings(&["partner", "holds", "then", "replacing there", "known from"]);
    for (id, holding) in &estimate.holdings {
        let partner = catalogue.partner(id);
        let way = partner.map_or(Replacement::Never, |partner| partner.replacement());
        let then = if holding.replaced > 0 { "replaced" } else { "keeps what it holds" };
        let source = partner.and_then(|partner| partner.replace.as_ref());
        let source =
            source.map_or_else(|| "its method".to_owned(), |known| format!("[{:?}] {}", known.tag, known.source));
        let told = format!("{}: {}", way.name(), way.text(Lang::En));
        partners.row([id.as_str(), &holding.holds.to_string(), then, &told, &source]);
    }
    let _ = write!(text, "\n{partners}");
    text
}

/// The estimate, and what it rests on.
fn hours(elapsed: &Elapsed, from: Stage) -> String {
    if from == Stage::Publish {
        return "0.0: nothing is encoded".into();
    }
    let mut rests = Vec::new();
    if elapsed.measured_works > 0 {
        rests.push(format!("{} works by what their own earlier parts took", elapsed.measured_works));
    }
    match (elapsed.estimated_works, elapsed.median_factor) {
        (0, _) => {}
        (works, Some(factor)) => {
            rests.push(format!("{works} by their plans times {factor:.2}, the median measured here"))
        }
        (works, None) => rests.push(format!("{works} by their plans")),
    }
    if let Some(found @ 1..) = elapsed.found_works {
        rests.push(format!("{found} whose files are there already and are taken over"));
    }
    if elapsed.unknown_works > 0 {
        rests.push(format!("{} that have no plan yet, not counted", elapsed.unknown_works));
    }
    let hours = elapsed.seconds / 3600.0;
    // Small jobs should not read as free.
    let hours = if hours < 0.1 { format!("{hours:.4}") } else { format!("{hours:.1}") };
    if rests.is_empty() { hours } else { format!("{hours} ({})", rests.join("; ")) }
}
