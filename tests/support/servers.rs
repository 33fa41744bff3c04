//! PostgreSQL and RabbitMQ for a test: those that `make test` started, or a pair of its own for a test that kills one.
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::network::Place;
use super::process::{family, is_alive, reap};

/// A pair of servers.
pub(crate) struct Servers {
    /// PostgreSQL's address, with the database that exists there.
    pub(crate) database_url: String,
    /// RabbitMQ's address.
    pub(crate) amqp_url: String,
    /// The directory of this test's own servers.
    own: Option<TempDir>,
    /// The place of each server.
    postgres: Place,
    rabbitmq: Place,
}

impl Servers {
    /// The pair that all tests share.
    pub(crate) fn shared() -> Self {
        let from = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| {
                panic!("{name} is not set: `make test` starts private servers and sets it; or set it to a server of your own")
            })
        };
        let (postgres, rabbitmq) = (Place::here("postgres"), Place::here("rabbitmq"));
        Self { database_url: from("TEST_DATABASE_URL"), amqp_url: from("TEST_AMQP_URL"), own: None, postgres, rabbitmq }
    }

    /// A directory for a pair of servers, for [`Servers::own_in`].
    pub(crate) fn directory_for_own() -> TempDir {
        use std::os::unix::fs::PermissionsExt;
        // PostgreSQL may run as another user, who must be able to enter.
        let everybody_enters = std::fs::Permissions::from_mode(0o755);
        let dir = tempfile::Builder::new().prefix("reelmill-servers-").permissions(everybody_enters).tempdir();
        dir.expect("a directory for private servers")
    }

    /// A pair of this test's own, stopped when dropped. `broker_settings` are lines of a rabbitmq.conf.
    pub(crate) fn own(broker_settings: &str) -> Self {
        let here = [Place::here("postgres"), Place::here("rabbitmq")];
        Self::own_in(Self::directory_for_own(), here, broker_settings)
    }

    /// As [`Servers::own`], with a broker that closes the channel of a consumer which keeps a message for longer than
    /// `patience_s`. It checks every 5 s instead of RabbitMQ's interval of a minute, which rabbitmq.conf cannot set.
    pub(crate) fn own_impatient(patience_s: u32) -> Self {
        let dir = Self::directory_for_own();
        let data = dir.path().join("rabbitmq");
        std::fs::create_dir_all(&data).expect("a directory for RabbitMQ");
        std::fs::write(data.join("extra.args"), "-rabbit channel_tick_interval 5000").expect("arguments of RabbitMQ");
        let here = [Place::here("postgres"), Place::here("rabbitmq")];
        Self::own_in(dir, here, &format!("consumer_timeout = {}000\n", patience_s))
    }

    /// As [`Servers::own`], PostgreSQL and RabbitMQ each at its place. Their data are in `postgres` and `rabbitmq` in
    /// `dir`, which may be volumes.
    pub(crate) fn own_in(dir: TempDir, [postgres, rabbitmq]: [Place; 2], broker_settings: &str) -> Self {
        let data = dir.path().join("rabbitmq");
        std::fs::create_dir_all(&data).expect("a directory for RabbitMQ");
        std::fs::write(data.join("extra.conf"), broker_settings).expect("settings of RabbitMQ");
        let (database_url, amqp_url) = (String::new(), String::new());
        let mut servers = Self { database_url, amqp_url, own: Some(dir), postgres, rabbitmq };
        let env = ["postgres", "rabbitmq"].map(|which| servers.script("start", which)).concat();
        for line in env.lines() {
            match line.split_once('=') {
                Some(("DATABASE_URL", url)) => servers.database_url = url.to_owned(),
                Some(("AMQP_URL", url)) => servers.amqp_url = url.to_owned(),
                _ => {}
            }
        }
        assert!(!servers.database_url.is_empty() && !servers.amqp_url.is_empty(), "addresses are missing in:\n{env}");
        servers
    }

    /// Kills the broker with SIGKILL.
    pub(crate) fn kill_rabbitmq(&self) {
        let pid = self.rabbitmq_pid().expect("a broker that runs");
        kill_process(pid, Signal::KILL).expect("kill the broker");
        while is_alive(pid) {
            std::thread::yield_now();
        }
    }

    /// The broker's process, if it runs.
    pub(crate) fn rabbitmq_pid(&self) -> Option<Pid> {
        let pid = std::fs::read_to_string(self.dir().join("rabbitmq.pid")).ok()?;
        pid.trim().parse().ok().and_then(Pid::from_raw).filter(|pid| is_alive(*pid))
    }

    /// The database's postmaster, if it runs.
    pub(crate) fn postgres_pid(&self) -> Option<Pid> {
        let place = std::fs::read_to_string(self.dir().join("pg_data_path")).ok()?;
        let pid = std::fs::read_to_string(Path::new(place.trim()).join("data/postmaster.pid")).ok()?;
        pid.lines().next()?.trim().parse().ok().and_then(Pid::from_raw).filter(|pid| is_alive(*pid))
    }

    /// Kills every process of the database with SIGKILL.
    pub(crate) fn kill_postgres(&self) {
        let Some(first) = self.postgres_pid() else { return };
        // The postmaster first: it would start new children.
        let processes = family(first);
        for pid in &processes {
            let _ = kill_process(*pid, Signal::KILL);
        }
        for pid in processes {
            while is_alive(pid) {
                std::thread::yield_now();
            }
            // Its control program takes a process that was not reaped as running.
            reap(pid);
        }
    }

    /// Starts the server if it does not run; returns whether it runs now.
    pub(crate) fn revive(&self, which: &str) -> bool {
        self.try_script("start", which).is_ok()
    }

    /// Starts the broker again, at the same address.
    pub(crate) fn start_rabbitmq(&self) {
        let env = self.script("start", "rabbitmq");
        assert!(env.contains(&self.amqp_url), "the broker came back elsewhere: {env}");
    }

    /// Restarts PostgreSQL in immediate mode: every session is cut, and it recovers from its log.
    pub(crate) fn restart_postgres_immediately(&self) {
        let data = std::fs::read_to_string(self.dir().join("pg_data_path")).expect("where PostgreSQL's data lies");
        let (log, data) = (format!("{}/log", data.trim()), format!("{}/data", data.trim()));
        let pg_ctl = newest_pg_ctl();
        let restart = ["-D", &data, "-m", "immediate", "-w", "-t", "60", "-l", &log, "restart"];
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&pg_ctl);
            command
        } else {
            Command::new(&pg_ctl)
        };
        // The server would inherit the output pipe and keep it open, and waiting for its end would never finish.
        let status = command.args(restart).current_dir("/").stdout(std::process::Stdio::null()).status();
        assert!(status.expect("run pg_ctl").success(), "PostgreSQL did not restart");
    }

    /// The directory of this test's own servers.
    pub(crate) fn directory(&self) -> &Path {
        self.dir()
    }

    /// Kills PostgreSQL, puts its data directory aside, lets `make` put another in its place, and starts the server on
    /// that, at the same address.
    pub(crate) fn replace_postgres(&self, make: impl FnOnce(&Path)) {
        let place = std::fs::read_to_string(self.dir().join("pg_data_path")).expect("where PostgreSQL's data lies");
        let data = Path::new(place.trim()).join("data");
        let pid = std::fs::read_to_string(data.join("postmaster.pid")).expect("the server's pid file");
        let pid = pid.lines().next().and_then(|pid| pid.trim().parse().ok()).and_then(Pid::from_raw);
        let pid = pid.expect("a pid in the server's pid file");
        kill_process(pid, Signal::QUIT).expect("end the server");
        while is_alive(pid) {
            std::thread::yield_now();
        }
        std::fs::rename(&data, data.with_extension("lost")).expect("put the data aside");
        make(&data);
        let env = self.script("start", "postgres");
        assert!(env.contains(&self.database_url), "the server came back elsewhere: {env}");
    }

    fn dir(&self) -> &Path {
        self.own.as_ref().expect("only a test's own servers may be disturbed").path()
    }

    fn script(&self, command: &str, which: &str) -> String {
        self.try_script(command, which)
            .unwrap_or_else(|errors| panic!("neighbours.sh {command} {which} failed:\n{errors}"))
    }

    fn try_script(&self, command: &str, which: &str) -> Result<String, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/local/neighbours.sh");
        // A file instead of a pipe for its errors: the servers that it starts would keep a pipe open.
        let errors_file = self.dir().join(format!("{which}.errors"));
        let errors = std::fs::File::create(&errors_file).expect("a file for the script's errors");
        let place = if which == "postgres" { &self.postgres } else { &self.rabbitmq };
        let mut process = place.command(&script);
        process.arg(command).arg(self.dir()).arg(which).env("NEIGHBOURS_LISTEN", &place.ip);
        let output = process.stderr(errors).output().expect("run neighbours.sh");
        if !output.status.success() {
            return Err(std::fs::read_to_string(&errors_file).unwrap_or_default());
        }
        Ok(String::from_utf8(output.stdout).expect("text from neighbours.sh"))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if self.own.is_none() {
            return;
        }
        for which in ["postgres", "rabbitmq"] {
            let stopped = self.try_script("stop", which);
            // A second panic would hide the first.
            assert!(std::thread::panicking() || stopped.is_ok(), "neighbours.sh stop {which} failed: {stopped:?}");
        }
        if let Ok(data) = std::fs::read_to_string(self.dir().join("pg_data_path"))
            && !Path::new(data.trim()).starts_with(self.dir())
        {
            let _ = std::fs::remove_dir_all(data.trim());
        }
    }
}

fn newest_pg_ctl() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is not installed (deploy/local/install.sh)")
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/pg_ctl")))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().expect("PostgreSQL is not installed (deploy/local/install.sh)")
}
