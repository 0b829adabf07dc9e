//! Signing in: the address first, then password and means on one page, and a way out of each page.
#![allow(clippy::unwrap_used, clippy::panic)]

use countersign_protocol::answer::Decision;
use countersign_service::Act;
use reqwest::Method;

use crate::support::{
    Browser, PASSWORD, PIN, Page, Phone, World, approve, begin_sign_in, number, sql, try_pin,
};

const ANNA: &str = "anna@example.eu";
const WRONG: &str = "Wrong-horse8";
const PHONE: &str = "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0";

/// As far as the page of the password.
async fn type_address(browser: &mut Browser, email: &str, remember: bool) -> Page {
    browser.get("/sign-in").await;
    let mut fields = vec![("email", email)];
    if remember {
        fields.push(("remember", "yes"));
    }
    browser.post("/sign-in", &fields).await
}

/// Signs in with a means that is chosen with the password; the page after it.
async fn choose(browser: &mut Browser, means: &str) -> Page {
    type_address(browser, ANNA, false).await;
    let fields = [("email", ANNA), ("password", PASSWORD), ("method", means)];
    browser.post("/sign-in/password", &fields).await
}

/// The means that is ticked on the page of the password.
fn ticked(page: &Page) -> &str {
    let before = page.body.split_once("\" checked").unwrap().0;
    before.rsplit_once("value=\"").unwrap().1
}

async fn sign_out(browser: &mut Browser) {
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
}

/// Types the code that the phone gives for the QR code on the page.
async fn type_code(browser: &mut Browser, phone: &mut Phone, page: &Page) -> Page {
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    browser.get(&page.path).await;
    let code = phone.code(&link, &[], PIN);
    let to = format!("{}/code", page.path);
    browser.post(&to, &[("code", &code)]).await
}

#[tokio::test]
async fn b3_the_address_comes_first_and_is_in_no_url() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register(ANNA).await;
    sign_out(&mut browser).await;
    let page = browser.get("/sign-in/password").await;
    assert_eq!(page.path, "/sign-in", "nobody said who it is");
    let page = browser
        .post_once("/sign-in", &[("email", " Anna@Example.EU ")])
        .await;
    assert_eq!(
        (page.status, page.path.as_str()),
        (303, "/sign-in/password")
    );
    let cookie = page.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.contains("; HttpOnly; SameSite=Lax; Max-Age=1800"),
        "{cookie}"
    );
    // Enter in the address bar and reload show the same page.
    for _ in 0..2 {
        let page = browser.get("/sign-in/password").await;
        assert_eq!(page.path, "/sign-in/password");
        assert_eq!(page.between("id=\"who\">", "<"), ANNA);
    }
    let fields = [("email", ANNA), ("password", PASSWORD), ("method", "app")];
    let page = browser.post("/sign-in/password", &fields).await;
    assert_eq!(page.path, "/account", "there is no phone yet");
    // From then on the session says who it is.
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    browser.get("/sign-in").await;
    let page = browser.post("/sign-in", &[("email", "no address")]).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("value=\"no address\""));
}

