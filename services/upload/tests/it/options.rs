use reqwest::Method;

use crate::stage::{Stage, refusal, says};

#[tokio::test]
async fn discovery_needs_neither_version_nor_token() {
    let stage = Stage::new().await;
    let answer = stage.client.request(Method::OPTIONS, format!("{}/files", stage.url)).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("tus-resumable"), "1.0.0");
    assert_eq!(header("tus-version"), "1.0.0");
    assert_eq!(header("tus-max-size"), "8589934592");
    assert_eq!(header("tus-checksum-algorithm"), "sha1,sha256,md5");
    let all = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation";
    assert_eq!(header("tus-extension"), all);
}

#[tokio::test]
async fn another_version_is_refused_with_the_one_that_is_spoken() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 4).await;
    for version in [None, Some("0.2.2"), Some("1.0.1")] {
        let mut request = stage.client.patch(format!("{}{path}", stage.url)).bearer_auth(&entry.token);
        request = request.header("upload-offset", 0).header("content-type", "application/offset+octet-stream");
        if let Some(version) = version {
            request = request.header("tus-resumable", version);
        }
        let answer = request.body("film").send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["tus-version"].to_str().unwrap()), (412, "1.0.0"));
    }
    assert_eq!(stage.offset(&path, &entry).await, 0);
}

#[tokio::test]
async fn a_browser_of_another_origin_may_send_and_read_what_the_protocol_needs() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 4).await;
    let preflight = stage.client.request(Method::OPTIONS, format!("{}{path}", stage.url));
    let preflight = preflight.header("origin", "https://a.example").header("access-control-request-method", "PATCH");
    let answer = preflight.send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_ascii_lowercase();
    assert_eq!(header("access-control-allow-origin"), "*");
    assert!(header("access-control-allow-methods").contains("patch"));
    for sent in ["authorization", "tus-resumable", "upload-offset", "upload-checksum", "content-type"] {
        assert!(header("access-control-allow-headers").contains(sent), "{sent}");
    }
    let head = stage.tus("HEAD", &path, &entry).header("origin", "https://a.example").send().await.unwrap();
    let exposed = head.headers()["access-control-expose-headers"].to_str().unwrap().to_ascii_lowercase();
    assert!(exposed.contains("upload-offset") && exposed.contains("location"));
    let refused = stage.tus("GET", &path, &entry).header("origin", "https://a.example");
    assert_eq!(refused.try_clone().unwrap().send().await.unwrap().headers()["access-control-allow-origin"], "*");
    assert_eq!(refusal(refused).await, says(405, "method_unknown"));
}

#[tokio::test]
async fn where_sites_are_named_only_their_scripts_may_read_and_no_cache_mixes_them_up() {
    let stage = Stage::with(|settings| settings.cors_origins = "https://a.example".parse().unwrap()).await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 4).await;
    let varies = |answer: &reqwest::Response| {
        let vary = answer.headers().get_all("vary").iter().map(|it| it.to_str().unwrap().to_ascii_lowercase());
        vary.flat_map(|it| it.split(',').map(|it| it.trim().to_owned()).collect::<Vec<_>>()).any(|it| it == "origin")
    };
    for (origin, allowed) in [(Some("https://a.example"), true), (Some("https://b.example"), false), (None, false)] {
        let asking = |request: reqwest::RequestBuilder| match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        let preflight = stage.client.request(Method::OPTIONS, format!("{}{path}", stage.url));
        let preflight = asking(preflight.header("access-control-request-method", "PATCH")).send().await.unwrap();
        let head = asking(stage.tus("HEAD", &path, &entry)).send().await.unwrap();
        let refused = asking(stage.client.get(format!("{}/nothing", stage.url))).send().await.unwrap();
        let statuses = [&preflight, &head, &refused].map(|answer| answer.status().as_u16());
        assert_eq!(statuses, [204, 200, 404]);
        for answer in [&preflight, &head, &refused] {
            let told = answer.headers().get("access-control-allow-origin");
            assert_eq!(told.map(|it| it.to_str().unwrap()), origin.filter(|_| allowed), "{origin:?}");
            assert_eq!(answer.headers().contains_key("access-control-expose-headers"), allowed);
            assert!(varies(answer), "{origin:?}: {:?}", answer.headers());
        }
        assert_eq!(preflight.headers().contains_key("access-control-allow-methods"), allowed, "{origin:?}");
    }
}
