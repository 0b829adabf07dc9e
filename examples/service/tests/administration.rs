//! `countersign-service account` against a running service: what it prints, who may connect, what
//! hostile requests do, and the commands of docs/administration.md as they are written there.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::Shutdown,
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixStream,
    },
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use countersign_service::Config;

use crate::support::{Browser, PASSWORD, World, number};

const ANNA: &str = "anna@example.eu";
const PAGE: &str = include_str!("../../../docs/administration.md");

fn account(data: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign-service"));
    program.arg("account").args(arguments);
    program.arg("--data").arg(data);
    program.env_remove("SUDO_USER").stdin(Stdio::null());
    program
}

/// Runs a command, and gives its exit code, its data and its words.
async fn run(world: &World, arguments: &[&str]) -> (i32, String, String) {
    let mut program = account(world.folder.path(), arguments);
    ended(
        tokio::task::spawn_blocking(move || program.output().unwrap())
            .await
            .unwrap(),
    )
}

fn ended(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Accepts the newest invitation to this address.
async fn accept(browser: &mut Browser, email: &str, used: &[String]) -> String {
    let link = loop {
        let link = browser.mailed(email, "/invitation/").await;
        if !used.contains(&link) {
            break link;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    browser.get(&link).await;
    let fields = [
        ("password", PASSWORD),
        ("password_again", PASSWORD),
        ("privacy", "yes"),
    ];
    let page = browser.post(&link, &fields).await;
    assert_eq!(page.status, 200, "{}", page.body);
    link
}

#[tokio::test(flavor = "multi_thread")]
async fn data_are_on_standard_output_words_on_standard_error_and_exit_codes_say_how_it_ended() {
    let world = World::new().await;
    let add = ["add", ANNA, "--first-name", "Anna", "--last-name", "Ozola"];
    let (code, data, words) = run(&world, &add).await;
    assert_eq!((code, &*data), (0, ""), "{words}");
    assert!(words.contains("invitation is on its way"), "{words}");
    let (code, data, words) = run(&world, &add).await;
    assert_eq!((code, &*data), (4, ""));
    assert!(
        words.contains("has the address anna@example.eu already"),
        "{words}"
    );
    let (_, data, words) = run(&world, &["list"]).await;
    assert_eq!(data, "anna@example.eu\tAnna Ozola\tstaff\tinvited\t0\n");
    assert_eq!(words, "");
    let (_, data, _) = run(&world, &["list", "--json"]).await;
    let row: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(
        (&row["email"], &row["state"]),
        (&ANNA.into(), &"invited".into())
    );
    let (_, data, _) = run(&world, &["list", "--csv"]).await;
    assert!(data.starts_with("\u{feff}email,"), "{data}");
    let line = data.lines().nth(1).unwrap();
    assert!(
        line.starts_with("anna@example.eu,Anna,Ozola,en,staff,invited,0,20")
            && line.ends_with(" UTC"),
        "{data}"
    );
    let (_, data, _) = run(&world, &["show", ANNA]).await;
    for part in [
        "state          invited",
        "invited until",
        "The administrator ",
    ] {
        assert!(data.contains(part), "{part}: {data}");
    }
    let (code, data, _) = run(&world, &["show", ANNA, "--json"]).await;
    let shown: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(
        (code, &shown["events"][0]["what"]),
        (0, &"admin-added".into())
    );
    let (code, _, words) = run(&world, &["show", "nobody@example.eu"]).await;
    assert_eq!(code, 4);
    assert!(words.contains("no account has the address"), "{words}");
    assert_eq!(run(&world, &["show"]).await.0, 2);
    let folder = world.folder.path().to_owned();
    world.service.stop().await;
    assert!(!folder.join("admin.sock").exists());
    let (code, _, words) = ended(account(&folder, &["list"]).output().unwrap());
    assert_eq!(code, 3);
    assert!(
        words.contains("no countersign-service runs with the data folder"),
        "{words}"
    );
    // What a killed service leaves is as good as nothing.
    drop(std::os::unix::net::UnixListener::bind(folder.join("admin.sock")).unwrap());
    let (code, ..) = ended(account(&folder, &["list"]).output().unwrap());
    assert_eq!(code, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_is_the_systems_user_with_whoever_used_sudo_and_the_name_that_is_given() {
    let world = World::new().await;
    run(&world, &["add", ANNA, "--first-name", "Anna"]).await;
    let detail = |world: &World| -> String {
        let c = rusqlite::Connection::open(world.folder.path().join("service.db")).unwrap();
        let newest = "SELECT detail FROM event ORDER BY id DESC LIMIT 1";
        c.query_row(newest, [], |row| row.get(0)).unwrap()
    };
    let user = Command::new("id").arg("-un").output().unwrap().stdout;
    let user = String::from_utf8(user).unwrap().trim().to_owned();
    assert_eq!(detail(&world), user);
    let mut by_sudo = account(world.folder.path(), &["invite", ANNA]);
    by_sudo.env("SUDO_USER", "ilze");
    let done = tokio::task::spawn_blocking(move || by_sudo.output().unwrap());
    assert!(done.await.unwrap().status.success());
    let expected = match &*user {
        "root" => "root (sudo: ilze)".to_owned(),
        user => user.to_owned(),
    };
    assert_eq!(detail(&world), expected);
    run(&world, &["invite", ANNA, "--operator", "Ilze Kalniņa"]).await;
    assert_eq!(detail(&world), format!("Ilze Kalniņa ({user})"));
    for bad in ["a\nb", "Ilze (root)", "a:b", "a/b"] {
        let (code, _, words) = run(&world, &["invite", ANNA, "--operator", bad]).await;
        assert_eq!(code, 4, "{bad}");
        assert!(words.contains("--operator"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_services_user_and_root_can_give_commands() {
    let world = World::new().await;
    let socket = world.folder.path().join("admin.sock");
    let found = fs::symlink_metadata(&socket).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    assert!(!world.folder.path().join(".admin").exists());
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can try this as another user");
        return;
    }
    fs::set_permissions(world.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let connect = format!(
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect({:?}); \
         s.sendall(b'{{\"operator\":null,\"sudo_user\":null,\"command\":{{\"list\":{{\"after\":\"\"}}}}}}\\n'); \
         print(s.recv(100))",
        socket.to_str().unwrap()
    );
    let as_nobody = move || {
        let mut setpriv = Command::new("setpriv");
        setpriv.args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "/usr/bin/python3",
            "-c",
        ]);
        setpriv.arg(&connect).output()
    };
    let tried = as_nobody.clone();
    let Ok(refused) = tried() else {
        println!("SKIPPED: there is no setpriv");
        return;
    };
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("PermissionError"), "{said}");
    // If somebody widens the rights, the service still looks who it is.
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
    let hung_up = tokio::task::spawn_blocking(move || as_nobody().unwrap())
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&hung_up.stdout);
    let said = String::from_utf8_lossy(&hung_up.stderr);
    let reset = ["ConnectionResetError", "BrokenPipeError"];
    let reset = reset.iter().any(|error| said.contains(error));
    assert!(text.trim() == "b''" || reset, "{hung_up:?}");
    assert_eq!(run(&world, &["list"]).await.0, 0, "root may");
}

/// Sends bytes, and reads what comes back.
fn talk(data: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(data.join("admin.sock")).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    // The service may hang up before it has read everything.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_are_refused_and_keep_nobody_else_waiting() {
    let world = World::new().await;
    let folder = world.folder.path().to_owned();
    // They say nothing for ever.
    let silent: Vec<_> = (0..7)
        .map(|_| UnixStream::connect(folder.join("admin.sock")).unwrap())
        .collect();
    let begun = Instant::now();
    let list = r#"{"operator":null,"sudo_user":null,"command":{"list":{"after":""}}}"#;
    let requests = [
        ("not JSON\n".to_owned(), "does not understand"),
        (list.to_owned(), "request"),
        (format!("{list} {list}\n"), "request"),
        (
            list.replace("{\"operator\"", "{\"more\":1,\"operator\"") + "\n",
            "request",
        ),
        (
            list.replace("\"after\":\"\"", "\"after\":\"\",\"all\":true") + "\n",
            "request",
        ),
        (list.replace("list", "destroy") + "\n", "request"),
        ("[".repeat(100_000) + "\n", "request"),
        ("\u{0}\n".to_owned(), "request"),
        (format!("{list}\n{list}\n"), "accounts"),
    ];
    let asked = folder.clone();
    let answers = tokio::task::spawn_blocking(move || {
        let answer =
            |(request, part): (String, &'static str)| (talk(&asked, request.as_bytes()), part);
        requests.map(answer)
    });
    for (answer, part) in answers.await.unwrap() {
        assert_eq!(answer.lines().count(), 1, "{answer}");
        let said: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let refused = said["refused"]["request"].is_string();
        assert_eq!(refused, part != "accounts", "{answer}");
    }
    let too_long = folder.clone();
    tokio::task::spawn_blocking(move || talk(&too_long, &vec![b'a'; 20 * 1024 * 1024]))
        .await
        .unwrap();
    assert_eq!(run(&world, &["list"]).await.0, 0);
    assert!(begun.elapsed() < Duration::from_secs(10));
    // They are told, and hung up on.
    let told = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(&silent[0]).read_line(&mut line).unwrap();
        line
    });
    assert!(told.await.unwrap().contains("did not arrive in time"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_tells_how_far_it_is_and_what_is_wrong_with_the_file() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("staff.csv");
    let path = file.to_str().unwrap();
    let head = "email,first_name,last_name,language\r\n";
    let rows: String = (0..200)
        .map(|n| format!("a{n}@example.eu,Anna,Ozola,lv\r\n"))
        .collect();
    fs::write(&file, format!("\u{feff}{head}{rows}")).unwrap();
    let (code, data, words) = run(&world, &["import", path]).await;
    assert_eq!((code, &*data), (0, ""), "{words}");
    let lines: Vec<_> = words.lines().collect();
    assert!(lines.contains(&"100 %, 200 of 200 people"), "{words}");
    assert!(lines.len() <= 21, "{words}");
    assert!(
        words.contains(
            "200 accounts are added. The last of their invitations leaves within a minute."
        )
    );
    fs::write(
        &file,
        format!("{head}b@example.eu,B,B,en\r\na7@example.eu,=A,B,en\r\n"),
    )
    .unwrap();
    let (code, _, words) = run(&world, &["import", path]).await;
    assert_eq!(code, 4);
    assert!(
        words.contains("nothing was imported. line 3: the column first_name begins like a formula"),
        "{words}"
    );
    fs::write(
        &file,
        b"email,first_name,last_name,language\nb@example.eu,J\xe2nis,B,lv\n",
    )
    .unwrap();
    let (code, _, words) = run(&world, &["import", path]).await;
    assert_eq!(code, 4);
    assert!(words.contains("line 2 is not UTF-8"), "{words}");
    fs::write(&file, format!("{head}b@example.eu,B\u{0},B,en\n")).unwrap();
    let (code, _, words) = run(&world, &["import", path]).await;
    assert_eq!(code, 4);
    assert!(words.contains("line 2 has a control character"), "{words}");
    let (code, ..) = run(&world, &["import", "/nowhere/staff.csv"]).await;
    assert_eq!(code, 4);
    fs::write(&file, vec![b'a'; 4 * 1024 * 1024 + 1]).unwrap();
    assert!(run(&world, &["import", path]).await.2.contains("too long"));
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_commands_at_once_each_is_carried_out_or_told_why_not() {
    let world = World::new().await;
    world.browser().register(ANNA).await;
    let disable = ["disable", ANNA];
    let (one, two) = tokio::join!(run(&world, &disable), run(&world, &disable));
    let mut codes = [one.0, two.0];
    codes.sort_unstable();
    assert_eq!(codes, [0, 4], "{one:?} {two:?}");
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM event WHERE what = 'admin-disabled'"
        ),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_an_end_is_refused_at_4_mb() {
    let world = World::new().await;
    let begun = Instant::now();
    let (code, _, words) = run(&world, &["import", "/dev/zero"]).await;
    assert_eq!(code, 4);
    assert!(words.contains("too long"), "{words}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

/// Runs a line of a shell, in which `$service` is the program and `$data` its folder: its exit code
/// and what it says.
async fn shell(world: &World, line: &str) -> (i32, String, String) {
    let mut sh = Command::new("sh");
    sh.args(["-c", line])
        .env("service", env!("CARGO_BIN_EXE_countersign-service"))
        .env("data", world.folder.path())
        .env_remove("SUDO_USER")
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || sh.output().unwrap());
    ended(output.await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_error_that_is_full_or_closed_changes_no_exit_code() {
    if !Path::new("/dev/full").exists() {
        println!("SKIPPED: there is no /dev/full");
        return;
    }
    let world = World::new().await;
    for (number, to) in ["2>/dev/full", "2>&-"].iter().enumerate() {
        let add = format!("\"$service\" account add a{number}@example.eu --first-name A");
        for code in [0, 4] {
            let line = format!("{add} --data \"$data\" {to}");
            assert_eq!(shell(&world, &line).await.0, code, "{line}");
        }
        let line = format!("\"$service\" mail retry --all --data \"$data\" {to}");
        assert_eq!(shell(&world, &line).await.0, 0, "{line}");
    }
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 2);
    // Data that can't be written are said to be so, with a code of its own.
    let data = "--data \"$data\"";
    for command in [
        "policy".to_owned(),
        format!("keys list {data}"),
        format!("doctor {data}"),
        format!("account list {data}"),
        format!("account list --csv {data}"),
        format!("account show a0@example.eu --json {data}"),
    ] {
        let line = format!("\"$service\" {command} >/dev/full");
        let (code, _, words) = shell(&world, &line).await;
        assert_eq!(code, 5, "{line}: {words}");
        assert!(words.contains("can't be written"), "{words}");
        let line = format!("\"$service\" {command} >/dev/full 2>/dev/full");
        assert_eq!(shell(&world, &line).await.0, 5, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_the_progress_bar_work_on_a_terminal() {
    let world = World::new().await;
    // script(1) gives a command a terminal of its own.
    let (code, ..) = shell(&world, "script -qec true /dev/null").await;
    if code != 0 {
        println!("SKIPPED: there is no script(1)");
        return;
    }
    let on_terminal = |command: &str| format!("script -qec '{command}' /dev/null");
    let rows: String = (0..200)
        .map(|n| format!("a{n}@example.eu,Anna,Ozola,lv\n"))
        .collect();
    let file = world.folder.path().join("staff.csv");
    fs::write(
        &file,
        format!("email,first_name,last_name,language\n{rows}"),
    )
    .unwrap();
    let import = on_terminal("\"$service\" account import \"$data/staff.csv\" --data \"$data\"");
    let (code, said, _) = shell(&world, &import).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("[####################] 100 %\r\n200 accounts are added"),
        "{said}"
    );
    let list = on_terminal("\"$service\" account list --at-most 1 --data \"$data\"");
    let (code, said, _) = shell(&world, &list).await;
    assert_eq!(
        (code, &*said),
        (0, "a0@example.eu\tAnna Ozola\tstaff\tinvited\t0\r\n")
    );
    let (code, said, _) = shell(&world, &import).await;
    assert_eq!(code, 4, "{said}");
    // The service itself, whose log goes to a terminal.
    let serve = on_terminal("\"$service\" --data \"$data/missing/folder\" --listen 192.0.2.1:1");
    let (_, said, _) = shell(&world, &serve).await;
    assert!(!said.contains("panicked"), "{said}");
}

/// The lines of a section that are commands.
fn commands(heading: &str) -> Vec<&'static str> {
    let section = PAGE.split_once(&format!("\n## {heading}\n")).unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("    "));
    lines.map(str::trim).collect()
}

/// Runs a command with the paths of this test.
fn run_written(command: &str, folder: &Path) -> Output {
    let folder = folder.to_str().unwrap();
    let command = command
        .replace("/var/lib/countersign", &format!("{folder}/data"))
        .replace("/media/", &format!("{folder}/"));
    let program = Path::new(env!("CARGO_BIN_EXE_countersign-service"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    Command::new("sh")
        .args(["-c", &command])
        .env("PATH", path)
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_page_does_what_it_says() {
    let files = tempfile::tempdir().unwrap();
    let data = files.path().join("data");
    let set = |config: &mut Config| config.data.clone_from(&data);
    let world = World::with(set).await;
    let mut browser = world.browser();
    browser.outbox = data.join("outbox");
    browser.email = ANNA.to_owned();
    let mut used = Vec::new();
    let mut ran = 0;
    for (heading, left) in [
        ("Add people", 3),
        ("Mail does not arrive", 3),
        ("Somebody is locked out", 3),
        ("A phone is lost", 3),
        ("Somebody leaves, or must be kept out", 2),
    ] {
        if heading == "Somebody is locked out" {
            world.browser().password(ANNA, "Wrong-horse8").await;
            let c = rusqlite::Connection::open(data.join("service.db")).unwrap();
            c.execute("UPDATE guess SET wrong = 50", []).unwrap();
        }
        let commands = commands(heading);
        assert!(!commands.is_empty(), "{heading}");
        for command in commands {
            let folder = files.path().to_owned();
            let output = tokio::task::spawn_blocking(move || run_written(command, &folder));
            let output = output.await.unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command}: {said}");
            ran += 1;
        }
        // The person does what the page says of them.
        if heading == "Add people" {
            used.push(accept(&mut browser, ANNA, &used).await);
            browser.add_phone(&world.clock).await;
        }
        if heading == "A phone is lost" {
            used.push(accept(&mut browser, ANNA, &used).await);
        }
        let c = rusqlite::Connection::open(data.join("service.db")).unwrap();
        let accounts: i64 = c
            .query_row("SELECT count(*) FROM account", [], |row| row.get(0))
            .unwrap();
        assert_eq!(accounts, left, "{heading}");
    }
    let indented = PAGE.lines().filter(|line| line.starts_with("    ")).count();
    assert_eq!(ran, indented, "every command was run");
    let listed = fs::read_to_string(files.path().join("accounts.csv")).unwrap();
    assert_eq!(listed.lines().count(), 4, "{listed}");
}
