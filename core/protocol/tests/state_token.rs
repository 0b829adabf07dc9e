//! State tokens: whatever answers are lost, an honest phone is never refused, and a copy of it is
//! found out.
#![cfg(feature = "verify")]

use countersign_protocol::verify::TokenState;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_copy_is_shown_at_its_first_word_or_once_it_went_on_at_the_phones_next(
        lost in prop::collection::vec(any::<bool>(), 1..30),
        copied_at in 0_usize..30,
    ) {
        // The phone speaks, and some answers are lost on their way to it.
        let (mut service, mut phone, mut copy) = (TokenState::FIRST, 1, 1);
        for (turn, lost) in lost.iter().enumerate() {
            if turn == copied_at {
                copy = phone;
            }
            let Some(next) = service.shown(phone) else {
                return Err(TestCaseError::fail("an honest phone was refused"));
            };
            service = next;
            if !lost {
                phone = next.issued;
            }
        }
        // A copy of its storage speaks, goes on with the token that it is given, and the phone
        // speaks again.
        let Some(taken) = service.shown(copy) else { return Ok(()) };
        let Some(went_on) = taken.shown(taken.issued) else {
            return Err(TestCaseError::fail("the newest token was refused"));
        };
        prop_assert_eq!(went_on.shown(phone), None, "the phone and its copy can't both go on");
    }

    #[test]
    fn after_a_restore_every_honest_phone_is_taken_back(issued in 2_u64..1000, newer in 0_u64..1000, received: bool) {
        // The backup remembers `issued`; since then the phone has spoken `newer` times, and has or
        // lacks the last answer.
        let restored = TokenState { issued, acked: issued - 1 };
        let mut then = restored;
        let mut phone = issued;
        for _ in 0..newer {
            then = then.shown(phone).unwrap();
            phone = then.issued;
        }
        let phone = if received || newer == 0 { phone } else { then.acked };
        let back = restored.shown(phone);
        prop_assert!(back.is_some_and(|back| back.issued > phone && back.acked == phone));
    }
}
