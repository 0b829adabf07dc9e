//! Folders that were emptied, exchanged, opened to others or damaged between two starts of a
//! phone or a service.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use countersign::Authenticator;
use countersign_service::{Config, Connections, Embedded};
use tempfile::TempDir;

use crate::diagnostic::{hex, unescape};
use crate::forms;
use crate::table::Row;

pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The program's error on the folder of a row, which it had used before.
    pub async fn refusal(&self, row: &Row) -> String {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap();
        let data = folder.path().join("data");
        let told = match row.target.as_str() {
            "phone" => {
                phone(&data).unwrap();
                change(&data, &row.means);
                phone(&data).err()
            }
            "service" => {
                self.used(&data).await;
                change(&data, &row.means);
                service(&data, Connections::Loopback).await.err()
            }
            "certificate" => {
                let (certificate, key) = (
                    folder.path().join("cert.pem"),
                    folder.path().join("key.pem"),
                );
                for file in [&certificate, &key] {
                    fs::write(file, "").unwrap();
                    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
                }
                change(folder.path(), &row.means);
                service(&data, Connections::Tls { certificate, key })
                    .await
                    .err()
            }
            other => panic!("no such target: {other}"),
        };
        let place = folder.path().display().to_string();
        told.map_or("taken".into(), |told| told.replace(&place, "DIR"))
    }

    /// A folder of a service that has been used.
    async fn used(&self, data: &Path) {
        let good = self.folder.path().join("good");
        if !good.exists() {
            forms::leave_used(&good).await;
        }
        copy(&good, data);
    }
}

fn phone(data: &Path) -> Result<(), String> {
    let opened = Authenticator::embedded(data).map_err(|error| error.to_string())?;
    opened
        .accounts()
        .map(drop)
        .map_err(|error| error.to_string())
}

async fn service(data: &Path, connections: Connections) -> Result<(), String> {
    let config = Config {
        connections,
        ..Config::embedded(data)
    };
    let started = Embedded::start(config)
        .await
        .map_err(|error| error.to_string())?;
    started.stop().await;
    Ok(())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, &target).unwrap()),
        }
    }
}

/// Changes a folder as a row says, a step between two semicolons.
fn change(folder: &Path, means: &str) {
    for step in means.split("; ") {
        let (verb, rest) = step.split_once(' ').unwrap();
        let (name, how) = rest.split_once(' ').unwrap_or((rest, ""));
        let path: PathBuf = match name {
            "." => folder.to_owned(),
            name => folder.join(name),
        };
        match verb {
            "remove" => fs::remove_file(path).unwrap(),
            "empty" => fs::write(path, "").unwrap(),
            "write" => fs::write(path, unescape(how)).unwrap(),
            "bytes" => fs::write(path, hex(how)).unwrap(),
            "mode" => {
                let mode = u32::from_str_radix(how, 8).unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
            "cut" => {
                let bytes = fs::read(&path).unwrap();
                fs::write(path, &bytes[..bytes.len() / how.parse::<usize>().unwrap()]).unwrap();
            }
            "flip" => {
                let mut bytes = fs::read(&path).unwrap();
                bytes[how.parse::<usize>().unwrap()] ^= 1;
                fs::write(path, bytes).unwrap();
            }
            "move" => fs::rename(path, folder.join(how)).unwrap(),
            "link" => symlink(folder.join(how), path).unwrap(),
            "folder" => fs::create_dir(path).unwrap(),
            other => panic!("no such step: {other}"),
        }
    }
}
