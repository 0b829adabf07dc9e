//! The phone's folder on a disk that is full, or that can't be written: real disks, in a mount
//! namespace of their own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use crate::common::world::{EMAIL, PASSWORD, World};

/// Runs a script of the shell in which `phone` is the program, with its data on a disk of its own
/// at `$disk`; what it says is in the answer. `None`, said so, where a program may not mount a
/// disk.
fn with_a_disk(folder: &Path, script: &str) -> Option<String> {
    let disk = folder.join("disk");
    std::fs::create_dir(&disk).unwrap();
    let whole = format!(
        "mount -t tmpfs -o size=512k,mode=700 tmpfs \"$disk\" || exit 77\n\
         phone() {{ \"$program\" --data \"$disk/phone\" \"$@\" 2>&1; echo \"exit $?\"; }}\n\
         fill() {{ cat /dev/zero > \"$disk/filler\" 2>/dev/null; }}\n{script}\nexit 0"
    );
    // A user namespace lets anybody mount; without it root can.
    for flags in ["--user --map-root-user --mount", "--mount"] {
        let run = Command::new("unshare")
            .args(flags.split(' '))
            .args(["sh", "-c", &whole])
            .env("disk", &disk)
            .env("program", env!("CARGO_BIN_EXE_countersign"))
            .env("folder", folder)
            .output();
        match run {
            Ok(run) if run.status.success() => {
                return Some(String::from_utf8(run.stdout).unwrap());
            }
            Ok(run) if !matches!(run.status.code(), Some(1 | 77)) => {
                panic!("{}", String::from_utf8_lossy(&run.stderr))
            }
            _ => {}
        }
    }
    println!("SKIPPED: no program may mount a disk of its own here (unshare of util-linux)");
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_spent_and_the_phone_says_what_to_do() {
    let mut world = World::initialised().await;
    world.anna.give_password(EMAIL, PASSWORD).await.unwrap();
    world.anna.ask_code().await.unwrap();
    world.screenshot("code.png").await;
    let said = with_a_disk(
        world.folder.path(),
        r#"
        cp -R "$folder/phone/countersign" "$disk/phone" && fill
        phone scan "$folder/code.png"
        phone rename 1 Mine
        phone accounts
        rm "$disk/filler"
        echo free
        phone scan "$folder/code.png" --json | grep '"code"'"#,
    );
    let Some(said) = said else { return };
    let (full, free) = said.split_once("free\n").unwrap();
    let refused = full.matches("there is no room left on the disk").count();
    assert_eq!((refused, full.matches("exit 5").count()), (2, 2), "{said}");
    assert!(full.contains("free some and try again; nothing was lost"));
    assert!(
        full.ends_with("exit 0\n"),
        "what is there can be read: {said}"
    );
    let code: serde_json::Value = serde_json::from_str(free.lines().next().unwrap()).unwrap();
    let code = code["code"].as_str().unwrap();
    world.anna.type_code(code).await.unwrap();
    assert!(world.is_signed_in().await);
}

#[test]
fn a_first_start_on_a_full_disk_says_so_and_the_next_one_works() {
    let folder = tempfile::tempdir().unwrap();
    let said = with_a_disk(
        folder.path(),
        r#"
        # From no room at all to nearly enough: the database, its journal, the key.
        for kilobytes in 0 8 24 40 44 48 52 56 60 64; do
            rm -rf "$disk/filler" "$disk/phone"
            head -c ${kilobytes}k /dev/zero > "$disk/room"
            fill
            rm "$disk/room"
            phone accounts
        done
        rm "$disk/filler"
        echo free
        phone accounts"#,
    );
    let Some(said) = said else { return };
    let (full, free) = said.split_once("free\n").unwrap();
    for run in full.split_inclusive("exit 5\n") {
        let said_so = run.contains("no room left on the disk");
        assert!(said_so || !run.contains("exit 5"), "{run}");
    }
    assert!(full.contains("exit 5"), "{said}");
    assert!(
        free.contains("no account on this phone yet") && free.contains("exit 1"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_can_only_be_read_is_read_and_says_what_to_do_when_it_has_to_change() {
    let mut world = World::initialised().await;
    world.anna.give_password(EMAIL, PASSWORD).await.unwrap();
    world.anna.ask_code().await.unwrap();
    world.screenshot("code.png").await;
    let said = with_a_disk(
        world.folder.path(),
        r#"
        cp -R "$folder/phone/countersign" "$disk/phone"
        mount -o remount,ro "$disk"
        phone accounts
        echo read
        phone scan "$folder/code.png"
        phone remove 1 --yes
        phone decline
        "$program" --data "$disk/new" accounts 2>&1"#,
    );
    let Some(said) = said else { return };
    let (read, write) = said.split_once("read\n").unwrap();
    assert!(read.contains(EMAIL) && read.contains("exit 0"), "{said}");
    let refused = write
        .matches("make the folder writable for this user")
        .count();
    assert_eq!(refused, 3, "{said}");
    assert!(!write.contains("exit 0"), "{said}");
}
