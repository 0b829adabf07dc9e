//! Budgets, steps and pushes, each as a table or against a plain model.

use countersign_protocol::policy::approvals::replaces;
use countersign_protocol::policy::codes::{
    self, Closed, DeviceEpoch, ForChallenge, WithPin, WithoutPin,
};
use countersign_protocol::policy::month::{IN_A_MONTH, MONTH, Month, OF_UNKNOWN, Spent, TOLD_FROM};
use countersign_protocol::policy::push::{HOUR, Stopped, may_push};
use countersign_protocol::policy::share::Asker::{self, Known, Unknown};
use countersign_protocol::policy::share::{Limit, Wrong};
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
        device = device.spend().unwrap();
        assert_eq!((device.left(), device.notice()), (5 - wrong, notice));
    }
    assert_eq!(device.spend(), Err(Blocked));
}

#[test]
fn fifteen_wrong_pins_in_an_epoch_block_and_a_right_one_does_not_reset_them() {
    let mut device = Tries::default();
    for wrong in 1..=15 {
        device = device.spend().unwrap();
        assert_eq!(device.left_in_epoch(), 15 - wrong);
        if wrong % 4 == 0 {
            device = device.spend().unwrap().give_back();
            assert_eq!(device, tries(0, wrong));
        }
    }
    assert_eq!(device.spend(), Err(Blocked));
    assert!(Tries::default().spend().is_ok(), "a new epoch starts anew");
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
        let right = before.spend().unwrap().give_back();
        assert_eq!(
            (right, right.refresh_needed()),
            (after, refresh),
            "{before:?}"
        );
    }
}

#[test]
fn a_restore_gives_no_try_back_and_blocks_nobody_by_itself_in_a_row() {
    for (before, after) in [
        (tries(0, 0), tries(1, 1)),
        (tries(3, 7), tries(4, 8)),
        (tries(4, 8), tries(4, 9)),
        (tries(2, 14), tries(3, 15)),
        (tries(5, 5), tries(5, 6)),
        (tries(0, 15), tries(1, 15)),
    ] {
        assert_eq!(before.lost(), after, "{before:?}");
        assert_eq!(before.all_in_a_row().left(), 0);
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
            (device.spend(), device.left(), device.notice()),
            (Err(Blocked), 0, Some(Notice::Blocked))
        );
    }
}

