//! The journal beside the database, and what `restore` refuses.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{PASSWORD, Phone, World};
use countersign_service::{Config, Embedded, Places, StartError, backup, restore};

const ANNA: &str = "anna@example.eu";

fn config(world: &World) -> Config {
    Config {
        listen: world.service.address(),
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    }
}

/// Starts the service again after what was done to its data folder.
async fn try_after(
    world: World,
    change: impl FnOnce(&Path),
) -> Result<World, (StartError, tempfile::TempDir)> {
    let config = config(&world);
    world.service.stop().await;
    change(world.folder.path());
    match Embedded::start(config).await {
        Ok(service) => Ok(World { service, ..world }),
        Err(error) => Err((error, world.folder)),
    }
}

async fn after(world: World, change: impl FnOnce(&Path)) -> World {
    match try_after(world, change).await {
        Ok(world) => world,
        Err((error, _)) => panic!("{error}"),
    }
}

async fn refused(world: World, change: impl FnOnce(&Path)) -> (String, tempfile::TempDir) {
    match try_after(world, change).await {
        Ok(_) => panic!("it started"),
        Err((error, folder)) => (error.to_string(), folder),
    }
}

fn journal(folder: &Path) -> String {
    fs::read_to_string(folder.join("service.journal")).unwrap()
}

/// A service with a device that removed itself: the last lines of its journal are about it.
async fn with_a_removal() -> (World, Phone, String) {
    let world = World::new().await;
    let (_, phone) = world.person().await;
    assert_eq!(phone.remove().await, 200);
    let lines = journal(world.folder.path());
    assert!(
        lines.contains("removed ") && lines.contains(&phone.dev()),
        "{lines}"
    );
    (world, phone, lines)
}

/// Copies the database by hand, as no backup is made.
fn copied(world_folder: &Path) -> Vec<u8> {
    fs::read(world_folder.join("service.db")).unwrap()
}

#[tokio::test]
async fn the_journal_is_written_before_the_answer_and_private() {
    let (world, _, lines) = with_a_removal().await;
    // Two keys, the device, its removal, and that it was the last one.
    assert_eq!(lines.lines().count(), 1 + 5, "{lines}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = world.folder.path().join("service.journal");
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for secret in [ANNA, "Anna", "My phone", PASSWORD] {
        assert!(!lines.contains(secret));
    }
}

#[tokio::test]
async fn what_a_crash_kept_from_the_journal_is_there_after_the_next_start() {
    let (world, _, lines) = with_a_removal().await;
    let whole = lines.lines().count();
    let mut world = world;
    for kept in [whole - 1, whole - 2, 2] {
        let some: String = lines.split_inclusive('\n').take(kept).collect();
        for torn in ["", "9 1795450000 remov"] {
            let text = format!("{some}{torn}");
            world = after(world, |folder| {
                fs::write(folder.join("service.journal"), text).unwrap();
            })
            .await;
            assert_eq!(journal(world.folder.path()), lines);
        }
    }
    // One that is lost for good is begun from the database, where that is asked for.
    let set = Config {
        new_journal: true,
        ..config(&world)
    };
    world.service.stop().await;
    fs::remove_file(world.folder.path().join("service.journal")).unwrap();
    let again = Embedded::start(set).await.unwrap();
    assert_eq!(journal(world.folder.path()), lines);
    again.stop().await;
}

#[tokio::test]
async fn an_older_database_is_a_restored_one_however_it_came_there() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    let mut old = Vec::new();
    let world = after(world, |folder| old = copied(folder)).await;
    assert_eq!(phone.remove().await, 200);
    let world = after(world, |folder| {
        fs::write(folder.join("service.db"), &old).unwrap();
    })
    .await;
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/recovery");
    let step = crate::support::number(&world, "SELECT step FROM account");
    assert_eq!(step, 10_000);
    // Once, and not at each start.
    let world = after(world, |_| {}).await;
    let step = crate::support::number(&world, "SELECT step FROM account");
    assert_eq!(step, 10_000);
}