#[tokio::test]
async fn b3_an_address_is_remembered_where_that_was_asked_and_until_it_is_forgotten() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register(ANNA).await;
    sign_out(&mut browser).await;
    let page = browser.get("/sign-in").await;
    assert!(!page.body.contains("checked"), "nobody consented yet");
    // A mistyped address, or one whose password is not known, is not remembered.
    type_address(&mut browser, "ana@example.eu", true).await;
    for email in ["ana@example.eu", ANNA] {
        type_address(&mut browser, email, true).await;
        browser
            .post(
                "/sign-in/password",
                &[("email", email), ("password", WRONG)],
            )
            .await;
        assert!(
            !browser.get("/sign-in").await.body.contains(email),
            "{email}"
        );
    }
    type_address(&mut browser, ANNA, true).await;
    let fields = [("email", ANNA), ("password", PASSWORD)];
    let page = browser.post_once("/sign-in/password", &fields).await;
    let cookies: Vec<_> = page.headers.get_all("set-cookie").iter().collect();
    let kept = cookies
        .iter()
        .find(|cookie| cookie.to_str().unwrap().contains("remembered="));
    let kept = kept.unwrap().to_str().unwrap();
    assert!(
        kept.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=15552000"),
        "{kept}"
    );
    sign_out(&mut browser).await;
    let page = browser.get("/sign-in").await;
    assert!(page.body.contains(&format!("<strong><bdi>{ANNA}</bdi>")));
    assert!(
        !page.body.contains("checked"),
        "for another person nobody consented"
    );
    // One press goes on with it.
    let page = browser
        .post("/sign-in", &[("email", ANNA), ("remember", "yes")])
        .await;
    assert_eq!(page.between("id=\"who\">", "<"), ANNA);
    // Whoever types it and leaves the box alone takes it away.
    type_address(&mut browser, ANNA, false).await;
    browser.post("/sign-in/password", &fields).await;
    sign_out(&mut browser).await;
    assert!(!browser.get("/sign-in").await.body.contains(ANNA));
    type_address(&mut browser, ANNA, true).await;
    browser.post("/sign-in/password", &fields).await;
    sign_out(&mut browser).await;
    let page = browser.get("/sign-in").await;
    assert!(page.body.contains(ANNA));
    let page = browser.post("/sign-in/forget", &[("email", ANNA)]).await;
    assert_eq!(page.path, "/sign-in");
    assert!(!page.body.contains(ANNA) && !page.body.contains("checked"));
    // Another browser never knew it.
    assert!(!world.browser().get("/sign-in").await.body.contains(ANNA));
}

#[tokio::test]
async fn b3_a_cookie_that_is_not_as_we_set_it_remembers_nobody() {
    let world = World::new().await;
    let mut browser = world.browser();
    for bad in ["<script>", "YW5uYUBleGFtcGxlLmV1.x", &"YWFh.".repeat(400)] {
        browser
            .cookies
            .insert("countersign-remembered".into(), bad.into());
        browser
            .cookies
            .insert("countersign-typed".into(), format!("keep.{bad}"));
        let page = browser.get("/sign-in").await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("/sign-in/forget") && !page.body.contains("<script>"));
        assert_eq!(browser.get("/sign-in/password").await.path, "/sign-in");
    }
}

#[tokio::test]
async fn b3_the_means_that_was_chosen_with_the_password_goes_on_at_once() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    sign_out(&mut browser).await;
    let page = choose(&mut browser, "app").await;
    assert!(page.path.starts_with("/challenge/"), "{}", page.path);
    approve(&mut phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
    sign_out(&mut browser).await;
    let page = choose(&mut browser, "code").await;
    assert!(page.path.starts_with("/challenge/"), "{}", page.path);
    assert!(page.body.contains("<svg") && page.body.contains("name=\"code\""));
    // The account asks for more than the password: the page says so, and lists what it has.
    let page = choose(&mut browser, "password").await;
    assert_eq!(page.path, "/sign-in/method");
    assert!(page.body.contains("This account also asks for your phone"));
    assert!(page.body.contains("/sign-in/app") && page.body.contains("/sign-in/code"));
    // With two devices it is asked which.
    begin_sign_in(&mut browser, "/sign-in/app").await;
    let page = browser.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    browser.get(&page.path).await;
    let with = Some((&mut phone, PIN));
    browser.add(&world.clock, "Second", "5071", with).await;
    sign_out(&mut browser).await;
    let page = choose(&mut browser, "app").await;
    assert_eq!(page.path, "/sign-in/device");
    assert!(page.body.contains("My phone") && page.body.contains("Second"));
    // No page of ours offers this.
    for other in ["mobile", "sms", ""] {
        assert_eq!(choose(&mut browser, other).await.status, 400, "{other}");
    }
}

#[tokio::test]
async fn a_means_that_the_account_can_not_do_now_leads_to_what_it_can() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    for _ in 0..5 {
        try_pin(&mut browser, &mut phone, "9374").await;
    }
    for means in ["app", "code"] {
        let page = choose(&mut browser, means).await;
        assert_eq!(page.path, "/sign-in/method");
        assert!(page.body.contains("blocked or suspended"));
        assert!(page.body.contains("/recovery"));
    }
}

