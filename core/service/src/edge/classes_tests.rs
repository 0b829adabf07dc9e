use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;

/// The routes that a source file adds to its router: method and path.
fn routes(source: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for call in source.split(".route(").skip(1) {
        let (_, rest) = call.split_once('"').unwrap();
        let (path, rest) = rest.split_once('"').unwrap();
        // Up to the parenthesis that ends the call.
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        });
        let handlers = &rest[..end.unwrap()];
        for method in ["get", "post", "put", "patch", "delete", "any"] {
            let called = |(at, _): (usize, &str)| {
                !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            };
            let call = format!("{method}(");
            if handlers.match_indices(&call).any(called) {
                found.insert((method.to_uppercase(), path.to_owned()));
            }
        }
    }
    found
}

#[test]
fn every_route_has_a_class_and_every_row_a_route() {
    let mut all = routes(include_str!("../api.rs"));
    all.extend(routes(include_str!("../web.rs")));
    all.extend(routes(include_str!("../web/relying.rs")));
    all.extend(routes(include_str!("../standards/cas/validate.rs")));
    all.extend(routes(include_str!("../standards/oidc/mod.rs")));
    all.extend(routes(include_str!("../standards/oidc/token.rs")));
    all.extend(routes(include_str!("../standards/oidc/person.rs")));
    assert!(all.len() > 60, "{}", all.len());
    let rows: BTreeSet<_> = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    let without: Vec<_> = all.difference(&rows).collect();
    assert!(without.is_empty(), "routes without a class: {without:?}");
    let gone: Vec<_> = rows.difference(&all).collect();
    assert!(gone.is_empty(), "rows without a route: {gone:?}");
    assert_eq!(rows.len(), ROUTES.len());
}

#[test]
fn every_class_is_charged_by_itself_and_has_a_rate() {
    for (number, class) in Class::ALL.into_iter().enumerate() {
        assert_eq!(class as usize, number);
        assert!(class.charged().contains(&class));
        assert!(class.of_source().is_some());
    }
    assert_eq!(Class::of(&Method::GET, Some("/nowhere")), Class::Other);
    assert_eq!(Class::of(&Method::DELETE, Some("/stop")), Class::Other);
    assert_eq!(Class::of(&Method::GET, None), Class::Other);
    assert_eq!(Class::of(&Method::HEAD, Some("/account")), Class::Page);
}

fn shown(rate: Option<Rate>) -> String {
    let Some(rate) = rate else {
        return "–".into();
    };
    let then = match rate.thousandths {
        often if often >= 1000 => format!("{} a second", often / 1000),
        seldom => format!("one in {} seconds", 1000 / seldom),
    };
    format!("{}, then {then}", rate.burst)
}

/// The tables as `LIMITS.md` has them.
fn tables() -> String {
    let mut text =
        String::from("| class | a source | a device | an account |\n|---|---|---|---|\n");
    for class in Class::ALL {
        let source = shown(class.of_source());
        let device = shown(class.of_device());
        let account = shown(class.of_account());
        writeln!(text, "| {class:?} | {source} | {device} | {account} |").unwrap();
    }
    text += "\n| route | class |\n|---|---|\n";
    text += "| each connection | Connection |\n";
    for (method, path, class) in ROUTES {
        writeln!(text, "| `{method} {path}` | {class:?} |").unwrap();
    }
    text + "| no route | Other |\n"
}

/// `COUNTERSIGN_WRITE=1 cargo test -p countersign-service --lib documentation` writes them there.
#[test]
fn the_documentation_has_the_tables_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/LIMITS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, _) = text.split_once("| class |").unwrap();
    let right = format!("{before}{}", tables());
    if std::env::var_os("COUNTERSIGN_WRITE").is_some() {
        std::fs::write(path, &right).unwrap();
    } else {
        assert!(text == right, "LIMITS.md must end with:\n\n{}", tables());
    }
}
