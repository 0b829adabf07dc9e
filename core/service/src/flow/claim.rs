//! The claim: a phone takes up an enrolment (PROTOCOL.md, section 10, step 4).

use std::sync::Arc;

use countersign_protocol::{
    Step,
    claim::{Claim, ClaimSecrets, KeyClass},
    enrolment::Way,
    id::{DeviceId, Hash},
    keys::enrolment_pin_verifier,
    policy::tries,
    reply::{DeviceState, Names, Reply, ResultCode, Tries},
    request::{ReceivedRequest, Request},
    verify::clock_is_near,
};
use ring::digest;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Failed, Posted, Signed, signed};
use crate::{
    app::App,
    base::random,
    keys::seal::Place,
    store::{Account, Device, DeviceKeys, Enrolment, EnrolmentState, NewClaim},
};

/// Judges a claim.
///
/// # Errors
/// See [`Failed`].
pub(crate) async fn claim(app: Arc<App>, posted: Posted) -> Signed {
    // 10.1
    let received = ReceivedRequest::<Claim>::parse(&posted.bytes)?;
    let (svc, acc, dev) = received.names();
    let id = received.enrolment();
    // 10.3
    let request = received.verify_own_key().map_err(|_| Failed::Unknown)?;
    let now = app.clock.now();
    // 10.2
    let enrolment = app.store.enrolment(id, now).await?;
    let fits = |enrolment: &Enrolment| {
        svc == app.origin.svc() && enrolment.account == acc && enrolment.dev == dev
    };
    let Some(enrolment) = enrolment.filter(fits) else {
        return refuse(&app, &request, ResultCode::Refused);
    };
    // 10.4
    if enrolment.claim == Some(request.hash()) {
        return claimed(&app, request.hash(), &enrolment).await;
    }
    // 10.5
    if enrolment.state != EnrolmentState::Open || enrolment.hash != request.enrolment_hash {
        return refuse(&app, &request, ResultCode::Refused);
    }
    // 10.6
    if !clock_is_near(request.time, now) {
        return refuse(&app, &request, ResultCode::Clock);
    }
    // 10.7
    let keys = app.keys.now();
    let Some(opened) = keys.unseal(&request.sealing(), request.sealed(), now) else {
        return refuse(&app, &request, ResultCode::Unsealable);
    };
    // 10.8 to 10.10
    let secrets = request.secrets(&opened).ok().filter(|secrets| {
        let hash = digest::digest(&digest::SHA256, secrets.one_time_secret.expose());
        bool::from(hash.as_ref().ct_eq(&enrolment.secret))
            && secrets.k.is_some() == (enrolment.way == Way::PinInBrowser)
    });
    let Some(secrets) = secrets else {
        return refuse(&app, &request, ResultCode::Refused);
    };

    if let Some(k) = &secrets.k {
        // 10.11
        let Some(taken) = app
            .store
            .spend_pin_try(request.enrolment, request.hash(), now)
            .await?
        else {
            return repeat_or_refuse(&app, &request).await;
        };
        // 10.12: the try is counted and on the disk; only now is K looked at.
        let pin_check = app.root.sealing.open(pin_check(dev), &taken.pin_check)?;
        if !bool::from(enrolment_pin_verifier(k).expose().ct_eq(&pin_check)) {
            app.store.fail_pin_try(request.enrolment, now).await?;
            tracing::info!(%dev, left = taken.left, "a claim came with a wrong PIN");
            let wrong = ResultCode::WrongEnrolmentPin;
            return signed(&app, request.hash(), wrong, |reply| {
                reply.tries_in_row = u8::try_from(taken.left).ok();
            });
        }
    }

    // 10.13
    let new = new_claim(&app, &request, &secrets)?;
    match app.store.claim(new, app.clock.now()).await? {
        Some(enrolment) if enrolment.claim == Some(request.hash()) => {
            tracing::info!(%dev, "an enrolment was claimed");
            claimed(&app, request.hash(), &enrolment).await
        }
        _ => refuse(&app, &request, ResultCode::Refused),
    }
}

/// Where V is sealed.
pub(crate) fn pin_check(dev: DeviceId) -> Place {
    Place {
        owner: dev.0,
        field: "pin-check",
        epoch: 1,
    }
}

/// No try could be taken: the same claim may have been recorded a moment ago.
async fn repeat_or_refuse(app: &App, request: &Request<Claim>) -> Signed {
    let enrolment = app
        .store
        .enrolment(request.enrolment, app.clock.now())
        .await?;
    match enrolment.filter(|enrolment| enrolment.claim == Some(request.hash())) {
        Some(enrolment) => claimed(app, request.hash(), &enrolment).await,
        None => refuse(app, request, ResultCode::Refused),
    }
}

