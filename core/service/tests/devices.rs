//! The page of the devices: what each action needs, what it says afterwards, and the way out when
//! no device works.

use crate::support::{Browser, PASSWORD, PIN, Page, Phone, World, approve, begin_sign_in, number};
use countersign_protocol::{reply::ResultCode, update::ChangeKind};

const SECOND_PIN: &str = "5071";

async fn post(browser: &mut Browser, action: &str, fields: &[(&str, &str)]) -> Page {
    browser.get("/account/devices").await;
    let path = format!("/account/devices/{action}");
    browser.post(&path, fields).await
}

/// The form that removes a device, as the page has it.
async fn removal(browser: &mut Browser, phone: &Phone) -> String {
    let page = browser.get("/account/devices").await;
    let forms = page.body.split("action=\"/account/devices/remove\"");
    let mut forms = forms.skip(1).map(|form| form.split("</form>").next());
    let dev = format!("name=\"dev\" value=\"{}\"", phone.dev());
    let form = forms.find(|form| form.unwrap().contains(&dev));
    form.unwrap().unwrap().to_owned()
}

async fn block(phone: &mut Phone) {
    for _ in 0..5 {
        let slot = phone.change(phone.wanted(ChangeKind::Change, "9374", "6304"));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::WrongPin);
    }
}

#[tokio::test]
async fn b13_another_phone_confirms_a_removal_where_there_is_one_and_is_chosen_where_there_are_several()
 {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let mine = phone.dev();
    // The last one confirms its own.
    let page = post(&mut browser, "remove", &[("dev", &mine)]).await;
    assert!(phone.inbox(0).await.is_some());
    browser.post(&format!("{}/cancel", page.path), &[]).await;

    let with = Some((&mut phone, PIN));
    let mut second = browser.add(&world.clock, "Second", SECOND_PIN, with).await;
    assert!(!removal(&mut browser, &phone).await.contains("<select"));
    let itself = post(&mut browser, "remove", &[("dev", &mine), ("with", &mine)]).await;
    assert_eq!(itself.status, 409);
    let page = post(&mut browser, "remove", &[("dev", &mine)]).await;
    assert!(page.body.contains("Look at Second"), "{page:?}");
    assert!(phone.inbox(0).await.is_none() && second.inbox(0).await.is_some());
    browser.post(&format!("{}/cancel", page.path), &[]).await;

    browser.get("/account/devices").await;
    let with = ("with", second.dev());
    let page = browser
        .begin_device(&[("name", "Third"), (with.0, &with.1)])
        .await;
    approve(&mut second, &page, SECOND_PIN).await;
    let page = browser.get(&page.path).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let mut third = Phone::scan(world.service.address(), world.clock.clone(), &link).await;
    let code = third.claim("8305").await.confirmation_code.unwrap();
    browser.get(&page.path).await;
    let path = format!("{}/code", page.path);
    browser.post(&path, &[("code", &code)]).await;
    assert_eq!(third.complete().await.result, ResultCode::Done);
    let form = removal(&mut browser, &phone).await;
    assert!(
        !form.contains(&format!("<option value=\"{mine}\"")),
        "{form}"
    );
    for other in [second.dev(), third.dev()] {
        assert!(
            form.contains(&format!("<option value=\"{other}\"")),
            "{form}"
        );
    }
    // Of two others one that is blocked is not asked.
    block(&mut third).await;
    assert!(!removal(&mut browser, &phone).await.contains("<select"));
}

#[tokio::test]
async fn b13_each_action_says_that_it_was_done() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let mut asked = browser.seen.iter().rev().map(|(path, _)| path);
    let code = asked.find_map(|path| path.strip_suffix("/code"));
    let enrolment = code.unwrap().to_owned();
    let page = browser.get(&enrolment).await;
    assert_eq!(page.path, "/account/devices");
    assert!(page.body.contains("The device is added"), "{}", page.read());
    // Once.
    let page = browser.get("/account/devices").await;
    assert!(!page.body.contains("The device is added"));
    let fields = [("dev", phone.dev()), ("name", "Work phone".to_owned())];
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let page = post(&mut browser, "rename", &fields).await;
    assert!(
        page.body.contains("The device has its new name"),
        "{page:?}"
    );
    let page = post(&mut browser, "rename", &[fields[0], ("name", "")]).await;
    assert!(
        !page.body.contains("The device has its new name"),
        "{page:?}"
    );
    world.clock.advance(61);
    let page = browser.get("/account/devices").await;
    assert!(
        !page.body.contains("The device has its new name"),
        "{page:?}"
    );
    let page = post(&mut browser, "remove", &fields[..1]).await;
    approve(&mut phone, &page, PIN).await;
    let page = browser.get(&page.path).await;
    assert!(page.body.contains("The device is removed"), "{page:?}");
    // The account lost its last device: nothing is offered that would be refused.
    assert!(page.body.contains("has lost its last device"), "{page:?}");
    assert!(page.body.contains("class=\"button\" href=\"/recovery\""));
    assert!(!page.body.contains("/account/devices/add"), "{page:?}");
}

#[tokio::test]
async fn with_the_only_device_blocked_a_button_leads_to_a_recovery_which_asks_for_the_password() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = browser.get("/account/devices").await;
    assert!(page.body.contains("Manage"), "{page:?}");
    block(&mut phone).await;
    let page = browser.get("/account/devices").await;
    assert!(page.body.contains("blocked after too many wrong PINs"));
    assert!(page.body.contains("class=\"button\" href=\"/recovery\""));
    for action in ["add", "remove", "unblock", "rename"] {
        assert!(
            !page.body.contains(&format!("devices/{action}")),
            "{action}"
        );
    }
    for (password, status) in [("", 401), ("Wrong-horse8", 401)] {
        browser.get("/recovery").await;
        let page = browser.post("/recovery", &[("old", password)]).await;
        assert_eq!(page.status, status);
        assert!(page.body.contains("id=\"old-error\""), "{page:?}");
    }
    assert_eq!(number(&world, "SELECT count(*) FROM recovery"), 0);
    browser.get("/recovery").await;
    let page = browser.post("/recovery", &[("old", PASSWORD)]).await;
    assert!(page.body.contains("is under way"), "{page:?}");
    assert_eq!(number(&world, "SELECT count(*) FROM recovery"), 1);
    let page = browser.get("/account/devices").await;
    assert!(page.body.contains("See the recovery"), "{page:?}");
    assert!(!page.body.contains("devices/remove"), "{page:?}");
    // After the password alone nothing is asked again.
    begin_sign_in(&mut browser, "/sign-in/app").await;
    let page = browser.get("/recovery").await;
    assert!(!page.body.contains("name=\"old\""), "{page:?}");
}
