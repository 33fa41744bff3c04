//! A TCP proxy in front of several replicas, as a load balancer on a bad line: connections go to each replica in turn, and are cut
//! when as many bytes have passed in all as the story says.
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The proxy; it ends with this value.
pub(crate) struct Crossing {
    address: SocketAddr,
    line: Arc<Mutex<Line>>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Line {
    /// Bytes that clients have sent so far, all connections together.
    passed: u64,
    /// At which of them the connection is cut; ascending.
    cuts: VecDeque<u64>,
    /// Connections that each replica got.
    served: Vec<usize>,
    /// Behind how many bytes nothing more passes, while connections stay open.
    stall_at: Option<u64>,
}

impl Crossing {
    /// A proxy in front of `replicas` (host and port each) that cuts when so many bytes have come from clients.
    pub(crate) async fn to(replicas: &[String], cuts: &[u64]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the proxy");
        let address = listener.local_addr().expect("the proxy's port");
        let line =
            Line { passed: 0, cuts: cuts.iter().copied().collect(), served: vec![0; replicas.len()], stall_at: None };
        let line = Arc::new(Mutex::new(line));
        let accepting = tokio::spawn(accept(listener, replicas.to_vec(), line.clone()));
        Self { address, line, accepting }
    }

    /// Where it listens: host and port.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Lets nothing pass behind so many bytes, as a line that hangs; `None` lets everything pass again on new connections.
    pub(crate) fn stall_at(&self, bytes: Option<u64>) {
        self.line.lock().expect("nobody panics here").stall_at = bytes;
    }

    /// Bytes that clients have sent so far.
    pub(crate) fn passed(&self) -> u64 {
        self.line.lock().expect("nobody panics here").passed
    }

    /// Cuts that are still to come.
    pub(crate) fn cuts_left(&self) -> usize {
        self.line.lock().expect("nobody panics here").cuts.len()
    }

    /// Connections that each replica got.
    pub(crate) fn served(&self) -> Vec<usize> {
        self.line.lock().expect("nobody panics here").served.clone()
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
        line.lock().expect("nobody panics here").served[replica] += 1;
        tokio::spawn(carry(client, server, line.clone()));
    }
}

/// Carries bytes both ways until one side ends or the connection is cut; then both ends break at once.
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
            let (passes, then) = line.lock().expect("nobody panics here").pass(read as u64);
            if to_server.write_all(&buffer[..passes as usize]).await.is_err() {
                return;
            }
            match then {
                Then::GoOn => {}
                Then::Cut => return,
                // Until the client gives up and closes: what it still says is read and lost.
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

/// What becomes of a connection behind the bytes that passed.
enum Then {
    GoOn,
    Cut,
    Stall,
}

impl Line {
    /// How many of the next bytes pass, and what then.
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
