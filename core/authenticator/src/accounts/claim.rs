//! Claiming an account (PROTOCOL.md §10): the keys are stored first, then the claim is sent.

use countersign_protocol::claim::{Claim, ClaimSecrets};
use countersign_protocol::enrolment::Way;
use countersign_protocol::field::is_displayable;
use countersign_protocol::id::PublicKey;
use countersign_protocol::keys::{PinKeys, enrolment_pin_key};
use countersign_protocol::message::Verified;
use countersign_protocol::pin::{Guessable, Pin};
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::request::Unsigned;
use countersign_protocol::secret::{Secret, Secret32};

use super::enrol::{Claimed, Earlier, EnrolmentOffer, claimed, existing};
use super::remove;
use crate::authenticator::Authenticator;
use crate::durable::Write;
use crate::exchange::{Endpoint, ServiceError};
use crate::phone::random::{Random, random_secret};
use crate::phone::secrets::{C, D, N};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::pin::choose::{NotChosen, choose};
use crate::platform::DeviceKey;
use crate::store::{Account, NewAccount, State};
use crate::sync::status::store_status;

/// The first PIN epoch.
const FIRST_EPOCH: u32 = 1;
/// The K_dev of an enrolment is not of any later epoch.
const FIRST_KEY: u32 = 0;

/// Why a claim was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The PIN is chosen on this phone, or was chosen in the browser; the other call is the right
    /// one.
    #[error("{0}")]
    OtherWay(&'static str),
    /// The two PINs differ.
    #[error("the two PINs are not the same: type the same four digits twice")]
    PinsDiffer,
    /// A new PIN that is too easy to guess.
    #[error("{0}")]
    Guessable(Guessable),
    /// The PIN is not the one that was chosen in the browser.
    #[error("this is not the PIN that was chosen in the browser: {tries_left} tries left")]
    WrongPin {
        /// Tries left for this enrolment.
        tries_left: u8,
    },
    /// The service does not take it.
    #[error(
        "the service does not take this enrolment any more: it expired or was used. Start again on its page"
    )]
    Refused,
    /// It expired before it was sent.
    #[error("this code has expired: ask the page for a new one")]
    Expired,
    /// The account is on this phone already.
    #[error("the account {name} is on this phone already")]
    AlreadyHere {
        /// Its name.
        name: String,
    },
    /// The service did not answer, or not as it should. What was stored is finished or dropped by
    /// [`crate::Authenticator::resume`], or by claiming again.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(ClaimError);

/// The keys and secrets of a new account, before it is stored. In memory only.
struct Keys {
    key: DeviceKey,
    /// Z.
    z: Option<Secret32>,
    d: Secret32,
    n: Secret32,
    chain: Secret32,
}

impl Authenticator {
    /// Claims an account with a PIN that is chosen here and was typed twice. Show the confirmation
    /// code, then call [`Authenticator::complete_enrolment`].
    ///
    /// # Errors
    /// If the PINs differ or are easy to guess, or the service does not take the claim.
    pub async fn claim_with_new_pin(
        &self,
        offer: &EnrolmentOffer,
        pin: Pin,
        again: Pin,
    ) -> Result<Claimed, ClaimError> {
        if offer.enrolment.way != Way::PinOnPhone {
            return Err(ClaimError::OtherWay(
                "the PIN was chosen in the browser: type that one",
            ));
        }
        match choose(&pin, &again) {
            Ok(()) => (),
            Err(NotChosen::Differ) => return Err(ClaimError::PinsDiffer),
            Err(NotChosen::Guessable(reason)) => return Err(ClaimError::Guessable(reason)),
        }
        self.claim(offer, &pin).await
    }

    /// Claims an account with the PIN that was chosen in the browser. After a wrong one the same
    /// offer can be claimed again.
    ///
    /// # Errors
    /// If the service says that the PIN is wrong, or does not take the claim.
    pub async fn claim_with_browser_pin(
        &self,
        offer: &EnrolmentOffer,
        pin: Pin,
    ) -> Result<Claimed, ClaimError> {
        if offer.enrolment.way != Way::PinInBrowser {
            return Err(ClaimError::OtherWay(
                "this service has the PIN chosen on the phone: choose one and type it twice",
            ));
        }
        self.claim(offer, &pin).await
    }

    async fn claim(&self, offer: &EnrolmentOffer, pin: &Pin) -> Result<Claimed, ClaimError> {
        let phone = &*self.phone;
        if offer.enrolment.expires_at <= phone.now(offer.enrolment.svc) {
            return Err(ClaimError::Expired);
        }
        if let Some(claimed) = self.earlier_attempt(offer).await? {
            return Ok(claimed);
        }
        let mut renewed = false;
        loop {
            let (account, reply) = send_claim(phone, offer, pin).await?;
            match reply.result {
                ResultCode::Done => {
                    let account = phone.change::<_, ServiceError>(
                        Write::ClaimAnswered,
                        account.number,
                        |connection, account| {
                            store_status(phone, connection, account, &reply)?;
                            Ok(account.clone())
                        },
                    )?;
                    return Ok(claimed(&account, &reply, false));
                }
                ResultCode::Clock if !renewed => {
                    remove::erase(phone, &account)?;
                    phone.adopt_time(account.svc, reply.time);
                    renewed = true;
                }
                ResultCode::WrongEnrolmentPin => {
                    remove::erase(phone, &account)?;
                    return Err(ClaimError::WrongPin {
                        tries_left: reply.tries_in_row.unwrap_or(0),
                    });
                }
                ResultCode::Refused => {
                    remove::erase(phone, &account)?;
                    return Err(ClaimError::Refused);
                }
                _ => {
                    remove::erase(phone, &account)?;
                    return Err(account.unexpected("its result").into());
                }
            }
        }
    }

