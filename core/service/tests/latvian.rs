//! A person whose browser asks for Latvian sees no English, on any page.

use std::{collections::BTreeSet, fs, path::Path};

use countersign_protocol::{
    answer::Decision, challenge::Kind, link::encode_base32, update::ChangeKind,
};
use countersign_service::{Act, Command};
use fluent_syntax::{
    ast::{Entry, Expression, Pattern, PatternElement},
    parser::parse,
};
use reqwest::Method;

use crate::{
    administration::{accept, invitation},
    support::{Browser, IBAN, PASSWORD, PIN, Page, Phone, World, approve, begin_sign_in, sql},
};

const ANNA: &str = "anna@example.eu";
const BERTA: &str = "berta@example.eu";
const OTHER: &str = "anna.ozola@elsewhere.example";
const NEW: &str = "Nine-Otters-9";
const NEW_TWICE: [(&str, &str); 2] = [("password", NEW), ("password_again", NEW)];
const DAY: u64 = 24 * 3600;

/// A text with gaps for its variables: what is before, between and after them.
type Pieces = Vec<String>;

/// The texts that a pattern gives, with gaps. Where all of it depends on a number, these are its
/// plural forms.
fn pieces(pattern: &Pattern<&str>) -> Vec<Pieces> {
    if let [PatternElement::Placeable { expression }] = pattern.elements.as_slice()
        && let Expression::Select { variants, .. } = expression
    {
        let forms = variants.iter();
        return forms.flat_map(|form| pieces(&form.value)).collect();
    }
    let mut found = vec![String::new()];
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => found.last_mut().unwrap().push_str(value),
            PatternElement::Placeable { .. } => found.push(String::new()),
        }
    }
    vec![found]
}

/// The texts of a language that are more than numbers, marks and variables.
fn texts(language: &str) -> BTreeSet<Pieces> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("texts");
    let mut found = BTreeSet::new();
    for file in fs::read_dir(folder.join(language)).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        for entry in parse(source.as_str()).unwrap().body {
            if let Entry::Message(message) = entry {
                found.extend(pieces(message.value.as_ref().unwrap()));
            }
        }
    }
    let letters = |pieces: &Pieces| {
        let letters = pieces.concat();
        letters.chars().filter(|c| c.is_alphabetic()).count() > 2
    };
    found.retain(letters);
    found
}

fn fits(mut text: &str, pieces: &Pieces) -> bool {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
        return false;
    };
    if pieces.len() == 1 {
        return text == first;
    }
    let Some(rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    text = rest;
    for piece in &pieces[1..pieces.len() - 1] {
        let Some((_, rest)) = text.split_once(piece.as_str()) else {
            return false;
        };
        text = rest;
    }
    text.ends_with(last.as_str())
}

/// The texts and attributes of a page.
fn shown(page: &Page) -> Vec<String> {
    let unescape = |text: &str| {
        let mut text = text.trim().to_owned();
        for (escaped, plain) in [
            ("&#x27;", "'"),
            ("&#x2f;", "/"),
            ("&quot;", "\""),
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&amp;", "&"),
        ] {
            text = text.replace(escaped, plain);
        }
        text
    };
    let mut found = Vec::new();
    for part in page.body.split('<') {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        found.push(unescape(text));
        for (before, after) in tag.match_indices("=\"").map(|(at, _)| tag.split_at(at)) {
            let name = before.rsplit(' ').next().unwrap();
            if ["aria-label", "placeholder", "title", "alt"].contains(&name)
                || name.starts_with("data-") && !["data-peek", "data-page"].contains(&name)
            {
                found.push(unescape(after[2..].split('"').next().unwrap()));
            }
        }
    }
    found.retain(|text| !text.is_empty());
    found
}

/// The routes of pages, as `web.rs` has them.
fn pages() -> Vec<String> {
    let source = include_str!("../src/web.rs");
    let calls = source.split(".route(").skip(1).filter_map(|call| {
        let (_, rest) = call.split_once('"')?;
        let (path, handlers) = rest.split_once('"')?;
        let handlers = handlers.split(".route(").next()?;
        handlers.contains("get(").then(|| path.to_owned())
    });
    let no_page = [".wav", "/state", "/link", ".png", ".csv", ".json"];
    let own = ["/stop/link"];
    let files = ["/favicon.ico", "/robots.txt"];
    calls
        .filter(|path| {
            own.contains(&path.as_str())
                || path.len() > 1
                    && !path.starts_with("/static/")
                    && !path.starts_with("/.well-known/")
                    && !files.contains(&path.as_str())
                    && !no_page.iter().any(|end| path.ends_with(end))
        })
        .collect()
}

