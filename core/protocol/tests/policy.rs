//! Budgets, steps and pushes, each as a table or against a plain model.

use countersign_protocol::policy::codes::{
    self, Closed, DeviceEpoch, ForChallenge, WithPin, WithoutPin,
};
use countersign_protocol::policy::push::{HOUR, Stopped, may_push};
use countersign_protocol::policy::steps::{
    self, Given, NotAccepted, NotGiven, Reported, accept, allot, reported,
};
use countersign_protocol::policy::tries::{Blocked, Notice, Tries};
use proptest::prelude::*;

fn tries(in_a_row: u8, in_epoch: u8) -> Tries {
    Tries { in_a_row, in_epoch }
}

#[test]
fn five_wrong_pins_in_a_row_block() {
    let mut device = Tries::default();
    let notices = [
        None,
        None,
        Some(Notice::Warning { left: 2 }),
        None,
        Some(Notice::Blocked),
    ];
    for (wrong, notice) in (1..).zip(notices) {
        device = device.take().unwrap();
        assert_eq!((device.left(), device.notice()), (5 - wrong, notice));
    }
    assert_eq!(device.take(), Err(Blocked));
}

#[test]
fn fifteen_wrong_pins_in_an_epoch_block_and_a_right_one_does_not_reset_them() {
    let mut device = Tries::default();
    for wrong in 1..=15 {
        device = device.take().unwrap();
        assert_eq!(device.left_in_epoch(), 15 - wrong);
        if wrong % 4 == 0 {
            device = device.take().unwrap().give_back();
            assert_eq!(device, tries(0, wrong));
        }
    }
    assert_eq!(device.take(), Err(Blocked));
    assert!(Tries::default().take().is_ok(), "a new epoch starts anew");
}

#[test]
fn a_right_pin_costs_nothing_and_asks_for_a_refresh_from_eight_spent() {
    for (before, after, refresh) in [
        (tries(0, 0), tries(0, 0), false),
        (tries(4, 4), tries(0, 4), false),
        (tries(3, 7), tries(0, 7), false),
        (tries(0, 8), tries(0, 8), true),
        (tries(2, 14), tries(0, 14), true),
    ] {
        let right = before.take().unwrap().give_back();
        assert_eq!(
            (right, right.refresh_needed()),
            (after, refresh),
            "{before:?}"
        );
    }
}

#[test]
fn counts_beyond_the_limits_stay_blocked() {
    for device in [
        tries(5, 5),
        tries(0, 15),
        tries(u8::MAX, u8::MAX),
        tries(200, 0),
    ] {
        assert_eq!(
            (device.take(), device.left(), device.notice()),
            (Err(Blocked), 0, Some(Notice::Blocked))
        );
    }
}

proptest! {
    #[test]
    fn no_order_of_pins_gives_more_than_fifteen_wrong_guesses_in_an_epoch(right in prop::collection::vec(any::<bool>(), 0..200)) {
        let (mut device, mut wrong, mut row) = (Tries::default(), 0, 0);
        for right in right {
            let Ok(taken) = device.take() else { break };
            if right {
                (device, row) = (taken.give_back(), 0);
            } else {
                (device, wrong, row) = (taken, wrong + 1, row + 1);
            }
            prop_assert!(wrong <= 15 && row <= 5);
            prop_assert_eq!(device, tries(row, wrong));
        }
    }
}

#[test]
fn three_wrong_codes_end_a_challenge() {
    let mut challenge = ForChallenge::default();
    for _ in 0..3 {
        assert!(!challenge.ended());
        challenge = challenge.take().unwrap();
    }
    assert!(challenge.ended());
    assert_eq!(challenge.take(), Err(Closed::Challenge));
}

#[test]
fn five_wrong_codes_with_pin_in_a_row_close_them_until_a_strong_factor() {
    let mut account = WithPin::default();
    for _ in 0..5 {
        account = account.take().unwrap();
    }
    assert_eq!(account.take(), Err(Closed::WithPin));
    assert!(account.reset().take().is_ok());
}

#[test]
fn fifteen_wrong_codes_with_pin_close_a_device_until_its_new_epoch() {
    let mut device = DeviceEpoch::default();
    for wrong in 0..15 {
        assert_eq!(device.left(), 15 - wrong);
        assert_eq!(device.refresh_needed(), wrong >= 8);
        assert_eq!(
            device.take().unwrap().give_back(),
            device,
            "a right code costs nothing and resets nothing"
        );
        device = device.take().unwrap();
    }
    assert_eq!(device.take(), Err(Closed::Device));
    assert!(DeviceEpoch::default().take().is_ok());
}

