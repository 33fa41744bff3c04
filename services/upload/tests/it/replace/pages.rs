//! The pages on which an entrant replaces the film and corrects the form.
use crate::enter::Clerk;
use crate::stage::{Entry, Stage, bytes};

#[tokio::test]
async fn the_entrys_page_offers_another_film_says_what_it_means_and_takes_it() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let line = clerk.line(&path);
    let key = line.split("entry=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let id = stage.ask("select id::text from submissions".into()).await;
    let entry = Entry { id, token: key };
    let (replace, offered) = (format!("{path}/replace"), format!("href=\"{path}/replace\""));
    assert!(!clerk.open(&path).await.1.contains(&offered), "there is no film yet");
    let (status, page) = clerk.open(&replace).await;
    assert!(status == 200 && page.contains("影片尚未收齐") && !page.contains("<form class=\"act\""), "{page}");
    stage.whole(&entry, &bytes(10)).await;
    stage.refused(&entry).await;
    assert!(clerk.open(&path).await.1.contains(&offered));
    let page = clerk.open(&replace).await.1;
    assert!(page.contains("回执编号和报名信息不变") && page.contains("<form class=\"act\""), "{page}");
    let answer = clerk.post(&replace, &[]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, path.as_str()));
    let page = clerk.open(&path).await.1;
    assert!(page.contains("您已申请更换影片") && page.contains("id=\"upload\"") && !page.contains(&offered), "{page}");
    stage.whole(&entry, &bytes(11)).await;
    let page = clerk.open(&path).await.1;
    assert!(page.contains("更换前的影片") && page.contains("检测中") && !page.contains("id=\"upload\""), "{page}");
    // A form from the browser's history, twice.
    assert_eq!(clerk.post(&replace, &[]).await.status(), 303);
    assert_eq!(clerk.post(&replace, &[]).await.status(), 303);
    assert_eq!(stage.happened(&entry).await.iter().filter(|what| *what == "replacing").count(), 2);
}

#[tokio::test]
async fn the_correction_page_is_filled_in_except_sealed_fields_and_shows_errors() {
    let stage = Stage::new().await;
    let mut clerk = Clerk::new(&stage);
    let path = clerk.enters().await;
    let correct = format!("{path}/correct");
    assert!(clerk.open(&path).await.1.contains(&format!("href=\"{correct}\"")));
    let page = clerk.open(&correct).await.1;
    assert!(page.contains("value=\"一座工厂的早晨\"") && page.contains("name=\"entrant.contact.phone\""), "{page}");
    for sealed in ["张三", "13812345678"] {
        assert!(!page.contains(sealed), "{sealed}: {page}");
    }
    let wrong = clerk.post(&correct, &[("title", ""), ("theme", "digital"), ("entrant.contact.phone", "x")]).await;
    assert_eq!(wrong.status(), 422);
    let page = wrong.text().await.unwrap();
    assert!(page.contains("id=\"f-title-wrong\"") && page.contains("id=\"f-entrant-contact-phone-wrong\""), "{page}");
    let fields =
        [("title", "一座工厂的夜晚"), ("theme", "digital"), ("entrant.name", ""), ("entrant.contact.phone", "")];
    let answer = clerk.post(&correct, &fields).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
    assert!(clerk.open(&path).await.1.contains("一座工厂的夜晚"));
    let said = "select detail->>'fields' from history where what = 'corrected'";
    assert_eq!(stage.ask(said.into()).await, "[\"title\"]");
    assert_eq!(Clerk::new(&stage).open(&correct).await.0, 401);
}