    /// An attempt that was stored before: what the service knows of it comes first, so that no
    /// claim is ever made twice.
    async fn earlier_attempt(&self, offer: &EnrolmentOffer) -> Result<Option<Claimed>, ClaimError> {
        let phone = &*self.phone;
        let Some(account) = existing(phone, offer)? else {
            return Ok(None);
        };
        if account.state.is_enrolled() {
            return Err(ClaimError::AlreadyHere {
                name: account.name().to_owned(),
            });
        }
        if account.enrolment == offer.enrolment.id {
            match self.finish_enrolment(&account).await? {
                Earlier::Waiting(claimed) => return Ok(Some(claimed)),
                Earlier::Active(summary) => {
                    return Err(ClaimError::AlreadyHere { name: summary.name });
                }
                Earlier::Unknown(_, ServiceError::NotKnown { .. })
                    if account.state == State::Stored => {}
                Earlier::Unknown(_, error) => return Err(error.into()),
                Earlier::Dropped(_) => return Ok(None),
            }
        }
        remove::erase(phone, &account)?;
        Ok(None)
    }
}

/// Stores the account's keys, then sends the claim. Only what is stored here can be claimed, so a
/// reply that is lost loses nothing.
async fn send_claim(
    phone: &Phone,
    offer: &EnrolmentOffer,
    pin: &Pin,
) -> Result<(Account, Verified<Reply>), ClaimError> {
    let (enrolment, owner) = (&offer.enrolment, offer.owner());
    let keys = Keys {
        key: phone
            .keys
            .create_key(&owner.device_key_context(FIRST_KEY))?,
        z: owner.hardware_share(&*phone.keys)?,
        d: random_secret(&*phone.entropy)?,
        n: random_secret(&*phone.entropy)?,
        chain: random_secret(&*phone.entropy)?,
    };
    let seal = |field, secret: &Secret32| {
        let context = owner.context(field, FIRST_EPOCH);
        phone.keys.seal(&context, secret.expose())
    };
    let sealed_d = seal(D, &keys.d)?;
    let sealed_n = seal(N, &keys.n)?;
    let sealed_c = seal(C, &keys.chain)?;
    let (handle, z_present) = (keys.key.handle.clone(), keys.z.is_some());
    let request = request(phone, offer, keys, pin)?;
    let number = phone
        .store
        .write::<_, PhoneError>(Write::AccountAdded, |transaction| {
            Ok(phone.store.add_account(
                transaction,
                &NewAccount {
                    svc: owner.svc,
                    acc: owner.acc,
                    dev: owner.dev,
                    origin: offer.info.origin.as_str(),
                    info: offer.info.bytes(),
                    enrolment: enrolment.id,
                    enrolment_ends: enrolment.expires_at,
                    app_name: &offer.info.app_name,
                    account_label: &enrolment.account_label,
                    device_key: &handle,
                    z_present,
                    epoch: FIRST_EPOCH,
                    now: phone.clock.now(),
                    sealed: [(D, &sealed_d), (N, &sealed_n), (C, &sealed_c)],
                },
            )?)
        })?;
    phone.store.rewrite()?;
    phone.remember_info(offer.info.clone());
    let account = phone.account(number)?;
    let reply = phone
        .send(&account.identity(), Endpoint::CLAIM, request)
        .await?;
    Ok((account, reply))
}

/// The claim (§10), with the secrets that it brings sealed to the service.
fn request(
    phone: &Phone,
    offer: &EnrolmentOffer,
    keys: Keys,
    pin: &Pin,
) -> Result<Unsigned, ClaimError> {
    let (enrolment, owner) = (&offer.enrolment, offer.owner());
    let binding = owner.binding(FIRST_EPOCH);
    let pin_keys = PinKeys::derive(&binding, &keys.d, keys.z.as_ref(), pin);
    let s = offer.s.as_ref();
    let secrets = ClaimSecrets {
        one_time_secret: Secret::new_with(|own| {
            own.copy_from_slice(enrolment.one_time_secret.expose());
        }),
        pin_key: PublicKey::of(pin_keys.signing_key()),
        k: s.map(|s| enrolment_pin_key(s, &enrolment.id, pin)),
        p: Secret::new_with(|own| own.copy_from_slice(pin_keys.code.expose())),
        n: keys.n,
        chain: keys.chain,
    };
    let claim = Claim {
        svc: owner.svc,
        acc: owner.acc,
        dev: owner.dev,
        enrolment: enrolment.id,
        enrolment_hash: enrolment.hash(),
        device_key: keys.key.public,
        key_class: keys.key.class,
        z_present: keys.z.is_some(),
        platform: shortened(&phone.device.platform, 20),
        model: shortened(&phone.device.model, 40),
        time: phone.now(owner.svc),
        commitment: [0; 32],
    };
    let mut random = Random::new(&*phone.entropy);
    let request = claim
        .prepare(&secrets, &pin_keys, &offer.info.hpke_key, &mut random)
        .map_err(|_| ServiceError::Unexpected {
            host: offer.info.origin.authority().to_owned(),
            what: "its HPKE key",
        })?;
    random.check()?;
    Ok(request)
}

/// At most so many bytes, cut between characters; what can't be displayed is left out.
fn shortened(text: &str, longest: usize) -> String {
    let mut short = String::new();
    for character in text.chars() {
        if short.len() + character.len_utf8() > longest {
            break;
        }
        if is_displayable(character.encode_utf8(&mut [0; 4])) {
            short.push(character);
        }
    }
    if short.is_empty() {
        short.push('?');
    }
    short
}
