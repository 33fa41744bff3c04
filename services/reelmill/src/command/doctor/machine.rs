//! This machine: the media libraries, the sandbox, scratch space and ports.
use super::finding::{Finding, Mend};
use crate::output;

pub(super) use engine::media;
pub(super) use ports::ports;
pub(super) use scratch::{scratch, scratch_kind};

mod engine;
mod ports;
mod scratch;

/// Largest memory of one child, with the four rungs at 1080p; measured, see bench/RESULTS.md.
const CHILD_BYTES: u64 = 1_400 << 20;

/// Whether memory is sufficient for the children that may run at once.
pub(super) fn memory(slots: u16) -> Finding {
    const NAME: &str = "memory";
    const MEND: Mend = Mend {
        zh: "减小 SLOTS（每个阶段同时处理的任务数），或把 transcode 放到内存更大的机器",
        en: "set SLOTS, the parts at once of each stage, lower; or run transcode on a machine with more memory",
    };
    let Some(bytes) = memory_bytes() else { return Finding::good(NAME, "unknown here") };
    let wanted = CHILD_BYTES * u64::from(slots);
    let found = format!("{}; {slots} slots of transcode take {} at most", output::bytes(bytes), output::bytes(wanted));
    if wanted > bytes { Finding::poor(NAME, found, MEND) } else { Finding::good(NAME, found) }
}

/// The memory available to this process: the machine's, or its container's if that is less.
fn memory_bytes() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = machine.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let machine = line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024;
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|it| it.trim().parse().ok());
    Some(container.map_or(machine, |container: u64| container.min(machine)))
}

#[cfg(test)]
mod tests {
    use ::desk::view::checks::Health;

    use super::engine::{engine, parts_of_engine};

    #[test]
    fn an_ffmpeg_that_lacks_something_is_bad_and_says_what() {
        let found = parts_of_engine(&["filter zscale".to_owned(), "resampler soxr".to_owned()]);
        assert_eq!(found.health, Health::Bad);
        assert!(found.found.ends_with("filter zscale, resampler soxr"), "{}", found.found);
        assert!(found.mend.contains("--enable-libzimg") && found.mend_zh.contains("--enable-libzimg"));
        assert_eq!(parts_of_engine(&[]).health, Health::Good);
    }

    #[test]
    fn the_media_engine_is_judged_by_what_it_says_of_itself() {
        for (said, health) in [
            ("reelmill 0.1.0+1f0c, ffmpeg 5.1.9-0+deb12u1, x264 164", Health::Good),
            ("reelmill 0.1.0+1f0c, ffmpeg n7.1, x264 165", Health::Good),
            ("reelmill 0.1.0+1f0c, ffmpeg 7.1", Health::Poor),
            ("reelmill 0.1.0+1f0c, ffmpeg 4.4.2, x264 160", Health::Poor),
            ("reelmill 0.1.0+1f0c, ffmpeg unknown, x264 160", Health::Poor),
        ] {
            assert_eq!(engine(said).health, health, "{said}");
        }
    }
}
