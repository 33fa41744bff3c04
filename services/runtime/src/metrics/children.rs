//! The cost of sandboxed children, as the kernel sums it up for every child that was waited for.
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{CounterVec, IntGauge, Opts};

/// `reelmill_children_cpu_seconds_total{mode}` and `reelmill_children_peak_bytes`, computed when they are read.
#[derive(Clone)]
pub(super) struct ChildrenUsage {
    cpu: CounterVec,
    peak: IntGauge,
}

impl ChildrenUsage {
    pub(super) fn new() -> anyhow::Result<Self> {
        let cpu = Opts::new("reelmill_children_cpu_seconds_total", "Processor time of children that have ended.");
        let peak = Opts::new("reelmill_children_peak_bytes", "Resident memory of the largest child so far.");
        Ok(Self { cpu: CounterVec::new(cpu, &["mode"])?, peak: IntGauge::with_opts(peak)? })
    }

    fn read(&self) {
        let Some(used) = used() else { return };
        for (mode, total) in [("user", used.user_s), ("system", used.system_s)] {
            let counter = self.cpu.with_label_values(&[mode]);
            // The kernel's sum only grows; a counter accepts no absolute value.
            counter.inc_by((total - counter.get()).max(0.0));
        }
        self.peak.set(used.peak_bytes);
    }
}

impl Collector for ChildrenUsage {
    fn desc(&self) -> Vec<&Desc> {
        [self.cpu.desc(), self.peak.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.read();
        [self.cpu.collect(), self.peak.collect()].concat()
    }
}

struct Used {
    user_s: f64,
    system_s: f64,
    peak_bytes: i64,
}

#[allow(
    unsafe_code,
    reason = "getrusage fills a plain struct of ours and keeps no pointer to it; rustix has no wrapper for it"
)]
fn used() -> Option<Used> {
    // SAFETY: all zero bits are a valid `rusage`, and the call writes to nothing else.
    let (status, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage), usage)
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    (status == 0).then(|| Used {
        user_s: seconds(usage.ru_utime),
        system_s: seconds(usage.ru_stime),
        // KiB on Linux.
        peak_bytes: usage.ru_maxrss.saturating_mul(1024),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_child_that_has_ended_is_counted_once() {
        let usage = ChildrenUsage::new().unwrap();
        let total = || {
            usage.read();
            usage.cpu.with_label_values(&["user"]).get() + usage.cpu.with_label_values(&["system"]).get()
        };
        let before = total();
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        assert!(std::process::Command::new("sh").args(["-c", busy]).status().unwrap().success());
        let after = total();
        assert!(after > before + 0.01, "{before} {after}");
        assert!(total() < after + 60.0, "a second look adds nothing of its own");
        assert!(usage.peak.get() > 100_000);
    }
}
