//! The key schedule (§5). Values derived from the PIN leave no trace here: they are returned in
//! memory and never compared.

use hkdf::{Hkdf, HkdfExtract};
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::SigningKey;
use p256::elliptic_curve::Curve;
use p256::elliptic_curve::bigint::{NonZero, U384};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::Step;
use crate::id::{AccountId, DeviceId, EnrolmentId, Svc};
use crate::pin::Pin;
use crate::secret::{Secret, Secret32};

/// The furthest that a chain moves for one code, counted from the next step: the step `last` +
/// 65,536.
pub const LONGEST_ADVANCE: u64 = 65_535;

/// The context to which the PIN keys of an account are bound, besides D, Z and the PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The service.
    pub svc: Svc,
    /// The account.
    pub acc: AccountId,
    /// The device.
    pub dev: DeviceId,
    /// The PIN epoch.
    pub epoch: u32,
}

/// The keys derived from a PIN. Any PIN gives keys, and nothing here shows which are right. In
/// memory only.
pub struct PinKeys {
    sign: SigningKey,
    /// The code secret P.
    pub code: Secret32,
}

impl PinKeys {
    /// Derives sk_pin and P from D, the optional hardware share Z, and the PIN.
    pub fn derive(binding: &Binding, d: &Secret32, z: Option<&Secret32>, pin: &Pin) -> Self {
        let hkdf = extract(binding, d, z);
        let wide = Secret::<48>::new_with(|out| {
            expand(&hkdf, &[b"countersign/v1/pin-sign\0", pin.as_bytes()], out);
        });
        Self {
            sign: scalar_key(&wide),
            code: code_secret(&hkdf, pin),
        }
    }

    /// P alone, for a code: making a key of sk_pin takes longer than all the rest of a code.
    pub fn derive_code(
        binding: &Binding,
        d: &Secret32,
        z: Option<&Secret32>,
        pin: &Pin,
    ) -> Secret32 {
        code_secret(&extract(binding, d, z), pin)
    }

    /// sk_pin.
    pub fn signing_key(&self) -> &SigningKey {
        &self.sign
    }
}

/// PRK, ready to be expanded.
fn extract(binding: &Binding, d: &Secret32, z: Option<&Secret32>) -> Hkdf<Sha256> {
    let salt = Sha256::new()
        .chain_update(b"countersign/v1/prk\0")
        .chain_update(binding.svc.0)
        .chain_update(binding.acc.0)
        .chain_update(binding.dev.0)
        .chain_update(binding.epoch.to_be_bytes())
        .chain_update([u8::from(z.is_some())])
        .finalize();
    let mut extract = HkdfExtract::<Sha256>::new(Some(&salt));
    extract.input_ikm(d.expose());
    if let Some(z) = z {
        extract.input_ikm(z.expose());
    }
    let (mut prk, hkdf) = extract.finalize();
    prk.zeroize();
    hkdf
}

fn code_secret(hkdf: &Hkdf<Sha256>, pin: &Pin) -> Secret32 {
    Secret::new_with(|out| {
        expand(hkdf, &[b"countersign/v1/pin-code\0", pin.as_bytes()], out);
    })
}

/// OS2IP(48 bytes) mod (n - 1) + 1: every input gives a valid key, close to uniform (FIPS 186-5
/// A.2.1).
fn scalar_key(wide: &Secret<48>) -> SigningKey {
    let order: U384 = p256::NistP256::ORDER.get().resize();
    let modulus = NonZero::new(order.wrapping_sub(&U384::ONE)).unwrap_or(NonZero::<U384>::MAX);
    let mut number = U384::from_be_slice(wide.expose())
        .rem(&modulus)
        .wrapping_add(&U384::ONE);
    let mut bytes = Zeroizing::new(number.to_be_bytes());
    number.zeroize();
    // 1 to n - 1 is exactly the range of valid keys, so this can't fail.
    #[allow(clippy::expect_used)]
    let key = SigningKey::from_slice(&bytes.as_ref()[16..]).expect("a scalar from 1 to n - 1");
    bytes.zeroize();
    key
}

fn expand(hkdf: &Hkdf<Sha256>, info: &[&[u8]], out: &mut [u8]) {
    // HKDF-Expand fails only above 8,160 bytes of output.
    let done = hkdf.expand_multi_info(info, out);
    debug_assert!(done.is_ok());
}

/// A place on the chain: the value for the next step that has not been used.
pub struct Chain {
    next: Step,
    value: Secret32,
}

impl Chain {
    /// The chain value `value` of step `next`.
    pub fn new(next: Step, value: Secret32) -> Self {
        Self { next, value }
    }

    /// The first step that this place can still serve.
    pub fn next(&self) -> Step {
        self.next
    }

    /// The last spent step, which the phone's messages carry.
    pub fn last(&self) -> Step {
        self.next.saturating_sub(1)
    }

    /// The value C_next, to be sealed and stored.
    pub fn value(&self) -> &Secret32 {
        &self.value
    }

    /// The place at `step`. None if it was passed already or lies more than `furthest` ahead.
    pub fn advanced(&self, step: Step, furthest: u64) -> Option<Chain> {
        let distance = step.checked_sub(self.next)?;
        if distance > furthest {
            return None;
        }
        let mut value = Secret::new_with(|out| out.copy_from_slice(self.value.expose()));
        for _ in 0..distance {
            let hkdf = Hkdf::<Sha256>::from_prk(value.expose());
            let Ok(hkdf) = hkdf else { return None };
            value = Secret::new_with(|out| expand(&hkdf, &[b"countersign/v1/chain"], out));
        }
        Some(Chain { next: step, value })
    }

    /// O_i of the step at which this place stands, with the code secret U.
    pub fn code_key(&self, code_secret: &Secret32) -> Secret32 {
        let hkdf = Hkdf::<Sha256>::new(Some(self.value.expose()), code_secret.expose());
        Secret::new_with(|out| expand(&hkdf, &[b"countersign/v1/code"], out))
    }
}

/// K of an enrolment with the PIN in the browser.
pub fn enrolment_pin_key(s: &Secret<16>, enrolment: &EnrolmentId, pin: &Pin) -> Secret32 {
    mac(
        s.expose(),
        &[b"countersign/v1/enrol-pin\0", &enrolment.0, pin.as_bytes()],
    )
}

/// V, the hash of K that the page gives the service.
pub fn enrolment_pin_verifier(k: &Secret32) -> Secret32 {
    Secret::new_with(|out| out.copy_from_slice(&Sha256::digest(k.expose())))
}

/// HMAC-SHA256.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Secret32 {
    Secret::new_with(|out| {
        // HMAC takes keys of every length.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
            parts.iter().for_each(|part| mac.update(part));
            let mut tag = mac.finalize().into_bytes();
            out.copy_from_slice(&tag);
            tag.zeroize();
        }
    })
}
