//! Biometrics in the place of the PIN, which always stays as the way back.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign::platform::{BiometricKey, Biometrics, BiometricsError};
use countersign::software::{LoggedIn, SoftwareBiometrics};
use countersign::{
    AccountNumber, ApproveError, Authenticator, CodeError, EventKind, Refusal, Resumed, Scanned,
    Source, TurnOnError, TypedValue, Unlock, UnlockMethod,
};
use countersign_protocol::challenge::Field;
use countersign_protocol::code::transaction_question;
use countersign_protocol::field::FieldKind;
use countersign_protocol::message::{Received, SignatureBytes};
use zeroize::Zeroizing;

use crate::support::*;

const ALLOWED: u8 = 0;
const NOT_CONFIRMED: u8 = 1;
const CHANGED: u8 = 2;
const NOT_THERE: u8 = 3;

/// A reader that does as the test says, and remembers what it was asked.
struct Reader {
    keys: SoftwareBiometrics,
    mood: AtomicU8,
    asked: Mutex<Vec<String>>,
    deleted: AtomicUsize,
}

impl Reader {
    fn new(folder: &Path) -> Arc<Self> {
        Arc::new(Self {
            keys: SoftwareBiometrics::open(folder, Arc::new(LoggedIn)).unwrap(),
            mood: AtomicU8::new(ALLOWED),
            asked: Mutex::default(),
            deleted: AtomicUsize::new(0),
        })
    }

    fn is(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }

