//! Logs, traces and the trace context that travels with parts and messages.
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::collections::HashMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Keeps the exporter alive; dropping it sends what is still buffered.
#[must_use = "traces are lost when it is dropped early"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Sets up logging to standard error (`LOG_FORMAT=json` for machines, `RUST_LOG` for the filter) and, when `otlp_endpoint` is
/// given, export of spans. `service` names the process in traces. Once per process.
pub fn init(service: &'static str, otlp_endpoint: Option<&str>) -> anyhow::Result<Telemetry> {
    let (filter, spans_filter) = (filter()?, filter()?);
    let json = std::env::var("LOG_FORMAT").is_ok_and(|format| format == "json");
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = if json { lines.json().boxed() } else { lines.boxed() };
    let provider = otlp_endpoint.map(|endpoint| exporter(service, endpoint)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer().with_tracer(provider.tracer("reelmill")).with_filter(spans_filter)
    });
    tracing_subscriber::registry()
        .with(spans)
        .with(lines.with_filter(filter))
        .try_init()
        .context("set up logging twice")?;
    Ok(Telemetry { provider })
}

/// `RUST_LOG`, or everything from `info` up, without what libraries say of each lost connection: the store, the broker and the
/// relay say it once an outage, in their own words.
fn filter() -> anyhow::Result<EnvFilter> {
    let mut wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| "info".to_owned());
    for (library, quiet) in [("lapin", ",lapin=off,io_loop=off"), ("sqlx", ",sqlx=error")] {
        if !wanted.contains(library) {
            wanted.push_str(quiet);
        }
    }
    EnvFilter::try_new(wanted).context("read RUST_LOG")
}

fn exporter(service: &'static str, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
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

/// The current span as a W3C `traceparent`, to travel with what it causes; `None` when nothing is traced.
pub fn current_traceparent() -> Option<String> {
    let context = Span::current().context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove("traceparent")
}

/// Links `span` to the span that a `traceparent` names: caused by it, but a trace of its own, since hours may lie between.
pub fn link(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    // A fresh context: an unreadable header must not link to whatever span happens to be current.
    let producer = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    span.add_link(producer.span().span_context().clone());
}