#[test]
fn fifteen_wrong_codes_without_pin_close_them_for_a_day_or_until_another_factor() {
    let mut account = WithoutPin::default();
    for wrong in 1..=15_u8 {
        account = account.take(1000 + u64::from(wrong)).unwrap();
        assert_eq!(account.notice_due(), wrong == 3);
    }
    let until = 1015 + codes::WITHOUT_PIN_CLOSED;
    for now in [1015, 0, until - 1] {
        assert_eq!(account.take(now), Err(Closed::WithoutPin { until }));
    }
    assert_eq!(
        account.take(until),
        Ok(WithoutPin {
            in_a_row: 1,
            last: until
        })
    );
    assert_eq!(
        account.reset().take(1016),
        Ok(WithoutPin {
            in_a_row: 1,
            last: 1016
        })
    );
}

#[test]
fn steps_are_given_within_the_shares_of_known_and_unknown_browsers() {
    let given = |open, open_unknown, hour, hour_unknown| Given {
        open,
        open_unknown,
        hour,
        hour_unknown,
    };
    for (given, known, unknown) in [
        (given(0, 0, 0, 0), Ok(8), Ok(8)),
        (given(2, 1, 2, 1), Ok(8), Ok(8)),
        (given(2, 2, 2, 2), Ok(8), Err(NotGiven::Open)),
        (given(3, 0, 3, 0), Err(NotGiven::Open), Err(NotGiven::Open)),
        (given(0, 0, 9, 9), Ok(8), Ok(8)),
        (given(0, 0, 10, 10), Ok(8), Err(NotGiven::Hour)),
        (given(0, 0, 19, 9), Ok(8), Ok(8)),
        (given(0, 0, 20, 0), Err(NotGiven::Hour), Err(NotGiven::Hour)),
    ] {
        assert_eq!(allot(7, given, true), known, "{given:?}");
        assert_eq!(allot(7, given, false), unknown, "{given:?}");
    }
    assert_eq!(
        allot(steps::END - 2, Given::default(), true),
        Ok(steps::END - 1)
    );
    assert_eq!(
        allot(steps::END - 1, Given::default(), true),
        Err(NotGiven::UsedUp)
    );
    assert_eq!(
        allot(u64::MAX, Given::default(), true),
        Err(NotGiven::UsedUp)
    );
}

#[test]
fn a_phone_accepts_steps_after_its_last_one_within_the_window() {
    for (last, step, expected) in [
        (0, 1, Ok(1)),
        (7, 7, Err(NotAccepted::Used)),
        (7, 6, Err(NotAccepted::Used)),
        (7, 0, Err(NotAccepted::Used)),
        (7, 7 + 65_536, Ok(65_536)),
        (7, 8 + 65_536, Err(NotAccepted::TooFar)),
        (0, u64::MAX, Err(NotAccepted::TooFar)),
        (u64::MAX, u64::MAX, Err(NotAccepted::Used)),
        (steps::END - 1, steps::END, Err(NotAccepted::TooFar)),
    ] {
        assert_eq!(accept(last, step), expected, "{last} {step}");
    }
}

#[test]
fn only_a_restore_lets_a_phone_raise_the_accounts_step_and_not_far() {
    for (account, last, restored, expected) in [
        (9, 9, false, Reported::Keep),
        (9, 3, true, Reported::Keep),
        (9, 10, false, Reported::Suspend),
        (9, 10, true, Reported::Raise(10)),
        (9, 10_009, true, Reported::Raise(10_009)),
        (9, 10_010, true, Reported::Suspend),
        (0, u64::MAX, true, Reported::Suspend),
        (steps::END - 1, steps::END, true, Reported::Suspend),
    ] {
        assert_eq!(
            reported(account, last, restored),
            expected,
            "{account} {last} {restored}"
        );
    }
}

#[test]
fn three_unwanted_requests_in_an_hour_stop_pushes() {
    let now = 100_000;
    let push = |times: &[u64], fraud| may_push(now, times, fraud, true);
    assert_eq!(push(&[], None), Ok(()));
    assert_eq!(push(&[now - 10, now - 20], None), Ok(()));
    assert_eq!(
        push(&[now - 10, now - 20, now - HOUR], None),
        Ok(()),
        "the first is an hour old"
    );
    assert_eq!(
        push(&[now - HOUR + 1, now - 20, now - 10], None),
        Err(Stopped::Unwanted)
    );
    assert_eq!(
        push(&[now + 5, now + 6, now + 7], None),
        Err(Stopped::Unwanted),
        "after the clock was set back"
    );
    assert_eq!(push(&[], Some(now - HOUR + 1)), Err(Stopped::Fraud));
    assert_eq!(push(&[], Some(now - HOUR)), Ok(()));
    assert_eq!(
        may_push(now, &[], Some(now), false),
        Ok(()),
        "not begun with the password"
    );
}
