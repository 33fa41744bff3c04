//! Spawning and killing. A child asks the kernel to kill it when the *thread* that created it ends. So one thread
//! creates all children and lives as long as the process; a worker thread of the async runtime could end earlier.
use std::io;
use std::process::ExitStatus;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

struct Order {
    command: Command,
    runtime: Handle,
    made: oneshot::Sender<io::Result<Child>>,
}

/// The thread that creates children. It ends with its last clone.
#[derive(Clone)]
pub(super) struct Spawner {
    // Limited by the number of slots; each order is answered immediately.
    orders: mpsc::Sender<Order>,
}

impl Spawner {
    pub(super) fn start() -> anyhow::Result<Self> {
        let (orders, mut received) = mpsc::channel::<Order>(16);
        std::thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(move || {
                while let Some(Order { mut command, runtime, made }) = received.blocking_recv() {
                    let _entered = runtime.enter();
                    // If the requester has gone, dropping the child kills it.
                    let _ = made.send(command.spawn());
                }
            })
            .context("start the thread that starts children")?;
        Ok(Self { orders })
    }

    pub(super) async fn spawn(&self, mut command: Command) -> io::Result<Running> {
        command.kill_on_drop(true);
        die_with_parent(&mut command);
        let (made, child) = oneshot::channel();
        let order = Order { command, runtime: Handle::current(), made };
        self.orders.send(order).await.map_err(io::Error::other)?;
        let child = child.await.map_err(io::Error::other)??;
        let group = child.id().and_then(|id| Pid::from_raw(id as i32));
        Ok(Running { child, group })
    }
}

/// A child that is killed, with everything it started, when this is dropped.
pub(super) struct Running {
    child: Child,
    /// Its process group, until the child was waited for: after that, the number may belong to another process.
    group: Option<Pid>,
}

impl Running {
    pub(super) fn pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits for the end of a child, and kills what it left running.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        // The leader is gone. Processes that it left keep the group's number in use, so the group can still be killed.
        self.kill_group();
        status
    }

    /// Kills it and everything that it started.
    pub(super) fn kill_group(&mut self) {
        if let Some(group) = self.group.take() {
            // This fails if the group is empty, which is fine.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// Asks the kernel to kill the child when its creator dies, so that `kill -9` of a worker leaves no orphan.
#[allow(
    unsafe_code,
    reason = "pre_exec is the only place to set the parent-death signal; it makes two system calls and no allocation"
)]
fn die_with_parent(command: &mut Command) {
    let parent = std::process::id();
    // SAFETY: between fork and exec only async-signal-safe calls are made: prctl and getppid.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have died between fork and prctl.
            if libc::getppid() as u32 != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
}
