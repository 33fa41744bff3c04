//! Lines within a span and outside of one.
use std::sync::{Arc, Mutex};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;

use super::super::trace::trace_id_of;
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
        format!("part{{part.stage=\"probe\"}}: runtime::telemetry::lines::tests: within elapsed_ms=7 trace_id={trace}");
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
