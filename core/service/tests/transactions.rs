//! The sample operations: each is described once, and from that shown, typed, signed and kept.

use crate::support::{Browser, IBAN, PIN, Page, Phone, World, approve, number, sql};
use countersign_protocol::{
    challenge::Kind,
    link::{Link, LinkMessage, Source},
};

/// An operation, what somebody types on the page, and what is signed.
type Sample = (&'static str, &'static [[&'static str; 3]]);

const SAMPLES: [Sample; 7] = [
    (
        "trusted",
        &[["iban", IBAN, IBAN], ["amount", "1,234.50", "1234.50"]],
    ),
    (
        "other",
        &[
            ["iban", "lv80 BANK 0000 4351 9500 1", IBAN],
            ["name", " SIA  Ozols ", "SIA Ozols"],
            ["amount", "12,5", "12.50"],
            ["reference", "Invoice 7", "Invoice 7"],
        ],
    ),
    (
        "deletion",
        &[
            ["transfer", "T2026000123", "T2026000123"],
            ["date", "24.12.2026", "2026-12-24"],
            ["amount", "1 234,50", "1234.50"],
        ],
    ),
    (
        "cancellation",
        &[
            ["account", "U20260017", "U20260017"],
            ["units", "12,500", "12500"],
            ["reason", "Ķieģeļu ceplis slēgts", "Ķieģeļu ceplis slēgts"],
        ],
    ),
    (
        "exchange",
        &[
            ["account", "U20260017", "U20260017"],
            ["units", "12 500", "12500"],
            ["type", "UNB", "UNB"],
        ],
    ),
    (
        "return",
        &[
            ["account", "U20260017", "U20260017"],
            ["units", "7", "7"],
            ["year", "2026", "2026"],
        ],
    ),
    (
        "surrender",
        &[
            ["account", "U20260017", "U20260017"],
            ["year", "2026", "2026"],
            ["units", "999999999", "999999999"],
        ],
    ),
];

const DONE: &str = "/account/transactions/done/";

fn typed(sample: &Sample) -> Vec<(&'static str, &'static str)> {
    let fields = sample.1.iter();
    fields.map(|&[id, typed, _]| (id, typed)).collect()
}

fn signed(sample: &Sample) -> Vec<(&'static str, &'static str)> {
    let fields = sample.1.iter();
    fields.map(|&[id, _, value]| (id, value)).collect()
}

fn form(operation: &str) -> String {
    format!("/account/transactions/{operation}")
}

/// The page of the challenge, and the link that its QR code holds.
async fn begin(browser: &mut Browser, operation: &str, fields: &[(&str, &str)]) -> (Page, String) {
    let form = form(operation);
    browser.get(&form).await;
    let page = browser.post(&form, fields).await;
    assert!(page.path.starts_with("/challenge/"), "{}", page.body);
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    (page, link)
}

async fn answer(browser: &mut Browser, page: &Page, code: &str) -> Page {
    browser
        .post(&format!("{}/code", page.path), &[("code", code)])
        .await
}

#[tokio::test]
async fn b15_each_of_the_seven_operations_is_signed_by_a_code_and_other_data_give_a_wrong_one() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = browser.get("/account/transactions").await;
    assert!(
        page.body.contains("Nothing was signed yet"),
        "{}",
        page.body
    );
    for (at, sample) in SAMPLES.iter().enumerate() {
        let operation = sample.0;
        assert!(page.body.contains(&format!("href=\"{}\"", form(operation))));
        let right = signed(sample);
        let mut wrong = right.clone();
        let at = at % wrong.len();
        wrong[at].1 = "1";
        let (page, link) = begin(&mut browser, operation, &typed(sample)).await;
        let code = phone.code(&link, &wrong, PIN);
        let refused = answer(&mut browser, &page, &code).await;
        assert_eq!(refused.status, 401, "{operation} {at}");
        let (page, link) = begin(&mut browser, operation, &typed(sample)).await;
        let code = phone.code(&link, &right, PIN);
        let done = answer(&mut browser, &page, &code).await;
        assert!(done.path.starts_with(DONE), "{operation} {}", done.body);
        assert!(done.body.contains("The transaction is signed"));
        assert_eq!(browser.get(&done.path).await.body, done.body);
        world.clock.advance(15 * 60);
    }
    let data = "SELECT count(*) FROM signed_transaction WHERE operation = 'deletion' AND data =
        '[[\"transfer\",\"T2026000123\"],[\"date\",\"2026-12-24\"],[\"amount\",\"1234.50\"]]'";
    assert_eq!(number(&world, data), 1);
    let list = browser.get("/account/transactions").await;
    assert!(!list.body.contains("Nothing was signed yet"));
    for shown in [
        "LV80 BANK 0000 4351 9500 1 · €1,234.50",
        "12,500 · Ķieģeļu ceplis slēgts",
        "999,999,999",
    ] {
        assert!(list.body.contains(shown), "{shown} in {}", list.body);
    }
    let history = browser.get("/account/history").await;
    assert!(history.body.contains("Signed: Surrender of units"));
}

#[tokio::test]
async fn b15_what_can_be_undone_may_be_shown_on_the_phone_and_the_rest_is_typed_there() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    for sample in &SAMPLES {
        let form = form(sample.0);
        let offers = browser.get(&form).await.body.contains("value=\"phone\"");
        let fields = [&typed(sample)[..], &[("way", "phone")]].concat();
        let page = browser.post(&form, &fields).await;
        assert_eq!(offers, page.status == 200, "{}", page.body);
        assert_eq!(offers, !matches!(sample.0, "cancellation" | "surrender"));
        if !offers {
            assert_eq!(page.status, 400);
            continue;
        }
        let challenge = phone.inbox(0).await.unwrap();
        let Kind::Online { pairs, .. } = &challenge.kind else {
            panic!("{:?}", challenge.kind)
        };
        let shown: Vec<_> = pairs.iter().map(|pair| pair.value.as_str()).collect();
        let values: Vec<_> = signed(sample).iter().map(|(_, value)| *value).collect();
        assert_eq!(shown, values);
        approve(&mut phone, &page, PIN).await;
        let done = browser.get(&page.path).await;
        assert!(done.path.starts_with(DONE), "{}", done.body);
    }
    assert_eq!(number(&world, "SELECT count(*) FROM signed_transaction"), 5);
}

#[tokio::test]
async fn hostile_values_are_refused_field_by_field_and_shown_as_text() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    for sample in &SAMPLES {
        let form = form(sample.0);
        browser.get(&form).await;
        for at in 0..sample.1.len() {
            for bad in [
                "",
                " ",
                "\u{202e}1",
                "1\n2",
                "a\u{200b}",
                "\u{e000}",
                &"7".repeat(5000),
            ] {
                let mut fields = typed(sample);
                fields[at].1 = bad;
                let page = browser.post(&form, &fields).await;
                assert_eq!(page.status, 400, "{sample:?} {at} {bad:?}");
                assert_eq!(page.body.matches("aria-invalid").count(), 1);
            }
            let mut fields = typed(sample);
            let again = fields[at];
            fields.push(again);
            assert_eq!(browser.post(&form, &fields).await.status, 400);
            fields.retain(|field| field.0 != again.0);
            assert_eq!(browser.post(&form, &fields).await.status, 400);
        }
    }
    for (operation, field, bad) in [
        // A right IBAN, and none of the list.
        ("trusted", "iban", "GB82WEST12345698765432"),
        ("exchange", "type", "UNX"),
        ("return", "units", "0"),
        ("return", "units", "1.5"),
        ("return", "year", "1926"),
        ("deletion", "date", "30.02.2026"),
        ("deletion", "transfer", "X2026000123"),
        ("cancellation", "account", "u20260017"),
    ] {
        let sample = SAMPLES.iter().find(|sample| sample.0 == operation).unwrap();
        let mut fields = typed(sample);
        fields.iter_mut().find(|(id, _)| *id == field).unwrap().1 = bad;
        let page = browser.post(&form(operation), &fields).await;
        assert_eq!(page.status, 400, "{operation} {field} {bad}");
    }
    for nowhere in ["nothing", "Other", "other/x", "done", "%2e%2e"] {
        assert_eq!(browser.get(&form(nowhere)).await.status, 404, "{nowhere}");
    }
    assert_eq!(browser.post(&form("nothing"), &[]).await.status, 404);

    let script = "<script>alert(1)</script>&\"'";
    let fields = [
        ("iban", IBAN),
        ("name", script),
        ("amount", "1"),
        ("reference", "x"),
    ];
    let (page, link) = begin(&mut browser, "other", &fields).await;
    assert!(!page.body.contains("<script>alert"));
    let signed = [
        ("iban", IBAN),
        ("name", script),
        ("amount", "1.00"),
        ("reference", "x"),
    ];
    let code = phone.code(&link, &signed, PIN);
    let done = answer(&mut browser, &page, &code).await;
    assert!(done.body.contains("&lt;script&gt;alert"), "{}", done.body);
    let list = browser.get("/account/transactions").await;
    assert!(!list.body.contains("<script>alert"));

    // What somebody signed is theirs alone.
    let mut other = world.browser();
    other.register("janis@example.eu").await;
    assert_eq!(other.get(&done.path).await.status, 404);
    let list = other.get("/account/transactions").await;
    assert!(list.body.contains("Nothing was signed yet"));
    assert_eq!(world.browser().get(&done.path).await.path, "/sign-in");
}

