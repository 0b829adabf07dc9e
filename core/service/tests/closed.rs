//! Accounts that were disabled from the command line, while the service runs.
#![allow(clippy::unwrap_used, clippy::panic)]

use countersign_protocol::{answer::Decision, reply::ResultCode};
use countersign_service::Act;

use crate::support::{PIN, Phone, World, number};

#[tokio::test]
async fn an_enrolment_under_way_ends_with_the_account_that_is_disabled() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = browser.begin_device(&[("name", "Second")]).await;
    let challenge = phone.inbox(0).await.unwrap();
    phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    let page = browser.get(&page.path).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let mut second = Phone::scan(world.service.address(), world.clock.clone(), &link).await;
    let code = second.claim("5071").await.confirmation_code.unwrap();
    browser.get(&page.path).await;
    let typed = format!("{}/code", page.path);
    browser.post(&typed, &[("code", &code)]).await;

    world.act(Act::Disable, "anna@example.eu").await.unwrap();
    let answer = second.complete_raw_status().await;
    assert_eq!(answer, 401, "its device is gone");
    world.act(Act::Enable, "anna@example.eu").await.unwrap();
    assert_eq!(number(&world, "SELECT count(*) FROM device"), 1);
    // The device from before works again.
    assert_eq!(phone.status().await.result, ResultCode::Done);
}
