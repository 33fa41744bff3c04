//! One entry for people: its state, its measurements, its renditions and its deliveries.
use desk::view::deliveries::Delivery;
use desk::view::work::{Part, Rendition, Work};
use pipeline::delivery::RecallBy;
use pipeline::progress::Reached;
use pipeline::rendition::QcOutcome;

use crate::output::{self, Table};

/// Facts, then a table for each kind of thing. `brief` leaves out checks that passed.
pub(super) fn table(work: &Work, brief: bool) -> String {
    let mut sections = vec![facts(work)];
    if let Some(verdict) = &work.verdict {
        sections.push(crate::command::probe::verdict_table(verdict));
    }
    if let Some(look) = &work.first_look {
        let table = crate::command::probe::verdict_table(look);
        sections.push(format!("by its headers, while it is being decoded:\n{table}"));
    }
    sections.extend([open_parts(work), rendition_table(work)].into_iter().flatten());
    sections.extend(work.renditions.iter().filter_map(|made| qc_table(made, brief)));
    sections.extend(delivery_table(work));
    sections.join("\n")
}

fn facts(work: &Work) -> String {
    let mut facts = Table::of_facts();
    facts.fact("entry", work.id.to_string());
    facts.fact("title", &work.title);
    facts.fact("contest", format!("{}, {}", work.contest, work.theme));
    facts.fact("recommended by", &work.recommending_unit);
    facts
        .fact("state", if work.run > 1 { format!("{} (run {})", work.state, work.run) } else { work.state.to_owned() });
    facts.fact("progress", work.progress.filter(|_| is_making(work)).map(progress).unwrap_or_default());
    facts.fact("preview", work.preview.as_ref().map_or("", |preview| &preview.proxy.key));
    let since = work.held_at.map(|at| at.format(" (since %Y-%m-%d %H:%M UTC)").to_string()).unwrap_or_default();
    facts.fact("mezzanine held", work.held_reason.as_ref().map(|why| format!("{why}{since}")).unwrap_or_default());
    if let Some(reason) = &work.rejection {
        facts.fact("rejection", format!("{} (at {})", reason.code, reason.stage));
        facts.row(["", reason.zh.as_str()]);
        facts.row(["", reason.en.as_str()]);
    }
    facts.to_string()
}

/// Whether machines are working on it now.
fn is_making(work: &Work) -> bool {
    work.parts.iter().any(|part| part.run == work.run && part.stage != "publish" && part.status != "cancelled")
        && work.progress.is_some_and(|reached| reached.done < 1.0)
        && !work.settled
}

/// Running and stuck parts; finished ones are shown by their results.
fn open_parts(work: &Work) -> Option<String> {
    let open = |part: &&Part| !matches!(part.status.as_str(), "done" | "cancelled");
    let mut table = Table::with_headings(&["PART", "STATUS", "DONE", "TRIES", "LAST ERROR"]);
    let mut any = false;
    for part in work.parts.iter().filter(open) {
        any = true;
        let done = format!("{:.0} %", part.progress * 100.0);
        let error = part.last_error.as_deref().unwrap_or("");
        let name = format!("{}/{}", part.stage, part.part);
        table.row([name.as_str(), &part.status, &done, &part.attempt.to_string(), error]);
    }
    let parked = work.parts.iter().find(|part| part.status == "parked");
    let hint = parked.map(|part| format!("try again:\n  reelmill retry {}/{}/{}\n", work.id, part.stage, part.part));
    any.then(|| table.to_string() + &hint.unwrap_or_default())
}

fn rendition_table(work: &Work) -> Option<String> {
    let mut table =
        Table::with_headings(&["RENDITION", "PICTURE", "DURATION", "SIZE", "QC", "MADE"]).with_commands("OBJECT");
    for made in &work.renditions {
        let picture = format!("{}×{}", made.width, made.height);
        let qc = output::passed(&made.qc);
        let (duration, size) = (output::duration(made.duration_ms), output::bytes(made.bytes));
        let by = match made.reused_from {
            None => format!("in run {}", made.run),
            Some(from) if from.submission == Some(work.id) => format!("in run {}", from.run),
            Some(_) => "for another entry".to_owned(),
        };
        table.row([&made.name, &picture, &duration, &size, &qc, &by]);
        // A key is copied completely, like a command.
        table.command(&made.key);
    }
    (!work.renditions.is_empty()).then(|| table.to_string())
}

fn delivery_table(work: &Work) -> Option<String> {
    let mut table = Table::with_headings(&["PARTNER", "DELIVERY", "WHERE"]).with_commands("NEXT");
    for delivery in &work.deliveries {
        table.row([delivery.partner.as_str(), delivery.state, remark(delivery).trim()]);
        if let Some(next) = &delivery.next {
            table.command(&next.command);
        }
    }
    (!work.deliveries.is_empty()).then(|| table.to_string())
}

/// The measurements of quality control; failed checks come first.
fn qc_table(made: &Rendition, brief: bool) -> Option<String> {
    let mut table = Table::with_headings(&[&format!("QC OF {}", made.name), "OUTCOME", "MEASURED", "LIMIT"]);
    let mut any = false;
    let outcomes = [QcOutcome::Fail, QcOutcome::Invalid, QcOutcome::Pass];
    for outcome in outcomes.into_iter().filter(|outcome| !brief || *outcome != QcOutcome::Pass) {
        for check in made.qc.iter().filter(|check| check.outcome == outcome) {
            any = true;
            table.row([&check.check, outcome.name(), &check.measured, &check.limit]);
        }
    }
    any.then(|| table.to_string())
}

/// `43 %, about 2 min left`.
fn progress(reached: Reached) -> String {
    let percent = (reached.done * 100.0).floor();
    match reached.remaining_s {
        None => format!("{percent} %"),
        Some(left) if left < 90.0 => format!("{percent} %, about {:.0} s left", left.max(1.0)),
        Some(left) => format!("{percent} %, about {:.0} min left", left / 60.0),
    }
}

/// The remark beside the state: the address, the reason, or the next task.
fn remark(delivery: &Delivery) -> String {
    let place = delivery.public_url.clone().unwrap_or_default();
    if let Some(words) = &delivery.words {
        return words.clone();
    }
    let Some((by, due)) = delivery.recall.as_ref().and_then(|recall| Some((recall.by?, recall.due))) else {
        return place;
    };
    let until = due.map(|due| format!(" by {}", due.format("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
    match by {
        RecallBy::System => format!("{place} to be gone{until}"),
        RecallBy::Operator => format!("{place} an operator takes it down{until}"),
    }
}