#[tokio::test]
async fn a_damaged_line_is_written_anew_where_the_database_has_it_and_else_told() {
    let world = World::new().await;
    let (_, phone) = world.person().await;
    let mut old = Vec::new();
    let world = after(world, |folder| old = copied(folder)).await;
    assert_eq!(phone.remove().await, 200);
    let lines = journal(world.folder.path());
    let damaged = lines.replace("removed ", "removec ");
    let world = after(world, |folder| {
        fs::write(folder.join("service.journal"), &damaged).unwrap();
    })
    .await;
    assert_eq!(journal(world.folder.path()), lines);

    let (told, folder) = refused(world, |folder| {
        fs::write(folder.join("service.journal"), &damaged).unwrap();
        fs::write(folder.join("service.db"), &old).unwrap();
    })
    .await;
    assert!(told.contains("lines that are damaged: 5"), "{told}");
    // Whoever deletes the line accepts the loss; the next one counts.
    let kept: Vec<_> = damaged
        .lines()
        .filter(|line| !line.contains("removec"))
        .collect();
    fs::write(
        folder.path().join("service.journal"),
        kept.join("\n") + "\n",
    )
    .unwrap();
    let service = Embedded::start(Config::embedded(folder.path()))
        .await
        .unwrap();
    service.stop().await;
}

#[tokio::test]
async fn a_journal_of_another_service_or_another_story_is_refused() {
    let (world, _, lines) = with_a_removal().await;
    let (other, _, _) = with_a_removal().await;
    let theirs = journal(other.folder.path());
    let (told, folder) = refused(world, |folder| {
        fs::write(folder.join("service.journal"), &theirs).unwrap();
    })
    .await;
    assert!(told.contains("is not a journal of this service"), "{told}");
    // The same service's, and the database tells it otherwise.
    fs::write(folder.path().join("service.journal"), &lines).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("service.db")).unwrap();
    connection
        .execute("UPDATE journal SET at = at + 1 WHERE seq = 3", [])
        .unwrap();
    drop(connection);
    let told = Embedded::start(Config::embedded(folder.path())).await;
    let told = told.err().unwrap().to_string();
    assert!(told.contains("do not agree from line 3 on"), "{told}");
}

#[tokio::test]
async fn an_empty_database_never_takes_the_place_of_a_lost_one_without_a_word() {
    let (world, _, _) = with_a_removal().await;
    let (told, folder) = refused(world, |folder| {
        fs::remove_file(folder.join("service.db")).unwrap();
    })
    .await;
    assert!(told.contains("Restore the last backup first"), "{told}");
    assert!(!folder.path().join("service.db").exists());
}

/// A backup of a service with one account.
async fn a_backup() -> (World, tempfile::TempDir, PathBuf) {
    let world = World::new().await;
    world.person().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    let places = Places::new(world.folder.path());
    backup(&places, &file, world.clock.as_ref()).unwrap();
    (world, folder, file)
}

#[tokio::test]
async fn a_restore_overwrites_nothing_unless_told_and_keeps_what_was_there() {
    let (world, _folder, file) = a_backup().await;
    let clock = world.clock.clone();
    let mut browser = world.browser();
    browser.register("later@example.eu").await;
    let places = Places::new(world.folder.path());
    let world = after(world, |folder| {
        let told = restore(&places, &file, false, clock.as_ref());
        assert!(told.unwrap_err().to_string().contains("add --replace"));
        assert!(!folder.join("service.db.part").exists());
        let report = restore(&places, &file, true, clock.as_ref()).unwrap();
        assert!(report.made_at.is_some());
        let aside = report.replaced.unwrap();
        let old = rusqlite::Connection::open(aside).unwrap();
        let accounts: i64 = old
            .query_row("SELECT count(*) FROM account", [], |row| row.get(0))
            .unwrap();
        assert_eq!(accounts, 2);
    })
    .await;
    assert_eq!(
        crate::support::number(&world, "SELECT count(*) FROM account"),
        1
    );

    // A folder that is no data folder.
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("letter.txt"), "x").unwrap();
    let key_file = Some(world.folder.path().join("keys/service.key"));
    let places = Places {
        key_file,
        ..Places::new(other.path())
    };
    let told = restore(&places, &file, false, clock.as_ref());
    assert!(told.unwrap_err().to_string().contains("letter.txt"));
    // A new one: the key must be there first, to tell a backup from a forged one; and the journal
    // is lost, which has to be said.
    let new = other.path().join("new");
    let places = Places::new(&new);
    let told = restore(&places, &file, false, clock.as_ref());
    let told = told.unwrap_err().to_string();
    assert!(told.contains("can't be told from a forged one"), "{told}");
    fs::create_dir_all(new.join("keys")).unwrap();
    private_copy(
        &world.folder.path().join("keys/service.key"),
        &new.join("keys/service.key"),
    );
    restore(&places, &file, false, clock.as_ref()).unwrap();
    let told = Embedded::start(Config::embedded(&new)).await;
    let told = told.err().unwrap().to_string();
    assert!(told.contains("--new-journal"), "{told}");
    let config = Config {
        new_journal: true,
        ..Config::embedded(&new)
    };
    Embedded::start(config).await.unwrap().stop().await;
    // Once is enough.
    let again = Embedded::start(Config::embedded(&new)).await.unwrap();
    again.stop().await;
}

