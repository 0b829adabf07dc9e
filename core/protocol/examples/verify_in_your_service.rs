//! Your own back end verifies a countersigned approval, with this crate and its feature `verify`
//! alone:
//!
//! `cargo run -p countersign-protocol --features verify --example verify_in_your_service`
//!
//! `judge` is what a back end writes; the numbers are the steps of PROTOCOL.md. `Account` and
//! `ChallengeRecord` are rows of its database. `main` makes both, and a phone that answers.

mod phone;

use std::error::Error;

use countersign_protocol::SigningKey;
use countersign_protocol::answer::Answer;
use countersign_protocol::challenge::{Browser, Challenge, Context, Kind, Purpose, System, Unlock};
use countersign_protocol::id::{AccountId, ChallengeId, DeviceId, PublicKey};
use countersign_protocol::keys::Binding;
use countersign_protocol::message::{Message, Received};
use countersign_protocol::origin::Origin;
use countersign_protocol::policy::tries::Tries;
use countersign_protocol::reply::{DeviceState, ResultCode};
use countersign_protocol::request::ReceivedRequest;
use countersign_protocol::seal::OpeningKey;
use countersign_protocol::secret::Secret32;
use countersign_protocol::verify::{
    ChallengeRecord, DeviceRecord, Next, StateTokenKey, TokenState, judge_answer,
};
use phone::Phone;

/// The keys that judge. Your service keeps them outside its database.
struct Keys {
    opening: OpeningKey,
    tokens: StateTokenKey,
}

/// The row of your database for one phone, since its enrolment (section 10).
struct Account {
    device_key: PublicKey,
    pin_key: PublicKey,
    device: DeviceRecord,
    tries: Tries,
}

/// Judges the body that a phone posted to `/api/v1/answer`. An error is answered with HTTP 400
/// or 401.
fn judge(
    keys: &Keys,
    account: &mut Account,
    challenge: &mut ChallengeRecord,
    body: &[u8],
    now: u64,
) -> Result<ResultCode, Box<dyn Error>> {
    // 11.1 and 11.2: parse strictly, then verify the device's signature over the bytes received.
    let request = ReceivedRequest::<Answer>::parse(body)?.verify(&account.device_key)?;
    // 11.3: if your database has an outcome under `request.hash()`, reply with that outcome again.
    // 11.4 to 11.12: one call, and its verdict is stored in one transaction.
    let made = keys.tokens.made(request.dev, &request.state_token);
    let judgement = judge_answer(&request, &account.device, Some(challenge), now, made);
    if let Some(accepted) = judgement.accepted {
        account.device.counter = accepted.counter;
        account.device.tokens = accepted.tokens;
    }
    match judgement.next {
        Next::CheckPin => {}
        Next::CheckBiometrics => return Err("this account has no biometric key".into()),
        Next::Reply(result) => return Ok(result),
        Next::Suspend => {
            account.device.state = DeviceState::Suspended;
            return Ok(ResultCode::Suspended);
        }
        Next::Close(_) => {
            challenge.open = false;
            return Ok(ResultCode::Done);
        }
        Next::CloseWrongNumber => {
            challenge.open = false;
            return Ok(ResultCode::WrongNumber);
        }
    }
    // 11.13: the PIN's signature travels sealed to your HPKE key.
    let Ok(opened) = keys.opening.open(&request.sealing(), request.sealed()) else {
        return Ok(ResultCode::Unsealable);
    };
    // 11.14: count before check. COMMIT this before the signature is looked at.
    let Ok(tries) = account.tries.spend() else {
        account.device.state = DeviceState::Blocked;
        return Ok(ResultCode::Blocked);
    };
    account.tries = tries;
    // 11.15: only now is the PIN judged, by a signature. Your service never sees the PIN.
    if request.verify_unlock(&opened, &account.pin_key).is_err() {
        return Ok(ResultCode::WrongPin);
    }
    // 11.16: close the challenge by compare-and-set, and give the try back.
    challenge.open = false;
    account.tries = account.tries.give_back();
    Ok(ResultCode::Done)
}