/// Whether a path is one of a route.
fn is_at(route: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (route, path) = (parts(route), parts(path));
    let same = |(known, part): (&String, &String)| known.starts_with('{') || known == part;
    route.len() == path.len() && route.iter().zip(&path).all(same)
}

/// Registration, an account without a device, its forms, and a first device.
async fn begin(world: &World, anna: &mut Browser) -> Phone {
    anna.get("/sign-in").await;
    let phone = [("sec-ch-ua-mobile", "?1")];
    anna.send(Method::GET, "/sign-in", None, &phone).await;
    anna.get("/nowhere").await;
    anna.get("/Q/AAAA").await;
    anna.get("/register/picture").await;
    anna.get("/register").await;
    anna.post(
        "/register",
        &[("first_name", ""), ("last_name", ""), ("email", "?")],
    )
    .await;
    let sent = anna.ask_for_account("Anna", "Ozola", ANNA).await;
    anna.get(&format!("{}/again", sent.path)).await;
    anna.post(&format!("{}/again", sent.path), &[]).await;
    anna.register(ANNA).await;
    for path in [
        "/privacy",
        "/account",
        "/account/person",
        "/account/sessions",
        "/account/history",
        "/account/transactions",
        "/account/transactions/other",
        "/account/email",
    ] {
        assert_eq!(anna.get(path).await.status, 200, "{path}");
    }
    anna.get("/account/password").await;
    for new in ["x", "Password1!", "Anna-Ozola-1", "Qwertyuiop-1"] {
        let fields = [
            ("old", PASSWORD),
            ("password", new),
            ("password_again", "y"),
        ];
        anna.post("/account/password", &fields).await;
    }
    let transfer = [
        ("iban", "LV"),
        ("name", ""),
        ("amount", "x"),
        ("reference", ""),
    ];
    anna.post("/account/transactions/other", &transfer).await;
    anna.get("/account/email").await;
    let fields = [("email", OTHER), ("password", PASSWORD)];
    assert_eq!(
        anna.post("/account/email", &fields).await.path,
        "/account/confirm"
    );

    let page = anna
        .begin_device(&[("name", "Pirmais"), ("pin", "browser")])
        .await;
    anna.post(&format!("{}/phone", page.path), &[]).await;
    let phone = anna.add(&world.clock, "Tālrunis", PIN, None).await;
    anna.get("/account/devices").await;
    phone
}

/// Signing in with two devices, a second one, and what is done with them.
async fn devices(world: &World, anna: &mut Browser, phone: &mut Phone) {
    let with = Some((&mut *phone, PIN));
    let mut second = anna.add(&world.clock, "Otrais", "5071", with).await;
    let page = begin_sign_in(anna, "/sign-in/app").await;
    assert_eq!(page.path, "/sign-in/device");
    let page = anna.post("/sign-in/code", &[]).await;
    anna.post(&format!("{}/code", page.path), &[("code", "x")])
        .await;
    let wrong = [("code", "0000-0000-0000-0000")];
    anna.post(&format!("{}/code", page.path), &wrong).await;
    let page = anna.post("/sign-in/app", &[("dev", &phone.dev())]).await;
    let challenge = phone.inbox(0).await.unwrap();
    phone.decide(&challenge, Decision::Decline, None, PIN).await;
    anna.get(&page.path).await;
    let page = anna.post("/sign-in/app", &[("dev", &phone.dev())]).await;
    approve(phone, &page, PIN).await;
    assert_eq!(anna.get(&page.path).await.path, "/account");

    // A PIN set anew, a name, a removal.
    anna.get("/account/devices").await;
    let unblock = [("dev", second.dev()), ("with", phone.dev())];
    let unblock: Vec<_> = unblock.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let page = anna.post("/account/devices/unblock", &unblock).await;
    approve(phone, &page, PIN).await;
    assert!(anna.get(&page.path).await.path.ends_with("/pin"));
    for _ in 0..5 {
        let slot = second.change(second.wanted(ChangeKind::Change, "9374", "6304"));
        second.send_change(&slot).await;
    }
    anna.get("/account/devices").await;
    let rename = [("dev", second.dev()), ("name", String::new())];
    let rename: Vec<_> = rename.iter().map(|(k, v)| (*k, v.as_str())).collect();
    anna.post("/account/devices/rename", &rename).await;
    anna.get("/account/devices").await;
    let page = anna.post("/account/devices/remove", &unblock).await;
    approve(phone, &page, PIN).await;
    anna.get(&page.path).await;
}

