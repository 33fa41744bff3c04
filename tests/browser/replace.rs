//! Another film for a work that was refused: announced by a form alone, sent from the same page, checked again under the same receipt.
use sha2::{Digest, Sha256};

use super::send::{Waiting, nothing};
use crate::support::browser::{PATIENCE, Scripts};
use crate::support::clips;

/// Four seconds whose picture is square, which the contest does not take.
fn square(waiting: &Waiting) -> std::path::PathBuf {
    let file = waiting.films.join("方形.mp4");
    let args =
        ["-f", "lavfi", "-i", "testsrc2=size=320x320:rate=25:duration=4", "-f", "lavfi", "-i", "sine=duration=4"];
    let codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2"];
    clips::ffmpeg(args.iter().chain(&codecs), &file);
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_film_gives_way_to_another_one_under_the_same_receipt() {
    let Some(waiting) = Waiting::new(&[], &[]).await else { return };
    let device = waiting.device().await;
    let browser = &device.browser;
    device.choose(&square(&waiting)).await;
    browser.click("[data-part=start]").await;
    waiting.pipeline.truth.reaches(waiting.entered.id, "rejected", PATIENCE).await;
    browser.says("处理办法").await;
    let mut found = device.look("entry-refused-by-rules").await;

    // Announced where no script runs.
    found.extend(browser.look_at(&format!("{}/replace", waiting.page), "entry-may-replace").await);
    let plain = waiting.driver.browser(&waiting.base, Scripts::Off).await;
    plain.open(&waiting.page).await;
    plain.fill("[name=key]", &waiting.entered.token).await;
    plain.click("#open button").await;
    plain.click("a[href$='/replace']").await;
    plain.says("回执编号和报名信息不变").await;
    plain.click("form[action$='/replace'] button").await;
    plain.arrives(&waiting.page).await;
    plain.says("需要启用 JavaScript").await;

    // Sent from the page that was open all the time.
    browser.speak("zh", &waiting.page).await;
    browser.says("选择影片文件").await;
    found.extend(device.look("entry-replacing").await);
    let other = clips::plain(&waiting.films, 4);
    device.choose(&other).await;
    browser.click("[data-part=start]").await;
    browser.says("待初筛").await;
    browser.open(&waiting.page).await;
    browser.says("更换前的影片").await;
    assert_eq!(browser.path().await, waiting.page, "the receipt stays");
    found.extend(device.look("entry-replaced").await);
    let query = sqlx::query_scalar("select mezzanine_sha256 from submissions where id = $1").bind(waiting.entered.id);
    let stored: Vec<u8> = query.fetch_one(waiting.pipeline.truth.pool()).await.expect("the entry's row");
    assert_eq!(stored, Sha256::digest(std::fs::read(other).expect("the film")).to_vec(), "the other film counts");
    nothing(&found);
}