fn random<const N: usize>() -> Result<[u8; N], Box<dyn Error>> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| "the system gave no random bytes")?;
    Ok(bytes)
}

fn secret() -> Result<Secret32, Box<dyn Error>> {
    Ok(Secret32::take(&mut random()?))
}

/// A challenge of your service, and its row in your database.
fn ask(
    signing: &SigningKey,
    binding: &Binding,
    number: u8,
    now: u64,
) -> Result<Asked, Box<dyn Error>> {
    let challenge = Challenge {
        svc: binding.svc,
        kid: PublicKey::of(signing).key_id(),
        id: ChallengeId(random()?),
        purpose: Purpose::SignIn,
        issued_at: now,
        lifetime: 300,
        app_name: "Your service".into(),
        unlock: Unlock::Pin,
        context: Context {
            browser: Browser::Firefox,
            system: System::Linux,
            place: *b"LV",
        },
        subject: None,
        client: None,
        binding: None,
        kind: Kind::Approve {
            acc: binding.acc,
            dev: binding.dev,
            number_matching: true,
        },
    };
    let message = challenge.sign(signing)?;
    let received = Received::<Challenge>::parse(&message)?;
    let record = ChallengeRecord {
        id: challenge.id,
        hash: received.hash(),
        challenge_type: challenge.kind.number(),
        acc: Some(binding.acc),
        dev: Some(binding.dev),
        purpose: challenge.purpose,
        expires_at: challenge.expires_at(),
        open: true,
        unlock: challenge.unlock,
        number: Some(number),
    };
    Ok(Asked { message, record })
}

struct Asked {
    message: Vec<u8>,
    record: ChallengeRecord,
}

fn main() -> Result<(), Box<dyn Error>> {
    let origin = Origin::parse("https://sign.example.eu")?;
    let signing = SigningKey::from_slice(secret()?.expose())?;
    let keys = Keys {
        opening: OpeningKey::derive(&secret()?).ok_or("no HPKE key")?,
        tokens: StateTokenKey::new(secret()?),
    };
    // An enrolment leaves these on the phone and in your database (section 10).
    let binding = Binding {
        svc: origin.svc(),
        acc: AccountId(random()?),
        dev: DeviceId(random()?),
        epoch: 1,
    };
    let mut phone = Phone {
        binding,
        device_key: SigningKey::from_slice(secret()?.expose())?,
        d: secret()?,
        service_key: PublicKey::of(&signing),
        hpke_key: *keys.opening.public(),
        counter: 0,
    };
    let mut account = Account {
        device_key: PublicKey::of(&phone.device_key),
        pin_key: PublicKey::of(phone.pin_keys("4071")?.signing_key()),
        device: DeviceRecord {
            state: DeviceState::Active,
            acc: binding.acc,
            counter: 0,
            tokens: TokenState::FIRST,
            epoch: binding.epoch,
            has_biometrics: false,
        },
        tries: Tries::default(),
    };

    let now = 1_795_392_000;
    let Asked {
        message,
        mut record,
    } = ask(&signing, &binding, 42, now)?;
    println!("asked: approve a sign-in, with the number 42");
    let answers = [
        ("a wrong PIN", "1234", ResultCode::WrongPin),
        ("the right PIN", "4071", ResultCode::Done),
        (
            "a second approval of the same challenge",
            "4071",
            ResultCode::NotOpen,
        ),
    ];
    for (what, pin, expected) in answers {
        // The newest state token reaches a phone in your reply to its answer before.
        let token = keys.tokens.token(binding.dev, account.device.tokens.issued);
        let body = phone.approve(&message, 42, pin, token, now)?;
        let result = judge(&keys, &mut account, &mut record, &body, now)?;
        println!("{what}: {result:?}, {} tries left", account.tries.left());
        assert_eq!(result, expected);
    }
    Ok(())
}

#[test]
fn a_back_end_with_this_crate_alone_judges_an_approval() {
    main().unwrap();
}