/// A transfer, both ways, and a sign-in on the phone itself.
async fn operations(anna: &mut Browser, phone: &mut Phone) {
    anna.get("/account/transactions/other").await;
    let typed = [
        ("iban", IBAN),
        ("name", "Jānis"),
        ("amount", "12345.60"),
        ("reference", "Rēķins"),
    ];
    let page = anna.post("/account/transactions/other", &typed).await;
    let link = anna.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &typed, PIN);
    let page = anna
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert!(
        page.path.starts_with("/account/transactions/done/"),
        "{page:?}"
    );
    assert!(page.body.contains("12\u{a0}345,60\u{a0}€"), "{}", page.body);
    anna.get("/account/transactions/other").await;
    let by_phone = [&typed[..], &[("way", "phone")]].concat();
    anna.post("/account/transactions/other", &by_phone).await;

    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    let mut other = anna.clone();
    other.known = None;
    other.cookie = None;
    other.get("/sign-in").await;
    let page = other.post("/sign-in/mobile", &[]).await;
    let link = other.get(&format!("{}/link", page.path)).await.body;
    let challenge = phone.open(&link);
    let reply = phone.decide(&challenge, Decision::Approve, None, PIN).await;
    let Kind::OnMobile { return_url } = &challenge.kind else {
        panic!("another kind")
    };
    let back = format!("{return_url}?r={}", encode_base32(&reply.r.unwrap()));
    let back = back.strip_prefix(&other.origin).unwrap();
    anna.get(back).await;
    assert_eq!(other.come_back(back).await.path, "/account");
    other.get("/account/history").await;
    anna.seen = other.seen;
}

/// A forgotten password, another address, its undoing, STOP and the recovery.
async fn lost(world: &World, anna: &mut Browser, phone: &mut Phone) {
    let page = begin_sign_in(anna, "/sign-in/app").await;
    approve(phone, &page, PIN).await;
    anna.get(&page.path).await;
    anna.get("/account/email").await;
    let page = anna.post("/account/email", &[("email", OTHER)]).await;
    approve(phone, &page, PIN).await;
    anna.get(&page.path).await;
    let link = anna.mailed(OTHER, "/account/email/").await;
    anna.get(&link).await;
    anna.post(&link, &[]).await;
    let undo = anna.mailed(ANNA, "/email/undo/").await;
    anna.get(&undo).await;
    anna.post(&undo, &[]).await;
    anna.get(&undo).await;

    anna.get("/password/forgotten").await;
    let mut bob = world.browser();
    bob.language = Some("lv");
    bob.register("bob@example.eu").await;
    for path in ["/account/export", "/account/delete"] {
        assert_eq!(bob.get(path).await.status, 200, "{path}");
    }
    let proof = [("password", PASSWORD)];
    let page = bob.post("/account/delete", &proof).await;
    assert_eq!(page.path, "/account/confirm");
    let link = bob.mailed("bob@example.eu", "/account/confirm/").await;
    bob.get(&link).await;
    bob.post(&link, &[]).await;
    bob.get("/account").await;
    let link = bob.mailed("bob@example.eu", "/deletion/cancel/").await;
    bob.get(&link).await;
    bob.post(&link, &[]).await;
    bob.get(&link).await;
    bob.get("/password/forgotten").await;
    bob.post("/password/forgotten", &[("email", "bob@example.eu")])
        .await;
    let link = bob.mailed("bob@example.eu", "/password/forgotten/").await;
    bob.get(&link).await;
    bob.post(&link, &[]).await;
    assert_eq!(
        bob.post("/password/new", &NEW_TWICE).await.path,
        "/password/done"
    );
    anna.seen.append(&mut bob.seen);

    anna.password(ANNA, "Wrong-horse8").await;
    sql(world, "UPDATE guess SET wrong = 50 WHERE wrong = 1");
    anna.password(ANNA, PASSWORD).await;
}

