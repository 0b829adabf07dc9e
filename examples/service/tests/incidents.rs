//! The commands of docs/incidents.md, run in their order as they are written there.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use countersign_service::{Config, Embedded};

use crate::{
    restore::{signs_in, signs_in_by_code},
    support::World,
};

const PROCEDURES: &str = include_str!("../../../docs/incidents.md");

/// The lines that are commands, of the section with this heading.
fn commands(heading: &str) -> Vec<&'static str> {
    let section = PROCEDURES
        .split_once(&format!("\n## {heading}\n"))
        .unwrap()
        .1;
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("    "));
    lines.map(str::trim).collect()
}

/// Runs a command with the paths of this test, and a service manager that does nothing.
fn run(command: &str, folder: &Path) {
    let folder = folder.to_str().unwrap();
    let command = command
        .replace("/var/lib/countersign", &format!("{folder}/data"))
        .replace("/etc/countersign", &format!("{folder}/etc"))
        .replace("/media/", &format!("{folder}/"));
    let program = Path::new(env!("CARGO_BIN_EXE_countersign-service"));
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("systemctl() {{ :; }}; {command}")])
        .env(
            "PATH",
            format!("{}:{path}", program.parent().unwrap().display()),
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {said}");
}

#[tokio::test]
async fn every_command_of_the_procedures_does_what_they_say() {
    let files = tempfile::tempdir().unwrap();
    for folder in ["etc", "safe", "backups", "data"] {
        let folder = files.path().join(folder);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let key_file = files.path().join("etc/service.key");
    let data = files.path().join("data");
    let set = |config: &mut Config| {
        config.data.clone_from(&data);
        config.key_file = Some(key_file.clone());
    };
    let mut world = World::with(set).await;
    let (mut owner, mut phone) = {
        let mut browser = world.browser();
        browser.outbox = data.join("outbox");
        browser.register("anna@example.eu").await;
        let phone = browser.add_phone(&world.clock).await;
        (browser, phone)
    };
    for heading in [
        "A backup or a disk without the key file",
        "The key file",
        "A backup from before an exchange",
    ] {
        let commands = commands(heading);
        assert!(commands.len() >= 3, "{heading}: {commands:?}");
        let mut config = Config {
            listen: world.service.address(),
            clock: world.clock.clone(),
            ..Config::embedded(&data)
        };
        set(&mut config);
        let before = fs::read(&key_file).unwrap();
        world.service.stop().await;
        for command in commands {
            run(command, files.path());
        }
        let is_exchange = heading != "A backup from before an exchange";
        assert_eq!(fs::read(&key_file).unwrap() != before, is_exchange);
        let service = Embedded::start(config).await.unwrap();
        world = World { service, ..world };
        signs_in(&mut owner, &mut phone).await;
        if heading.starts_with("A backup or a disk") {
            signs_in_by_code(&mut owner, &mut phone).await;
        }
    }
    world.service.stop().await;
}
