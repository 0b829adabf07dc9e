use super::*;
use crate::policy::changes::{HOLDS, ROWS, needs};

#[test]
fn a_sign_in_never_proves_a_change_and_a_finished_recovery_does_for_an_hour() {
    let session = |method, signed_in| Session {
        hash: [0; 32],
        id: [0; 16],
        caller: Caller::default(),
        account: AccountId([0; 8]),
        signed_in,
        proofs: vec![Proved {
            method,
            at: 1000,
            dev: Some(DeviceId([1; 8])),
        }],
        created_at: 1000,
        used_at: 1000,
        expires_at: 9000,
        kept_account: false,
        export_until: None,
    };
    let strongest = session(Method::AppPin, true);
    for (change, name) in ROWS {
        let Ok(needed) = needs(change, &HOLDS) else {
            continue;
        };
        let by_sign_in = strongest.proves(needed, 1000);
        assert_eq!(by_sign_in, needed == Proof::Session, "{name}");
    }
    let recovered = session(Method::Recovery, true);
    assert!(recovered.proves(Proof::Recovered, 1000 + RECOVERED_SECONDS - 1));
    assert!(!recovered.proves(Proof::Recovered, 1000 + RECOVERED_SECONDS));
    assert!(!session(Method::Recovery, false).proves(Proof::Recovered, 1000));
    assert!(!strongest.proves(Proof::Recovered, 1000));
    assert!(!session(Method::Password, false).proves(Proof::Session, 1000));
}
