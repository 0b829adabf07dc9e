//! The check of the registration's form: digits in a picture or spoken, or silent work.

use countersign_cli::person::work::proof;
use reqwest::Method;

use crate::support::{Browser, Page, World, number, registration};

const SHOWN: &str = "271828";

/// A service whose pictures all show the same number.
async fn world() -> World {
    World::with(|config| config.picture_number = Some(271_828)).await
}

/// Sends the form with this check and one field more.
async fn send(browser: &mut Browser, email: &str, check: &str, answer: (&str, &str)) -> Page {
    let mut fields = registration("Anna", "Ozola", email).to_vec();
    fields.extend([("check", check), answer]);
    browser.post("/register", &fields).await
}

async fn check_of(browser: &mut Browser) -> String {
    let page = browser.get("/register").await;
    page.hidden("check").to_owned()
}

fn is_sent(page: &Page) -> bool {
    page.status == 200 && page.path.starts_with("/register/sent/")
}

/// The form again, with another check, because the one that was sent can't be answered any more.
fn is_over(page: &Page, check: &str) {
    assert_eq!(page.status, 400);
    assert!(
        page.body.contains("had expired or was used"),
        "{}",
        page.body
    );
    assert_ne!(page.hidden("check"), check);
}

#[tokio::test]
async fn b1_without_script_the_digits_of_the_picture_are_typed() {
    let world = world().await;
    let mut anna = world.browser();
    let check = check_of(&mut anna).await;
    let page = send(&mut anna, "a@example.eu", &check, ("digits", "")).await;
    assert!(page.status == 400 && page.body.contains("id=\"digits-error\""));
    assert_eq!(page.hidden("check"), check);
    let page = send(&mut anna, "a@example.eu", &check, ("digits", "000 000")).await;
    assert!(page.status == 400 && page.body.contains("not the digits"));
    let page = send(&mut anna, "a@example.eu", &check, ("digits", "271 828")).await;
    assert!(is_sent(&page), "{}", page.body);
}

