//! `reelmill ready`: asks a service on this machine whether it is ready. It is the health check of containers: the
//! image has no curl, and needs none.
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context;

use crate::exit::Exit;

/// Options of `ready`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address at which the service reports its health; for an address such as 0.0.0.0, this machine is asked
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090", value_name = "ADDR")]
    admin_listen: SocketAddr,
    /// Path that is requested; every answer but a server error (5xx) means ready
    #[arg(long, default_value = "/readyz", value_name = "PATH")]
    path: String,
}

/// The service itself waits 3 s for its servers; a health check waits a little longer for the service.
const PATIENCE: Duration = Duration::from_secs(4);
/// The answer has a few lines.
const MOST: u64 = 16 << 10;

/// Sends one request.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let address = here(args.admin_listen);
    let answer = ask(address, &args.path).with_context(|| format!("ask http://{address}{}", args.path))?;
    let status = status_of(&answer).with_context(|| format!("{address} does not speak HTTP"))?;
    if status < 500 {
        return Ok(Exit::Done);
    }
    let words = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    anyhow::bail!("{address} says {status}: {words}")
}

/// The local address of a service that listens on all addresses.
fn here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    address
}

fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn status_of(answer: &str) -> Option<u16> {
    let mut words = answer.lines().next()?.split(' ');
    words.next()?.starts_with("HTTP/").then_some(())?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// The result of `ready` for a server that gives `answer` to the first client.
    fn outcome_of(answer: &'static str) -> anyhow::Result<Exit> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let read = stream.read(&mut [0; 512]).unwrap();
            assert!(read > 0);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let listen = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port());
        let said = run(&Args { admin_listen: listen, path: "/readyz".into() });
        server.join().unwrap();
        said
    }

    #[test]
    fn a_service_that_is_ready_is_so() {
        assert_eq!(outcome_of("HTTP/1.1 200 OK\r\n\r\n{}").unwrap(), Exit::Done);
    }

    #[test]
    fn a_server_that_wants_a_signature_is_there() {
        assert_eq!(outcome_of("HTTP/1.1 403 Forbidden\r\n\r\n").unwrap(), Exit::Done);
    }

    #[test]
    fn a_service_that_is_not_ready_says_why() {
        let error = outcome_of("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"broker\":\"gone\"}").unwrap_err();
        assert!(error.to_string().contains("gone"), "{error}");
    }

    #[test]
    fn who_says_nothing_is_not_ready() {
        assert!(outcome_of("").is_err());
        assert!(run(&Args { admin_listen: "127.0.0.1:1".parse().unwrap(), path: "/readyz".into() }).is_err());
    }
}