proptest! {
    #[test]
    fn no_order_of_pins_gives_more_than_fifteen_wrong_guesses_in_an_epoch(right in prop::collection::vec(any::<bool>(), 0..200)) {
        let (mut device, mut wrong, mut row) = (Tries::default(), 0, 0);
        for right in right {
            let Ok(taken) = device.spend() else { break };
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
        challenge = challenge.spend().unwrap();
    }
    assert!(challenge.ended());
    assert_eq!(challenge.spend(), Err(Closed::Challenge));
}

#[test]
fn a_share_is_part_of_the_total_and_never_a_budget_beside_it() {
    let limit = Limit { all: 5, unknown: 3 };
    // (wrong ones of all, of unknown browsers), tries left for a known and for an unknown browser.
    for (all, unknown, for_known, for_unknown) in [
        (0, 0, 5, 3),
        (2, 2, 3, 1),
        (3, 3, 2, 0),
        (3, 0, 2, 2),
        (4, 1, 1, 1),
        (4, 3, 1, 0),
        (5, 0, 0, 0),
        (5, 3, 0, 0),
        (u8::MAX, u8::MAX, 0, 0),
    ] {
        let wrong = Wrong { all, unknown };
        assert_eq!(wrong.left(Known, limit), for_known, "{wrong:?}");
        assert_eq!(wrong.left(Unknown, limit), for_unknown, "{wrong:?}");
        let (known, other) = (wrong.spend(Known, limit), wrong.spend(Unknown, limit));
        assert_eq!(known.is_some(), for_known > 0, "{wrong:?}");
        assert_eq!(other.is_some(), for_unknown > 0, "{wrong:?}");
        assert_eq!(known.map_or(wrong, |taken| taken.give_back(Known)), wrong);
        assert_eq!(other.map_or(wrong, |taken| taken.give_back(Unknown)), wrong);
    }
}

proptest! {
    #[test]
    fn no_order_of_askers_gets_more_than_the_total_nor_strangers_more_than_their_share(
        known in prop::collection::vec(any::<bool>(), 0..60), all in 1_u8..20, part in 1_u8..20,
    ) {
        let limit = Limit { all, unknown: part.min(all) };
        let (mut wrong, mut strangers, mut total) = (Wrong::default(), 0, 0);
        for known in known {
            let asker = Asker::from_known(known);
            if let Some(taken) = wrong.spend(asker, limit) {
                (wrong, total) = (taken, total + 1);
                strangers += u8::from(!known);
            }
            prop_assert!(total <= limit.all && strangers <= limit.unknown);
        }
    }
}

#[test]
fn five_wrong_codes_with_pin_in_a_row_close_them_until_a_strong_factor() {
    let mut account = WithPin::default();
    for _ in 0..5 {
        account = account.spend(Known).unwrap();
    }
    assert_eq!(account.spend(Known), Err(Closed::WithPin));
    assert!(account.reset().spend(Known).is_ok());
}

#[test]
fn three_wrong_codes_of_strangers_leave_two_in_a_row_and_ten_leave_five_in_an_epoch_to_known_browsers()
 {
    let mut account = WithPin::default();
    for _ in 0..3 {
        account = account.spend(Unknown).unwrap();
    }
    assert_eq!(account.spend(Unknown), Err(Closed::WithPin));
    account = account.spend(Known).unwrap().spend(Known).unwrap();
    assert_eq!(account.spend(Known), Err(Closed::WithPin));
    assert!(account.reset().spend(Unknown).is_ok());

    let mut device = DeviceEpoch::default();
    for _ in 0..10 {
        device = device.spend(Unknown).unwrap();
    }
    assert_eq!(device.spend(Unknown), Err(Closed::Device));
    for left in (0..5).rev() {
        device = device.spend(Known).unwrap();
        assert_eq!(device.left(), left);
    }
    assert_eq!(device.spend(Known), Err(Closed::Device));
}

#[test]
fn fifteen_wrong_codes_with_pin_close_a_device_until_its_new_epoch() {
    let mut device = DeviceEpoch::default();
    for wrong in 0..15 {
        assert_eq!(device.left(), 15 - wrong);
        assert_eq!(device.refresh_needed(), wrong >= 8);
        assert_eq!(
            device.spend(Known).unwrap().give_back(Known),
            device,
            "a right code costs nothing and resets nothing"
        );
        device = device.spend(Known).unwrap();
    }
    assert_eq!(device.spend(Known), Err(Closed::Device));
    assert!(DeviceEpoch::default().spend(Known).is_ok());
}

#[test]
fn an_epoch_that_is_over_is_kept_only_if_all_that_may_still_come_stays_within_its_limits() {
    let to_come = Limit { all: 9, unknown: 6 };
    for (all, unknown, room) in [
        (0, 0, true),
        (6, 0, true),
        (7, 0, false),
        (6, 4, true),
        (5, 5, false),
        (15, 10, false),
    ] {
        let device = DeviceEpoch(Wrong { all, unknown });
        assert_eq!(device.has_room(to_come), room, "{device:?}");
    }
}

#[test]
fn fifteen_wrong_codes_without_pin_close_them_for_a_day_or_until_another_factor() {
    let mut account = WithoutPin::default();
    for wrong in 1..=15_u8 {
        account = account.spend(Known, 1000 + u64::from(wrong)).unwrap();
    }
    let until = 1015 + codes::WITHOUT_PIN_CLOSED;
    for now in [1015, 0, until - 1] {
        assert_eq!(account.spend(Known, now), Err(Closed::WithoutPin { until }));
    }
    let first = |now| WithoutPin {
        in_a_row: Wrong { all: 1, unknown: 0 },
        last: now,
        last_unknown: 0,
    };
    assert_eq!(account.spend(Known, until), Ok(first(until)));
    assert_eq!(account.reset().spend(Known, 1016), Ok(first(1016)));
}

#[test]
fn ten_wrong_codes_without_pin_close_them_to_strangers_for_a_day_and_leave_five_to_known_browsers()
{
    let mut account = WithoutPin::default();
    for _ in 0..10 {
        account = account.spend(Unknown, 1000).unwrap();
    }
    let until = 1000 + codes::WITHOUT_PIN_CLOSED;
    let closed = Err(Closed::WithoutPin { until });
    assert_eq!(account.spend(Unknown, until - 1), closed);
    for _ in 0..5 {
        account = account.spend(Known, 5000).unwrap();
    }
    assert_eq!(account.spend(Known, 5000), closed);
    // Tries of strangers are forgotten a day after them; those of known browsers are not yet.
    let later = account.spend(Unknown, until).unwrap();
    assert_eq!(later.in_a_row, Wrong { all: 6, unknown: 1 });
}

#[test]
fn a_known_browsers_request_replaces_a_strangers_and_never_the_other_way_round() {
    for (new, open, same_session, expected) in [
        (Known, Known, true, true),
        (Known, Unknown, true, true),
        (Unknown, Known, true, true),
        (Unknown, Unknown, true, true),
        (Known, Unknown, false, true),
        (Known, Known, false, false),
        (Unknown, Known, false, false),
        (Unknown, Unknown, false, false),
    ] {
        assert_eq!(
            replaces(new, open, same_session),
            expected,
            "{new:?} {open:?}"
        );
    }
}

#[test]
fn thirty_wrong_pins_in_thirty_days_block_and_the_person_is_told_at_ten() {
    let (mut month, start) = (Month::default(), 1_795_450_000);
    let mut told = 0;
    for wrong in 1..=30_u8 {
        let now = start + u64::from(wrong) * 3600;
        // A right PIN between them costs nothing and resets nothing.
        let right = month.spend(Known, now).unwrap().give_back(Known);
        month = month.spend(Known, now).unwrap();
        assert_eq!((right.count(), month.count()), (wrong - 1, wrong));
        assert_eq!(month.is_told(told, now), wrong == TOLD_FROM, "{wrong}");
        if month.is_told(told, now) {
            told = now;
        }
        assert_eq!(month.is_full(), wrong == IN_A_MONTH);
    }
    assert_eq!(month.spend(Known, start + 40 * 3600), Err(Spent::Blocked));
    // Time alone does not lift the block.
    assert_eq!(month.spend(Known, start + 9 * MONTH), Err(Spent::Blocked));
}

#[test]
fn wrong_pins_older_than_thirty_days_do_not_count() {
    let mut month = Month::default();
    for day in 0..200_u64 {
        month = month.spend(Known, day * 2 * 24 * 3600).unwrap();
        assert!(month.count() <= 15, "{day}");
    }
    // A clock that was set back makes nothing older.
    assert_eq!(month.spend(Known, 5).unwrap().count(), 16);
}

#[test]
fn strangers_codes_alone_never_block_a_device_for_a_month() {
    let mut month = Month::default();
    for _ in 0..OF_UNKNOWN {
        month = month.spend(Unknown, 1000).unwrap();
    }
    assert_eq!(month.spend(Unknown, 1000), Err(Spent::Share));
    assert!(month.spend(Unknown, 1000 + MONTH).is_ok());
    for _ in OF_UNKNOWN..IN_A_MONTH {
        assert!(!month.is_full());
        month = month.spend(Known, 1000).unwrap();
    }
    assert!(month.is_full());
}

#[test]
fn a_months_wrong_pins_are_read_as_they_were_written_and_nothing_else_is() {
    let mut month = Month::default();
    for (asker, at) in [(Known, 1), (Unknown, 1 << 52), (Known, 1_795_450_000)] {
        month = month.spend(asker, at).unwrap();
    }
    let bytes = month.to_bytes();
    assert_eq!(Month::from_bytes(&bytes), Some(month));
    assert_eq!(Month::from_bytes(&[]), Some(Month::default()));
    assert_eq!(Month::from_bytes(&bytes[1..]), None);
    assert_eq!(Month::from_bytes(&[0; 31 * 8]), None);
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
        assert_eq!(allot(7, given, Known), known, "{given:?}");
        assert_eq!(allot(7, given, Unknown), unknown, "{given:?}");
    }
    assert_eq!(
        allot(steps::END - 2, Given::default(), Known),
        Ok(steps::END - 1)
    );
    assert_eq!(
        allot(steps::END - 1, Given::default(), Known),
        Err(NotGiven::UsedUp)
    );
    assert_eq!(
        allot(u64::MAX, Given::default(), Known),
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
    let push = |times: &[u64], fraud| may_push(now, times, fraud, Unknown);
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
        may_push(now, &[], Some(now), Known),
        Ok(()),
        "a report stops unknown browsers alone"
    );
}