    fn ask(&self, reason: &str) -> Result<(), BiometricsError> {
        self.asked.lock().unwrap().push(reason.to_owned());
        match self.mood.load(Ordering::SeqCst) {
            NOT_CONFIRMED => Err(BiometricsError::NotConfirmed),
            CHANGED => Err(BiometricsError::Changed),
            NOT_THERE => Err(BiometricsError::Unavailable("it is wet".into())),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Biometrics for Reader {
    fn available(&self) -> bool {
        self.mood.load(Ordering::SeqCst) != NOT_THERE
    }

    async fn create_key(&self, context: &[u8]) -> Result<BiometricKey, BiometricsError> {
        self.keys.create_key(context).await
    }

    async fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
        reason: &str,
    ) -> Result<SignatureBytes, BiometricsError> {
        self.ask(reason)?;
        self.keys.sign(context, handle, message, reason).await
    }

    async fn seal(
        &self,
        context: &[u8],
        handle: &[u8],
        secret: &[u8],
        reason: &str,
    ) -> Result<Vec<u8>, BiometricsError> {
        self.keys.seal(context, handle, secret, reason).await
    }

    async fn open(
        &self,
        context: &[u8],
        handle: &[u8],
        sealed: &[u8],
        reason: &str,
    ) -> Result<Zeroizing<Vec<u8>>, BiometricsError> {
        self.ask(reason)?;
        self.keys.open(context, handle, sealed, reason).await
    }

    fn delete_key(&self, handle: &[u8]) -> Result<(), BiometricsError> {
        self.deleted.fetch_add(1, Ordering::SeqCst);
        self.keys.delete_key(handle)
    }
}

fn phone_with(scene: &Scene, reader: &Arc<Reader>) -> Authenticator {
    let transport = Arc::clone(&scene.desk) as _;
    let mut platform = platform(scene.folder.path(), Arc::clone(&scene.clock), transport);
    platform.biometrics = Some(Arc::clone(reader) as _);
    Authenticator::open(scene.folder.path(), platform).unwrap()
}

/// A phone with a reader, enrolled.
async fn with_reader() -> (Scene, Arc<Reader>, AccountNumber) {
    let (mut scene, account, _) = enrolled().await;
    let reader = Reader::new(scene.folder.path());
    scene.phone = phone_with(&scene, &reader);
    (scene, reader, account)
}

async fn turned_on() -> (Scene, Arc<Reader>, AccountNumber) {
    let (scene, reader, account) = with_reader().await;
    let on = scene.phone.turn_on_biometrics(account, pin(PIN)).await;
    assert!(on.unwrap().biometrics);
    (scene, reader, account)
}

async fn ask(scene: &Scene, account: AccountNumber, unlock: Unlock) -> countersign::ChallengeId {
    scene.desk.ask_approval_by(None, unlock);
    let request = scene.phone.pending(account).await.unwrap().remove(0);
    assert_eq!(request.unlock, unlock);
    request.id
}

fn is_on(scene: &Scene) -> (bool, bool) {
    let there = scene.desk.with_device(|device| device.biometrics.is_some());
    (scene.phone.accounts().unwrap()[0].biometrics, there)
}

fn kinds(phone: &Authenticator) -> Vec<EventKind> {
    let history = phone.history().unwrap();
    history.iter().map(|event| event.kind).collect()
}

/// How many rows hold K_bio and B, and how many keys wait to be forgotten.
fn rows(scene: &Scene) -> (u32, u32) {
    let path = scene.folder.path().join(countersign::DATABASE_FILE);
    let database = rusqlite::Connection::open(path).unwrap();
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        database.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    (count("biometrics"), count("discarded_key"))
}

#[tokio::test(start_paused = true)]
async fn biometrics_are_offered_turned_on_with_the_pin_and_approve_where_the_request_allows_it() {
    let (scene, reader, account) = with_reader().await;
    assert!(scene.phone.biometrics_offered(account).unwrap());
    let request = ask(&scene, account, Unlock::PinOrBiometrics).await;
    let off = scene
        .phone
        .approve(request, None, None, UnlockMethod::Biometrics)
        .await;
    assert!(matches!(off, Err(ApproveError::BiometricsOff)));
    scene
        .phone
        .turn_on_biometrics(account, pin(PIN))
        .await
        .unwrap();
    assert_eq!(is_on(&scene), (true, true));
    assert!(!scene.phone.biometrics_offered(account).unwrap());
    assert!(kinds(&scene.phone).contains(&EventKind::BiometricsOn));

    scene
        .phone
        .approve(request, None, None, UnlockMethod::Biometrics)
        .await
        .unwrap();
    assert_eq!(
        reader.asked.lock().unwrap().last().unwrap(),
        "to approve: sign-in"
    );
    let pin_only = ask(&scene, account, Unlock::Pin).await;
    let refused = scene
        .phone
        .approve(pin_only, None, None, UnlockMethod::Biometrics)
        .await;
    assert!(matches!(refused, Err(ApproveError::BiometricsNotAllowed)));
    scene
        .phone
        .approve(pin_only, None, None, pin(PIN).into())
        .await
        .unwrap();
    // The PIN stays the way back.
    let request = ask(&scene, account, Unlock::PinOrBiometrics).await;
    scene
        .phone
        .approve(request, None, None, pin(PIN).into())
        .await
        .unwrap();
    // On this phone itself, too.
    let text = scene.desk.ask_on_mobile_by(Unlock::PinOrBiometrics);
    let Scanned::OnMobile(request) = scene.phone.scan(&text, Source::VerifiedLink).await.unwrap()
    else {
        panic!("not on mobile");
    };
    assert_eq!(request.unlock, Unlock::PinOrBiometrics);
    let approved = scene
        .phone
        .approve(request.id, Some(account), None, UnlockMethod::Biometrics)
        .await;
    assert!(approved.unwrap().open.is_some());
}

#[tokio::test(start_paused = true)]
async fn codes_and_transactions_are_made_with_a_finger_where_they_allow_it() {
    let (scene, reader, _) = turned_on().await;
    let (acc, _) = scene.desk.only();
    for (step, unlock) in [(1, Unlock::PinOrBiometrics), (2, Unlock::Nothing)] {
        let text = scene.desk.ask_code(acc, step, unlock);
        let request = scene.scan_code(&text).await;
        let code = scene
            .phone
            .code(request.id, UnlockMethod::Biometrics)
            .await
            .unwrap();
        assert!(scene.desk.judge(&text, None, &code.code));
    }
    let text = scene.desk.ask_code(acc, 3, Unlock::Pin);
    let request = scene.scan_code(&text).await;
    let refused = scene.phone.code(request.id, UnlockMethod::Biometrics).await;
    assert!(matches!(refused, Err(CodeError::BiometricsNotAllowed)));
    // With the PIN the same code is judged with P.
    let text = scene.desk.ask_code(acc, 4, Unlock::PinOrBiometrics);
    let request = scene.scan_code(&text).await;
    let code = scene.phone.code(request.id, pin(PIN).into()).await.unwrap();
    assert!(scene.desk.judge(&text, None, &code.code));

    let field = Field {
        id: "amount".into(),
        label: "Amount".into(),
        kind: FieldKind::Amount,
        longest: 12,
        pattern: None,
        hint: None,
    };
    let text = scene
        .desk
        .ask_transaction_by(acc, 5, vec![field], Unlock::PinOrBiometrics);
    let Scanned::Transaction(form) = scene.phone.scan(&text, Source::Camera).await.unwrap() else {
        panic!("no form");
    };
    let typed = [TypedValue {
        id: "amount".into(),
        value: "12,5".into(),
    }];
    let signed = scene
        .phone
        .sign(form.id, &typed, UnlockMethod::Biometrics)
        .await
        .unwrap();
    // The system's dialog is where a person sees it last.
    let asked = reader.asked.lock().unwrap().last().cloned();
    assert_eq!(asked.as_deref(), Some("to sign: “Transfer”"));
    let bytes = base32_bytes(text.split_once("/Q/").unwrap().1);
    let hash = Received::<countersign_protocol::challenge::Challenge>::parse(&bytes)
        .unwrap()
        .hash();
    let question = transaction_question(&hash.0, &[("amount", "12.50")]);
    assert!(scene.desk.judge(&text, Some(question), &signed.code));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_pin_turns_nothing_on_and_is_counted() {
    let (scene, reader, account) = with_reader().await;
    let wrong = scene.phone.turn_on_biometrics(account, pin("5739")).await;
    assert!(matches!(
        wrong,
        Err(TurnOnError::Refused(Refusal::WrongPin {
            tries_left: 4,
            ..
        }))
    ));
    assert_eq!((is_on(&scene), rows(&scene)), ((false, false), (0, 0)));
    assert_eq!(reader.deleted.load(Ordering::SeqCst), 1);
    assert_eq!(kinds(&scene.phone)[0], EventKind::WrongPin);
    // A person who does not confirm turns nothing on either, and no try is spent.
    reader.is(NOT_CONFIRMED);
    let refused = scene.phone.turn_on_biometrics(account, pin(PIN)).await;
    assert!(matches!(
        refused,
        Err(TurnOnError::Biometrics(BiometricsError::NotConfirmed))
    ));
    assert_eq!((is_on(&scene), rows(&scene)), ((false, false), (0, 0)));
    assert_eq!(scene.desk.sent("/api/v1/biometrics").len(), 1);
    reader.is(NOT_THERE);
    assert!(!scene.phone.biometrics_offered(account).unwrap());
    let none = scene.phone.turn_on_biometrics(account, pin(PIN)).await;
    assert!(matches!(none, Err(TurnOnError::NotAvailable)));
}

#[tokio::test(start_paused = true)]
async fn a_finger_that_is_not_recognised_leaves_the_request_to_the_pin() {
    let (scene, reader, account) = turned_on().await;
    let request = ask(&scene, account, Unlock::PinOrBiometrics).await;
    reader.is(NOT_CONFIRMED);
    let refused = scene
        .phone
        .approve(request, None, None, UnlockMethod::Biometrics)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("use the PIN"), "{refused}");
    assert_eq!(is_on(&scene), (true, true));
    scene
        .phone
        .approve(request, None, None, pin(PIN).into())
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn when_fingers_have_changed_the_keys_go_and_the_service_is_told_when_it_can_be() {
    for online in [true, false] {
        let (scene, reader, account) = turned_on().await;
        let (acc, _) = scene.desk.only();
        reader.is(CHANGED);
        if online {
            let request = ask(&scene, account, Unlock::PinOrBiometrics).await;
            let gone = scene
                .phone
                .approve(request, None, None, UnlockMethod::Biometrics)
                .await
                .unwrap_err();
            assert!(gone.to_string().contains("have changed"), "{gone}");
            assert_eq!(is_on(&scene), (false, false));
            scene
                .phone
                .approve(request, None, None, pin(PIN).into())
                .await
                .unwrap();
        } else {
            // A code needs no network, and so the service hears of it later.
            let text = scene.desk.ask_code(acc, 1, Unlock::PinOrBiometrics);
            let request = scene.scan_code(&text).await;
            let gone = scene.phone.code(request.id, UnlockMethod::Biometrics).await;
            assert!(matches!(
                gone,
                Err(CodeError::Biometrics(BiometricsError::Changed))
            ));
            assert_eq!((is_on(&scene), rows(&scene)), ((false, true), (1, 0)));
            scene.phone.code(request.id, pin(PIN).into()).await.unwrap();
            scene.phone.pending(account).await.unwrap();
            assert_eq!(is_on(&scene), (false, false));
        }
        assert_eq!(rows(&scene), (0, 0));
        assert!(kinds(&scene.phone).contains(&EventKind::BiometricsGone));
        // They can be turned on again.
        reader.is(ALLOWED);
        assert!(scene.phone.biometrics_offered(account).unwrap());
        scene
            .phone
            .turn_on_biometrics(account, pin(PIN))
            .await
            .unwrap();
        assert_eq!(is_on(&scene), (true, true));
    }
}

#[tokio::test(start_paused = true)]
async fn turning_them_off_works_without_a_network_and_is_told_later() {
    let (scene, _, account) = turned_on().await;
    scene.desk.twist(&[Twist::Unreachable]);
    let off = scene.phone.turn_off_biometrics(account).await.unwrap();
    assert!(!off.biometrics);
    assert_eq!((is_on(&scene), rows(&scene)), ((false, true), (1, 0)));
    let again = phone_with(&scene, &Reader::new(scene.folder.path()));
    assert!(again.resume().await.unwrap().is_empty());
    assert_eq!((is_on(&scene), rows(&scene)), ((false, false), (0, 0)));
    assert!(kinds(&again).contains(&EventKind::BiometricsOff));
    // Where the answer alone was lost, the status tells.
    again.turn_on_biometrics(account, pin(PIN)).await.unwrap();
    scene.desk.twist(&[Twist::Lost]);
    again.turn_off_biometrics(account).await.unwrap();
    assert_eq!((is_on(&scene), rows(&scene)), ((false, false), (1, 0)));
    again.resume().await.unwrap();
    assert_eq!(rows(&scene), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_new_pin_turns_them_off_and_renewed_keys_keep_them() {
    let (scene, _, account) = turned_on().await;
    scene.phone.rotate_keys(account, pin(PIN)).await.unwrap();
    let request = ask(&scene, account, Unlock::PinOrBiometrics).await;
    scene
        .phone
        .approve(request, None, None, UnlockMethod::Biometrics)
        .await
        .unwrap();
    scene.desk.with_device(|device| device.in_epoch = 7);
    let request = ask(&scene, account, Unlock::PinOrBiometrics).await;
    scene
        .phone
        .approve(request, None, None, pin(PIN).into())
        .await
        .unwrap();
    assert_eq!(scene.desk.with_device(|device| device.epoch), 3);
    let (acc, _) = scene.desk.only();
    let text = scene.desk.ask_code(acc, 1, Unlock::PinOrBiometrics);
    let code = scene.scan_code(&text).await;
    let code = scene
        .phone
        .code(code.id, UnlockMethod::Biometrics)
        .await
        .unwrap();
    assert!(scene.desk.judge(&text, None, &code.code));
    let (new, again) = (pin("8023"), pin("8023"));
    scene
        .phone
        .change_pin(account, pin(PIN), new, again)
        .await
        .unwrap();
    assert_eq!((is_on(&scene), rows(&scene)), ((false, false), (0, 0)));
    scene
        .phone
        .turn_on_biometrics(account, pin("8023"))
        .await
        .unwrap();
    scene.desk.grant();
    scene
        .phone
        .set_forgotten_pin(account, pin(PIN), pin(PIN))
        .await
        .unwrap();
    assert_eq!((is_on(&scene), rows(&scene)), ((false, false), (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_made_up_for_by_what_the_status_says() {
    for (arrives, heard) in [(true, true), (true, false), (false, false)] {
        let (scene, reader, account) = with_reader().await;
        let mut twists = vec![
            if arrives {
                Twist::Lost
            } else {
                Twist::Unreachable
            };
            3
        ];
        if !heard {
            twists.push(Twist::Unreachable);
        }
        scene.desk.twist(&twists);
        let asked = scene.phone.turn_on_biometrics(account, pin(PIN)).await;
        if heard {
            assert!(asked.unwrap().biometrics);
            continue;
        }
        assert!(matches!(asked, Err(TurnOnError::Unfinished(_))));
        // Until it is known, the PIN is the way.
        assert!(!scene.phone.accounts().unwrap()[0].biometrics);
        let again = phone_with(&scene, &reader);
        let resumed = again.resume().await.unwrap();
        match resumed[..] {
            [Resumed::BiometricsOn(_)] => assert!(arrives),
            [Resumed::BiometricsOff(_)] => assert!(!arrives),
            _ => panic!("{resumed:?}"),
        }
        assert_eq!(is_on(&scene), (arrives, arrives));
        assert_eq!(rows(&scene).1, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_service_no_longer_has_is_erased_here_and_what_it_has_too_much_it_is_told() {
    let (scene, _, account) = turned_on().await;
    scene.desk.with_device(|device| device.biometrics = None);
    let request = ask(&scene, account, Unlock::PinOrBiometrics).await;
    let refused = scene
        .phone
        .approve(request, None, None, UnlockMethod::Biometrics)
        .await;
    assert!(matches!(refused, Err(ApproveError::BiometricsNotAllowed)));
    assert_eq!((is_on(&scene), rows(&scene)), ((false, false), (0, 0)));
    scene
        .phone
        .approve(request, None, None, pin(PIN).into())
        .await
        .unwrap();

    scene
        .phone
        .turn_on_biometrics(account, pin(PIN))
        .await
        .unwrap();
    let path = scene.folder.path().join(countersign::DATABASE_FILE);
    let database = rusqlite::Connection::open(path).unwrap();
    database.execute("DELETE FROM biometrics", []).unwrap();
    drop(database);
    scene.phone.refresh(account).await.unwrap();
    assert_eq!((is_on(&scene), rows(&scene)), ((false, true), (1, 0)));
    scene.phone.pending(account).await.unwrap();
    assert_eq!((is_on(&scene), rows(&scene)), ((false, false), (0, 0)));
}
