//! Every message of what begins a PIN epoch is lost in turn, on its way there or back: one PIN
//! works, and no other.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::*;

const NEW: &str = "8023";

/// What begins a new epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Begins {
    Change,
    Forgotten,
    Rotation,
    Renewal,
}

/// Every message of each of them in turn does not arrive, or its answer does not; nothing gets
/// through after it until the phone is started again.
#[tokio::test(start_paused = true)]
async fn exactly_one_pin_works_whichever_message_is_lost_in_whatever_begins_an_epoch() {
    for begins in [
        Begins::Change,
        Begins::Forgotten,
        Begins::Rotation,
        Begins::Renewal,
    ] {
        for lost in [Twist::Lost, Twist::Unreachable] {
            // An approval, or a status, comes first in two of them.
            for at in 0..3 {
                let (scene, account, _) = enrolled().await;
                let phone = &scene.phone;
                scene.desk.grant();
                let mut twists = vec![Twist::None; at];
                twists.push(lost);
                twists.extend([Twist::Unreachable; 12]);
                let done = match begins {
                    Begins::Change => {
                        scene.desk.twist(&twists);
                        let changed = phone.change_pin(account, pin(PIN), pin(NEW), pin(NEW));
                        changed.await.is_ok()
                    }
                    Begins::Forgotten => {
                        scene.desk.twist(&twists);
                        let set = phone.set_forgotten_pin(account, pin(NEW), pin(NEW));
                        set.await.is_ok()
                    }
                    Begins::Rotation => {
                        scene.desk.twist(&twists);
                        phone.rotate_keys(account, pin(PIN)).await.is_ok()
                    }
                    Begins::Renewal => {
                        scene.desk.with_device(|device| device.in_epoch = 7);
                        scene.desk.ask_approval(None);
                        let request = phone.pending(account).await.unwrap().remove(0);
                        scene.desk.twist(&twists);
                        phone
                            .approve(request.id, None, None, pin(PIN).into())
                            .await
                            .is_ok()
                    }
                };
                scene.desk.twist(&[]);
                let again = crate::support::phone(scene.folder.path(), &scene.clock, &scene.desk);
                again.resume().await.unwrap();
                assert_eq!(slots(&scene), (3, false), "{begins:?} {at}");
                let begun = scene.desk.with_device(|device| device.epoch) > 1;
                let new_pin = matches!(begins, Begins::Change | Begins::Forgotten);
                // What was reported as done is done.
                assert!(
                    !done || begun || begins == Begins::Renewal,
                    "{begins:?} {at}"
                );
                let (right, wrong) = match begun && new_pin {
                    true => (NEW, PIN),
                    false => (PIN, NEW),
                };
                assert!(
                    works(&again, &scene.desk, account, right).await,
                    "{begins:?} {at}"
                );
                assert!(
                    !works(&again, &scene.desk, account, wrong).await,
                    "{begins:?} {at}"
                );
            }
        }
    }
}
