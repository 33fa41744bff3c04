//! The table of `reprocess --dry-run`.
use std::fmt::Write as _;

use desk::act::bulk::{Estimate, Held, JobMade};
use desk::act::reprocess::Beginning;
use pipeline::lang::Lang;
use pipeline::partner::Replacement;

use crate::output::Table;

/// What would be done.
pub(super) fn of(result: &JobMade, from: Beginning) -> String {
    let mut facts = Table::of_facts();
    facts.row(["works", &result.works.to_string()]);
    for (works, why) in left_out(result, from) {
        facts.row(["left out", &format!("{works} {why}")]);
    }
    let Some(estimate) = &result.estimate else { return facts.to_string() };
    facts.row(["renditions", &estimate.renditions.to_string()]);
    facts.row(["cpu hours", &hours(estimate, from)]);
    facts.row(["digest", &result.digest]);
    let mut text = facts.to_string();
    // Writing to a String cannot fail.
    let _ = match &estimate.partners[..] {
        [] => writeln!(text, "\nno partner holds any of these works"),
        held => write!(text, "\n{}", holdings(held)),
    };
    text
}

/// Works that are not started now, and why.
pub(super) fn left_out(result: &JobMade, from: Beginning) -> Vec<(u64, String)> {
    let states = result.cannot_begin.iter();
    let mut left: Vec<_> =
        states.map(|(state, works)| (*works, format!("in state {state}, where no run can begin at {from}"))).collect();
    left.push((result.in_another_job, "that other jobs have".to_owned()));
    left.push((result.under_way, "whose files are being made now".to_owned()));
    left.retain(|(works, _)| *works > 0);
    left
}

fn holdings(held: &[Held]) -> Table {
    let mut table = Table::with_headings(&["partner", "holds", "then", "replacing there", "known from"]);
    for it in held {
        let then = if it.replaced > 0 { "replaced" } else { "keeps what it holds" };
        let way = Replacement::called(&it.replacement);
        let way = way.map_or_else(String::new, |way| format!("{}: {}", way.name(), way.text(Lang::En)));
        let source = it.known_from.as_ref();
        let source = source.map_or_else(|| "its method".to_owned(), |it| format!("[{:?}] {}", it.tag, it.source));
        table.row([it.partner.as_str(), &it.holds.to_string(), then, &way, &source]);
    }
    table
}

/// The estimate, and its basis.
fn hours(estimate: &Estimate, from: Beginning) -> String {
    if from == Beginning::Publish {
        return "0.0: nothing is encoded".into();
    }
    let mut rests = Vec::new();
    if estimate.measured_works > 0 {
        rests.push(format!("{} works by what their own earlier parts took", estimate.measured_works));
    }
    match (estimate.estimated_works, estimate.median_factor) {
        (0, _) => {}
        (works, Some(factor)) => {
            rests.push(format!("{works} by their plans times {factor:.2}, the median measured here"));
        }
        (works, None) => rests.push(format!("{works} by their plans")),
    }
    if let Some(reused @ 1..) = estimate.reused_works {
        rests.push(format!("{reused} whose files are there already and are taken over"));
    }
    if estimate.unknown_works > 0 {
        rests.push(format!("{} that have no plan yet, not counted", estimate.unknown_works));
    }
    // Small jobs must not be shown as zero.
    let hours = estimate.cpu_hours;
    let hours = if hours < 0.1 { format!("{hours:.4}") } else { format!("{hours:.1}") };
    if rests.is_empty() { hours } else { format!("{hours} ({})", rests.join("; ")) }
}
