//! A TCP proxy between a service and a server, for networks that lose bytes in one direction or break.
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A direction through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the service to the server.
    ToServer,
    /// From the server to the service.
    ToClient,
}

/// The proxy; it stops when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    cuts: watch::Sender<u64>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct State {
    swallow_to_server: AtomicBool,
    swallow_to_client: AtomicBool,
    refuse: AtomicBool,
    swallowed_bytes: AtomicU64,
    /// Bytes that still pass to the server before the rest is dropped; 0 is no limit.
    allowance: AtomicU64,
}

impl Proxy {
    /// A proxy in front of `host:port`.
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the proxy");
        let address = listener.local_addr().expect("the proxy's port");
        let state = Arc::new(State::default());
        let (cuts, _) = watch::channel(0);
        let accepting = tokio::spawn(accept(listener, server.to_owned(), state.clone(), cuts.clone()));
        Self { address, state, cuts, accepting }
    }

    /// Its own port, which leads to the server.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// A proxy in front of the server of a URL, and the URL that leads through it.
    pub(crate) async fn in_front_of(url: &str) -> (Self, String) {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
        let (user, server) = authority.rsplit_once('@').map_or(("", authority), |(user, server)| (user, server));
        let proxy = Self::to(server).await;
        let at = if user.is_empty() { "" } else { "@" };
        let through = format!("{scheme}://{user}{at}{}/{path}", proxy.address);
        (proxy, through)
    }

    /// From now on bytes in this direction are dropped; connections stay open.
    pub(crate) fn swallow(&self, direction: Direction) {
        self.flag(direction).store(true, Ordering::SeqCst);
    }

    /// Lets `bytes` more pass to the server and drops the rest: a line that dies in the middle of a transfer.
    pub(crate) fn swallow_after(&self, bytes: u64) {
        self.state.allowance.store(bytes, Ordering::SeqCst);
    }

    /// Number of dropped bytes.
    pub(crate) fn swallowed_bytes(&self) -> u64 {
        self.state.swallowed_bytes.load(Ordering::SeqCst)
    }

    /// Breaks every connection, and refuses new ones until [`Proxy::mend`].
    pub(crate) fn cut(&self) {
        self.state.refuse.store(true, Ordering::SeqCst);
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Breaks every connection, since dropped bytes are lost, and lets new ones pass.
    pub(crate) fn mend(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
        self.state.allowance.store(0, Ordering::SeqCst);
        self.flag(Direction::ToServer).store(false, Ordering::SeqCst);
        self.flag(Direction::ToClient).store(false, Ordering::SeqCst);
        self.state.refuse.store(false, Ordering::SeqCst);
    }

    fn flag(&self, direction: Direction) -> &AtomicBool {
        self.state.flag(direction)
    }
}

impl State {
    fn flag(&self, direction: Direction) -> &AtomicBool {
        match direction {
            Direction::ToServer => &self.swallow_to_server,
            Direction::ToClient => &self.swallow_to_client,
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn accept(listener: TcpListener, server: String, state: Arc<State>, cuts: watch::Sender<u64>) {
    while let Ok((client, _)) = listener.accept().await {
        if state.refuse.load(Ordering::SeqCst) {
            continue;
        }
        let Ok(server) = TcpStream::connect(&server).await else { continue };
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let there = carry(from_client, to_server, state.clone(), Direction::ToServer);
        let back = carry(from_server, to_client, state.clone(), Direction::ToClient);
        let mut cut = cuts.subscribe();
        tokio::spawn(async move {
            // Both halves drop together: a connection breaks as a whole.
            tokio::select! {
                () = there => {}
                () = back => {}
                _ = cut.changed() => {}
            }
        });
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: Arc<State>, direction: Direction) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        let allowance = state.allowance.load(Ordering::SeqCst);
        if direction == Direction::ToServer && allowance > 0 {
            let left = allowance.saturating_sub(read as u64);
            state.allowance.store(left, Ordering::SeqCst);
            if left == 0 {
                state.swallow_to_server.store(true, Ordering::SeqCst);
            }
        }
        if state.flag(direction).load(Ordering::SeqCst) {
            state.swallowed_bytes.fetch_add(read as u64, Ordering::SeqCst);
        } else if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
