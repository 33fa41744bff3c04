//! Connects to a partner's SFTP server: SSH by russh with a pinned host key, and a login with our key.
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::Preferred;
use russh::client::{self, Handle};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh_sftp::client::RawSftpSession;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::access::Access;

/// Time limit of TCP connection, key exchange and login, each.
const CONNECT: Duration = Duration::from_secs(20);
/// Time limit of one answer. Writes wait for at most two megabytes of other requests.
const ANSWER_S: u64 = 60;
/// Silence after which a keepalive is sent; three without an answer end the session.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Why there is no session. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// No answer, or none in time: a later try may succeed.
    #[error("{0}")]
    Unreachable(String),
    /// The server has another key than the known one. A person must look.
    #[error("{0}")]
    HostKey(String),
    /// The login was refused.
    #[error("{0}")]
    Login(String),
}

/// Accepts one host key and no other.
pub(super) struct Pin {
    wanted: PublicKey,
    /// The key offered instead, for people.
    offered: Arc<Mutex<Option<String>>>,
}

impl client::Handler for Pin {
    type Error = russh::Error;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = offered else { return Ok(false) };
        if key.key_data() == self.wanted.key_data() {
            return Ok(true);
        }
        if let Ok(mut seen) = self.offered.lock() {
            *seen = Some(key.fingerprint(HashAlg::Sha256).to_string());
        }
        Ok(false)
    }
}

/// A server that let us in. SFTP has not begun.
pub(super) struct Connected {
    pub(super) ssh: Handle<Pin>,
    pub(super) sftp: RawSftpSession,
}

/// Connects, checks the host key, and logs in.
pub(super) async fn connect(access: &Access) -> Result<Connected, ConnectError> {
    let ssh = shake_hands(access).await?;
    within("log in", login(ssh, access)).await?
}

async fn within<T>(what: &str, step: impl Future<Output = T>) -> Result<T, ConnectError> {
    let late = |_| ConnectError::Unreachable(format!("{what}: no answer within {} s", CONNECT.as_secs()));
    timeout(CONNECT, step).await.map_err(late)
}

async fn shake_hands(access: &Access) -> Result<Handle<Pin>, ConnectError> {
    let (host, port) = (access.host.as_str(), access.port);
    let unreachable =
        |what: &str, err: &dyn std::fmt::Display| ConnectError::Unreachable(format!("{what} {host}:{port}: {err}"));
    let addresses = within("look up the host", lookup_host((host, port))).await?;
    let addresses: Vec<SocketAddr> = addresses.map_err(|err| unreachable("look up", &err))?.collect();
    let stream = within("connect", TcpStream::connect(&*addresses)).await?;
    let stream = stream.map_err(|err| unreachable("connect to", &err))?;
    let _ = stream.set_nodelay(true);
    let config = client::Config {
        // A server with several keys presents the known one.
        preferred: Preferred { key: vec![access.host_key.algorithm()].into(), ..Preferred::default() },
        keepalive_interval: Some(KEEPALIVE),
        nodelay: true,
        ..client::Config::default()
    };
    let offered = Arc::<Mutex<Option<String>>>::default();
    let pin = Pin { wanted: access.host_key.clone(), offered: offered.clone() };
    let shaken = within("exchange keys", client::connect_stream(Arc::new(config), stream, pin)).await?;
    let pinned = access.host_key.fingerprint(HashAlg::Sha256);
    shaken.map_err(|err| {
        let other = offered.lock().ok().and_then(|seen| seen.clone());
        match (other, err) {
            (Some(other), _) => ConnectError::HostKey(format!(
                "the host key of {host}:{port} is {other} and not the pinned {pinned}; nothing was sent"
            )),
            (None, russh::Error::UnknownKey | russh::Error::NoCommonAlgo { .. }) => ConnectError::HostKey(format!(
                "{host}:{port} does not have the pinned host key {pinned}; nothing was sent"
            )),
            (None, err) => unreachable("exchange keys with", &err),
        }
    })
}

async fn login(mut ssh: Handle<Pin>, access: &Access) -> Result<Connected, ConnectError> {
    let broken = |err: russh::Error| ConnectError::Unreachable(format!("log in: {err}"));
    let key = PrivateKeyWithHashAlg::new(access.key.clone(), None);
    if !ssh.authenticate_publickey(&*access.user, key).await.map_err(broken)?.success() {
        return Err(ConnectError::Login(format!("{} does not let us in with our key", access.host)));
    }
    let channel = ssh.channel_open_session().await.map_err(broken)?;
    channel.request_subsystem(true, "sftp").await.map_err(broken)?;
    let sftp = RawSftpSession::new(channel.into_stream());
    sftp.set_timeout(ANSWER_S);
    Ok(Connected { ssh, sftp })
}