#[tokio::test]
async fn before_the_password_is_right_the_page_is_the_same_for_every_address() {
    let world = World::new().await;
    let (mut owner, _phone) = world.person().await;
    world.browser().register("ben@example.eu").await;
    sign_out(&mut owner).await;
    // A browser that is known for an account of its own, too.
    for known in [None, owner.known.clone()] {
        let mut pages = Vec::new();
        for email in ["nobody@example.eu", "ben@example.eu", ANNA] {
            let mut stranger = world.browser();
            stranger.known = known.clone().filter(|_| email != ANNA);
            let asked = type_address(&mut stranger, email, true).await;
            let fields = [("email", email), ("password", WRONG), ("method", "code")];
            let refused = stranger.post("/sign-in/password", &fields).await;
            assert_eq!(ticked(&refused), "code", "what was chosen stays");
            for page in [&asked, &refused] {
                let names: Vec<_> = page.headers.keys().map(ToString::to_string).collect();
                let body = page.body.replace(email, "").replace(&stranger.csrf, "");
                pages.push((page.status, names, body));
            }
        }
        assert_eq!(pages[0], pages[2]);
        assert_eq!(pages[0], pages[4]);
        assert_eq!(pages[1], pages[3]);
        assert_eq!(pages[1], pages[5]);
    }
}

#[tokio::test]
async fn b3_the_last_means_is_proposed_in_a_browser_that_is_known_for_the_account_alone() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    sign_out(&mut owner).await;
    assert_eq!(ticked(&type_address(&mut owner, ANNA, false).await), "app");
    let page = choose(&mut owner, "code").await;
    assert_eq!(
        type_code(&mut owner, &mut phone, &page).await.path,
        "/account"
    );
    sign_out(&mut owner).await;
    assert_eq!(ticked(&type_address(&mut owner, ANNA, false).await), "code");
    for email in ["nobody@example.eu", "ben@example.eu"] {
        assert_eq!(ticked(&type_address(&mut owner, email, false).await), "app");
    }
    let mut other = world.browser();
    assert_eq!(ticked(&type_address(&mut other, ANNA, false).await), "app");
    let page = choose(&mut owner, "app").await;
    approve(&mut phone, &page, PIN).await;
    owner.get(&page.path).await;
    sign_out(&mut owner).await;
    assert_eq!(ticked(&type_address(&mut owner, ANNA, false).await), "app");
    // After 180 days the browser is known no more.
    sql(&world, "UPDATE known_browser SET method = 'code'");
    assert_eq!(ticked(&type_address(&mut owner, ANNA, false).await), "code");
    world.clock.advance(181 * 24 * 3600);
    assert_eq!(ticked(&type_address(&mut owner, ANNA, false).await), "app");
}

#[tokio::test]
async fn who_signs_in_and_a_way_out_are_on_every_page_of_it() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let with = Some((&mut phone, PIN));
    browser.add(&world.clock, "Second", "5071", with).await;
    sign_out(&mut browser).await;
    let mut pages = vec![type_address(&mut browser, ANNA, false).await];
    let fields = [("email", ANNA), ("password", WRONG)];
    pages.push(browser.post("/sign-in/password", &fields).await);
    pages.push(choose(&mut browser, "password").await);
    pages.push(choose(&mut browser, "app").await);
    let dev = phone.dev();
    let dev = [("dev", dev.as_str())];
    let waiting = browser.post("/sign-in/app", &dev).await;
    let challenge = phone.inbox(0).await.unwrap();
    phone.decide(&challenge, Decision::Decline, None, PIN).await;
    let ended = browser.get(&waiting.path).await;
    assert!(ended.body.contains("Not confirmed"));
    pages.extend([waiting, ended]);
    browser.get("/sign-in/method").await;
    pages.push(browser.post("/sign-in/code", &[]).await);
    pages.push(browser.get("/recovery").await);
    // The first page too, where one can go on with what was begun.
    pages.push(browser.get("/").await);
    assert!(
        pages
            .last()
            .unwrap()
            .body
            .contains("href=\"/sign-in/method\"")
    );
    for page in &pages {
        assert_eq!(page.between("id=\"who\">", "<"), ANNA, "{}", page.path);
        assert!(
            page.body.contains("action=\"/sign-in/other\""),
            "{}",
            page.path
        );
    }
    for page in &pages[3..] {
        // A request that waits is cancelled, and leads there.
        let body = page.body.replace("&#x2f;", "/");
        let leads = body.contains("href=\"/sign-in/method\"");
        assert!(leads || body.contains("/cancel\""), "{}", page.path);
    }
    // The way out ends it.
    let out = browser.post("/sign-in/other", &[]).await;
    assert_eq!(out.path, "/sign-in");
    assert!(!out.body.contains(ANNA));
    for path in ["/sign-in/method", "/sign-in/password", &pages[4].path] {
        assert_eq!(browser.get(path).await.path, "/sign-in", "{path}");
    }
    assert_eq!(
        number(&world, "SELECT count(*) FROM session WHERE signed_in = 0"),
        0
    );
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM challenge WHERE state = 'open'"
        ),
        0
    );
    // It ends no session that is signed in.
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    assert_eq!(page.path, "/sign-in/device");
    let page = browser.post("/sign-in/app", &dev).await;
    approve(&mut phone, &page, PIN).await;
    let page = browser.get(&page.path).await;
    assert!(!page.body.contains("/sign-in/other"));
    browser.post("/sign-in/other", &[]).await;
    assert_eq!(browser.get("/account").await.path, "/account");
}

