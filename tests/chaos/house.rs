//! The installation under test: servers and services, each in a network namespace and on disks of their own; how faults
//! begin and end there; and the supervisor that restarts what has ended by itself.
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::Pid;
use tempfile::TempDir;

use super::plan::{Fault, Kind, Plan, SERVERS, Target, UPLOADS, WORKERS};
use crate::support::platforms::douyin::{Douyin, Rules};
use crate::support::platforms::{Emulator, World};
use crate::support::receiver::Receiver;
use crate::support::store::Apart;
use crate::support::{Network, ObjectStore, Place, Servers, Service, TestPipeline, Volume, network_or_say_so};
use setup::{setup, volumes};

mod faults;
mod setup;

/// The broker's disk is small; with less free space than this it stops accepting messages.
const BROKER: &str = "disk_free_limit.absolute = 32MB\nraft.wal_max_size_bytes = 16000000\n";
/// Roles of the services that people send requests to.
const CALLED: [&str; 2] = ["upload", "desk"];
/// Roles of the workers.
const WORK: [&str; 3] = ["probe", "transcode", "publish"];

/// Everything that a run needs. Fields are dropped from the top.
pub(super) struct House {
    pub(super) pipeline: TestPipeline,
    pub(super) douyin: Emulator<Douyin>,
    /// Receives every webhook.
    pub(super) receiver: Receiver,
    services: Mutex<BTreeMap<Target, Arc<Service>>>,
    /// Targets that the plan wants down, or out of space; starting them would be in vain.
    down: Mutex<BTreeSet<Target>>,
    /// Processes that are stopped (SIGSTOP).
    stopped: Mutex<BTreeMap<Target, Vec<Pid>>>,
    /// Number of starts so far, for the names of logs.
    starts: AtomicUsize,
    /// Targets that ended by themselves and were restarted, and how often.
    revived: Mutex<BTreeMap<String, usize>>,
    /// Held while a target is started: if the end of a fault and the supervisor started a server at once, it would come
    /// up at another place.
    starting: BTreeMap<Target, Mutex<()>>,
    places: BTreeMap<Target, Place>,
    volumes: BTreeMap<Target, Volume>,
    _network: Option<Network>,
    dir: TempDir,
}

impl House {
    /// Builds the installation and starts everything.
    pub(super) async fn new(plan: &Plan) -> Self {
        let network = network_or_say_so("faults that pull cables; all others are");
        let place = |name: &str| network.as_ref().map_or_else(|| Place::here(name), |network| network.place(name));
        let places: BTreeMap<Target, Place> = targets().map(|target| (target, place(&name(target)))).collect();
        let dir = Servers::directory_for_own();
        let volumes = volumes(&dir, plan.fates.len() as u64);
        let disk = |target: Target| dir.path().join("disks").join(name(target));
        let store = places[&Target::Store].clone();
        let store = ObjectStore::apart(store, &disk(Target::Store), &dir.path().join("s3-logs")).await;
        let servers = Servers::directory_for_own();
        for (target, at) in [(Target::Database, "postgres"), (Target::Broker, "rabbitmq")] {
            std::fs::create_dir_all(disk(target)).expect("a server's disk");
            symlink(disk(target), servers.path().join(at)).expect("a server's disk, where its script looks for it");
        }
        let of_servers = [Target::Database, Target::Broker].map(|target| places[&target].clone());
        let servers = Servers::own_in(servers, of_servers, BROKER);
        let here = network.as_ref().map_or_else(|| "127.0.0.1".to_owned(), Network::gateway);
        let world = World::new(plan.seed);
        let rules = Rules { creates_a_day: 1_000_000, ..Rules::default() };
        let douyin = Emulator::start_at(&here, Douyin::new(rules, &world), world).await;
        let receiver = Receiver::start_at(&here).await;
        let pipeline = TestPipeline::with(setup(servers, store, &douyin, &here)).await;
        pipeline.command(&["migrate"]).await.exits(0);
        pipeline.command(&["webhook", "add", &receiver.url("/")]).await.exits(0);
        let house = Self {
            pipeline,
            douyin,
            receiver,
            services: Mutex::default(),
            down: Mutex::default(),
            stopped: Mutex::default(),
            starts: AtomicUsize::new(0),
            revived: Mutex::default(),
            starting: targets().map(|target| (target, Mutex::default())).collect(),
            places,
            volumes,
            _network: network,
            dir,
        };
        for target in targets().filter(|target| !SERVERS.contains(target)) {
            house.serve(target);
        }
        for service in house.running() {
            service.ready().await;
        }
        house
    }

    /// Whether this machine supports the fault.
    pub(super) fn can(&self, fault: &Fault) -> bool {
        match fault.kind {
            Kind::Killed | Kind::Stopped => true,
            Kind::CutOff | Kind::OneWay(_) => self.places[&fault.target].has_cable(),
            Kind::Filled => self.volumes.contains_key(&fault.target),
        }
    }

