//! Inputs of an attacker, one by one: each has the attacker's aim for its name, and the refusal
//! that it must meet. The inputs are data, in the text files beside this one; README.md says how
//! to read and list them.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

#[path = "../../core/protocol/tests/common/mod.rs"]
mod common;
mod diagnostic;
mod files;
mod forms;
mod links;
mod messages;
mod replies;
mod requests;
mod table;
mod values;

use std::collections::HashMap;

use table::Row;

/// The fewest inputs that there may be.
const LEAST: usize = 300;

fn all() -> Vec<(&'static str, Vec<Row>)> {
    let kinds = [
        "messages", "requests", "links", "values", "forms", "headers", "files", "replies",
    ];
    kinds.map(|kind| (kind, table::read(kind))).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_input_meets_the_refusal_that_is_expected() {
    let mut failures = Vec::new();
    let world = common::World::new();
    let site = forms::Site::start().await;
    let files = files::Place::new();
    let replies = replies::Scene::start().await;
    for (kind, rows) in all() {
        for row in rows {
            let told = match kind {
                "messages" => messages::refusal(&world, &row),
                "requests" => requests::refusal(&world, &row),
                "links" => links::refusal(&world, &row),
                "values" => values::refusal(&row),
                "files" => files.refusal(&row).await,
                "replies" => replies.refusal(&row).await,
                _ => site.refusal(&row).await,
            };
            if !row.is_met_by(&told) {
                failures.push(format!("{kind} {row}\n      met {told}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} inputs met something else:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn there_are_three_hundred_inputs_and_no_two_are_alike() {
    let mut aims = HashMap::new();
    let mut ways = HashMap::new();
    let mut count = 0;
    for (kind, rows) in all() {
        for row in rows {
            count += 1;
            let way = (row.target.clone(), row.expected.clone(), row.means.clone());
            assert!(ways.insert(way, kind).is_none(), "twice: {kind} {row}");
            let other = aims.insert(row.aim.clone(), kind);
            assert!(other.is_none(), "two have this aim: {kind} {row}");
        }
    }
    assert!(count >= LEAST, "{count} inputs");
}

#[test]
fn list() {
    for (kind, rows) in all() {
        println!("\n{kind}: {}", rows.len());
        for row in rows {
            println!("  {row}");
        }
    }
}
