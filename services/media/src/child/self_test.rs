//! Tries from inside what the sandbox forbids, and says what the system answered. Tests and `doctor` ask for it.
use std::fs::{File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};

use super::protocol::{Attempt, Request, SelfTestReport};

/// Tries each in turn. Must run inside the sandbox: outside some of these would succeed.
pub(super) fn run(request: &Request) -> SelfTestReport {
    let mut attempts = files(request);
    attempts.extend(network());
    attempts.extend(processes());
    attempts.extend(kernel());
    let landlock = attempts.iter().any(|attempt| attempt.what == "open_etc_passwd" && attempt.denied);
    SelfTestReport { landlock, attempts }
}

fn attempt<T>(what: &str, result: io::Result<T>) -> Attempt {
    let answer = result.as_ref().map_or_else(ToString::to_string, |_| "it was done".into());
    Attempt { what: what.into(), denied: result.is_err(), answer }
}

fn files(request: &Request) -> Vec<Attempt> {
    let mut attempts = vec![
        attempt("open_etc_passwd", File::open("/etc/passwd")),
        attempt("open_proc_self_environ", File::open("/proc/self/environ")),
        attempt("list_root", std::fs::read_dir("/").map(|_| ())),
        attempt("write_tmp", File::create("/tmp/reelmill-sandbox-escape")),
        attempt("make_directory", std::fs::create_dir("/tmp/reelmill-sandbox-escape.d")),
    ];
    if let Some(input) = &request.input_dir {
        attempts.push(attempt("write_input", OpenOptions::new().create(true).append(true).open(input.join("escape"))));
        attempts.push(attempt("climb_out_of_input", File::open(input.join("../escape-target"))));
    }
    if let Some(output) = &request.output_dir {
        attempts.push(attempt("symlink_in_output", std::os::unix::fs::symlink("/etc/passwd", output.join("escape"))));
    }
    attempts
}

fn network() -> Vec<Attempt> {
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    vec![
        attempt("connect", TcpStream::connect(local)),
        attempt("listen", TcpListener::bind((Ipv4Addr::LOCALHOST, 0))),
        attempt("udp", UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))),
        attempt("socketpair", std::os::unix::net::UnixStream::pair()),
        attempt("io_uring", call(libc::SYS_io_uring_setup, [1, 0, 0, 0])),
    ]
}

fn processes() -> Vec<Attempt> {
    let parent = i64::from(std::os::unix::process::parent_id());
    vec![
        attempt("spawn", std::process::Command::new("/bin/true").spawn()),
        attempt("execve", call(libc::SYS_execve, [c"/bin/true".as_ptr() as i64, 0, 0, 0])),
        attempt("execveat", call(libc::SYS_execveat, [-100, c"/bin/true".as_ptr() as i64, 0, 0])),
        attempt("fork", call(libc::SYS_clone, [i64::from(libc::SIGCHLD), 0, 0, 0])),
        attempt("kill_parent", call(libc::SYS_kill, [parent, i64::from(libc::SIGCONT), 0, 0])),
        attempt("tgkill_parent", call(libc::SYS_tgkill, [parent, parent, i64::from(libc::SIGCONT), 0])),
        attempt("ptrace", call(libc::SYS_ptrace, [0, 0, 0, 0])),
        attempt("process_vm_readv", call(libc::SYS_process_vm_readv, [parent, 0, 0, 0])),
        attempt("pidfd_open", call(libc::SYS_pidfd_open, [parent, 0, 0, 0])),
    ]
}

fn kernel() -> Vec<Attempt> {
    let executable = i64::from(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC);
    vec![
        attempt("mount", call(libc::SYS_mount, [0, 0, 0, 0])),
        attempt("bpf", call(libc::SYS_bpf, [0, 0, 0, 0])),
        attempt("unshare", call(libc::SYS_unshare, [i64::from(libc::CLONE_NEWUSER), 0, 0, 0])),
        attempt("setrlimit", call(libc::SYS_prlimit64, [0, 1, c"".as_ptr() as i64, 0])),
        attempt("executable_memory", call(libc::SYS_mmap, [0, 4096, executable, 0x22])),
    ]
}

/// A raw system call, since libc has no wrapper for half of these, or one that would hide the answer.
#[allow(unsafe_code)]
fn call(number: i64, arguments: [i64; 4]) -> io::Result<()> {
    // SAFETY: every caller passes plain numbers or pointers to static C strings; the kernel checks all of them, and
    // the two calls that could make a second process in this address space are refused by the filter under test.
    let answer = unsafe { libc::syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], 0, 0) };
    if number == libc::SYS_clone && answer == 0 {
        // The filter failed and this is the forked child: leave at once, so that only one of us reports.
        std::process::exit(0);
    }
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
