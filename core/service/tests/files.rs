//! What pages load, and what others look for by name.

use countersign_service::Brand;
use reqwest::Method;

use crate::support::{Page, World};

/// The folder of the files of a page.
pub(crate) fn folder(page: &Page) -> String {
    let path = page.between("rel=\"stylesheet\" href=\"", "/style.css\"");
    assert!(path.starts_with("/static/") && path.len() == 24, "{path}");
    path.to_owned()
}

fn header<'a>(page: &'a Page, name: &str) -> &'a str {
    page.headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn files_are_named_by_what_is_in_them_compressed_and_kept_for_good() {
    let world = World::new().await;
    let mut browser = world.browser();
    let folder = folder(&browser.get("/sign-in").await);
    for (name, media) in [
        ("style.css", "text/css; charset=utf-8"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("pin.js", "text/javascript; charset=utf-8"),
        ("qrcode.mjs", "text/javascript; charset=utf-8"),
        ("guessable-pins.json", "application/json"),
        ("icon.svg", "image/svg+xml"),
        ("apple-touch-icon.png", "image/png"),
    ] {
        let path = format!("{folder}/{name}");
        let plain = browser.send(Method::GET, &path, None, &[]).await;
        assert_eq!((plain.status, header(&plain, "content-type")), (200, media));
        let kept = "public, max-age=31536000, immutable";
        assert_eq!(header(&plain, "cache-control"), kept, "{name}");
        assert_eq!(header(&plain, "content-encoding"), "");
        assert_eq!(header(&plain, "vary"), "accept-encoding");
        for (coding, taken) in [
            ("deflate, gzip;q=0.5, br", true),
            ("gzip;q=0, br", false),
            ("identity", false),
        ] {
            let asked = [("accept-encoding", coding)];
            let page = browser.send(Method::GET, &path, None, &asked).await;
            let gzip = header(&page, "content-encoding") == "gzip";
            assert_eq!(gzip, taken && media != "image/png", "{name} {coding}");
            let length = |page: &Page| header(page, "content-length").parse::<usize>().unwrap();
            assert_eq!(length(&page) < length(&plain), gzip);
        }
    }
}

#[tokio::test]
async fn a_name_of_another_version_leads_nowhere_and_is_not_kept() {
    let world = World::new().await;
    let mut browser = world.browser();
    let folder = folder(&browser.get("/sign-in").await);
    for path in [
        "/static/style.css".to_owned(),
        "/static/0123456789abcdef/style.css".to_owned(),
        format!("{folder}/nothing.js"),
        format!("{folder}/style.css/"),
        format!("{folder}/%2e%2e/style.css"),
    ] {
        let page = browser.send(Method::GET, &path, None, &[]).await;
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(header(&page, "cache-control"), "no-store");
    }
}

#[tokio::test]
async fn search_engines_browsers_and_password_managers_find_their_files() {
    let world = World::new().await;
    let mut browser = world.browser();
    let robots = browser.get("/robots.txt").await;
    assert_eq!(robots.body, "User-agent: *\nDisallow: /\n");
    let icon = browser.get("/favicon.ico").await;
    assert_eq!(
        (icon.status, header(&icon, "content-type")),
        (200, "image/x-icon")
    );
    let form = "/.well-known/change-password";
    let form = browser.send(Method::GET, form, None, &[]).await;
    assert_eq!(
        (form.status, form.path.as_str()),
        (303, "/account/password")
    );
    // There is a contact only where the operator gave one.
    let contact = "/.well-known/security.txt";
    assert_eq!(browser.get(contact).await.status, 404);
    let world = World::with(|config| {
        config.brand.security_contact = Some("mailto:security@example.eu".into());
    })
    .await;
    let text = world.browser().get(contact).await;
    assert_eq!(header(&text, "content-type"), "text/plain; charset=utf-8");
    let lines: Vec<_> = text.body.lines().collect();
    assert_eq!(lines[0], "Contact: mailto:security@example.eu");
    assert!(
        lines[1].starts_with("Expires: 20") && lines[1].ends_with('Z'),
        "{}",
        lines[1]
    );
    assert!(
        text.body
            .contains("\nPreferred-Languages: en, lv\nCanonical: http")
    );
}

#[tokio::test]
async fn the_operators_logo_colour_and_links_are_on_every_page() {
    let logo = tempfile::NamedTempFile::new().unwrap();
    let drawn = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    std::fs::write(logo.path(), drawn).unwrap();
    let path = logo.path().to_owned();
    let world = World::with(|config| {
        config.brand = Brand {
            accent: Some("#5b2a86".into()),
            logo: Some(path),
            help_desk: Some("tel:+37160000000".into()),
            legal: Some("https://example.eu/legal".into()),
            accessibility: Some("https://example.eu/everybody".into()),
            security_contact: None,
        };
    })
    .await;
    let mut browser = world.browser();
    for path in ["/sign-in", "/stop", "/nowhere"] {
        let page = browser.get(path).await;
        for link in [
            "tel:+37160000000",
            "example.eu&#x2f;legal",
            "example.eu&#x2f;everybody",
        ] {
            assert!(page.body.contains(link), "{path} {link}");
        }
        let folder = folder(&page);
        assert!(
            page.body
                .contains(&format!("src=\"{folder}/logo.svg\" alt=\"\""))
        );
    }
    let folder = folder(&browser.get("/sign-in").await);
    let style = browser.get(&format!("{folder}/style.css")).await;
    assert!(style.body.contains("--accent:#5b2a86"));
    let icon = browser.get(&format!("{folder}/icon.svg")).await;
    assert!(icon.body.contains("#5b2a86"));
    // Opened by itself, a drawing runs nothing.
    let shown = browser.get(&format!("{folder}/logo.svg")).await;
    assert_eq!(header(&shown, "content-type"), "image/svg+xml");
    let policy = header(&shown, "content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox"),
        "{policy}"
    );
    assert!(!policy.contains("script-src"), "{policy}");
}