/// A copy that its owner alone may read.
fn private_copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(to, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A backup as the service would mark it, of any bytes.
fn marked(world: &World, database: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};
    let text = fs::read_to_string(world.folder.path().join("keys/service.key")).unwrap();
    let root = text.lines().find_map(|line| line.strip_prefix("root "));
    let root = hex(root.unwrap());
    let mut key = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::new(Some(b"countersign-service/v1/keyfile"), &root)
        .expand(b"backups", &mut key)
        .unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(database);
    let mac = mac.finalize().into_bytes();
    [database, b"countersign-service-backup-1", &mac].concat()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[tokio::test]
async fn a_backup_that_somebody_changed_or_made_is_refused() {
    let (world, folder, file) = a_backup().await;
    let clock = world.clock.clone();
    // The device rows deleted: the password alone would sign in.
    let whole = fs::read(&file).unwrap();
    let database = &whole[..whole.len() - 60];
    let edited = folder.path().join("edited.db");
    fs::write(&edited, database).unwrap();
    let connection = rusqlite::Connection::open(&edited).unwrap();
    connection.execute("DELETE FROM device", []).unwrap();
    drop(connection);
    let edited = fs::read(&edited).unwrap();
    let places = Places {
        key_file: Some(world.folder.path().join("keys/service.key")),
        ..Places::new(folder.path().join("into"))
    };
    let mut cut = whole.clone();
    cut.truncate(whole.len() / 2);
    let mut spoilt = whole.clone();
    spoilt[9000] ^= 1;
    let kept_mark = [edited.as_slice(), &whole[database.len()..]].concat();
    for (name, bytes) in [
        ("raw", database),
        ("edited", &edited),
        ("edited, with the old mark", &kept_mark),
        ("cut", &cut),
        ("one bit", &spoilt),
        ("empty", &[]),
    ] {
        let bad = folder.path().join("bad");
        fs::write(&bad, bytes).unwrap();
        let told = restore(&places, &bad, false, clock.as_ref())
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("is no backup that this service made"),
            "{name}: {told}"
        );
        assert!(!places.data.join("service.db").exists(), "{name}");
    }
    restore(&places, &file, false, clock.as_ref()).unwrap();
}