#[tokio::test]
async fn b1_picture_and_spoken_digits_are_renewed_and_what_was_typed_stays() {
    let world = world().await;
    let mut anna = world.browser();
    let check = check_of(&mut anna).await;
    let mut fields = registration("Anna", "Ozola", "a@example.eu").to_vec();
    fields.extend([("language", "lv"), ("check", &check), ("digits", "111111")]);
    let page = anna.post("/register/picture", &fields).await;
    assert_eq!(page.status, 200);
    for typed in ["Anna", "Ozola", "a@example.eu"] {
        assert!(page.body.contains(&format!("value=\"{typed}\"")), "{typed}");
    }
    assert!(
        page.body.contains("value=\"lv\" lang=\"lv\" selected"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("111111") && !page.body.contains("id=\"digits-error\""));
    let next = page.hidden("check").to_owned();
    assert_ne!(next, check);
    for (file, media, head) in [
        ("code.png", "image/png", "PNG"),
        ("digits.wav", "audio/wav", "RIFF"),
    ] {
        let path = format!("/register/picture/{next}/{file}");
        let found = anna.get(&path).await;
        assert_eq!(found.status, 200);
        assert_eq!(found.headers["content-type"], media);
        assert!(
            found
                .body
                .chars()
                .take(8)
                .collect::<String>()
                .contains(head)
        );
        assert_eq!(found.headers["cache-control"], "no-store");
        assert_eq!(anna.get(&path).await.body, found.body);
        // Nobody else's, and none that was not made here.
        assert_eq!(world.browser().get(&path).await.status, 404);
        let forged = path.replace(&next[..4], "0000");
        assert_eq!(anna.get(&forged).await.status, 404);
    }
    // The script gets the check alone.
    let csrf = anna.csrf.clone();
    let body = crate::support::encode(&[("csrf", &csrf)]);
    let accept = [("accept", "application/json")];
    let told = anna
        .send(Method::POST, "/register/picture", Some(body), &accept)
        .await;
    let told: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!((&told["bits"], &told["puzzles"]), (&15.into(), &16.into()));
    assert_ne!(told["token"], next);
    // Reloading that page leads to the form.
    assert_eq!(anna.get("/register/picture").await.path, "/register");
}

#[tokio::test]
async fn a_check_is_taken_once_from_its_own_browser_and_within_ten_minutes() {
    let world = world().await;
    let mut anna = world.browser();
    let right = ("digits", SHOWN);
    let check = check_of(&mut anna).await;
    assert!(is_sent(
        &send(&mut anna, "a@example.eu", &check, right).await
    ));
    anna.get("/register").await;
    is_over(
        &send(&mut anna, "b@example.eu", &check, right).await,
        &check,
    );
    let check = check_of(&mut anna).await;
    let mut eve = world.browser();
    eve.get("/register").await;
    is_over(&send(&mut eve, "b@example.eu", &check, right).await, &check);
    let mut forged = check.clone();
    let last = if forged.pop() == Some('0') { '1' } else { '0' };
    forged.push(last);
    is_over(
        &send(&mut anna, "b@example.eu", &forged, right).await,
        &forged,
    );
    world.clock.advance(600);
    is_over(
        &send(&mut anna, "b@example.eu", &check, right).await,
        &check,
    );
    let path = format!("/register/picture/{check}/code.png");
    assert_eq!(anna.get(&path).await.status, 404);
    assert_eq!(number(&world, "SELECT count(*) FROM mailed_link"), 1);
}

#[tokio::test]
async fn three_wrong_answers_end_a_check_and_a_right_one_is_then_not_looked_at() {
    let world = world().await;
    let mut eve = world.browser();
    let check = check_of(&mut eve).await;
    for said in ["not the digits", "not the digits", "not the digits either"] {
        let page = send(&mut eve, "a@example.eu", &check, ("digits", "000000")).await;
        assert!(
            page.status == 400 && page.body.contains(said),
            "{}",
            page.body
        );
    }
    is_over(
        &send(&mut eve, "a@example.eu", &check, ("digits", SHOWN)).await,
        &check,
    );
    let work = eve.get("/register").await;
    let work = proof(&work.body.replace(work.hidden("check"), &check)).unwrap();
    is_over(
        &send(&mut eve, "a@example.eu", &check, ("proof", &work)).await,
        &check,
    );
    assert_eq!(number(&world, "SELECT count(*) FROM mailed_link"), 0);
    // What was kept of it goes when it expires.
    assert_eq!(number(&world, "SELECT count(*) FROM answered_check"), 1);
}

#[tokio::test]
async fn work_is_taken_for_its_own_check_once() {
    let world = world().await;
    let mut eve = world.browser();
    let page = eve.get("/register").await;
    let (first, work) = (page.hidden("check").to_owned(), proof(&page.body).unwrap());
    let second = check_of(&mut eve).await;
    let page = send(&mut eve, "a@example.eu", &second, ("proof", &work)).await;
    assert!(page.status == 400 && page.body.contains("Type the six digits"));
    // With one puzzle changed it is no work.
    let mut wrong = work.clone();
    wrong.replace_range(
        ..8,
        if work.starts_with("00000000") {
            "00000001"
        } else {
            "00000000"
        },
    );
    let page = send(&mut eve, "a@example.eu", &first, ("proof", &wrong)).await;
    assert!(page.status == 400 && page.body.contains("Type the six digits"));
    assert!(is_sent(
        &send(&mut eve, "a@example.eu", &first, ("proof", &work)).await
    ));
    eve.get("/register").await;
    is_over(
        &send(&mut eve, "b@example.eu", &first, ("proof", &work)).await,
        &first,
    );
}

/// A network that registers much works more, and after its allowance types digits.
#[tokio::test]
async fn a_network_that_registers_much_works_more_and_then_sees_pictures() {
    let world = World::with(|config| {
        config.picture_number = Some(271_828);
        config.large_networks = Vec::new();
    })
    .await;
    let mut eve = world.browser();
    // Twenty fit at once, and nothing comes back: the clock stands still.
    let mut checks = Vec::new();
    for _ in 0..21 {
        let page = eve.get("/register").await;
        checks.push((page.hidden("check").to_owned(), page.body));
    }
    let bits = async |eve: &mut Browser| {
        let page = eve.get("/register").await.body;
        let bits = page.split_once("data-bits=\"");
        bits.map(|(_, rest)| rest[..2].to_owned())
    };
    let mut seen = Vec::new();
    for (count, (check, page)) in checks.iter().enumerate() {
        if count % 5 == 0 {
            seen.push(bits(&mut eve).await.unwrap_or_default());
        }
        let email = format!("a{count}@example.eu");
        let page = send(&mut eve, &email, check, ("proof", &proof(page).unwrap())).await;
        if count < 20 {
            assert!(is_sent(&page), "{count}: {}", page.body);
            continue;
        }
        assert!(
            page.status == 400 && page.body.contains("from your network"),
            "{}",
            page.body
        );
        let check = page.hidden("check").to_owned();
        assert!(!page.body.contains("data-bits"));
        assert!(is_sent(
            &send(&mut eve, &email, &check, ("digits", SHOWN)).await
        ));
    }
    assert_eq!(seen, ["15", "16", "17", "18", ""]);
    // Another network is asked nothing more.
    let other = std::net::IpAddr::from([127, 0, 0, 7]);
    let mut other = Browser::at(other, world.service.address(), world.service.origin());
    assert_eq!(bits(&mut other).await.as_deref(), Some("15"));
}