#[tokio::test]
async fn a_browser_that_asks_for_latvian_sees_no_english_on_any_page() {
    let world = World::new().await;
    let mut anna = world.browser();
    anna.language = Some("lv-LV, lv;q=0.9, en;q=0.5");
    let mut phone = begin(&world, &mut anna).await;
    devices(&world, &mut anna, &mut phone).await;
    operations(&mut anna, &mut phone).await;
    lost(&world, &mut anna, &mut phone).await;
    stop(&world, &mut anna).await;
    invited(&world, &mut anna).await;

    let latvian = texts("lv");
    let english: Vec<_> = texts("en").difference(&latvian).cloned().collect();
    assert!(english.len() > 300);
    for (path, page) in &anna.seen {
        if !page.body.starts_with("<!doctype html>") {
            continue;
        }
        assert_eq!(page.between("<html lang=\"", "\""), "lv", "{path}");
        for text in shown(page) {
            let found = english.iter().find(|pieces| fits(&text, pieces));
            assert_eq!(found, None, "{text} at {path}");
        }
    }
    let mut unseen = pages();
    unseen.retain(|route| {
        let mut seen = anna.seen.iter();
        !seen.any(|(path, page)| {
            let is_page = page.status == 200 && page.body.starts_with("<!doctype");
            (is_page || page.status == 303) && is_at(route, path)
        })
    });
    assert!(unseen.is_empty(), "not looked at: {unseen:?}");
}

/// STOP by its page and by a link, a recovery that is cancelled, and one that is finished.
async fn stop(world: &World, anna: &mut Browser) {
    let mut eve = world.browser();
    eve.language = Some("lv");
    eve.register("eve@example.eu").await;
    let fields = |word| {
        [
            ("email", "eve@example.eu"),
            ("password", PASSWORD),
            ("word", word),
        ]
    };
    eve.get("/stop/link").await;
    eve.post("/stop/link", &[("email", "eve@example.eu")]).await;
    let link = eve.mailed("eve@example.eu", "/stop/by-link/").await;
    eve.get(&link).await;
    eve.get("/stop").await;
    eve.post("/stop", &fields("x")).await;
    assert_eq!(eve.post("/stop", &fields("STOP")).await.path, "/stop/done");
    let page = eve.password("eve@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/recovery", "{}", page.body);
    let finish = eve.mailed("eve@example.eu", "/recovery/finish/").await;
    let cancel = eve.mailed("eve@example.eu", "/recovery/cancel/").await;
    eve.get("/recovery/cancelled").await;
    eve.get("/recovery/cancelled/staff").await;
    eve.get(&cancel).await;
    eve.get(&finish).await;
    world.clock.advance(DAY + 60);
    eve.get("/recovery").await;
    eve.get(&finish).await;
    let done = [
        ("password", PASSWORD),
        ("new_password", NEW),
        ("new_password_again", NEW),
    ];
    eve.post(&finish, &done).await;
    eve.get("/account/devices").await;
    anna.seen.append(&mut eve.seen);
}

/// A member of the staff who is invited, and invited again after an administrator's reset.
async fn invited(world: &World, anna: &mut Browser) {
    let mut berta = world.browser();
    berta.language = Some("lv");
    berta.email = BERTA.to_owned();
    let add = Command::Add {
        email: BERTA.to_owned(),
        first_name: "Berta".to_owned(),
        last_name: "Liepa".to_owned(),
        language: Some("lv".to_owned()),
    };
    world.command(add).await.unwrap();
    let link = invitation(&berta, BERTA, &[]).await;
    berta.get(&link).await;
    berta.post(&link, &[("password", "x")]).await;
    assert_eq!(accept(&mut berta, &link, PASSWORD).await.path, "/account");
    berta.get("/account/person").await;
    berta.get("/account/email").await;
    berta.add_phone(&world.clock).await;
    world.act(Act::Reset, BERTA).await.unwrap();
    world.clock.advance(60);
    world.act(Act::Invite, BERTA).await.unwrap();
    let again = invitation(&berta, BERTA, &[&link]).await;
    let page = accept(&mut berta, &again, NEW).await;
    assert_eq!(page.path, "/recovery/begun", "{}", page.body);
    anna.seen.append(&mut berta.seen);
}
