//! Forms that are refused: the answer is the way to a page, which says why once.

use std::collections::BTreeSet;

use reqwest::Method;

use crate::support::{Browser, PASSWORD, Page, World, number};

const COOKIE: &str = "countersign-refused";
const ZEROS: &str = "00000000000000000000000000000000";

/// Every address to which browsers send forms.
fn forms() -> BTreeSet<String> {
    let rows = include_str!("../LIMITS.md").lines();
    let rows = rows.filter(|row| !row.ends_with("| Relying |"));
    let all = rows.filter_map(|row| row.strip_prefix("| `POST ")?.split_once('`'));
    let paths = all.map(|(path, _)| path.to_owned());
    paths.filter(|path| !path.starts_with("/api/")).collect()
}

/// An address of this route.
fn address(route: &str) -> String {
    let parts = route.split('/').map(|part| match part {
        "{operation}" => "other",
        "{dev}" => &ZEROS[..16],
        "{token}" => "0000000000000000000000000000000000000000000000000000000000000000",
        part if part.starts_with('{') => ZEROS,
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn signed_in(world: &World) -> Browser {
    let mut browser = world.browser();
    browser.headers = vec![("sec-fetch-mode", "navigate".into())];
    browser.register("anna@example.eu").await;
    browser
}

#[tokio::test]
async fn no_page_answers_a_form_of_any_address() {
    let world = World::new().await;
    let routes = forms();
    assert!(routes.len() > 50, "{}", routes.len());
    let owner = signed_in(&world).await;
    for csrf in ["wrong", &owner.csrf] {
        for route in &routes {
            let mut browser = owner.clone();
            browser.csrf = csrf.to_owned();
            let path = address(route);
            let page = browser.post_once(&path, &[("email", "nobody")]).await;
            assert_eq!((page.status, &*page.body), (303, ""), "{path} {csrf}");
            let to = page.path.clone();
            assert!(to.starts_with('/') && !to.starts_with("//"), "{path}: {to}");
            let kept = browser.cookies.contains_key(COOKIE);
            let shown = browser.send(Method::GET, &to, None, &[]).await;
            // Who asked for another picture refused nothing, and is refused nothing.
            let renewed = route == "/register/picture" && csrf != "wrong";
            assert!(!kept || renewed || shown.status >= 400, "{path}: {to}");
            assert!(!browser.cookies.contains_key(COOKIE), "{path}: {to}");
            // Some pages are refused whoever loads them: that of a link that is over, that of a
            // sign-in on the phone that another browser began, and a service's without the service.
            let again = browser.get(&to).await;
            match path.starts_with("/mobile/") || path == "/oidc/authorize" {
                true => assert_eq!(again.status, 403, "{path}: {to}"),
                false => {
                    assert!([200, 404].contains(&again.status), "{path}: {to}");
                    assert!(!again.body.contains("id=\"problems\""), "{path}: {to}");
                }
            }
        }
    }
}

/// A form of a visitor, refused for what was typed: its address, the fields, the status, and what
/// its page still has of them.
type Row = (
    &'static str,
    &'static [(&'static str, &'static str)],
    u16,
    &'static [&'static str],
);

const REFUSED: &[Row] = &[
    (
        "/sign-in",
        &[("email", "nobody"), ("remember", "yes")],
        400,
        &["value=\"nobody\"", "value=\"yes\" checked"],
    ),
    (
        "/sign-in/password",
        &[
            ("email", "nobody@example.eu"),
            ("password", "Sunny-Goat-9-washes"),
            ("method", "code"),
        ],
        401,
        &["nobody@example.eu", "value=\"code\" checked"],
    ),
    (
        "/register",
        &[
            ("first_name", "Zane"),
            ("last_name", "=1"),
            ("email", "zane@example.eu"),
            ("email_again", "zane@example"),
            ("language", "lv"),
            ("privacy", "yes"),
        ],
        400,
        &[
            "value=\"Zane\"",
            "value=\"=1\"",
            "value=\"zane@example.eu\"",
            "value=\"zane@example\"",
            "value=\"lv\" lang=\"lv\" selected",
        ],
    ),
    (
        "/password/forgotten",
        &[("email", "nobody")],
        400,
        &["value=\"nobody\""],
    ),
    (
        "/stop/link",
        &[("email", "nobody")],
        400,
        &["value=\"nobody\""],
    ),
    (
        "/stop",
        &[
            ("email", "zane@example.eu"),
            ("password", "Sunny-Goat-9-washes"),
            ("word", "NO"),
        ],
        400,
        &["value=\"zane@example.eu\""],
    ),
    (
        "/account/person",
        &[("first_name", "Zane"), ("last_name", "=1")],
        400,
        &["value=\"Zane\"", "value=\"=1\""],
    ),
    (
        "/account/email",
        &[("email", "nobody"), ("password", "Sunny-Goat-9-washes")],
        400,
        &["value=\"nobody\""],
    ),
    (
        "/account/password",
        &[
            ("old", "Sunny-Goat-9-washes"),
            ("password", "Sunny-Goat-9-washes"),
            ("password_again", "Rainy-Goat-9-washes"),
        ],
        400,
        &[],
    ),
    (
        "/account/delete",
        &[("password", "Sunny-Goat-9-washes")],
        401,
        &[],
    ),
    (
        "/account/export",
        &[("password", "Sunny-Goat-9-washes")],
        401,
        &[],
    ),
    ("/account/confirm", &[("link", "nowhere")], 400, &[]),
    (
        "/account/devices/add",
        &[("name", "A phone with a name of more than 40 bytes")],
        400,
        &["value=\"A phone with a name of more than 40 bytes\""],
    ),
    (
        "/account/transactions/other",
        &[
            ("iban", "LV80"),
            ("name", "Zane"),
            ("amount", "much"),
            ("reference", "RF1"),
        ],
        400,
        &["value=\"LV80\"", "value=\"Zane\"", "value=\"much\""],
    ),
];

/// The page of a form that was refused says so, in its title and beside the field; this one does
/// not.
fn says_why(page: &Page) -> bool {
    let title = page.body.contains("<title>Error: ");
    assert_eq!(
        page.body.contains("id=\"problems\""),
        title,
        "{}",
        page.body
    );
    title
}

#[tokio::test]
async fn the_page_of_a_refused_form_says_why_once_and_keeps_what_is_no_secret() {
    let world = World::new().await;
    let owner = signed_in(&world).await;
    for (path, fields, status, kept) in REFUSED {
        let mut browser = owner.clone();
        let page = browser.post_once(path, fields).await;
        assert_eq!(
            (page.status, page.path.as_str()),
            (
                303,
                if path.ends_with("/add") {
                    "/account/devices"
                } else {
                    *path
                }
            )
        );
        let to = page.path;
        let page = browser.get(&to).await;
        assert_eq!(page.status, *status, "{path}: {}", page.body);
        assert!(says_why(&page), "{path}: {}", page.body);
        for text in *kept {
            assert!(page.body.contains(text), "{path}: {text} in {}", page.body);
        }
        let password = fields
            .iter()
            .any(|(name, text)| name.contains("pass") && page.body.contains(text));
        assert!(!password, "{path}: a password came back");
        let page = browser.get(&to).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!says_why(&page), "{path}");
    }
}

/// A browser that is to load the page of a form that was refused.
async fn refused(owner: &Browser) -> Browser {
    let mut browser = owner.clone();
    let fields = [("first_name", "Zane"), ("last_name", "=1")];
    let page = browser.post_once("/account/person", &fields).await;
    assert_eq!(page.status, 303);
    assert!(
        browser.cookies[COOKIE].len() < 1500,
        "{}",
        browser.cookies[COOKIE]
    );
    browser
}

#[tokio::test]
async fn what_a_refused_form_left_opens_on_its_page_and_in_its_session_alone() {
    let world = World::new().await;
    let owner = signed_in(&world).await;
    let quiet = |page: &Page| page.status == 200 && !says_why(page) && !page.body.contains("Zane");

    // On another page, which leaves it for its own.
    let mut browser = refused(&owner).await;
    assert!(quiet(&browser.get("/account/devices").await));
    let page = browser.get("/account/person").await;
    assert!(says_why(&page) && page.body.contains("Zane"));

    // In another browser, whose person did not type it.
    let mut other = world.browser();
    other.register("zigis@example.eu").await;
    let planted = refused(&owner).await.cookies[COOKIE].clone();
    other.cookies.insert(COOKIE.into(), planted);
    assert!(quiet(&other.get("/account/person").await));

    // After the session that it was typed in.
    let mut browser = refused(&owner).await;
    let old = browser.cookies.clone();
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
    browser.password("anna@example.eu", PASSWORD).await;
    browser.cookies = old;
    assert!(quiet(&browser.get("/account/person").await));
}

#[tokio::test]
async fn what_a_refused_form_left_is_taken_for_a_minute_and_only_as_it_was_sealed() {
    let world = World::new().await;
    let owner = signed_in(&world).await;
    let quiet = |page: &Page| page.status == 200 && !says_why(page) && !page.body.contains("Zane");
    let late = refused(&owner).await;
    let sealed = late.cookies[COOKIE].clone();
    let mut changed = sealed.clone().into_bytes();
    changed[30] = if changed[30] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for text in [
        "",
        "A",
        &sealed[1..],
        &sealed[..sealed.len() - 4],
        &changed,
        &"A".repeat(3000),
    ] {
        let mut browser = owner.clone();
        browser.cookies.insert(COOKIE.into(), text.to_owned());
        assert!(quiet(&browser.get("/account/person").await), "{text}");
    }
    world.clock.advance(61);
    assert!(quiet(&late.clone().get("/account/person").await));
}

#[tokio::test]
async fn a_form_that_is_too_long_to_keep_is_refused_with_its_reason() {
    let world = World::new().await;
    let mut browser = signed_in(&world).await;
    let long = "=".repeat(4000);
    let fields = [("first_name", long.as_str()), ("last_name", "")];
    let page = browser.post_once("/account/person", &fields).await;
    let cookies = page.headers.get_all("set-cookie").iter();
    let longest = cookies.map(|cookie| cookie.len()).max();
    assert!(longest.is_some_and(|longest| longest < 4000), "{longest:?}");
    let page = browser.get("/account/person").await;
    assert_eq!(page.status, 400);
    assert!(says_why(&page) && !page.body.contains(&long));
}

#[tokio::test]
async fn a_form_of_another_site_leaves_nothing() {
    let world = World::new().await;
    let owner = signed_in(&world).await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        for path in ["/account/person", "/sign-in", "/sign-out"] {
            let mut browser = owner.clone();
            let body = Some(format!("csrf={}&email=eve", browser.csrf));
            let page = browser
                .send(Method::POST, path, body, &[(name, value)])
                .await;
            assert_eq!(page.status, 403, "{path}");
            assert!(!page.headers.contains_key("set-cookie"), "{path}");
        }
    }
    // A program is told at once.
    let mut program = owner.clone();
    program.headers.clear();
    program.csrf = "wrong".into();
    let page = program.post_once("/account/person", &[]).await;
    assert_eq!(page.status, 403);
    // A browser sends no cookies with such a form. It keeps its session all the same.
    let mut stranger = world.browser();
    let body = Some("service=https%3A%2F%2Fevil.example%2F".to_owned());
    let cross = [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let page = stranger
        .send(Method::POST, "/cas/login", body, &cross)
        .await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert_eq!(
        stranger.cookie, None,
        "another site's form changed the session"
    );
    assert!(!page.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_form_of_no_page_leads_to_no_other_site() {
    let world = World::new().await;
    let mut browser = signed_in(&world).await;
    for path in [
        "//evil.example/sign-in",
        "/%2fevil.example",
        "//evil.example//x",
    ] {
        let page = browser.post_once(path, &[("email", "nobody")]).await;
        assert_eq!(page.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookies_is_told_so_at_once() {
    let world = World::new().await;
    for path in ["/sign-in", "/register", "/stop", "/password/forgotten"] {
        let mut browser = world.browser();
        browser.headers = vec![("sec-fetch-mode", "navigate".into())];
        let page = browser
            .post_once(path, &[("email", "nobody@example.eu")])
            .await;
        assert_eq!(page.status, 403, "{path}");
        assert!(page.body.contains("cookies are turned off"), "{path}");
    }
}

#[tokio::test]
async fn digits_of_any_length_are_refused_with_a_reason() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.headers = vec![("sec-fetch-mode", "navigate".into())];
    browser.get("/register").await;
    let digits = "7".repeat(8000);
    let page = browser
        .post_once("/register", &[("digits", &digits), ("email", "nobody")])
        .await;
    assert_eq!(page.status, 303);
    let page = browser.get("/register").await;
    assert_eq!(page.status, 400);
    assert!(says_why(&page));
}

#[tokio::test]
async fn a_page_that_asks_for_news_keeps_no_session_alive() {
    let world = World::new().await;
    let mut browser = signed_in(&world).await;
    let used = || number(&world, "SELECT max(used_at) FROM session");
    let before = used();
    world.clock.advance(600);
    browser.get(&format!("/challenge/{ZEROS}/state")).await;
    assert_eq!(used(), before);
    browser.get("/account").await;
    assert!(used() > before);
}

#[tokio::test]
async fn a_second_device_with_a_name_that_is_too_long_is_refused_on_the_list() {
    let world = World::new().await;
    let (mut browser, _phone) = world.person().await;
    browser.get("/account/devices").await;
    let page = browser
        .post("/account/devices/add", &[("name", &"x".repeat(80))])
        .await;
    assert_eq!((page.status, &*page.path), (400, "/account/devices"));
    assert!(says_why(&page));
}