#[tokio::test]
async fn b19_the_name_at_the_top_leads_to_the_first_page_from_everywhere() {
    let world = World::new().await;
    let (mut browser, _phone) = world.person().await;
    let name = "<a class=\"name\" href=\"/\">";
    for path in ["/account", "/account/devices", "/nowhere", "/stop"] {
        assert!(browser.get(path).await.body.contains(name), "{path}");
    }
    assert_eq!(browser.get("/").await.path, "/account");
    sign_out(&mut browser).await;
    for path in ["/sign-in", "/register", "/nowhere", "/challenge/00", "/Q/A"] {
        assert!(browser.get(path).await.body.contains(name), "{path}");
    }
    assert_eq!(browser.get("/").await.path, "/sign-in");
    choose(&mut browser, "password").await;
    let page = browser.get("/").await;
    assert_eq!(page.path, "/sign-in");
    assert!(page.body.contains("href=\"/sign-in/method\">Go on"));
}

#[tokio::test]
async fn b19_a_disabled_account_is_told_so_after_the_right_password_alone() {
    let desk = "mailto:help@example.eu";
    let world = World::with(|config| config.brand.help_desk = Some(desk.into())).await;
    let (mut browser, _phone) = world.person().await;
    world.act(Act::Disable, ANNA).await.unwrap();
    let page = browser.password(ANNA, WRONG).await;
    assert_eq!(page.status, 401);
    assert!(
        page.body
            .contains("The e-mail address or the password is not right")
    );
    for means in ["app", "password"] {
        let page = choose(&mut browser, means).await;
        assert_eq!(page.status, 403);
        assert!(page.body.contains("This account is disabled"));
        assert!(
            page.body
                .contains(&format!("<a href=\"{desk}\">help@example.eu</a>"))
        );
    }
    assert_eq!(browser.get("/account").await.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 0);
    // Whom to ask is on pages of errors too.
    let page = browser.get("/nowhere").await;
    assert!(page.body.contains(">help@example.eu</a>"));
}

#[tokio::test]
async fn b7_on_mobile_is_offered_on_phones_alone_and_works_for_whoever_asks() {
    let world = World::new().await;
    let (mut browser, _phone) = world.person().await;
    sign_out(&mut browser).await;
    let offer = "action=\"/sign-in/mobile\"";
    type_address(&mut browser, ANNA, false).await;
    let hints = [
        (("user-agent", PHONE), true),
        (("sec-ch-ua-mobile", "?1"), true),
        (("sec-ch-ua-mobile", "?0"), false),
        (
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"),
            false,
        ),
    ];
    for path in ["/sign-in", "/sign-in/password"] {
        for (header, offered) in hints {
            let page = browser.send(Method::GET, path, None, &[header]).await;
            assert_eq!(page.body.contains(offer), offered, "{path} {header:?}");
        }
        assert!(!browser.get(path).await.body.contains(offer));
    }
    let page = browser.post("/sign-in/mobile", &[]).await;
    assert!(page.path.starts_with("/mobile/"), "{}", page.path);
}
