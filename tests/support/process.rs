//! The real binary as a process: started, signalled, inspected, and waited for. Its log is kept, and printed when a
//! test fails.
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::network::Place;
use super::wait::wait_until;
use ran::COMMAND_WITHIN;
pub(crate) use ran::{Ran, binary, run, run_reading};
pub(crate) use tree::{adopt_orphans, family, is_alive, is_stopped, media_children, orphaned_media_jobs, reap};

mod ran;
mod tree;

/// Time limit for a service to become ready: migrations, and a broker that ten tests use at once.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// A running `reelmill serve`. Killed when dropped, if it still runs.
pub(crate) struct Service {
    /// The log's name, for messages.
    pub(crate) name: String,
    pid: Pid,
    child: Mutex<Child>,
    log: PathBuf,
    /// Whether the test itself killed it, so that no clean exit is expected.
    killed: Mutex<bool>,
}

impl Service {
    /// Starts `reelmill ARGS` with nothing in its environment but `env` and PATH. Returns at once; see [`Service::ready`].
    pub(crate) fn start(name: &str, args: &[&str], env: &BTreeMap<String, String>, logs: &Path) -> Self {
        Self::start_at(&Place::here(name), name, args, env, logs)
    }

    /// As [`Service::start`], at a place.
    pub(crate) fn start_at(
        place: &Place,
        name: &str,
        args: &[&str],
        env: &BTreeMap<String, String>,
        logs: &Path,
    ) -> Self {
        std::fs::create_dir_all(logs).expect("a directory for logs");
        let log = logs.join(format!("{name}.log"));
        let file = File::create(&log).expect("a log");
        let child = place
            .command(&binary())
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(env)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle of the log"))
            .stderr(file)
            .spawn()
            .expect("start reelmill");
        let pid = Pid::from_child(&child);
        Self { name: name.to_owned(), pid, child: Mutex::new(child), log, killed: Mutex::new(false) }
    }

    /// The process' id.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits until `/readyz` answers 200.
    pub(crate) async fn ready(&self) {
        wait_until(&format!("{} is ready", self.name), READY_WITHIN, async || self.is_ready().await.then_some(()))
            .await;
    }

    /// Whether `/readyz` answers 200 now. Panics if the process has ended.
    pub(crate) async fn is_ready(&self) -> bool {
        if let Some(status) = self.ended() {
            panic!("{} ended ({status}) instead of serving:\n{}", self.name, self.log_tail());
        }
        let Some(admin) = self.admin_address() else { return false };
        let answer =
            reqwest::Client::new().get(format!("http://{admin}/readyz")).timeout(Duration::from_secs(2)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// The address of /metrics, /healthz and /readyz; `None` until it listens.
    pub(crate) fn admin_address(&self) -> Option<String> {
        self.announced("metrics and health are served on ")
    }

    /// The address of the public API; `None` until it listens.
    pub(crate) fn api_address(&self) -> Option<String> {
        self.announced("the public API listens on ")
    }

    /// The address of the desk; `None` until it listens.
    pub(crate) fn desk_address(&self) -> Option<String> {
        self.announced("the desk listens on ")
    }

    /// The address for partners; `None` until it listens.
    pub(crate) fn partner_address(&self) -> Option<String> {
        self.announced("partners are served on ")
    }

    /// Reads the address after these words in the log: with port 0 only the log has it.
    fn announced(&self, words: &str) -> Option<String> {
        let log = self.log_text();
        let (_, rest) = log.split_once(words)?;
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':')))?;
        Some(rest[..end].to_owned())
    }

    /// Its whole log, without terminal codes.
    pub(crate) fn log_text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The end of its log, for messages.
    pub(crate) fn log_tail(&self) -> String {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(60)..];
        format!("── {} (pid {})\n{}\n", self.name, self.pid.as_raw_nonzero(), tail.join("\n"))
    }

    /// Sends a signal to this process alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap_or_else(|error| panic!("signal {}: {error}", self.name));
    }

    /// Kills it with SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&self) {
        *self.killed.lock().expect("no holder panicked") = true;
        let mut child = self.child.lock().expect("no holder panicked");
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Whether the test killed it.
    pub(crate) fn was_killed(&self) -> bool {
        *self.killed.lock().expect("no holder panicked")
    }

    /// Its exit status; `None` while it runs.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().expect("no holder panicked").try_wait().expect("ask for the process' end")
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn end(&self, patience: Duration) -> ExitStatus {
        wait_until(&format!("{} has ended", self.name), patience, async || self.ended()).await
    }

    /// Sends SIGTERM and waits for the exit; panics unless it is clean. The service itself limits this to 10 s
    /// (`STOP_DEADLINE`); the deadline here is only for a process that hangs.
    pub(crate) fn stop(&self) {
        if let Some(status) = self.ended() {
            assert!(self.was_killed() || status.success(), "{} ended with {status}\n{}", self.name, self.log_tail());
            return;
        }
        self.signal(Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < COMMAND_WITHIN {
            if let Some(status) = self.ended() {
                assert!(
                    status.success(),
                    "{} was asked to stop and ended with {status}\n{}",
                    self.name,
                    self.log_tail()
                );
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill();
        panic!("{} did not stop\n{}", self.name, self.log_tail());
    }

    /// Waits until `count` media children of this process are paused, and returns their pids.
    pub(crate) async fn paused_children(&self, count: usize, patience: Duration) -> Vec<Pid> {
        wait_until(&format!("{count} media children of {} stand still", self.name), patience, async || {
            let paused: Vec<Pid> = media_children(self.pid).into_iter().filter(|pid| is_stopped(*pid)).collect();
            (paused.len() == count).then_some(paused)
        })
        .await
    }

    /// Continues every media child of this process.
    pub(crate) fn continue_children(&self) {
        for pid in media_children(self.pid) {
            let _ = kill_process(pid, Signal::CONT);
        }
    }

    /// The text of /metrics; empty if it does not answer.
    pub(crate) async fn metrics_text(&self) -> String {
        let Some(admin) = self.admin_address() else { return String::new() };
        let request = reqwest::Client::new().get(format!("http://{admin}/metrics")).timeout(Duration::from_secs(10));
        let Ok(answer) = request.send().await else { return String::new() };
        answer.text().await.unwrap_or_default()
    }

    /// The value of a metric, 0 if it is missing. `sample` is the name with its labels, as /metrics writes them.
    pub(crate) async fn metric(&self, sample: &str) -> f64 {
        let text = self.metrics_text().await;
        let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or(0.0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let child = self.child.get_mut().expect("no holder panicked");
        let _ = child.kill();
        let _ = child.wait();
    }
}