fn refuse(app: &App, request: &Request<Claim>, result: ResultCode) -> Signed {
    signed(app, request.hash(), result, |_| ())
}

fn new_claim(
    app: &App,
    request: &Request<Claim>,
    secrets: &ClaimSecrets,
) -> Result<NewClaim, Failed> {
    let place = |field| Place {
        owner: request.dev.0,
        field,
        epoch: 1,
    };
    let seal = |field, secret: &[u8]| app.root.sealing.seal(place(field), secret);
    // Where the PIN was chosen in the browser, a right K confirms by itself.
    let code = match secrets.k {
        Some(_) => None,
        None => {
            let code = Zeroizing::new(format!("{:06}", random::below(1_000_000)?));
            Some(seal("enrolment-code", code.as_bytes())?)
        }
    };
    Ok(NewClaim {
        id: request.enrolment,
        claim: request.hash(),
        proof: [request.signature().as_slice(), request.transcript_bytes()].concat(),
        code,
        model: request.model.clone(),
        platform: request.platform.clone(),
        hardware: request.key_class == KeyClass::Hardware,
        keys: DeviceKeys {
            device_key: request.device_key,
            pin_key: seal("pin-key", secrets.pin_key.as_bytes())?,
            pin_code_secret: seal("pin-share", secrets.p.expose())?,
            plain_code_secret: seal("plain-share", secrets.n.expose())?,
            chain: seal("chain", secrets.chain.expose())?,
        },
    })
}

/// The reply to a recorded claim, the same every time.
async fn claimed(app: &App, request: Hash, enrolment: &Enrolment) -> Signed {
    let device = app.store.device(enrolment.dev).await?;
    let Some(device) = device.filter(|device| device.enrolment == enrolment.id) else {
        return signed(app, request, ResultCode::Refused, |_| ());
    };
    let standing = Standing::read(app, &device, Some(enrolment)).await?;
    signed(app, request, ResultCode::Done, |reply| {
        standing.fill(app, reply, &device);
    })
}

/// What a claim's and a status's reply say besides the device itself.
pub(super) struct Standing {
    account: Account,
    next_step: Step,
    state: DeviceState,
    /// The six digits, while they are due.
    code: Option<String>,
}

impl Standing {
    /// Reads it.
    pub(super) async fn read(
        app: &App,
        device: &Device,
        enrolment: Option<&Enrolment>,
    ) -> Result<Self, Failed> {
        let state = match enrolment.map(|enrolment| enrolment.state) {
            Some(EnrolmentState::Claimed) => DeviceState::Claimed,
            Some(EnrolmentState::Confirmed) => DeviceState::Confirmed,
            _ => device.shown_state(),
        };
        let account = app.store.account(device.account).await?;
        let sealed = enrolment.and_then(|enrolment| enrolment.code.as_ref());
        let mut code = None;
        if let Some(sealed) = sealed.filter(|_| state == DeviceState::Claimed) {
            let place = Place {
                owner: device.dev.0,
                field: "enrolment-code",
                epoch: 1,
            };
            let opened = app.root.sealing.open(place, sealed)?;
            code = Some(String::from_utf8_lossy(&opened).into_owned());
        }
        Ok(Self {
            account: account.ok_or(Failed::Unknown)?,
            next_step: app.store.next_step(device.account, app.clock.now()).await?,
            state,
            code,
        })
    }

    /// Puts it into the reply.
    pub(super) fn fill(&self, app: &App, reply: &mut Reply, device: &Device) {
        if device.acked == 0 && device.issued == 1 {
            reply.state_token = Some(app.root.tokens.token(device.dev, device.issued));
        }
        reply.tries_in_row = Some(device.left_in_a_row());
        reply.tries_in_epoch = Some(device.left_in_epoch());
        reply.counter = Some(device.counter);
        reply.next_step = Some(self.next_step);
        reply.epoch = Some(device.epoch);
        reply.device_state = Some(self.state);
        if matches!(self.state, DeviceState::Claimed | DeviceState::Confirmed) {
            // Section 8: only until the device is active.
            reply.i0 = Some(device.first_step);
        }
        reply.names = Some(Names {
            app_name: app.name.clone(),
            account_label: account_label(&self.account),
            device_name: device.name.clone(),
        });
        reply.policy = Some(Tries {
            in_row: tries::IN_A_ROW,
            in_epoch: tries::IN_EPOCH,
        });
        reply.confirmation_code.clone_from(&self.code);
    }
}

/// The account as a phone shows it: the e-mail address, cut to 40 bytes at a character.
pub(crate) fn account_label(account: &Account) -> String {
    let mut label = account.email.to_string();
    if label.len() > 40 {
        let end = (0..=37)
            .rev()
            .find(|at| label.is_char_boundary(*at))
            .unwrap_or(0);
        label.truncate(end);
        label.push('…');
    }
    label
}
