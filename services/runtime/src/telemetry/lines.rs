//! Log lines with the ids of their trace.
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Full, Json, Writer};
use tracing_subscriber::registry::LookupSpan;

use super::trace::current_ids;

/// JSON lines with the ids of their trace, so that a log line leads to its span and back.
pub(super) struct TracedJson(pub(super) Format<Json>);

impl<S, N> FormatEvent<S, N> for TracedJson
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &fmt::FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> std::fmt::Result {
        let Some(span) = current_ids() else { return self.0.format_event(context, writer, event) };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let rest = line.strip_prefix('{').unwrap_or(&line);
        write!(writer, "{{\"trace_id\":\"{}\",\"span_id\":\"{}\",{rest}", span.trace_id(), span.span_id())
    }
}

/// The same for lines that people read: the trace is at the end.
pub(super) struct TracedText(pub(super) Format<Full>);

impl<S, N> FormatEvent<S, N> for TracedText
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &fmt::FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> std::fmt::Result {
        let Some(span) = current_ids() else { return self.0.format_event(context, writer, event) };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writeln!(writer, "{} trace_id={}", line.trim_end_matches('\n'), span.trace_id())
    }
}

#[cfg(test)]
mod tests;
