//! What a child may still do once it has read its request: read one directory, write one directory, compute.
//!
//! Four walls, none of which needs a privilege: no descriptors but stdio, resource limits, Landlock for files and
//! TCP, and a seccomp allow-list. A forbidden system call answers EPERM, so that a library degrades instead of dying.
use std::collections::BTreeMap;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::protocol::{Limits, Request};
use crate::error::{Error, Result};

/// Closes every wall. Call once, before any other thread exists.
pub(super) fn enter(request: &Request) -> Result<()> {
    close_inherited().map_err(|error| failed("close inherited descriptors", error))?;
    limit_resources(&request.limits).map_err(|error| failed("limit resources", error))?;
    restrict_files(request)?;
    filter_calls().map_err(|error| failed("filter system calls", error))
}

fn failed(doing: &str, error: impl std::fmt::Display) -> Error {
    Error::Failed(format!("{doing}: {error}"))
}

#[allow(unsafe_code)]
fn close_inherited() -> std::io::Result<()> {
    // SAFETY: nothing in this process owns a descriptor above 2 yet: only stdin was read, and no thread was started.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    if closed != 0 {
        // A descriptor that stays open is a way past Landlock. The call is older than Landlock itself (Linux 5.9 and 5.13).
        return Err(std::io::Error::last_os_error());
    }
    // glibc reserves 64 MiB of address space per arena and makes 8 per core; RLIMIT_AS counts them, so keep few.
    // SAFETY: only sets a number; called while single-threaded.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 4) };
    Ok(())
}

fn limit_resources(limits: &Limits) -> rustix::io::Result<()> {
    let limit = |resource, value| setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) });
    limit(Resource::Core, 0)?;
    limit(Resource::As, limits.memory_bytes)?;
    limit(Resource::Cpu, limits.cpu_seconds)?;
    limit(Resource::Fsize, limits.file_bytes)?;
    limit(Resource::Nofile, limits.open_files)
}

/// Whether the kernel enforces Landlock for what `enter` asks.
fn restrict_files(request: &Request) -> Result<()> {
    let status = landlock(request).map_err(|error| failed("restrict files", error))?;
    if status == RulesetStatus::NotEnforced && !request.allow_missing_landlock {
        return Err(Error::Failed(
            "this kernel has no Landlock, so a child could read other files; refused unless explicitly allowed".into(),
        ));
    }
    Ok(())
}

fn landlock(request: &Request) -> std::result::Result<RulesetStatus, Box<dyn std::error::Error>> {
    let abi = ABI::V6; // files, truncation, TCP, device ioctls, abstract sockets and signals; older kernels take what they know
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    if let Some(dir) = &request.input_dir {
        rules = rules.add_rule(PathBeneath::new(PathFd::new(dir)?, AccessFs::ReadFile))?;
    }
    if let Some(dir) = &request.output_dir {
        // Read too: the mp4 writer reads what it wrote when it moves the index to the front.
        let write =
            AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::Truncate;
        rules = rules.add_rule(PathBeneath::new(PathFd::new(dir)?, write))?;
    }
    Ok(rules.restrict_self()?.ruleset)
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn filter_calls() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // clone3 passes its flags in memory, where no filter can see them: it "does not exist", and glibc falls back to
    // clone. Every filter's verdict counts and the strictest wins, so the main list may name it.
    let absent: Rules = [(libc::SYS_clone3, vec![])].into();
    apply(absent, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?;
    apply(allowed()?, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)
}

fn apply(
    rules: Rules,
    otherwise: SeccompAction,
    listed: SeccompAction,
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    let program: BpfProgram = SeccompFilter::new(rules, otherwise, listed, arch)?.try_into()?;
    // Sets no_new_privs as well.
    Ok(seccompiler::apply_filter(&program)?)
}

/// The whole list of what libav, x264, glibc's threads and Rust's runtime need. Everything else is refused.
fn allowed() -> seccompiler::Result<Rules> {
    let mut rules: Rules = PLAIN.iter().map(|call| (*call, Vec::new())).collect();
    #[cfg(target_arch = "x86_64")]
    rules.extend(
        [libc::SYS_open, libc::SYS_stat, libc::SYS_lstat, libc::SYS_unlink, libc::SYS_rename, libc::SYS_time]
            .map(|call| (call, Vec::new())),
    );
    let when = |argument, length, op, value| SeccompCondition::new(argument, length, op, value);
    let mut only = |call: i64, conditions: Vec<SeccompCondition>| -> seccompiler::Result<()> {
        rules.entry(call).or_default().push(SeccompRule::new(conditions)?);
        Ok(())
    };
    // Threads of this process, in the same namespaces; never a process.
    let namespaces = libc::CLONE_NEWNS
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    let mask = (libc::CLONE_THREAD | namespaces) as u64;
    only(libc::SYS_clone, vec![when(0, Len::Qword, Op::MaskedEq(mask), libc::CLONE_THREAD as u64)?])?;
    // Signals to this process only (abort).
    let own = u64::from(std::process::id());
    only(libc::SYS_tgkill, vec![when(0, Len::Dword, Op::Eq, own)?])?;
    // Memory is never made executable: no decoder here compiles code at run time.
    let executable = libc::PROT_EXEC as u64;
    only(libc::SYS_mmap, vec![when(2, Len::Dword, Op::MaskedEq(executable), 0)?])?;
    only(libc::SYS_mprotect, vec![when(2, Len::Dword, Op::MaskedEq(executable), 0)?])?;
    // Limits are read, not set; threads are named, nothing else of prctl.
    only(libc::SYS_prlimit64, vec![when(0, Len::Dword, Op::Eq, 0)?, when(2, Len::Qword, Op::Eq, 0)?])?;
    only(libc::SYS_prctl, vec![when(0, Len::Dword, Op::Eq, libc::PR_SET_NAME as u64)?])?;
    for command in [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL] {
        only(libc::SYS_fcntl, vec![when(1, Len::Dword, Op::Eq, command as u64)?])?;
    }
    Ok(rules)
}

const PLAIN: [i64; 54] = [
    // files: what may be opened is Landlock's to say
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    // memory
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // threads
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_get_priority_min,
    libc::SYS_sched_get_priority_max,
    libc::SYS_membarrier,
    libc::SYS_getcpu,
    // signals of our own
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // identity, time, chance
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrusage,
    libc::SYS_getrandom,
    libc::SYS_sysinfo,
];