#[tokio::test]
async fn an_emptied_database_beside_its_key_is_refused_and_so_is_a_lost_journal() {
    for (name, empties) in [("service.db", true), ("service.db", false)] {
        let (world, _, _) = with_a_removal().await;
        let (told, folder) = refused(world, |folder| {
            for log in ["service.db-wal", "service.db-shm"] {
                let _ = fs::remove_file(folder.join(log));
            }
            // The journal alone is lost with it in one case.
            fs::remove_file(folder.join("service.journal")).unwrap();
            match empties {
                true => fs::write(folder.join(name), "").unwrap(),
                false => fs::remove_file(folder.join(name)).unwrap(),
            }
        })
        .await;
        assert!(
            told.contains("is missing or empty, and the key file"),
            "{told}"
        );
        let left = fs::metadata(folder.path().join(name));
        assert_eq!(left.map_or(0, |file| file.len()), 0, "nothing was made");
    }
    for emptied in [None, Some(""), Some("countersign-service-journal-1\n")] {
        let (world, _, _) = with_a_removal().await;
        let (told, _) = refused(world, |folder| {
            let journal = folder.join("service.journal");
            match emptied {
                Some(text) => fs::write(journal, text).unwrap(),
                None => fs::remove_file(journal).unwrap(),
            }
        })
        .await;
        assert!(told.contains("--new-journal"), "{emptied:?}: {told}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn files_that_others_may_change_are_refused_and_doctor_tells() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let (world, _, _) = with_a_removal().await;
    let (told, folder) = refused(world, |folder| mode(folder, 0o777)).await;
    assert!(told.contains("others on this machine can write"), "{told}");
    mode(folder.path(), 0o700);
    let start = async || Embedded::start(Config::embedded(folder.path())).await;
    let doctor = || {
        let checked = countersign_service::doctor(&Places::new(folder.path()), None);
        checked
            .into_iter()
            .filter_map(|(_, found)| found.err())
            .collect::<Vec<_>>()
    };
    assert_eq!(doctor(), Vec::<String>::new());
    for name in ["service.db", "service.journal", "keys/service.key"] {
        let path = folder.path().join(name);
        mode(&path, 0o644);
        let told = start().await.err().unwrap().to_string();
        assert!(
            told.contains("others on this machine can read"),
            "{name}: {told}"
        );
        assert!(
            doctor().iter().any(|problem| problem.contains("can read")),
            "{name}"
        );
        mode(&path, 0o600);
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        let told = start().await.err().unwrap().to_string();
        assert!(told.contains("symbolic link"), "{name}: {told}");
        fs::remove_file(&path).unwrap();
        fs::rename(&elsewhere, &path).unwrap();
    }
    start().await.unwrap().stop().await;
}

#[tokio::test]
async fn a_restore_takes_only_whole_backups_of_this_service_and_schema() {
    let (world, folder, file) = a_backup().await;
    let clock = world.clock.clone();
    let into = |name: &str| Places {
        key_file: Some(world.folder.path().join("keys/service.key")),
        ..Places::new(folder.path().join(name))
    };
    let told = |name: &str, bytes: &[u8]| {
        let bad = folder.path().join(format!("{name}.bad"));
        fs::write(&bad, bytes).unwrap();
        let told = restore(&into(name), &bad, false, clock.as_ref());
        let left: Vec<_> = fs::read_dir(folder.path().join(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["lock"], "{name}");
        told.unwrap_err().to_string()
    };
    let whole = fs::read(&file).unwrap();
    let database = &whole[..whole.len() - 60];
    assert_eq!(marked(&world, database), whole);
    let told = |name: &str, database: &[u8]| told(name, &marked(&world, database));
    assert!(told("empty", b"").contains("is not a database of this service"));
    assert!(told("text", &[b'x'; 9000]).contains("damaged"));
    assert!(told("cut", &database[..database.len() / 2]).contains("damaged"));
    let mut spoilt = database.to_vec();
    for byte in &mut spoilt[8192..12_288] {
        *byte ^= 0x55;
    }
    assert!(told("spoilt", &spoilt).contains("damaged"));
    let later = folder.path().join("later.db");
    fs::write(&later, database).unwrap();
    let connection = rusqlite::Connection::open(&later).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(told("newer", &fs::read(&later).unwrap()).contains("newer countersign-service"));
    let foreign = folder.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE other (x)").unwrap();
    drop(connection);
    assert!(
        told("foreign", &fs::read(&foreign).unwrap()).contains("is not a database of this service")
    );
    // With another service's key.
    let (other, _folder, theirs) = a_backup().await;
    let refused = restore(&into("key"), &theirs, false, clock.as_ref());
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("is no backup that this service made"),
        "{refused}"
    );
    other.service.stop().await;
}
