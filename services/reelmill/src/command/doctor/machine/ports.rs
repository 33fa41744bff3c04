//! The ports: free, or served by this installation.
use std::net::SocketAddr;

use runtime::config::{DeskConfig, PublishConfig, ServingConfig, UploadConfig};
use tokio::net::TcpListener;

use crate::command::doctor::finding::{Finding, Mend};

/// Whether the services can listen, or do so already.
pub(crate) async fn ports(
    upload: &UploadConfig,
    desk: &DeskConfig,
    serving: &ServingConfig,
    publish: &PublishConfig,
) -> Vec<Finding> {
    const API: Mend =
        Mend { zh: "结束占用该端口的程序，或改 LISTEN", en: "end what listens there, or set LISTEN" };
    const DESK: Mend = Mend {
        zh: "结束占用该端口的程序，或改 DESK_LISTEN",
        en: "end what listens there, or set DESK_LISTEN",
    };
    const ADMIN: Mend = Mend {
        zh: "结束占用该端口的程序，或改 ADMIN_LISTEN",
        en: "end what listens there, or set ADMIN_LISTEN",
    };
    const PARTNERS: Mend = Mend {
        zh: "结束占用该端口的程序，或改 PUBLISH_LISTEN",
        en: "end what listens there, or set PUBLISH_LISTEN",
    };
    let api = port("public API", upload.listen, Some("/api/v1/openapi.json"), API);
    let desk = port("desk", desk.desk_listen, Some("/api/v1/openapi.json"), DESK);
    let admin = port("metrics and health", serving.admin_listen, Some("/healthz"), ADMIN);
    let partners = port("partners' port", publish.publish_listen, None, PARTNERS);
    vec![api.await, desk.await, admin.await, partners.await]
}

async fn port(name: &'static str, address: SocketAddr, ours: Option<&str>, mend: Mend) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::good(name, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match answers(address, ours).await {
            true => Finding::good(name, format!("{address} is served")),
            false => Finding::poor(name, format!("another program listens on {address}"), mend),
        },
        Err(error) => Finding::bad(name, format!("cannot listen on {address}: {error}"), mend),
    }
}

/// Whether the listener is ours, by a path that we serve; for a port without a public path, whether it speaks HTTP.
async fn answers(address: SocketAddr, ours: Option<&str>) -> bool {
    let Ok(api) = crate::api::Api::new(&format!("http://{address}")) else { return false };
    let asked = api.http.get(format!("http://{address}{}", ours.unwrap_or("/")));
    let answer = asked.timeout(std::time::Duration::from_secs(3)).send().await;
    answer.is_ok_and(|answer| ours.is_none() || answer.status().is_success())
}
