//! The order of each crate's rooms. A room is a folder or file below `src`, with everything in it.
//! A room uses rooms of lines below its own, never those above it or beside it.

use crate::common::files;
use crate::graph::{Graph, circle, graph};
use crate::paths::Module;

/// A crate whose rooms are in order, from the top down.
struct House {
    src: &'static str,
    rooms: &'static [&'static [&'static str]],
}

/// A crate is added here once its rooms are in order, and never taken out.
const HOUSES: &[House] = &[
    House {
        src: "core/protocol/src/",
        rooms: &[
            &["verify", "biometrics", "change"],
            &["reply", "update"],
            &["answer", "claim", "link", "push", "query"],
            &["challenge", "enrolment", "info", "request", "seal"],
            &["message"],
            &["cbor", "code", "policy"],
            &["field", "keys", "ocra", "origin", "totp"],
            &["hotp", "id", "nfc", "pattern", "pin", "secret"],
        ],
    },
    House {
        src: "core/authenticator/src/",
        rooms: &[
            &["start", "scan"],
            &["accounts", "codes"],
            &["requests"],
            &["biometrics", "pin"],
            &["sync"],
            &["exchange"],
            &["authenticator"],
            &["phone"],
            &["platform", "store"],
            &["durable", "files"],
        ],
    },
    House {
        src: "bindings/src/",
        rooms: &[
            &["guard_tests", "reader_tests"],
            &["biometrics", "codes", "enrol", "life", "requests"],
            &["accounts"],
            &["authenticator"],
            &["guard"],
            &["platform"],
            &["push", "reader"],
            &["checked", "limit", "records", "run", "scan"],
            &["asked", "pin", "problem", "words"],
        ],
    },
    House {
        src: "core/service/src/",
        rooms: &[
            &["embedded"],
            &["admin", "background", "server"],
            &["api", "web"],
            &["standards"],
            &["config", "flow"],
            &["messages"],
            &["app", "operations"],
            &[
                "apps",
                "clients",
                "deliveries",
                "pages",
                "password",
                "picture",
                "push",
                "ring",
                "tls",
                "transactions",
            ],
            &["edge", "store"],
            &["policy", "security"],
            &["journal"],
            &["keys"],
            &["base"],
        ],
    },
    House {
        src: "examples/cli/src/",
        rooms: &[
            &["command"],
            &["demo"],
            &["args", "input", "person", "prompt"],
            &["out"],
            &["failure"],
            &["text"],
        ],
    },
    House {
        src: "examples/service/src/",
        rooms: &[
            &["main"],
            &["arguments"],
            &["accounts", "clients", "mail"],
            &["asking"],
            &["out"],
        ],
    },
    House {
        src: "bindings/bindgen/src/",
        rooms: &[&["main"], &["swift"]],
    },
    House {
        src: "tests/scan-bench/src/",
        rooms: &[&["main"], &["lib"], &["render"], &["files"]],
    },
    House {
        src: "core/qr/src/",
        rooms: &[
            &["draw"],
            &["scan"],
            &["scan::file"],
            &["scan::scanner"],
            &["scan::look"],
            &["scan::pure", "scan::sample"],
            &["scan::grid"],
            &["scan::finder", "scan::picture", "scan::symbol"],
            &["scan::binary", "scan::fault", "scan::segments"],
            &[
                "scan::charset",
                "scan::image",
                "scan::solomon",
                "scan::version",
            ],
        ],
    },
];

/// The line of the room in which a module is, and its name: the longest name that fits.
fn room<'a>(rooms: &[&[&'a str]], module: &Module) -> Option<(usize, &'a str)> {
    let path = module.join("::");
    let fits = |room: &str| {
        path.strip_prefix(room)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let lines = rooms.iter().enumerate();
    lines
        .flat_map(|(line, rooms)| rooms.iter().map(move |room| (line, *room)))
        .filter(|(_, room)| fits(room))
        .max_by_key(|(_, room)| room.len())
}

/// Every arrow that does not go down, and every module that is in no room.
fn wrong_arrows(rooms: &[&[&str]], graph: &Graph) -> Vec<String> {
    let mut wrong = Vec::new();
    for (from, uses) in graph.iter().filter(|(from, _)| !from.is_empty()) {
        let Some((line, name)) = room(rooms, from) else {
            wrong.push(format!("{} is in no room", from.join("::")));
            continue;
        };
        for to in uses {
            let below = match room(rooms, to) {
                Some((to_line, to_name)) => to_line > line || to_name == name,
                None => false,
            };
            if !below {
                wrong.push(format!("{} -> {}", from.join("::"), to.join("::")));
            }
        }
    }
    wrong
}

#[test]
fn arrows_between_rooms_go_down_and_files_make_no_circle() {
    let all = files(&[".rs"]);
    let mut wrong = Vec::new();
    for house in HOUSES {
        let own = all
            .iter()
            .filter_map(|file| Some((file.path.strip_prefix(house.src)?, file.text.as_str())));
        let graph = graph(&own.collect::<Vec<_>>());
        assert!(graph.len() > 1, "{} has files", house.src);
        let arrows = wrong_arrows(house.rooms, &graph);
        wrong.extend(arrows.iter().map(|arrow| format!("{}: {arrow}", house.src)));
        if let Some(circle) = circle(&graph) {
            let names: Vec<_> = circle.iter().map(|module| module.join("::")).collect();
            wrong.push(format!("{}: a circle: {}", house.src, names.join(" -> ")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMS: &[&[&str]] = &[&["api", "web"], &["store"], &["store::tables"], &["base"]];

    fn wrong(files: &[(&str, &str)]) -> Vec<String> {
        wrong_arrows(ROOMS, &graph(files))
    }

    #[test]
    fn an_arrow_down_is_right_and_one_up_or_beside_is_found() {
        let files = [
            ("lib.rs", "mod api; mod web; mod store; mod base;"),
            ("api.rs", "use crate::{store::Store, base::Hex};"),
            ("web/mod.rs", "use crate::api::Reply;"),
            ("web/page.rs", "use super::Layout;"),
            ("store.rs", "mod tables;"),
            (
                "store/tables.rs",
                "use crate::store::other; use crate::api::Reply;",
            ),
            ("base.rs", "fn f() { crate::store::open() }"),
        ];
        let found = wrong(&files);
        assert_eq!(
            found,
            ["base -> store", "store::tables -> api", "web -> api"]
        );
    }

    #[test]
    fn a_room_that_nobody_named_is_found() {
        assert_eq!(
            wrong(&[("lib.rs", ""), ("new.rs", "")]),
            ["new is in no room"]
        );
    }
}