/// Title and labels that the phone shows, from what the service signed.
fn asked(phone: &Phone, link: &str) -> (String, Vec<String>) {
    let LinkMessage::Challenge(challenge) = Link::parse(link, Source::Camera).unwrap().message
    else {
        panic!("not a challenge")
    };
    let key = phone.info.signing_key(phone.info.kid).unwrap();
    let challenge = challenge.verify(key).unwrap();
    let Kind::Transaction { title, fields, .. } = &challenge.kind else {
        panic!("no transaction")
    };
    let labels = fields.iter().map(|field| field.label.clone());
    (title.clone(), labels.collect())
}

#[tokio::test]
async fn b15_title_and_labels_are_signed_in_the_language_of_who_asks() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let sample = &SAMPLES[1];
    let (_, link) = begin(&mut browser, sample.0, &typed(sample)).await;
    let labels = ["IBAN", "Recipient", "Amount, EUR", "Reference"];
    let (title, found) = asked(&phone, &link);
    assert_eq!(
        (title.as_str(), &found[..]),
        ("Transfer to another account", &labels.map(String::from)[..])
    );

    sql(&world, "UPDATE account SET language = 'lv'");
    for sample in &SAMPLES {
        world.clock.advance(5 * 60);
        begin(&mut browser, sample.0, &signed(sample)).await;
    }
    let (page, link) = begin(&mut browser, sample.0, &typed(sample)).await;
    let labels = ["IBAN", "Saņēmējs", "Summa, EUR", "Maksājuma mērķis"];
    let (title, found) = asked(&phone, &link);
    assert_eq!(
        (title.as_str(), &found[..]),
        ("Pārvedums uz citu kontu", &labels.map(String::from)[..])
    );
    let code = phone.code(&link, &signed(sample), PIN);
    let done = answer(&mut browser, &page, &code).await;
    assert!(
        done.body.contains("Darījums ir parakstīts"),
        "{}",
        done.body
    );
    assert!(done.body.contains("12,50\u{a0}€"), "{}", done.body);
    let form = form("return");
    let page = browser
        .post(&form, &[("account", ""), ("units", "1"), ("year", "2026")])
        .await;
    assert!(
        page.body.contains("Šis lauks ir jāaizpilda"),
        "{}",
        page.body
    );
    let history = browser.get("/account/history").await;
    assert!(history.body.contains("Parakstīts: Pārvedums uz citu kontu"));
}
