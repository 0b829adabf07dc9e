//! Devices are renamed and removed on the page, history is read and exported, and every event that
//! matters leaves as a message.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use crate::support::{
    Browser, PASSWORD, PIN, Phone, TestClock, World, approve, begin_sign_in, mail, try_pin,
};
use async_trait::async_trait;
use countersign_protocol::{answer::Decision, reply::ResultCode, update::ChangeKind};
use countersign_service::{
    Carried, Carrier, Config, Content, Embedded, Mail, MailSetting, Message,
};

const ANNA: &str = "anna@example.eu";
const WRONG: &str = "9374";

#[tokio::test]
async fn b13_a_device_is_renamed_and_the_phone_hears_of_it() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    let dev = phone.dev();
    let rename = |name: &str| [("dev", dev.clone()), ("name", name.to_owned())];
    let post = async |owner: &mut Browser, name: &str| {
        let fields = rename(name);
        let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        owner.get("/account/devices").await;
        owner.post("/account/devices/rename", &fields).await
    };
    let page = post(&mut owner, "  Work phone ").await;
    assert_eq!(page.path, "/account/devices");
    assert!(page.body.contains("<h2>Work phone</h2>"), "{}", page.body);
    // What was done is said once.
    assert!(
        page.body.contains("role=\"status\"") && page.body.contains("The device has its new name.")
    );
    let again = owner.get("/account/devices").await;
    assert!(!again.body.contains("The device is renamed."));
    let names = phone.status().await.names.unwrap();
    assert_eq!(names.device_name, "Work phone");
    let history = owner.get("/account").await.body;
    assert!(history.contains("Device renamed: My phone → Work phone"));
    for bad in ["", "   ", "a\u{202e}b", &"x".repeat(41)] {
        assert_eq!(post(&mut owner, bad).await.status, 400, "{bad:?}");
    }
    // Nobody else's device, and not without a session.
    let mut other = world.browser();
    other.register("b@example.eu").await;
    assert_eq!(post(&mut other, "Mine").await.status, 409);
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    assert_eq!(post(&mut owner, "Mine").await.path, "/sign-in");
    assert_eq!(
        phone.status().await.names.unwrap().device_name,
        "Work phone"
    );
}

#[tokio::test]
async fn after_a_removal_a_block_and_a_suspension_the_page_says_what_to_do_next() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let with = Some((&mut phone, PIN));
    let mut second = owner.add(&world.clock, "Second", "5071", with).await;
    let page = owner.get("/account/devices").await;
    assert!(!page.body.contains("until it has a new PIN"));

    for _ in 0..5 {
        let slot = second.change(second.wanted(ChangeKind::Change, WRONG, "6304"));
        assert_eq!(second.send_change(&slot).await.result, ResultCode::WrongPin);
    }
    let page = owner.get("/account/devices").await;
    assert!(page.body.contains("blocked after too many wrong PINs"));
    assert!(page.body.contains("until it has a new PIN"));
    assert!(page.body.contains("Forgotten or blocked PIN: Second"));

    owner.get("/account/devices").await;
    let fields = [("dev", second.dev()), ("with", phone.dev())];
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let page = owner.post("/account/devices/remove", &fields).await;
    approve(&mut phone, &page, PIN).await;
    let page = owner.get(&page.path).await;
    assert!(page.body.contains("The device is removed"), "{}", page.body);

    // A copy of the phone.
    let copied = phone.token;
    for _ in 0..2 {
        assert_eq!(
            try_pin(&mut owner, &mut phone, PIN).await.result,
            ResultCode::Done
        );
    }
    phone.token = copied;
    let result = try_pin(&mut owner, &mut phone, PIN).await.result;
    assert_eq!(result, ResultCode::Suspended);
    let page = owner.password(ANNA, PASSWORD).await;
    assert!(page.body.contains("blocked or suspended"), "{}", page.body);
    assert!(page.body.contains("I have no device left that works"));
}

#[tokio::test]
async fn with_a_blocked_phone_alone_the_sign_in_page_offers_what_can_help() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    for _ in 0..5 {
        try_pin(&mut owner, &mut phone, WRONG).await;
    }
    let page = owner.password(ANNA, PASSWORD).await;
    for way in ["/sign-in/app", "/sign-in/code"] {
        assert!(!page.body.contains(&format!("action=\"{way}\"")), "{way}");
        // A form that was on the screen before.
        owner.get("/recovery").await;
        assert_eq!(owner.post(way, &[]).await.path, "/sign-in/method");
    }
    assert!(page.body.contains("blocked or suspended"));
    assert!(page.body.contains("I have no device left that works"));
}

