//! In which language a page is, and the choice of it.

use reqwest::Method;

use crate::support::{Browser, Page, World, encode, sql};

/// The language that a page says it is in, in its HTML and in its header.
fn language(page: &Page) -> &str {
    let html = page.between("<html lang=\"", "\"");
    assert_eq!(page.headers["content-language"], html, "{}", page.body);
    assert_eq!(page.headers["vary"], "Accept-Language, Cookie");
    html
}

async fn choose(browser: &mut Browser, lang: &str, to: &str) -> Page {
    let body = encode(&[("lang", lang), ("to", to)]);
    let headers = [("sec-fetch-site", "same-origin")];
    browser
        .send(Method::POST, "/language", Some(body), &headers)
        .await
}

#[tokio::test]
async fn a_page_is_in_the_chosen_language_else_the_accounts_else_the_browsers() {
    let world = World::new().await;
    let mut anna = world.browser();
    assert_eq!(language(&anna.get("/sign-in").await), "en");
    for (asks, lang) in [
        ("lv", "lv"),
        ("ru, lv;q=0.8, en;q=0.7", "lv"),
        ("lv;q=0.1, en-GB", "en"),
        ("fr", "en"),
        ("lv;q=9, =, ;;;", "en"),
    ] {
        anna.language = Some(asks);
        assert_eq!(language(&anna.get("/sign-in").await), lang, "{asks}");
    }
    // The account was made on an English page.
    anna.language = None;
    anna.register("anna@example.eu").await;
    anna.language = Some("lv");
    assert_eq!(language(&anna.get("/account").await), "en");
    sql(&world, "UPDATE account SET language = 'lv'");
    anna.language = Some("en");
    let page = anna.get("/account").await;
    assert_eq!(language(&page), "lv");
    assert!(page.body.contains("<h2>Vēsture</h2>"), "{}", page.body);

    let here = page
        .between("name=\"to\" value=\"", "\"")
        .replace("&#x2f;", "/");
    assert_eq!(here, "/account");
    let chosen = choose(&mut anna, "en", &here).await;
    assert_eq!((chosen.status, chosen.path.as_str()), (303, "/account"));
    let cookie = chosen.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("countersign-lang=en; "), "{cookie}");
    for part in ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=31536000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    anna.language = Some("lv");
    assert_eq!(language(&anna.get("/account").await), "en");
    anna.post("/sign-out", &[]).await;
    assert_eq!(language(&anna.get("/sign-in").await), "en");
}

#[tokio::test]
async fn a_choice_of_language_leads_only_to_our_own_pages_and_takes_only_languages() {
    let world = World::new().await;
    let mut browser = world.browser();
    for to in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/sign-in/app",
        "/nowhere",
        "",
    ] {
        let page = choose(&mut browser, "lv", to).await;
        assert_eq!(page.status, 400, "{to}");
        assert!(!page.headers.contains_key("location"), "{to}");
        assert!(!page.headers.contains_key("set-cookie"), "{to}");
    }
    for lang in ["", "LV", "lv; Secure", "de", &"x".repeat(5000)] {
        assert_eq!(choose(&mut browser, lang, "/sign-in").await.status, 400);
    }
    let body = Some(encode(&[("lang", "lv"), ("to", "/sign-in")]));
    let evil = [("origin", "https://evil.example")];
    let page = browser.send(Method::POST, "/language", body, &evil).await;
    assert_eq!(page.status, 403);
    let page = browser.send(Method::GET, "/language", None, &[]).await;
    assert_eq!((page.status, page.path.as_str()), (303, "/"));
    for value in ["", "LV", "en; lv", "%6c%76", &"lv".repeat(2000)] {
        let cookies = &mut browser.cookies;
        cookies.insert("countersign-lang".to_owned(), value.to_owned());
        assert_eq!(language(&browser.get("/sign-in").await), "en", "{value}");
    }
}

#[tokio::test]
async fn pages_of_errors_are_in_the_visitors_language_too() {
    let world = World::with(|config| config.large_networks.clear()).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    sql(&world, "UPDATE account SET language = 'lv'");
    for path in ["/nowhere", "/account/nowhere"] {
        let page = anna.get(path).await;
        assert_eq!((page.status, language(&page)), (404, "lv"));
        assert!(page.body.contains("Šādas lapas nav"), "{}", page.body);
    }
    anna.csrf = "0".repeat(64);
    let page = anna.post("/sign-out", &[]).await;
    assert_eq!((page.status, language(&page)), (403, "lv"));

    let mut flood = world.browser();
    flood.language = Some("lv");
    flood.get("/sign-in").await;
    let mut page = flood.post("/sign-in/mobile", &[]).await;
    while page.status == 200 {
        flood.get("/sign-in").await;
        page = flood.post("/sign-in/mobile", &[]).await;
    }
    assert_eq!(page.status, 429);
    assert_eq!(language(&page), "lv");
    assert!(
        page.body.contains("vēlreiz pēc 2 sekundēm."),
        "{}",
        page.body
    );
}
