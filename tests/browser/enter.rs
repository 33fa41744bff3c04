//! Entering a work in a browser, and its page afterwards: typed text is kept, errors are shown next to their fields,
//! the link opens the entry on another device until it is replaced, the receipt is printed, and open pages follow the
//! work.
use pipeline::delivery::{DeliveryEvent, IntentId, Receipt};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Stage;
use super::contest::Site;
use crate::desk::made::stand;
use crate::support::browser::{Browser, PATIENCE, Scripts};
use crate::support::catalogue::{BAG, DROP};
use crate::support::smtp::Smtp;
use crate::support::wait::wait_until_true;
use crate::support::{TestPipeline, planted, reviewed};

/// Fills in a valid form of the demo contest.
async fn fill(browser: &Browser) {
    for (field, text) in
        [("title", "一座工厂的早晨"), ("entrant-name", "张三"), ("entrant-contact-phone", "13812345678")]
    {
        browser.fill(&format!("#f-{field}"), text).await;
    }
    browser.click("#f-theme option[value=digital]").await;
    browser.click("#f-declarations-ai_use option[value=none]").await;
    for declaration in ["originality", "rights"] {
        browser.click(&format!("#f-declarations-{declaration}")).await;
    }
}

/// Opens an entry by its link, on another device.
async fn by_link(site: &Site, link: &str) -> Browser {
    let other = site.driver.browser(&site.base, Scripts::On).await;
    other.open(link.strip_prefix(&site.base).unwrap_or(link)).await;
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_is_entered_and_every_page_on_the_way_reads_well() {
    let Some(site) = Site::new(Scripts::On).await else { return };
    let browser = &site.browser;
    let mut found = browser.look_at("/contests/demo/enter", "enter").await;
    found.extend(browser.look_at("/contests/closing/enter", "enter-call").await);
    found.extend(browser.look_at("/find", "find").await);

    browser.speak("zh", "/contests/demo/enter").await;
    browser.click("form.entry button").await;
    browser.says("以下各项需要修改").await;
    browser.says("须填写电话或邮箱").await;
    // The page has the problem's status, which browsers log in their console.
    found.extend(browser.look("zh", "enter-wrong").await.into_iter().filter(|it| !it.contains("422")));

    fill(browser).await;
    browser.says("已自动保存").await;
    browser.open("/contests/demo/enter").await;
    assert_eq!(browser.value("#f-title").await, "一座工厂的早晨", "what was typed is there after a reload");
    browser.click("form.entry button").await;
    browser.arrives("/entries/").await;
    let path = browser.path().await;
    found.extend(browser.look_at(&path, "entry").await);
    found.extend(browser.look_at(&format!("{path}/print"), "entry-print").await);
    assert_eq!(browser.print("entry-print").await, 1, "the receipt is one sheet");
    found.extend(browser.look_at(&format!("{path}/key"), "entry-key").await);
    found.extend(browser.look_at(&format!("{path}/correct"), "entry-correct").await);
    found.extend(browser.look_at(&format!("{path}/replace"), "entry-replace").await);
    found.extend(browser.look_at(&format!("{path}/withdraw"), "entry-withdraw").await);

    // The link on another device: the key disappears from the address at once.
    browser.speak("zh", &path).await;
    let link = browser.text(".link code").await;
    let other = by_link(&site, &link).await;
    other.says("一座工厂的早晨").await;
    assert_eq!(other.ask("return location.pathname + location.hash").await, path.as_str());

    // The key is replaced here and no longer works there; the page with the new key opens the entry.
    browser.click("a[href$='/key']").await;
    browser.click("form[action$='/key'] button").await;
    browser.arrives("/entries/").await;
    let new = browser.text(".link code").await;
    assert_ne!(new, link);
    other.open(&path).await;
    other.says("请粘贴报名时保存的查询链接").await;
    found.extend(other.look_at(&path, "entry-locked").await);
    let other = by_link(&site, &new).await;
    other.says("一座工厂的早晨").await;

    // A change made here is shown there, without a reload.
    browser.click("a[href$='/withdraw']").await;
    browser.click("button.danger").await;
    browser.says("您已撤回该作品").await;
    other.says("您已撤回该作品").await;
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    site.service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_link_is_asked_for_and_comes_by_mail() {
    const URL: &str = "http://enter.example";
    let smtp = Smtp::start(&[]).await;
    let mail = [("SMTP_URL", smtp.url.as_str()), ("MAIL_FROM", "noreply@example.org"), ("PUBLIC_URL", URL)];
    let Some(site) = Site::with(Scripts::On, &mail).await else { return };
    let browser = &site.browser;
    browser.speak("zh", "/contests/demo/enter").await;
    fill(browser).await;
    browser.fill("#f-entrant-contact-email", "zhang@example.cn").await;
    browser.click("form.entry button").await;
    browser.arrives("/entries/").await;
    let number = browser.text("dd strong").await;

    let other = site.driver.browser(&site.base, Scripts::On).await;
    let mut found = other.look_at("/find", "find-by-mail").await;
    other.speak("zh", "/find").await;
    other.fill("#of", "GQ24-4829-1735-0000").await;
    other.click("form[method=post] button").await;
    other.says("请填写完整的邮箱地址").await;
    found.extend(other.look("zh", "find-wrong").await.into_iter().filter(|it| !it.contains("422")));
    other.fill("#of", &number).await;
    other.fill("#address", "zhang@example.cn").await;
    other.click("form[method=post] button").await;
    other.says("已收到请求").await;
    found.extend(other.look("zh", "find-asked").await);
    wait_until_true("the mail is there", PATIENCE, async || smtp.mails().len() == 1).await;
    let mail = smtp.mails().remove(0);
    assert_eq!(mail.to, "zhang@example.cn");
    // Pasted where the page is open by the old key: the new one takes its place, and the address keeps neither.
    let key = |link: &str| link.split_once('#').expect("a key").1.to_owned();
    let old = key(&browser.text(".link code").await);
    let link = mail.link();
    let mailed = link.strip_prefix(URL).expect("our address");
    browser.open(mailed).await;
    let opened = async || key(&browser.text(".link code").await) == key(mailed);
    wait_until_true("the page is open by the new key", PATIENCE, opened).await;
    assert_eq!(browser.ask("return location.hash").await, "");
    // The old key is invalid once the new one is used, which opens the page elsewhere.
    other.open(&format!("/entries/{number}#{old}")).await;
    other.says("查询链接不正确或已停用").await;
    other.open("/find").await;
    other.open(mailed).await;
    other.says("一座工厂的早晨").await;
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    site.service.stop();
}

/// The page of a planted work, with its key.
async fn page_of(pipeline: &TestPipeline, work: Uuid) -> String {
    let receipt = pipeline::receipt::Receipt::new("T", work.as_u64_pair().1);
    let token = format!("{}.{}", work.simple(), "A".repeat(43));
    let query = "update submissions set receipt = $2, token_sha256 = $3 where id = $1";
    let query = sqlx::query(query).bind(work).bind(receipt.as_str()).bind(Sha256::digest(&token).to_vec());
    query.execute(pipeline.truth.pool()).await.expect("give a work its key");
    format!("/entries/{receipt}#{token}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_work_says_where_it_is_and_what_was_measured() {
    let Some(stage) = Stage::with(Scripts::On, &["upload", "desk"]).await else { return };
    let base = format!("http://{}", stage.service.api_address().expect("the public address"));
    let pipeline = &stage.pipeline;
    let browser = stage.driver.browser(&base, Scripts::On).await;
    let mut found = Vec::new();

    let waiting = reviewed::work(pipeline, "钢铁是有颜色的", &[DROP, BAG]).await;
    let page = page_of(pipeline, waiting).await;
    let path = page.split('#').next().expect("a path").to_owned();
    browser.speak("zh", "/find").await;
    browser.open(&page).await;
    browser.says("主办方工作人员初筛").await;
    found.extend(browser.look_at(&path, "entry-in-review").await);
    browser.speak("zh", &path).await;
    let refused = ["review", "reject", &waiting.to_string(), "--reason", "画面中有第三方商标，请遮挡后重新提交。"];
    pipeline.command(&refused).await.exits(0);
    // The page updates itself.
    browser.says("画面中有第三方商标").await;
    found.extend(browser.look("zh", "entry-refused").await);

    let released = planted::work(pipeline, "灯塔工厂的早晨", &[DROP, BAG]).await;
    let page = page_of(pipeline, released).await;
    pipeline.command(&["release", &released.to_string()]).await.exits(0);
    let (intent, receipt) = (IntentId(Uuid::now_v7()), Receipt("1".into()));
    let public_url = Some("https://example.cn/v/1".to_owned());
    let events = [DeliveryEvent::HandedToOperator { intent }, DeliveryEvent::WentLive { receipt, public_url }];
    stand(pipeline, released, BAG, &events).await;
    browser.open("/find").await;
    browser.open(&page).await;
    browser.says("向各平台投放").await;
    assert_eq!(browser.attribute("a.out", "href").await.as_deref(), Some("https://example.cn/v/1"));
    found.extend(browser.look_at(page.split('#').next().expect("a path"), "entry-online").await);
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    stage.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_is_entered_found_rekeyed_and_withdrawn_without_a_script() {
    let Some(site) = Site::new(Scripts::Off).await else { return };
    let browser = &site.browser;
    browser.open("/contests/demo").await;
    browser.click("a.primary").await;
    browser.arrives("/contests/demo/enter").await;
    browser.click("form.entry button").await;
    browser.says("请选择一项").await;
    fill(browser).await;
    browser.click("form.entry button").await;
    browser.arrives("/entries/").await;
    browser.says("请您上传作品").await;
    browser.click("a[href$='/correct']").await;
    browser.fill("#f-title", "一座工厂的夜晚").await;
    browser.click("form.entry button").await;
    browser.says("一座工厂的夜晚").await;
    let number = browser.text("dd strong").await;
    let link = browser.text(".link code").await;

    let other = site.driver.browser(&site.base, Scripts::Off).await;
    other.open("/find").await;
    other.fill("#number", &number.to_lowercase().replace('-', " ")).await;
    other.click("form[action='/find'] button").await;
    other.says("请粘贴报名时保存的查询链接").await;
    other.fill("input[name=key]", &link).await;
    other.click("#open button").await;
    other.says("一座工厂的夜晚").await;
    other.click("a[href$='/withdraw']").await;
    other.click("button.danger").await;
    other.says("您已撤回该作品").await;
    other.click("a[href$='/key']").await;
    other.click("form[action$='/key/end'] button").await;
    other.says("请粘贴报名时保存的查询链接").await;
    // The session that was ended there is ended here too.
    browser.open(&format!("/entries/{number}")).await;
    browser.says("请粘贴报名时保存的查询链接").await;
    site.service.stop();
}
