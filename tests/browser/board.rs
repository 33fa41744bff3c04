//! A delivery by hand: found on the board, its files taken from the bag, and reported with a picture of the work.
use sha2::{Digest, Sha256};

use crate::support::browser::{PATIENCE, Scripts};
use crate::support::catalogue::{BAG, DROP};
use crate::support::planted;
use crate::support::wait::wait_until_true;

use super::{ROLES, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_by_hand_goes_from_board_to_bag_to_reported_picture() {
    let Some(stage) = Stage::with(Scripts::On, &["desk", "publish"]).await else { return };
    let id = planted::work(&stage.pipeline, "车间里的二十四小时", &[DROP, BAG]).await;
    stage.pipeline.command(&["release", &id.to_string()]).await.exits(0);
    let delivery = async |partner: &str| {
        let query = "select state from deliveries where submission = $1 and partner = $2";
        let query = sqlx::query_scalar::<_, String>(query).bind(id).bind(partner);
        query.fetch_one(stage.pipeline.truth.pool()).await.expect("the delivery's state")
    };
    wait_until_true("the bag is packed", PATIENCE, async || delivery(BAG).await == "awaiting_operator").await;
    stage.person("赵运维", &ROLES).await;
    let browser = &stage.browser;
    let page = format!("/works/{id}/deliveries/{BAG}");
    browser.open("/deliveries?waits=person").await;
    browser.click(&format!("a[href='{page}']")).await;
    browser.arrives(&page).await;

    // The film in the bag is the one that was made.
    let film = browser.attribute("a[download][href*='/bag/'][href$='.mp4']", "href").await.expect("a film");
    let (bytes, made) = (browser.download(&film).await, planted::film_path(&stage.pipeline, id));
    let made = std::fs::read(made).expect("the film that was made");
    assert_eq!(Sha256::digest(&bytes), Sha256::digest(&made));

    // A report without an address and a picture is refused.
    browser.click("form[action$='/delivered'] button").await;
    browser.element(".problem").await;
    assert_eq!(delivery(BAG).await, "awaiting_operator");
    let picture = stage.pipeline.dir().join("seen.png");
    std::fs::write(&picture, png()).expect("a picture");
    browser.open(&page).await;
    browser.fill("input[name=url]", "https://example.com/video/24").await;
    browser.attach("input[name=picture]", &picture).await;
    browser.click("form[action$='/delivered'] button").await;
    wait_until_true("the delivery is live", PATIENCE, async || delivery(BAG).await == "live").await;
    browser.open(&page).await;
    browser.says("https://example.com/video/24").await;
    // The picture opens as a picture, under the policy for files that are no pages.
    browser.click("a[href*='/proofs/']").await;
    browser.arrives(&format!("{page}/proofs/")).await;
    let shown = "return [document.contentType, document.images[0]?.naturalWidth].join(' ')";
    assert_eq!(browser.ask(shown).await, "image/png 64");
    assert_eq!(stage.pipeline.truth.count("select count(*) from proofs where file_key is not null").await, 1);
    wait_until_true("the drop is live", PATIENCE, async || delivery(DROP).await == "live").await;
}

/// A grey picture.
fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 64);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a picture's header");
    writer.write_image_data(&[128; 64 * 64]).expect("a picture's rows");
    drop(writer);
    bytes
}