    /// Addresses of the public API, of those services that have logged one.
    pub(super) fn apis(&self) -> Vec<String> {
        self.called(Service::api_address)
    }

    /// Addresses of the desk, of those services that have logged one.
    pub(super) fn desks(&self) -> Vec<String> {
        self.called(Service::desk_address)
    }

    fn called(&self, address: impl Fn(&Service) -> Option<String>) -> Vec<String> {
        let services = self.services.lock().expect("no holder panicked");
        let called = services.iter().filter(|(target, _)| matches!(target, Target::Upload(_)));
        called.filter_map(|(_, service)| address(service)).collect()
    }

    /// Starts the target if it has ended by itself, as a service supervisor does. May block.
    pub(super) fn supervise(&self, target: Target) {
        let _starting = self.starting[&target].lock().expect("no holder panicked");
        let down = self.down.lock().expect("no holder panicked").contains(&target);
        if !down && !self.lives(target) && self.start(target) {
            let mut revived = self.revived.lock().expect("no holder panicked");
            *revived.entry(name(target)).or_default() += 1;
        }
    }

    /// Targets that ended by themselves and were restarted, and how often.
    pub(super) fn revived(&self) -> BTreeMap<String, usize> {
        self.revived.lock().expect("no holder panicked").clone()
    }

    /// Files in services' scratch directories, which must be empty once all is done.
    pub(super) fn scratch_left(&self) -> Vec<String> {
        let services = targets().filter(|target| !SERVERS.contains(target));
        let of_processes = services.flat_map(|target| std::fs::read_dir(self.disk(target)).into_iter().flatten());
        let dirs = of_processes.flatten().flat_map(|process| std::fs::read_dir(process.path()).into_iter().flatten());
        dirs.flatten().map(|entry| entry.path().display().to_string()).collect()
    }

    fn disk(&self, target: Target) -> std::path::PathBuf {
        self.dir.path().join("disks").join(name(target))
    }

    fn running(&self) -> Vec<Arc<Service>> {
        self.services.lock().expect("no holder panicked").values().cloned().collect()
    }

    fn service(&self, target: Target) -> Option<Arc<Service>> {
        self.services.lock().expect("no holder panicked").get(&target).cloned()
    }

    fn store(&self) -> &Apart {
        self.pipeline.store.apart.as_ref().expect("S3 is a process of its own")
    }

    fn lives(&self, target: Target) -> bool {
        match target {
            Target::Database => self.pipeline.servers.postgres_pid().is_some(),
            Target::Broker => self.pipeline.servers.rabbitmq_pid().is_some(),
            Target::Store => self.store().with(|process| process.ended().is_none()),
            Target::Upload(_) | Target::Worker(_) => {
                self.service(target).is_some_and(|service| service.ended().is_none())
            }
        }
    }

    fn kill(&self, target: Target) {
        match target {
            Target::Database => self.pipeline.servers.kill_postgres(),
            // It may have ended for another reason.
            Target::Broker if self.lives(target) => self.pipeline.servers.kill_rabbitmq(),
            Target::Broker => {}
            Target::Store => self.store().with(Service::kill),
            Target::Upload(_) | Target::Worker(_) => {
                if let Some(service) = self.service(target) {
                    service.kill();
                }
            }
        }
    }

    /// Whether it started; a server without disk space may not start.
    fn start(&self, target: Target) -> bool {
        match target {
            Target::Database => self.pipeline.servers.revive("postgres"),
            Target::Broker => self.pipeline.servers.revive("rabbitmq"),
            Target::Store => {
                self.store().revive();
                true
            }
            Target::Upload(_) | Target::Worker(_) => {
                if let Some(service) = self.service(target) {
                    // After a fault no clean exit is expected.
                    service.kill();
                }
                self.serve(target);
                true
            }
        }
    }

    fn serve(&self, target: Target) {
        let start = self.starts.fetch_add(1, Ordering::SeqCst);
        let scratch = self.disk(target).display().to_string();
        let roles = if matches!(target, Target::Upload(_)) { &CALLED[..] } else { &WORK[..] };
        let (place, called) = (&self.places[&target], format!("{}.{start}", name(target)));
        let service = self.pipeline.start_at(place, &called, roles, &[("SCRATCH_DIR", &scratch)]);
        self.services.lock().expect("no holder panicked").insert(target, service);
    }
}

/// All targets of faults.
pub(super) fn targets() -> impl Iterator<Item = Target> {
    let services = (0..UPLOADS).map(Target::Upload).chain((0..WORKERS).map(Target::Worker));
    SERVERS.into_iter().chain(services)
}

fn name(target: Target) -> String {
    match target {
        Target::Database => "db".to_owned(),
        Target::Broker => "mq".to_owned(),
        Target::Store => "s3".to_owned(),
        Target::Upload(number) => format!("upload{number}"),
        Target::Worker(number) => format!("worker{number}"),
    }
}
