//! The real binary as a process: started, signalled, inspected, and waited for. Its log is kept, and printed when a
//! test fails.
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncWriteExt as _;

use super::network::Place;
use super::wait::wait_until;

/// Time limit for a service to become ready: migrations, and a broker that ten tests use at once.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// Time limit for a command: the longest encodes a few seconds of film while all other tests run.
const COMMAND_WITHIN: Duration = Duration::from_secs(180);

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

/// The binary that was built beside this test.
pub(crate) fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let binary = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps").join("reelmill");
    let say = "is not built; `make test` builds it, or type: cargo build --workspace --bins (with --release for release tests)";
    assert!(binary.exists(), "{} {say}", binary.display());
    binary
}

/// How a command ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it wrote to stderr.
    pub(crate) stderr: String,
}

impl Ran {
    /// What it printed, as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Panics unless it exited with `code`.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }
}

/// Runs `reelmill ARGS` to its end, with nothing in its environment but `env` and PATH.
pub(crate) async fn run(args: &[&str], env: &BTreeMap<String, String>) -> Ran {
    run_reading(args, env, "").await
}

/// As [`run`], with `input` at its stdin.
pub(crate) async fn run_reading(args: &[&str], env: &BTreeMap<String, String>, input: &str) -> Ran {
    let mut command = tokio::process::Command::new(binary());
    command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(env);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("run reelmill");
    // A command that reads nothing may have ended already. Dropping stdin closes it.
    let _ = child.stdin.take().expect("its stdin").write_all(input.as_bytes()).await;
    let output = tokio::time::timeout(COMMAND_WITHIN, child.wait_with_output()).await;
    let output = output.unwrap_or_else(|_| panic!("reelmill {args:?} did not end")).expect("run reelmill");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a command writes text");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
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

/// Whether a process exists and is not merely waiting to be reaped.
pub(crate) fn is_alive(pid: Pid) -> bool {
    stat(pid.as_raw_nonzero().get()).is_some_and(|stat| stat.state != 'Z')
}

/// Whether a process is stopped.
pub(crate) fn is_stopped(pid: Pid) -> bool {
    stat(pid.as_raw_nonzero().get()).is_some_and(|stat| stat.state == 'T')
}

/// A process and all its descendants, parents before children.
pub(crate) fn family(first: Pid) -> Vec<Pid> {
    let all: Vec<(i32, i32)> = std::fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| {
            let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, stat(pid)?.parent))
        })
        .collect();
    let mut family = vec![first.as_raw_nonzero().get()];
    let mut at = 0;
    while at < family.len() {
        let of = family[at];
        family.extend(all.iter().filter(|(_, parent)| *parent == of).map(|(pid, _)| *pid));
        at += 1;
    }
    family.into_iter().filter_map(Pid::from_raw).collect()
}

/// Reaps an orphan that was reparented to this process.
pub(crate) fn reap(pid: Pid) {
    let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::NOHANG);
}

/// Living children of `parent` that are media jobs.
pub(crate) fn media_children(parent: Pid) -> Vec<Pid> {
    let children = std::fs::read_dir("/proc").expect("/proc").filter_map(|entry| {
        let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = stat(pid)?;
        // `reelmill child`, or `sh …/pausing-child child`.
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let is_job = command.split(|byte| *byte == 0).skip(1).take(2).any(|arg| arg == b"child");
        (stat.parent == parent.as_raw_nonzero().get() && stat.state != 'Z' && is_job).then_some(pid)
    });
    children.filter_map(Pid::from_raw).collect()
}

/// Makes this process the reaper of orphans instead of init, so that they can be found.
pub(crate) fn adopt_orphans() {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).expect("become the reaper of orphans");
}

/// Media jobs whose worker is dead and that still run. Those that have died are reaped on the way.
pub(crate) fn orphaned_media_jobs() -> Vec<Pid> {
    media_children(rustix::process::getpid())
}

struct Stat {
    state: char,
    parent: i32,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, so count from its closing bracket.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some(Stat { state: fields.next()?.chars().next()?, parent: fields.next()?.parse().ok()? })
}
