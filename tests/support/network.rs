//! Places: where a process runs, and at which address. Within a [`Network`] each place is a network namespace of its
//! own on one bridge, so that it can be disconnected: packets are dropped without an error. Needs root; elsewhere every
//! place is this machine.
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

use uuid::Uuid;

/// Somewhere a process runs.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Its name, for messages.
    pub(crate) name: String,
    /// Its address.
    pub(crate) ip: String,
    cable: Option<Cable>,
}

/// How a place is connected to its network.
#[derive(Clone, Debug)]
struct Cable {
    namespace: String,
    /// The end of the cable at the bridge.
    port: String,
    bridge: String,
}

/// No device has this address: frames sent there are lost.
const NOWHERE: &str = "02:00:00:00:00:01";

impl Place {
    /// This machine.
    pub(crate) fn here(name: &str) -> Self {
        Self { name: name.to_owned(), ip: "127.0.0.1".to_owned(), cable: None }
    }

    /// A command that runs there.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let Some(cable) = &self.cable else { return Command::new(program) };
        // nsenter executes the program, so the pid stays the same.
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", cable.namespace)).arg("--").arg(program);
        command
    }

    /// Whether it can be disconnected.
    pub(crate) fn has_cable(&self) -> bool {
        self.cable.is_some()
    }

    /// Disconnects it: every packet from and to it is dropped, and both ends believe that the connection is fine.
    pub(crate) fn cut_off(&self) {
        let cable = self.cable.as_ref().expect("a place with a cable");
        ip(&["link", "set", &cable.port, "nomaster"]).expect("pull a cable");
    }

    /// Connects it again.
    pub(crate) fn connect(&self) {
        let cable = self.cable.as_ref().expect("a place with a cable");
        ip(&["link", "set", &cable.port, "master", &cable.bridge]).expect("plug a cable in");
    }

    /// From now on packets from it to `other` are dropped, while packets from `other` arrive.
    pub(crate) fn is_unheard_by(&self, other: &Place) {
        let cable = self.cable.as_ref().expect("a place with a cable");
        let to = [other.ip.as_str(), "lladdr", NOWHERE, "dev", "eth0", "nud", "permanent"];
        ip(&[&["-n", &cable.namespace, "neigh", "replace"], &to[..]].concat()).expect("send into nowhere");
    }

    /// Packets to `other` arrive again.
    pub(crate) fn is_heard_by(&self, other: &Place) {
        let cable = self.cable.as_ref().expect("a place with a cable");
        ip(&["-n", &cable.namespace, "neigh", "del", &other.ip, "dev", "eth0"]).expect("send to where it belongs");
    }
}

/// A bridge of this test's own, and the places on it. Removed when dropped.
pub(crate) struct Network {
    tag: String,
    /// The first three numbers of its addresses.
    subnet: String,
    places: AtomicU8,
    namespaces: Mutex<Vec<String>>,
}

impl Network {
    /// Builds one; `Err` says why this machine cannot.
    pub(crate) fn new() -> Result<Self, String> {
        let random = Uuid::new_v4();
        let [a, b, c, d, ..] = *random.as_bytes();
        let tag = format!("rm{}", hex::encode([a, b]));
        let network = Self {
            subnet: format!("10.{}.{d}", 128 + c % 120),
            places: AtomicU8::new(2),
            namespaces: Mutex::default(),
            tag,
        };
        let bridge = network.bridge();
        ip(&["link", "add", "name", &bridge, "type", "bridge"])?;
        ip(&["addr", "add", &format!("{}/24", network.gateway()), "dev", &bridge])?;
        ip(&["link", "set", &bridge, "up"])?;
        // The first place shows whether namespaces can be made.
        network.try_place("first")?;
        Ok(network)
    }

    /// The address on this network of processes in no namespace, such as the test itself.
    pub(crate) fn gateway(&self) -> String {
        format!("{}.1", self.subnet)
    }

    /// A new place.
    pub(crate) fn place(&self, name: &str) -> Place {
        self.try_place(name).unwrap_or_else(|error| panic!("make the place {name}: {error}"))
    }

    fn bridge(&self) -> String {
        format!("{}b", self.tag)
    }

    fn try_place(&self, name: &str) -> Result<Place, String> {
        let number = self.places.fetch_add(1, Ordering::SeqCst);
        let (namespace, port) = (format!("{}-{name}", self.tag), format!("{}v{number}", self.tag));
        let address = format!("{}.{number}", self.subnet);
        ip(&["netns", "add", &namespace])?;
        self.namespaces.lock().expect("no holder panicked").push(namespace.clone());
        ip(&["link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &namespace])?;
        ip(&["link", "set", &port, "master", &self.bridge(), "up"])?;
        ip(&["-n", &namespace, "addr", "add", &format!("{address}/24"), "dev", "eth0"])?;
        ip(&["-n", &namespace, "link", "set", "eth0", "up"])?;
        ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
        let cable = Some(Cable { namespace, port, bridge: self.bridge() });
        Ok(Place { name: name.to_owned(), ip: address, cable })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // A process that still runs in a namespace keeps it alive, without a name.
        for namespace in self.namespaces.get_mut().expect("no holder panicked") {
            let _ = ip(&["netns", "del", namespace]);
        }
        let _ = ip(&["link", "del", &self.bridge()]);
    }
}

fn ip(args: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(args).output().map_err(|error| format!("run ip (iproute2): {error}"))?;
    let words = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("ip {}: {}", args.join(" "), words())) }
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_of_a_place_whose_cable_is_out_vanish_and_arrive_again_when_it_is_back() {
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let Some(network) = network_or_say_so("whether a pulled cable loses packets") else { return };
    let (one, other) = (network.place("one"), network.place("other"));
    let mut echo = one.command(Path::new("python3"));
    let program = "import socket; s = socket.create_server(('', 7)); c = s.accept()[0]
while True: c.sendall(c.recv(99))";
    let mut echo = echo.args(["-c", program]).spawn().expect("start an echo");
    let mut line = super::wait_until("the echo listens", Duration::from_secs(20), async || {
        tokio::net::TcpStream::connect((one.ip.as_str(), 7)).await.ok()
    })
    .await;
    let mut said = [0; 1];
    let mut hears = async |within: Duration| {
        line.write_all(b"x").await.expect("the line believes that it is well");
        tokio::time::timeout(within, line.read_exact(&mut said)).await.is_ok_and(|read| read.is_ok())
    };
    assert!(hears(Duration::from_secs(5)).await);
    one.cut_off();
    assert!(!hears(Duration::from_millis(700)).await, "nothing comes, and no error either");
    one.connect();
    assert!(hears(Duration::from_secs(20)).await);
    one.is_unheard_by(&other);
    assert!(hears(Duration::from_secs(5)).await, "only what it sends to the other is lost");
    one.is_heard_by(&other);
    echo.kill().expect("end the echo");
    echo.wait().expect("end the echo");
}

/// A network, or `None` and a printed warning about what is not tested without one.
pub(crate) fn network_or_say_so(what: &str) -> Option<Network> {
    match Network::new() {
        Ok(network) => Some(network),
        Err(error) => {
            eprintln!("\n!!! NOT TESTED: {what}: this process cannot make network namespaces here ({error})\n");
            None
        }
    }
}
