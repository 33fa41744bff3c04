//! Everything that the system writes or answers, collected in order to search it.
use std::path::Path;

use crate::support::broker::Heard;
use crate::support::{Service, TestPipeline, leftovers};

/// All texts that are searched, each with its description.
#[derive(Default)]
pub(super) struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    pub(super) fn add(&mut self, what: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.0.push((what.into(), content.into()));
    }

    /// Each with its description.
    pub(super) fn all(&self) -> &[(String, Vec<u8>)] {
        &self.0
    }

    pub(super) fn count(&self, what: &str) -> usize {
        self.0.iter().filter(|(place, _)| place.starts_with(what)).count()
    }

    pub(super) fn texts(&self, what: &str) -> impl Iterator<Item = String> {
        let places = self.0.iter().filter(move |(place, _)| place.starts_with(what));
        places.map(|(_, content)| String::from_utf8_lossy(content).into_owned())
    }

    /// What a command prints, on stdout and stderr.
    pub(super) async fn command(&mut self, pipeline: &TestPipeline, args: &[&str]) {
        let ran = pipeline.command(args).await;
        self.add(format!("output of {args:?}"), format!("{}{}", ran.stdout, ran.stderr));
    }

    /// The logs of all services, the metrics of the running ones, and the contents of the database and both buckets.
    pub(super) async fn everything(&mut self, pipeline: &TestPipeline, running: &[&Service]) {
        for service in running {
            self.add(format!("metrics of {}", service.name), service.metrics_text().await);
        }
        for service in pipeline.services() {
            self.add(format!("log of {}", service.name), service.log_text());
        }
        for objects in [&pipeline.objects, &pipeline.partner] {
            for key in leftovers::keys(objects).await {
                self.add("object key", key);
            }
        }
        for (table, row) in pipeline.truth.every_row().await {
            self.add(format!("table {table}"), row);
        }
        files(&pipeline.dir().join("s3"), self);
    }

    pub(super) fn heard(&mut self, what: &str, heard: &Heard) {
        for message in heard.messages() {
            self.add(what, message);
        }
    }
}

/// Every file below `dir`, with its path.
fn files(dir: &Path, into: &mut Places) {
    for entry in std::fs::read_dir(dir).expect("the directory of S3").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.add(format!("object {}", path.display()), std::fs::read(&path).expect("read an object"));
        }
    }
}
