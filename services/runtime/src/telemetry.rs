//! Logs, traces and the trace context that accompanies parts and messages (`trace`). `spans` defines the spans, `lines` how
//! a log line names its trace.
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

mod lines;
pub mod spans;
mod trace;

pub(crate) use trace::context_of;
pub use trace::{current_traceparent, follow, link, trace_id_of, traceparent_of};

use lines::{TracedJson, TracedText};

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
