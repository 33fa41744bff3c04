//! Processes and their children, as `/proc` lists them.
use rustix::process::Pid;

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
