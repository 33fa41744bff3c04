//! A TCP proxy in front of several replicas, like a load balancer on an unreliable line: connections go to each replica
//! in turn, and are cut after total numbers of bytes chosen by the test.
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The proxy; it stops when dropped.
pub(crate) struct Crossing {
    address: SocketAddr,
    line: Arc<Mutex<Line>>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Line {
    /// Bytes that clients have sent so far, over all connections.
    passed: u64,
    /// Byte counts at which the connection is cut; ascending.
    cuts: VecDeque<u64>,
    /// Number of connections to each replica.
    served: Vec<usize>,
    /// After this many bytes nothing more passes, while connections stay open.
    stall_at: Option<u64>,
}

impl Crossing {
    /// A proxy in front of `replicas` (host and port each) that cuts after these numbers of bytes from clients.
    pub(crate) async fn to(replicas: &[String], cuts: &[u64]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the proxy");
        let address = listener.local_addr().expect("the proxy's port");
        let line =
            Line { passed: 0, cuts: cuts.iter().copied().collect(), served: vec![0; replicas.len()], stall_at: None };
        let line = Arc::new(Mutex::new(line));
        let accepting = tokio::spawn(accept(listener, replicas.to_vec(), line.clone()));
        Self { address, line, accepting }
    }

    /// The address it listens at: host and port.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Lets nothing pass after this many bytes, like a hanging connection; `None` lets new connections pass everything
    /// again.
    pub(crate) fn stall_at(&self, bytes: Option<u64>) {
        self.line.lock().expect("no holder panicked").stall_at = bytes;
    }

    /// Bytes that clients have sent so far.
    pub(crate) fn passed(&self) -> u64 {
        self.line.lock().expect("no holder panicked").passed
    }

    /// Remaining cuts.
    pub(crate) fn cuts_left(&self) -> usize {
        self.line.lock().expect("no holder panicked").cuts.len()
    }

    /// Number of connections to each replica.
    pub(crate) fn served(&self) -> Vec<usize> {
        self.line.lock().expect("no holder panicked").served.clone()
    }
}

impl Drop for Crossing {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, replicas: Vec<String>, line: Arc<Mutex<Line>>) {
    for turn in 0.. {
        let Ok((client, _)) = listener.accept().await else { continue };
        let replica = turn % replicas.len();
        let Ok(server) = TcpStream::connect(&replicas[replica]).await else { continue };
        line.lock().expect("no holder panicked").served[replica] += 1;
        tokio::spawn(carry(client, server, line.clone()));
    }
}

/// Copies bytes both ways until one side ends or the connection is cut; then closes both at once.
async fn carry(client: TcpStream, server: TcpStream, line: Arc<Mutex<Line>>) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match from_client.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(read) => read,
            };
            let (passes, then) = line.lock().expect("no holder panicked").pass(read as u64);
            if to_server.write_all(&buffer[..passes as usize]).await.is_err() {
                return;
            }
            match then {
                Then::GoOn => {}
                Then::Cut => return,
                // Until the client gives up and closes, what it sends is read and discarded.
                Then::Stall => return drain(&mut from_client).await,
            }
        }
    };
    tokio::select! {
        () = there => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
}

/// Reads until the other side closes.
async fn drain(from: &mut OwnedReadHalf) {
    let _ = tokio::io::copy(from, &mut tokio::io::sink()).await;
}

/// What happens to a connection after the bytes that passed.
enum Then {
    GoOn,
    Cut,
    Stall,
}

impl Line {
    /// How many of the next bytes pass, and what happens then.
    fn pass(&mut self, bytes: u64) -> (u64, Then) {
        let next = self.passed + bytes;
        if let Some(at) = self.stall_at.filter(|at| *at < next) {
            return (self.pass_up_to(at), Then::Stall);
        }
        match self.cuts.front().copied().filter(|cut| *cut < next) {
            Some(cut) => {
                self.cuts.pop_front();
                (self.pass_up_to(cut), Then::Cut)
            }
            None => (self.pass_up_to(next), Then::GoOn),
        }
    }

    fn pass_up_to(&mut self, end: u64) -> u64 {
        let passes = end.saturating_sub(self.passed);
        self.passed += passes;
        passes
    }
}
