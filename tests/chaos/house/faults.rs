//! How faults begin and end.
use rustix::process::{Pid, Signal, kill_process};

use super::House;
use crate::chaos::plan::{Fault, Kind, SERVERS, Target};
use crate::support::Service;
use crate::support::process::family;

impl House {
    /// Begins a fault. May block for a moment.
    pub(in crate::chaos) fn begin(&self, fault: &Fault) {
        let (target, place) = (fault.target, &self.places[&fault.target]);
        match fault.kind {
            Kind::Killed => {
                self.down.lock().expect("no holder panicked").insert(target);
                self.kill(target);
            }
            Kind::Stopped => {
                let processes = self.processes(target);
                for pid in &processes {
                    let _ = kill_process(*pid, Signal::STOP);
                }
                self.stopped.lock().expect("no holder panicked").insert(target, processes);
            }
            Kind::CutOff => place.cut_off(),
            Kind::OneWay(server) => place.is_unheard_by(&self.places[&server]),
            Kind::Filled => {
                if SERVERS.contains(&target) {
                    self.down.lock().expect("no holder panicked").insert(target);
                }
                self.volumes[&target].fill();
            }
        }
    }

    /// Ends a fault. May block for as long as a server takes to start.
    pub(in crate::chaos) fn end(&self, fault: &Fault) {
        let (target, place) = (fault.target, &self.places[&fault.target]);
        match fault.kind {
            Kind::Killed => {
                let _starting = self.starting[&target].lock().expect("no holder panicked");
                self.down.lock().expect("no holder panicked").remove(&target);
                self.start(target);
            }
            Kind::Stopped => {
                let processes = self.stopped.lock().expect("no holder panicked").remove(&target);
                for pid in processes.unwrap_or_default() {
                    let _ = kill_process(pid, Signal::CONT);
                }
            }
            Kind::CutOff => place.connect(),
            Kind::OneWay(server) => place.is_heard_by(&self.places[&server]),
            Kind::Filled => {
                self.volumes[&target].empty();
                self.down.lock().expect("no holder panicked").remove(&target);
            }
        }
    }

    fn processes(&self, target: Target) -> Vec<Pid> {
        match target {
            Target::Database => self.pipeline.servers.postgres_pid().map(family).unwrap_or_default(),
            Target::Broker => self.pipeline.servers.rabbitmq_pid().into_iter().collect(),
            Target::Store => vec![self.store().with(Service::pid)],
            Target::Upload(_) | Target::Worker(_) => self.service(target).map(|it| it.pid()).into_iter().collect(),
        }
    }
}
