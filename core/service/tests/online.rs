//! Online transactions: the phone shows the data and approves them, and the service judges the
//! answer like an approval's.

use crate::support::{Browser, PASSWORD, PIN, Page, World, approve, events, number};
use countersign_protocol::{
    answer::Decision,
    challenge::{Challenge, Kind, Purpose, Subject, Unlock},
    message::Verified,
    reply::ResultCode,
};

const TYPED: [(&str, &str); 5] = [
    ("iban", "lv80 BANK 0000 4351 9500 1"),
    ("name", " SIA  Ozols "),
    ("amount", "12,5"),
    ("reference", "Invoice 7"),
    ("way", "phone"),
];

async fn ask(browser: &mut Browser) -> Page {
    browser.get("/account/transactions/other").await;
    browser.post("/account/transactions/other", &TYPED).await
}

fn shown(challenge: &Verified<Challenge>) -> Vec<(&str, &str)> {
    let Kind::Online { title, pairs, .. } = &challenge.kind else {
        panic!("no online transaction")
    };
    assert_eq!(title, "Transfer to another account");
    let texts = pairs.iter();
    texts
        .map(|pair| (pair.label.as_str(), pair.value.as_str()))
        .collect()
}

#[tokio::test]
async fn a_phone_shows_the_canonical_data_and_its_approval_records_the_transfer() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = ask(&mut browser).await;
    assert!(page.body.contains("compare what it shows"), "{}", page.body);
    let challenge = phone.inbox(0).await.unwrap();
    assert_eq!(challenge.purpose, Purpose::Transaction);
    assert_eq!(challenge.unlock, Unlock::Pin);
    assert_eq!(
        shown(&challenge),
        [
            ("IBAN", "LV80BANK0000435195001"),
            ("Recipient", "SIA Ozols"),
            ("Amount, EUR", "12.50"),
            ("Reference", "Invoice 7"),
        ]
    );
    approve(&mut phone, &page, PIN).await;
    let done = browser.get(&page.path).await;
    assert!(
        done.path.starts_with("/account/transactions/done/"),
        "{}",
        done.body
    );
    assert!(done.body.contains("SIA Ozols"));
    assert_eq!(number(&world, "SELECT count(*) FROM signed_transaction"), 1);
    // It was collected once; the page of the challenge records no second one.
    browser.get(&page.path).await;
    assert_eq!(number(&world, "SELECT count(*) FROM signed_transaction"), 1);
}

#[tokio::test]
async fn tries_numbers_declines_and_reports_count_as_for_an_approval() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    let shown = Some(page.number());
    let reply = phone
        .decide(&challenge, Decision::Approve, shown, "1111")
        .await;
    assert_eq!(reply.result, ResultCode::WrongPin);
    assert_eq!(reply.tries_in_row, Some(4));
    let other = if page.number() == 99 {
        10
    } else {
        page.number() + 1
    };
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(other), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::WrongNumber);
    assert_eq!(reply.tries_in_row, Some(4));
    assert!(browser.get(&page.path).await.body.contains("number"));

    ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone.decide(&challenge, Decision::Decline, None, PIN).await;
    assert_eq!(reply.result, ResultCode::Done);
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone.decide(&challenge, Decision::Report, None, PIN).await;
    assert_eq!(reply.result, ResultCode::Done);
    assert_eq!(events(&world, "reported-fraud"), 1);
    assert_eq!(browser.get(&page.path).await.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM signed_transaction"), 0);
}

#[tokio::test]
async fn an_online_transaction_and_an_approval_share_the_one_place_of_a_phone() {
    let world = World::new().await;
    let (mut browser, phone) = world.person().await;
    ask(&mut browser).await;
    let open = phone.inbox(0).await.unwrap().id;
    let mut stranger = world.browser();
    stranger.password("anna@example.eu", PASSWORD).await;
    let refused = stranger.post("/sign-in/app", &[]).await;
    assert_eq!(refused.status, 409);
    assert_eq!(phone.inbox(0).await.unwrap().id, open);
    // The same browser asks once more: the older request gives way.
    ask(&mut browser).await;
    let newer = phone.inbox(0).await.unwrap().id;
    assert_ne!(newer, open);
}

#[tokio::test]
async fn the_longest_data_that_the_page_takes_fit_a_request() {
    let world = World::new().await;
    let (mut browser, phone) = world.person().await;
    browser.get("/account/transactions/other").await;
    let (name, reference) = ("\u{1f5ff}".repeat(70), "\u{1f5ff}".repeat(35));
    let iban = "MT84MALT011000012345MTLCAST001S";
    let typed = [
        ("iban", iban),
        ("name", &name),
        ("amount", "123456789.99"),
        ("reference", &reference),
        ("way", "phone"),
    ];
    browser.post("/account/transactions/other", &typed).await;
    let challenge = phone.inbox(0).await.unwrap();
    assert_eq!(shown(&challenge)[1], ("Recipient", name.as_str()));
}

#[tokio::test]
async fn each_request_of_the_devices_page_says_what_it_is_about() {
    let world = World::new().await;
    let (mut browser, phone) = world.person().await;
    browser.get("/account/devices").await;
    let hostile = "Old, Safari on iOS";
    browser
        .post(
            "/account/devices/add",
            &[("name", hostile), ("pin", "phone"), ("with", "")],
        )
        .await;
    let challenge = phone.inbox(0).await.unwrap();
    assert_eq!(challenge.purpose, Purpose::AddDevice);
    assert_eq!(challenge.subject, Some(Subject::Factor(hostile.into())));
}