#[tokio::test]
async fn b17_history_is_readable_and_exported_without_secrets() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    owner.get("/account/devices").await;
    let mut phone = owner.add(&world.clock, "=cmd(\"x\")", PIN, None).await;
    try_pin(&mut owner, &mut phone, WRONG).await;
    try_pin(&mut owner, &mut phone, PIN).await;
    phone.change_pin(ChangeKind::Change, PIN, "6304").await;
    let page = owner.get("/account/history").await.body;
    for line in [
        "Account created",
        "Device added: =cmd(",
        "Signed in: password and app PIN",
        "PIN changed: =cmd(",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    let csv = owner.get("/account/history.csv").await;
    assert_eq!(
        csv.headers["content-type"],
        "text/csv; charset=utf-8; header=present"
    );
    assert_eq!(
        csv.headers["content-disposition"],
        "attachment; filename=\"history.csv\""
    );
    let lines: Vec<_> = csv.body.split_terminator("\r\n").collect();
    assert_eq!(lines[0], "time,event,by,place,text");
    assert!(
        lines[1].ends_with("Z,pin-changed,\"device\",\"\",\"PIN changed: =cmd(\"\"x\"\")\""),
        "{}",
        lines[1]
    );
    let events = crate::support::number(&world, "SELECT count(*) FROM event");
    assert_eq!(i64::try_from(lines.len()).unwrap(), events + 1);
    for secret in [PIN, WRONG, "6304", PASSWORD] {
        assert!(!csv.body.contains(secret), "{secret}");
        assert!(!page.contains(secret), "{secret}");
    }
    // Nobody else's.
    let mut other = world.browser();
    other.register("b@example.eu").await;
    let theirs = other.get("/account/history.csv").await.body;
    assert!(
        !theirs.contains("cmd") && theirs.lines().count() == 3,
        "{theirs}"
    );
    other.post("/sign-out", &[]).await;
    assert_eq!(other.get("/account/history.csv").await.path, "/sign-in");
}

