//! The commands that disable, enable and delete an account are killed, and typed again.

use std::{fs, os::unix::process::ExitStatusExt, path::Path};

use super::{Names, world::World};

pub async fn closing_an_account() -> Names {
    let mut world = World::running();
    let list = world.folder.path().join("writes");
    let record = ("COUNTERSIGN_WRITES", list.to_str().unwrap());
    for (command, name) in [
        ("disable", "DisableAccount"),
        ("enable", "EnableAccount"),
        ("delete", "DeleteAccount"),
    ] {
        if command != "enable" {
            world.enrolled().await;
        }
        let email = world.email.clone();
        let run = |arm| {
            let arguments = ["account", command];
            world.service.command(&arguments, Path::new(&email), arm)
        };
        let killed = run(("COUNTERSIGN_KILL_BEFORE", name));
        assert_eq!(killed.signal(), Some(9), "{command}");
        // As before, whether the service runs on or starts again.
        world.service.start(("COUNTERSIGN_WRITES", "/dev/null"));
        let rows = |state: &str| -> i64 {
            let query = format!("SELECT count(*) FROM account WHERE email = '{email}' {state}");
            let database = world.service.database();
            database.query_row(&query, [], |row| row.get(0)).unwrap()
        };
        let disabled = "AND disabled_at IS NOT NULL";
        assert_eq!(
            (rows(""), rows(disabled)),
            (1, (command == "enable").into())
        );
        assert!(run(record).success(), "{command}");
        let left = (rows(""), rows(disabled));
        assert_eq!(
            left,
            ((command != "delete").into(), (command == "disable").into())
        );
        // What a restore must not undo is in the journal once the service has started.
        world.service.start(("COUNTERSIGN_WRITES", "/dev/null"));
        world.service.journal_is_whole();
        if command == "enable" {
            world.sign_in_by_app().await;
        }
    }
    let names = fs::read_to_string(&list).unwrap();
    names.lines().map(str::to_owned).collect()
}
