//! The demo is the first thing that anybody runs.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use common::countersign;
use countersign_service::{Config, Embedded};

#[test]
fn demo_goes_through_every_step_in_under_20_seconds_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let run = common::command(folder.path(), &["demo"])
        .env("TMPDIR", folder.path())
        .output()
        .map(common::Run::from)
        .unwrap();
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    assert!(began.elapsed() < Duration::from_secs(20));
    let ticks = run
        .stdout
        .lines()
        .filter(|line| line.starts_with("  ✓ "))
        .count();
    assert_eq!(ticks, 15, "{}", run.stdout);
    assert!(!run.stdout.contains('✗'));
    for said in [
        "creates an account",
        "initialise.png",
        "number",
        "wrong PIN",
        "declines",
        "Offline",
        "A transfer",
        "not signed",
        "second-phone.png",
        "On mobile",
        "STOP",
        "24 hours",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn demo_keeps_its_folder_when_asked_and_reports_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let run = common::command(folder.path(), &["demo", "--keep", "--json"])
        .env("TMPDIR", folder.path())
        .output()
        .map(common::Run::from)
        .unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = run.json();
    assert_eq!(report["ok"], true);
    let kept = Path::new(report["folder"].as_str().unwrap());
    for name in [
        "phone/countersign.db",
        "initialise.png",
        "sign-in.png",
        "transfer.png",
        "changed.png",
        "second-phone.png",
    ] {
        assert!(kept.join(name).is_file(), "{name}");
    }
    let history = countersign(
        folder.path(),
        &["history", "--data", kept.join("phone").to_str().unwrap()],
    );
    assert!(history.stdout.contains("approved"), "{}", history.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_runs_again_and_again_against_a_running_service() {
    let folder = tempfile::tempdir().unwrap();
    let service = Embedded::start(Config::embedded(folder.path().join("service")))
        .await
        .unwrap();
    // The demo's person reads the mail that the service sends.
    let outbox = service.data().join("outbox");
    let outbox = outbox.to_str().unwrap().to_owned();
    let demo = ["demo", "--outbox", &outbox, "--server"];
    for _ in 0..2 {
        let run = countersign(folder.path(), &[&demo[..], &[service.origin()]].concat());
        assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
        assert!(run.stdout.contains(service.origin()));
    }
    let origin = service.origin().to_owned();
    service.stop().await;
    let run = countersign(folder.path(), &[&demo[..], &[&origin]].concat());
    assert!(
        run.code == 1 && run.stdout.contains('✗') && run.stdout.contains("did not answer"),
        "{}",
        run.stdout
    );
}

#[test]
fn demo_says_so_where_a_process_cannot_be_cut_off_from_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let run = common::command(folder.path(), &["demo"])
        .env("PATH", folder.path())
        .output()
        .map(common::Run::from)
        .unwrap();
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("cannot cut a process"),
        "{}",
        run.stdout
    );
}

#[test]
fn demo_life_goes_through_every_step_in_under_20_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let run = common::command(folder.path(), &["demo", "--life"])
        .env("TMPDIR", folder.path())
        .output()
        .map(common::Run::from)
        .unwrap();
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(!run.stdout.contains('✗'));
    for said in [
        "A new phone",
        "“1987” is refused",
        "a finger",
        "PIN is changed",
        "renews its keys",
        "the old ones vouch",
        "block the first phone",
        "copy is found out",
        "is backed up",
        "removes the account",
        "her phone notices nothing",
        "history.csv",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