/// Keeps what leaves the service, and may refuse it. What it takes is in the outbox too.
struct Mailer {
    outbox: PathBuf,
    sent: Mutex<Vec<Mail>>,
    refusing: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Carrier for Mailer {
    async fn carry(&self, message: &Message) -> Carried {
        if self.refusing.load(std::sync::atomic::Ordering::SeqCst) {
            return Carried::Later("the mail server is away".into());
        }
        let Content::Mail(mail) = &message.content;
        self.sent.lock().unwrap().push(mail.clone());
        let text = format!("To: {}\r\n\r\n{}", mail.to, mail.text);
        let name = format!("{:08}.eml", message.number);
        std::fs::create_dir_all(&self.outbox).unwrap();
        std::fs::write(self.outbox.join(name), text).unwrap();
        Carried::Done
    }
}

impl Mailer {
    /// The one message whose subject has these words, once it is there.
    async fn one(&self, words: &str) -> Mail {
        for _ in 0..100 {
            let sent = self.sent.lock().unwrap().clone();
            let mut found = sent.iter().filter(|notice| notice.subject.contains(words));
            if let Some(notice) = found.next() {
                assert!(found.next().is_none(), "twice: {words}");
                return notice.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("no message: {words}")
    }
}

/// A service whose messages go to a mailer of its own.
async fn with_mailer() -> (World, Arc<Mailer>) {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let mailer = Arc::new(Mailer {
        outbox: folder.path().join("outbox"),
        sent: Mutex::default(),
        refusing: false.into(),
    });
    let service = Embedded::start(Config {
        clock: clock.clone(),
        mail: MailSetting::Carrier(mailer.clone()),
        ..Config::embedded(folder.path())
    })
    .await
    .unwrap();
    let world = World {
        service,
        clock,
        folder,
    };
    (world, mailer)
}

async fn report(owner: &mut Browser, phone: &mut Phone) {
    begin_sign_in(owner, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone.decide(&challenge, Decision::Report, None, PIN).await;
    assert_eq!(reply.result, ResultCode::Done);
}

#[tokio::test]
async fn every_event_that_matters_leaves_as_one_message_to_the_account_and_without_secrets() {
    let (world, mailer) = with_mailer().await;
    let (mut owner, mut phone) = world.person().await;
    mailer.one("Device added: My phone").await;

    phone.change_pin(ChangeKind::Change, PIN, "6304").await;
    mailer.one("PIN changed: My phone").await;

    for (tries, told) in [(3, "Two PIN tries are left"), (2, "Device blocked")] {
        for _ in 0..tries {
            try_pin(&mut owner, &mut phone, WRONG).await;
        }
        let notice = mailer.one(told).await;
        // The next step, and the way to stop a thief.
        assert!(notice.text.contains("/stop"), "{}", notice.text);
        assert!(notice.text.to_lowercase().contains("blocked"));
    }
    // A blocked phone still reports.
    owner.password(ANNA, PASSWORD).await;
    owner.get("/recovery").await;
    owner.post("/recovery", &[]).await;
    let began = mailer.one("recovery of the account began").await;
    assert!(began.text.contains("/recovery/cancel/") && began.text.contains("/recovery/finish/"));

    owner.get("/stop").await;
    let fields = [("email", ANNA), ("password", PASSWORD), ("word", "STOP")];
    assert_eq!(owner.post("/stop", &fields).await.path, "/stop/done");
    mailer.one("STOP: all devices deleted").await;

    let mut other = world.browser();
    other.register("b@example.eu").await;
    let mut theirs = other.add_phone(&world.clock).await;
    other.get("/account").await;
    other.post("/sign-out", &[]).await;
    other.password("b@example.eu", PASSWORD).await;
    other.post("/sign-in/app", &[]).await;
    let challenge = theirs.inbox(0).await.unwrap();
    theirs.decide(&challenge, Decision::Report, None, PIN).await;
    let fraud = mailer.one("Request reported as fraud").await;
    assert_eq!(fraud.to.as_str(), "b@example.eu");

    let sent = mailer.sent.lock().unwrap().clone();
    for notice in &sent {
        assert!(notice.to.as_str() == ANNA || notice.to.as_str() == "b@example.eu");
        assert!(
            notice.subject.starts_with("Countersign: "),
            "{}",
            notice.subject
        );
        for secret in [PIN, "6304", WRONG, PASSWORD] {
            assert!(!notice.text.contains(secret), "{}", notice.text);
        }
    }
}

#[tokio::test]
async fn every_event_that_matters_lands_in_the_outbox_once_also_when_the_service_starts_again() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    phone.change_pin(ChangeKind::Change, PIN, "6304").await;
    report(&mut owner, &mut phone).await;
    world.clock.advance(3601);
    for _ in 0..5 {
        try_pin(&mut owner, &mut phone, WRONG).await;
    }
    owner.get("/stop").await;
    let fields = [("email", ANNA), ("password", PASSWORD), ("word", "STOP")];
    owner.post("/stop", &fields).await;
    for told in [
        "Device added: My phone",
        "PIN changed: My phone",
        "Request reported as fraud",
        "Device blocked after wrong PINs: My phone",
        "recovery of the account began",
        "STOP: all devices deleted",
    ] {
        mail(&world, told).await;
    }
    let outbox = world.folder.path().join("outbox");
    let listed = || -> Vec<_> {
        let files = std::fs::read_dir(&outbox).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let subjects = || -> Vec<String> {
        let text = |name| std::fs::read_to_string(outbox.join(name)).unwrap();
        let subject = |text: String| {
            text.lines()
                .find(|line| line.starts_with("Subject:"))
                .unwrap()
                .to_owned()
        };
        let mut all: Vec<_> = listed().into_iter().map(text).map(subject).collect();
        all.sort();
        all
    };
    let before = listed();
    let mut once = subjects();
    once.dedup();
    assert_eq!(once, subjects());
    let config = Config {
        listen: world.service.address(),
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    };
    world.service.stop().await;
    let service = Embedded::start(config).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(listed(), before);
    service.stop().await;
}

#[tokio::test]
async fn a_message_that_can_not_leave_waits_and_leaves_later() {
    let (world, mailer) = with_mailer().await;
    let (mut owner, mut phone) = world.person().await;
    mailer.one("Device added").await;
    mailer
        .refusing
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let sent = mailer.sent.lock().unwrap().len();
    phone.change_pin(ChangeKind::Change, PIN, "6304").await;
    report(&mut owner, &mut phone).await;
    assert_eq!(mailer.sent.lock().unwrap().len(), sent);
    mailer
        .refusing
        .store(false, std::sync::atomic::Ordering::SeqCst);
    world.clock.advance(1);
    mailer.one("PIN changed").await;
    mailer.one("Request reported as fraud").await;
    assert_eq!(mailer.sent.lock().unwrap().len(), sent + 2);
}

#[tokio::test]
async fn every_message_during_a_recovery_can_cancel_it() {
    // What happens during the recovery, whatever it is: the message that tells of it.
    for told in ["again", "Two PIN tries are left", "reported as fraud"] {
        let (world, mailer) = with_mailer().await;
        let (mut owner, mut phone) = world.person().await;
        mailer.one("Device added").await;
        let mut thief = world.browser();
        thief.password(ANNA, PASSWORD).await;
        thief.get("/recovery").await;
        assert!(
            thief
                .post("/recovery", &[])
                .await
                .body
                .contains("under way")
        );
        match told {
            "again" => drop(thief.post("/recovery", &[]).await),
            "reported as fraud" => report(&mut owner, &mut phone).await,
            _ => {
                for _ in 0..3 {
                    try_pin(&mut owner, &mut phone, WRONG).await;
                }
            }
        }
        let text = mailer.one(told).await.text;
        let cancel = text.lines().find(|line| line.contains("/recovery/cancel/"));
        let cancel = cancel
            .unwrap()
            .strip_prefix(world.service.origin())
            .unwrap();
        let mut anybody = world.browser();
        anybody.get(cancel).await;
        assert!(
            anybody
                .post(cancel, &[])
                .await
                .body
                .contains("is cancelled")
        );
        mailer.one("The recovery was cancelled").await;
        world.clock.advance(24 * 3600);
        let finish = cancel.replace("cancel", "finish");
        assert_eq!(thief.get(&finish).await.status, 404);
    }
}
