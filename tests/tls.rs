//! PostgreSQL and RabbitMQ with certificates: connections are encrypted, and a server with a wrong certificate is
//! refused.
use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection};

use crate::support::process::{self, Service};
use crate::support::wait::wait_until_true;
use crate::support::{Servers, TestPipeline};

const SOON: Duration = Duration::from_secs(60);

/// A key, and a self-signed certificate for the name `localhost` only. Both are readable by every user.
fn certificate(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    let at = |extension: &str| dir.join(name).with_extension(extension);
    let config = "[req]\ndistinguished_name = dn\nprompt = no\nx509_extensions = v3\n[dn]\nCN = test\n\
                  [v3]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:localhost\n";
    std::fs::write(at("cnf"), config).expect("openssl's settings");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"])
        .arg("-config")
        .arg(at("cnf"))
        .arg("-keyout")
        .arg(at("key"))
        .arg("-out")
        .arg(at("crt"))
        .output()
        .expect("run openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for file in [at("key"), at("crt")] {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).expect("let everybody read");
    }
    (at("key"), at("crt"))
}

/// Switches TLS on in a running server.
async fn encrypt_postgres(servers: &Servers, key: &Path, crt: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    let place =
        std::fs::read_to_string(servers.directory().join("pg_data_path")).expect("where PostgreSQL's data lies");
    let data = Path::new(place.trim()).join("data");
    let owner = std::fs::metadata(&data).expect("the data directory").uid();
    for (from, to) in [(key, "server.key"), (crt, "server.crt")] {
        let to = data.join(to);
        std::fs::copy(from, &to).expect("hand it over");
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).expect("keep it from others");
        chown(&to, Some(owner), None).expect("hand it over");
    }
    let mut admin = PgConnection::connect(&servers.database_url).await.expect("connect");
    admin.execute("alter system set ssl = on").await.expect("switch it on");
    admin.execute("select pg_reload_conf()").await.expect("tell the server");
    wait_until_true("the server has TLS", SOON, async || {
        let on = sqlx::query_scalar::<_, String>("show ssl").fetch_one(&mut admin).await;
        on.is_ok_and(|on| on == "on")
    })
    .await;
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port()
}

/// Result and message of one check.
async fn doctor(env: &BTreeMap<String, String>, check: &str) -> (String, String) {
    let findings = process::run(&["doctor", "--output", "json"], env).await.json();
    let found = findings.as_array().expect("findings").iter().find(|it| it["check"] == check).cloned();
    let found = found.unwrap_or_else(|| panic!("no {check} in {findings}"));
    let text = |name: &str| found[name].as_str().map(str::to_owned).unwrap_or_else(|| Value::Null.to_string());
    (text("health"), text("found"))
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_encrypted_and_a_server_of_another_name_or_authority_is_not_spoken_to() {
    let dir = Servers::directory_for_own();
    let (key, crt) = certificate(dir.path(), "server");
    let (_, other) = certificate(dir.path(), "other");
    let port = free_port();
    let settings = format!(
        "listeners.ssl.default = 127.0.0.1:{port}\nssl_options.cacertfile = {crt}\nssl_options.certfile = {crt}\n\
         ssl_options.keyfile = {key}\nssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n",
        crt = crt.display(),
        key = key.display()
    );
    let setup = crate::support::Setup { servers: Some(Servers::own(&settings)), ..crate::support::Setup::default() };
    let pipeline = TestPipeline::with(setup).await;
    encrypt_postgres(&pipeline.servers, &key, &crt).await;

    let mut env = pipeline.command_env();
    let at = |host: &str| pipeline.truth.service_url.replace("127.0.0.1", host);
    let verified = format!("{}?sslmode=verify-full&sslrootcert={}", at("localhost"), crt.display());
    env.insert("DATABASE_URL".into(), verified);
    env.insert("AMQP_URL".into(), format!("amqps://guest:guest@localhost:{port}/%2f"));
    env.insert("SSL_CERT_FILE".into(), crt.display().to_string());
    for name in ["LISTEN", "DESK_LISTEN", "ADMIN_LISTEN", "PUBLISH_LISTEN"] {
        env.insert(name.into(), "127.0.0.1:0".into());
    }
    let (health, said) = doctor(&env, "TLS").await;
    assert!(health == "good" && said.matches("proves its name").count() == 2, "{said}");
    for server in ["PostgreSQL", "RabbitMQ"] {
        let (health, said) = doctor(&env, server).await;
        assert_eq!(health, "good", "{server}: {said}");
    }

    // A whole service, each of whose connections is encrypted.
    let service = Service::start("encrypted", &["serve", "--roles", "publish"], &env, &pipeline.dir().join("logs"));
    service.ready().await;
    let query = "select count(*), count(*) filter (where ssl) from pg_stat_activity join pg_stat_ssl using (pid)
        where application_name like 'reelmill%' and datname = current_database()";
    let (all, encrypted): (i64, i64) =
        sqlx::query_as(query).fetch_one(pipeline.truth.pool()).await.expect("who is connected");
    assert!(all > 0 && all == encrypted, "{encrypted} of {all}");
    service.stop();

    // A certificate for another name, and one of another authority.
    let database =
        |host: &str, mode: &str, root: &Path| format!("{}?sslmode={mode}&sslrootcert={}", at(host), root.display());
    // The machine's authorities are trusted in addition to the one in the address, so here both are another one.
    for (host, mode, root, exits) in [
        ("127.0.0.1", "verify-full", &crt, 1),
        ("localhost", "verify-full", &other, 1),
        ("127.0.0.1", "require", &crt, 0),
    ] {
        let mut env = env.clone();
        env.insert("DATABASE_URL".into(), database(host, mode, root));
        env.insert("SSL_CERT_FILE".into(), root.display().to_string());
        process::run(&["status"], &env).await.exits(exits);
    }
    env.insert("SSL_CERT_FILE".into(), other.display().to_string());
    let (health, said) = doctor(&env, "RabbitMQ").await;
    assert!(health == "bad" && said.contains("certificate"), "{said}");
}
