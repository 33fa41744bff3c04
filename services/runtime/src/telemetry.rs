//! Logs, traces and the trace context that accompanies parts and messages. `spans` defines the spans.
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, TraceContextExt, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use pipeline::id::SubmissionId;
use std::collections::HashMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Full, Json, JsonFields, Writer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

pub mod spans;

/// Keeps the exporter alive; dropping it sends what is still buffered.
#[must_use = "traces are lost when it is dropped early"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Sets up logging to standard error (`LOG_FORMAT=json` for machines, `RUST_LOG` for the filter) and, when `otlp_endpoint` is
/// given, export of spans. `service` names the process in traces. Once per process.
pub fn init(service: &'static str, otlp_endpoint: Option<&str>) -> anyhow::Result<Telemetry> {
    let (filter, spans_filter) = (filter(LINES)?, filter(SPANS)?);
    let json = std::env::var("LOG_FORMAT").is_ok_and(|format| format == "json");
    let colours = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines = if json {
        lines.event_format(TracedJson(fmt::format().json())).fmt_fields(JsonFields::new()).boxed()
    } else {
        lines.event_format(TracedText(fmt::format().with_ansi(colours))).boxed()
    };
    let provider = otlp_endpoint.map(|endpoint| exporter(service, endpoint)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_threads(false).with_tracked_inactivity(false);
        layer.with_tracer(provider.tracer("reelmill")).with_filter(spans_filter)
    });
    tracing_subscriber::registry()
        .with(spans)
        .with(lines.with_filter(filter))
        .try_init()
        .context("set up logging twice")?;
    Ok(Telemetry { provider })
}

/// Events for the log alone are not in traces, and the other way around.
const LINES: &str = ",otel=off";
const SPANS: &str = ",otel=info,log_context=off";

/// JSON lines with the ids of their trace, so that a log line leads to its span and back.
struct TracedJson(Format<Json>);

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
struct TracedText(Format<Full>);

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

/// The ids of the span in which the current line is written. The layer that creates spans also enters their context.
fn current_ids() -> Option<SpanContext> {
    let current = Context::current();
    Some(current.span().span_context().clone()).filter(SpanContext::is_valid)
}

/// Whether the current span is exported. A span that only gives context to log lines does not count.
fn is_traced() -> bool {
    current_ids().is_some()
}

/// `RUST_LOG`, or everything from `info` up, without the libraries' messages about each lost connection: the store, the
/// broker and the relay report an outage once, in their own words.
fn filter(also: &str) -> anyhow::Result<EnvFilter> {
    let mut wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| "info".to_owned());
    for (library, quiet) in [("lapin", ",lapin=off,io_loop=off"), ("sqlx", ",sqlx=error")] {
        if !wanted.contains(library) {
            wanted.push_str(quiet);
        }
    }
    wanted.push_str(also);
    EnvFilter::try_new(wanted).context("read RUST_LOG")
}

fn exporter(service: &'static str, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    // Its HTTP client needs a provider, even for plain HTTP; one may have been installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(Duration::from_secs(5))
        .build()
        .context("prepare the export of traces")?;
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take()
            && let Err(error) = provider.shutdown_with_timeout(Duration::from_secs(2))
        {
            eprintln!("the last traces were not sent: {error}");
        }
    }
}

/// The current span as a W3C `traceparent`, to accompany what it causes; `None` when nothing is traced.
pub fn current_traceparent() -> Option<String> {
    traceparent_of(&Span::current())
}

/// The same for any span.
pub fn traceparent_of(span: &Span) -> Option<String> {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove("traceparent")
}

/// The id of a span's trace, as logs and collectors write it.
pub fn trace_id_of(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let ids = span.span_context();
    ids.is_valid().then(|| ids.trace_id().to_string())
}

/// Links `span` to the span in a `traceparent`: caused by it, but in a trace of its own, because hours may lie between.
/// `how` is the link's attribute `reelmill.link`.
pub fn link(span: &Span, traceparent: Option<&str>, how: &'static str) {
    let Some(traceparent) = traceparent else { return };
    let producer = context_of(traceparent).span().span_context().clone();
    span.add_link_with_attributes(producer, vec![KeyValue::new("reelmill.link", how)]);
}

/// The current span changes a submission, or concerns it: adds the submission's id, and links to the span that changed
/// it before.
pub fn follow(submission: SubmissionId, before: Option<&str>) {
    let span = Span::current();
    span.set_attribute("submission.id", submission.to_string());
    link(&span, before, "follows");
}

/// The context of a `traceparent`, built from an empty one: an unreadable header must not lead to the current span.
fn context_of(traceparent: &str) -> Context {
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Collects lines.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_text_line_within_a_span_ends_with_its_trace_and_one_outside_is_as_it_was() {
        let (lines, provider) = (Lines::default(), SdkTracerProvider::builder().build());
        let written = lines.clone();
        let format = fmt::layer().with_ansi(false).event_format(TracedText(fmt::format().with_ansi(false)));
        let subscriber = tracing_subscriber::registry()
            .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
            .with(format.with_writer(move || written.clone()));
        let trace = tracing::subscriber::with_default(subscriber, || {
            tracing::info!("outside");
            let span = tracing::info_span!("part", part.stage = "probe");
            span.in_scope(|| tracing::info!(elapsed_ms = 7, "within"));
            trace_id_of(&span).unwrap()
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() == 2 && lines[0].ends_with("tests: outside"), "{text}");
        let within =
            format!("part{{part.stage=\"probe\"}}: runtime::telemetry::tests: within elapsed_ms=7 trace_id={trace}");
        assert!(lines[1].ends_with(&within), "{text}");
    }

    #[test]
    fn a_json_line_within_a_span_names_its_trace_and_one_outside_names_none() {
        let (lines, provider) = (Lines::default(), SdkTracerProvider::builder().build());
        let written = lines.clone();
        let format = fmt::layer().json().event_format(TracedJson(fmt::format().json())).fmt_fields(JsonFields::new());
        let subscriber = tracing_subscriber::registry()
            .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
            .with(format.with_writer(move || written.clone()));
        let trace = tracing::subscriber::with_default(subscriber, || {
            tracing::info!("outside");
            let span = tracing::info_span!("part", part.stage = "probe");
            span.in_scope(|| tracing::info!("within"));
            trace_id_of(&span).unwrap()
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[0]["trace_id"]), (2, &serde_json::Value::Null));
        assert_eq!((&lines[1]["fields"]["message"], &lines[1]["trace_id"]), (&"within".into(), &trace.as_str().into()));
        assert_eq!(lines[1]["span_id"].as_str().map(str::len), Some(16));
        assert_eq!(lines[1]["span"]["part.stage"], "probe");
    }
}
