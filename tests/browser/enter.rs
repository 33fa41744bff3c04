//! Entering a work in a browser: what is typed is kept, errors stand beside their fields, the receipt's link opens the entry elsewhere.
use super::contest::Site;
use crate::support::browser::Scripts;

/// Fills in a form of the demo that keeps every rule.
async fn fill(site: &Site) {
    let browser = &site.browser;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_work_is_entered_and_every_page_on_the_way_reads_well() {
    let Some(site) = Site::new(Scripts::On).await else { return };
    let browser = &site.browser;
    let mut found = browser.look_at("/contests/demo/enter", "enter").await;
    found.extend(browser.look_at("/contests/closing/enter", "enter-call").await);

    browser.speak("zh", "/contests/demo/enter").await;
    browser.click("form.entry button").await;
    browser.says("以下各项需要修改").await;
    browser.says("须填写电话或邮箱").await;
    // The page has the problem's status, which browsers note in their console.
    found.extend(browser.look("zh", "enter-wrong").await.into_iter().filter(|it| !it.contains("422")));

    fill(&site).await;
    browser.says("已自动保存").await;
    browser.open("/contests/demo/enter").await;
    assert_eq!(browser.value("#f-title").await, "一座工厂的早晨", "what was typed is there after a reload");
    browser.click("form.entry button").await;
    browser.arrives("/entries/").await;
    let path = browser.path().await;
    found.extend(browser.look_at(&path, "entry").await);

    // The link, on another device: the key leaves the address at once.
    let link = browser.text("section > p > code").await;
    let other = site.driver.browser(&site.base, Scripts::On).await;
    other.open(&path).await;
    other.says("查询凭证").await;
    found.extend(other.look_at(&path, "entry-locked").await);
    other.open(link.strip_prefix(&site.base).unwrap_or(&link)).await;
    other.says("一座工厂的早晨").await;
    assert_eq!(other.path().await, path);

    browser.open(&format!("{path}/withdraw")).await;
    found.extend(browser.look_at(&format!("{path}/withdraw"), "entry-withdraw").await);
    browser.click("button.danger").await;
    browser.arrives("/entries/").await;
    browser.says("withdrew").await;
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    site.service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_is_entered_and_withdrawn_without_a_script() {
    let Some(site) = Site::new(Scripts::Off).await else { return };
    let browser = &site.browser;
    browser.open("/contests/demo").await;
    browser.click("a.primary").await;
    browser.arrives("/contests/demo/enter").await;
    browser.click("form.entry button").await;
    browser.says("请选择一项").await;
    fill(&site).await;
    browser.click("form.entry button").await;
    browser.arrives("/entries/").await;
    browser.says("请您上传作品").await;
    browser.click("a[href$='/withdraw']").await;
    browser.click("button.danger").await;
    browser.says("您已撤回该作品").await;
    site.service.stop();
}
