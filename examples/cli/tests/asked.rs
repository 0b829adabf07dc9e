//! What the program shows of a request, in words and as JSON: every part in a field of its own,
//! whatever names are in it.
#![allow(clippy::unwrap_used)]

use crate::common::world::{EMAIL, PASSWORD, PIN, World};
use countersign_cli::person::Transfer;

/// Names that would be taken for something else if a sentence were taken apart.
const HOSTILE: [&str; 4] = [
    "Old, Safari on iOS",
    "from Safari on iOS",
    "Old”, Safari on iOS, LV",
    "account  \"bank\" at Bank (bank.eu)",
];

/// The value of a row in the words of a request.
fn row<'a>(words: &'a str, name: &str) -> &'a str {
    let start = format!("  {name}  ");
    let mut rows = words.lines().filter(|line| line.starts_with(&start));
    let found = rows
        .next()
        .unwrap_or_else(|| panic!("no row {name}: {words}"));
    assert_eq!(rows.next(), None, "two rows {name}: {words}");
    found.strip_prefix(&start).unwrap().trim_start()
}

/// Anna asks on the page to remove the phone, which confirms that itself. Returns the device's
/// identifier.
async fn ask_to_remove(world: &mut World) -> String {
    world.anna.open("/account/devices").await.unwrap();
    let html = &world.anna.page().html;
    let (_, rest) = html.split_once("name=\"dev\" value=\"").unwrap();
    let dev = rest.split_once('"').unwrap().0.to_owned();
    let fields = [("dev", dev.as_str())];
    let form = "/account/devices/remove";
    world.anna.submit(form, &fields).await.unwrap();
    dev
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_name_stays_in_its_row_and_in_its_field() {
    let mut world = World::initialised().await;
    for name in HOSTILE {
        world.anna.open("/account/devices").await.unwrap();
        let fields = [("name", name)];
        let form = "/account/devices/rename";
        world.anna.submit(form, &fields).await.unwrap();
        let dev = ask_to_remove(&mut world).await;
        let shown = &world.run(&["pending", "--json"]).json()[0];
        assert_eq!(shown["purpose"], "removing a factor");
        assert_eq!(shown["subject"]["kind"], "device");
        assert_eq!(shown["subject"]["text"], name);
        assert_eq!(shown["subject"]["device"], dev.as_str());
        assert_eq!(shown["browser"], "Firefox");
        assert_eq!(shown["system"], "Linux");
        assert!(shown["place"].is_null() && shown["client"].is_null());
        assert!(shown["binding_message"].is_null() && shown["transaction"].is_null());

        let words = world.run(&["pending"]).stdout;
        let inside = name.replace(['”', '"'], "'");
        assert_eq!(row(&words, "about"), format!("device “{inside}”"));
        assert_eq!(row(&words, "from"), "Firefox on Linux, place not known");
        assert_eq!(row(&words, "what for"), "removing a factor");
        assert!(row(&words, "account").starts_with(&format!("“{EMAIL}” at “Countersign” (")));
        assert!(row(&words, "who").starts_with("“Countersign” (localhost:"));
        row(&words, "when");
        row(&words, "expires");
        let declined = world.run(&["decline"]);
        assert_eq!(declined.code, 0, "{}", declined.stderr);
        assert_eq!(row(&declined.stderr, "about"), format!("device “{inside}”"));
        let detail = &world.run(&["history", "--json"]).json()[0]["detail"];
        let expected = format!("removing a factor “{inside}”, Firefox on Linux");
        assert_eq!(detail, &expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_online_transaction_is_shown_before_the_pin_is_asked() {
    let mut world = World::initialised().await;
    world
        .anna
        .open("/account/transactions/other")
        .await
        .unwrap();
    let typed = Transfer {
        iban: "LV80 BANK 0000 4351 9500 1",
        name: "Old, Safari on iOS",
        amount: "1234,5",
        reference: "RF2026",
    };
    let mut fields = typed.fields().to_vec();
    fields.push(("way", "phone"));
    world
        .anna
        .submit("/account/transactions/other", &fields)
        .await
        .unwrap();
    let number = world.anna.number().unwrap().to_string();
    let shown = &world.run(&["pending", "--json"]).json()[0];
    assert_eq!(shown["transaction"]["title"], "Transfer to another account");
    let pair = &shown["transaction"]["pairs"][1];
    assert_eq!(pair["label"], "Recipient");
    assert_eq!(pair["value"], "Old, Safari on iOS");

    // Nobody types a PIN, and everything was shown already.
    let asked = world.run(&["approve", "--number", &number]);
    assert_ne!(asked.code, 0);
    for (label, value) in [
        ("IBAN", "LV80BANK0000435195001"),
        ("Recipient", "Old, Safari on iOS"),
        ("Amount, EUR", "1234.50"),
        ("Reference", "RF2026"),
    ] {
        let found = row(&asked.stderr, &format!("“{label}”")).to_owned();
        assert_eq!(found, format!("“{value}”"));
    }
    assert_eq!(row(&asked.stderr, "sign"), "“Transfer to another account”");
    let args = ["approve", "--number", &number, "--pin-stdin"];
    let approved = world.run_with(&args, PIN);
    assert_eq!(approved.code, 0, "{}", approved.stderr);
    let wait = std::time::Duration::from_secs(10);
    world.anna.wait_while("open", wait).await.unwrap();
    assert!(world.anna.page().text().contains("signed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_warns_of_a_recovery_that_is_under_way() {
    let mut world = World::initialised().await;
    assert!(world.run(&["accounts", "--json"]).json()[0]["recovery_ends_at"].is_null());
    let anna = &mut world.anna;
    anna.sign_out().await.unwrap();
    anna.give_password(EMAIL, PASSWORD).await.unwrap();
    anna.open("/recovery").await.unwrap();
    anna.submit("/recovery", &[]).await.unwrap();
    assert_eq!(world.run(&["doctor"]).code, 0);
    let account = &world.run(&["accounts", "--json"]).json()[0];
    let ends = account["recovery_ends_at"].as_str().unwrap();
    assert!(ends.ends_with('Z'), "{ends}");
    let words = world.run(&["accounts"]).stdout;
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("Somebody began to recover this account at localhost:"),
        "{words}"
    );
}
