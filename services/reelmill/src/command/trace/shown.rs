//! The timeline for people: one line per phase, one per part, and who used the time.
use std::collections::BTreeSet;
use std::fmt::Write as _;

use desk::view::trace::{PartTime, Phase, Timeline, WaitedFor, seconds};

use crate::output::{Table, plain};

/// Parts of one phase that are listed; a long work has dozens of segments, and the slowest ones matter.
const LISTED: usize = 12;

/// The whole text.
pub(super) fn text(timeline: &Timeline) -> String {
    let mut text = format!(
        "{}  {}  {}, {} since it was entered at {}\n\n",
        timeline.id,
        plain(&timeline.title),
        timeline.state,
        span(timeline.took_s),
        timeline.created_at.format("%F %T UTC"),
    );
    let mut table = Table::with_headings(&["WHERE", "FROM", "TOOK", "WAITED", "WORKED", "RESTED", "WHAT"]);
    let several = timeline.phases.iter().any(|phase| phase.run > 1);
    for phase in &timeline.phases {
        phase_rows(&mut table, phase, several);
    }
    text += &table.to_string();
    text += "\n";
    for (whom, seconds) in &timeline.sums {
        let share = if timeline.took_s > 0.0 { 100.0 * seconds / timeline.took_s } else { 0.0 };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:>10}  {share:>3.0} %  {}", span(*seconds), words(*whom));
    }
    if !timeline.deliveries.is_empty() {
        text += "\n";
        text += &deliveries(timeline);
    }
    text
}

/// The deliveries: each state, and the time since the one before.
fn deliveries(timeline: &Timeline) -> String {
    let mut table = Table::with_headings(&["PARTNER", "SINCE", "STATES"]);
    let partners: BTreeSet<&str> = timeline.deliveries.iter().map(|it| it.partner.as_str()).collect();
    for partner in partners {
        let moves: Vec<_> = timeline.deliveries.iter().filter(|it| it.partner == partner).collect();
        let (first, others) = (moves[0], moves.windows(2));
        let mut states = first.state.clone();
        for pair in others {
            let _ = write!(states, ", {} after {}", pair[1].state, span(seconds(pair[0].at, pair[1].at)));
        }
        table.row([partner.to_owned(), first.at.format("%F %T").to_string(), states]);
    }
    table.to_string()
}

fn words(whom: WaitedFor) -> &'static str {
    match whom {
        WaitedFor::Entrant => "the entrant",
        WaitedFor::Work => "machines at work",
        WaitedFor::Machines => "waiting for machines or partners",
        WaitedFor::People => "waiting for people",
    }
}

fn phase_rows(table: &mut Table, phase: &Phase, several_runs: bool) {
    let name = if several_runs { format!("{} (run {})", phase.state, phase.run) } else { phase.state.clone() };
    let optional = |seconds: Option<f64>| seconds.map(span).unwrap_or_default();
    let what = match (&phase.ended_by, phase.parts.len()) {
        (None, _) => "goes on".to_owned(),
        (Some(_), parts @ 2..) => format!("{parts} parts"),
        (Some(_), 1) => String::new(),
        (Some(by), _) => by.clone(),
    };
    let from = phase.from.format("%F %T").to_string();
    let took = span(phase.took_s);
    let waited = optional(phase.waited_s);
    let worked = optional(phase.worked_s);
    table.row([name, from, took, waited, worked, String::new(), what]);
    let mut parts: Vec<_> = phase.parts.iter().collect();
    let left_out = parts.len().saturating_sub(LISTED);
    if left_out > 0 {
        let whole = |it: &PartTime| it.waited_s + it.worked_s + it.rested_s;
        parts.sort_by(|a, b| whole(b).total_cmp(&whole(a)));
        parts.truncate(LISTED);
    }
    for part in parts {
        let holder = part.attempts.last().and_then(|it| it.holder.as_deref()).unwrap_or("no worker yet");
        let tries = match &part.attempts[..] {
            [] | [_] => String::new(),
            [before @ .., _] => {
                let ends: Vec<_> = before.iter().map(|it| it.outcome.as_str()).collect();
                format!(", before that {}", counted(&ends))
            }
        };
        let rested = if part.rested_s >= 0.001 { span(part.rested_s) } else { String::new() };
        let what = format!("{} by {holder}{tries}", part.status);
        let (waited, worked) = (span(part.waited_s), span(part.worked_s));
        table.row([format!("  {}", part.part), String::new(), String::new(), waited, worked, rested, what]);
    }
    if left_out > 0 {
        let what = format!("and {left_out} quicker parts (--output json has them all)");
        table.row([String::new(), String::new(), String::new(), String::new(), String::new(), String::new(), what]);
    }
}

/// `2 failed, 7 later`, in the order of first occurrence.
fn counted(ends: &[&str]) -> String {
    let mut counts: Vec<(&str, u32)> = Vec::new();
    for end in ends {
        match counts.iter_mut().find(|(name, _)| name == end) {
            Some((_, count)) => *count += 1,
            None => counts.push((end, 1)),
        }
    }
    counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

/// A span of time for people: `0.042 s`, `12.3 s`, `3 m 04 s`, `5 h 07 m`, `2 d 03 h`.
fn span(seconds: f64) -> String {
    // Less than half a millisecond, or negative, is shown as zero, without a sign.
    let seconds = if seconds < 0.000_5 { 0.0 } else { seconds };
    if seconds < 1.0 {
        return format!("{seconds:.3} s");
    }
    if seconds < 99.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..3_600 => format!("{} m {:02} s", whole / 60, whole % 60),
        3_600..86_400 => format!("{} h {:02} m", whole / 3_600, whole / 60 % 60),
        86_400.. => format!("{} d {:02} h", whole / 86_400, whole / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        for (seconds, words) in [
            (-0.0, "0.000 s"),
            (-0.000_4, "0.000 s"),
            (0.0419, "0.042 s"),
            (1.0, "1.0 s"),
            (99.96, "1 m 40 s"),
            (3_599.4, "59 m 59 s"),
            (7_385.0, "2 h 03 m"),
            (97_200.0, "1 d 03 h"),
        ] {
            assert_eq!(span(seconds), words);
        }
    }

    #[test]
    fn ends_of_attempts_are_counted() {
        assert_eq!(counted(&["failed", "later", "failed"]), "2 failed, 1 later");
    }
}
