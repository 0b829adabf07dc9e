//! Retry cache: two approvals, a decline and a wrong PIN for one challenge, in flight at once, in
//! any order, repeated, and cut by crashes, by the challenge's end and by the device's removal.

use std::collections::BTreeSet;

use countersign_protocol::policy::tries::Tries;
use countersign_protocol::reply::ResultCode;
use stateright::{Model, Property};

use crate::service::{Begun, By, Kind, Message, Outcome, RULES, Rules, Service, Status};
use crate::{breaks, holds};

const ONCE: &str = "a challenge is approved or declined once";
const FINAL: &str = "what was declined, approved or ended stays so";
const HEARS: &str = "the phone hears of one effect only";
const SAME: &str = "the same bytes always get their recorded outcome";

struct Retry {
    rules: Rules,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    service: Service,
    sent: Vec<Message>,
    /// Requests that got a reply that was not recorded.
    refused: BTreeSet<Message>,
    /// A message got another reply than the one recorded for it.
    differed: bool,
    /// The phone heard that it approved, that it declined.
    told: [bool; 2],
    crashes: u8,
    changed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Arrive(Message),
    Finish(Message),
    Expire,
    Suspend,
    Crash,
}

const KINDS: [Kind; 4] = [
    Kind::Approve { right: true },
    Kind::Approve { right: true },
    Kind::Approve { right: false },
    Kind::Decline,
];

impl State {
    fn replied(&mut self, message: Message, outcome: Outcome) {
        match self.service.outcomes.get(&message) {
            Some(recorded) => {
                self.differed |= *recorded != outcome || self.refused.contains(&message);
            }
            None => {
                self.refused.insert(message);
            }
        }
        if outcome.result == ResultCode::Done {
            self.told[usize::from(message.kind == Kind::Decline)] = true;
        }
    }
}

/// Every order in which the phone may have signed the four.
fn orders(signed: Vec<Kind>, left: &[Kind], all: &mut BTreeSet<Vec<Kind>>) {
    if left.is_empty() {
        all.insert(signed);
        return;
    }
    for at in 0..left.len() {
        let mut rest = left.to_vec();
        let mut signed = signed.clone();
        signed.push(rest.remove(at));
        orders(signed, &rest, all);
    }
}

impl Model for Retry {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut all = BTreeSet::new();
        orders(Vec::new(), &KINDS, &mut all);
        let message = |(counter, kind)| Message {
            by: By::Phone,
            kind,
            challenge: 1,
            counter,
            // It has not heard of any answer yet: all show the first token.
            token: 1,
        };
        let state = |kinds: Vec<Kind>| State {
            service: Service::new(Tries::default()),
            sent: (1..).zip(kinds).map(message).collect(),
            refused: BTreeSet::new(),
            differed: false,
            told: [false; 2],
            crashes: 0,
            changed: false,
        };
        all.into_iter().map(state).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(state.sent.iter().copied().map(Action::Arrive));
        actions.extend(state.service.checking.iter().copied().map(Action::Finish));
        if state.service.status == Status::Open {
            actions.push(Action::Expire);
        }
        if !state.service.checking.is_empty() {
            if !state.service.suspended {
                actions.push(Action::Suspend);
            }
            if state.crashes < 1 {
                actions.push(Action::Crash);
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Arrive(message) => {
                if let Begun::Reply(outcome) = state.service.begin(&self.rules, message) {
                    state.replied(message, outcome);
                }
            }
            Action::Finish(message) => {
                if let Some(outcome) = state.service.finish(&self.rules, message) {
                    state.replied(message, outcome);
                }
            }
            Action::Expire => state.service.status = Status::Expired,
            Action::Suspend => state.service.suspended = true,
            Action::Crash => {
                state.service.crash();
                state.crashes += 1;
            }
        }
        let (before, after) = (last.service.status, state.service.status);
        state.changed |= before != Status::Open && before != after;
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONCE, |_, state: &State| state.service.effects <= 1),
            Property::always(FINAL, |_, state: &State| !state.changed),
            Property::always(SAME, |_, state: &State| !state.differed),
            Property::always(HEARS, |_, state: &State| state.told != [true; 2]),
            Property::sometimes("approved", |_, state: &State| {
                state.service.status == Status::Approved
            }),
            Property::sometimes(
                "declined while an approval is checked",
                |_, state: &State| {
                    let service = &state.service;
                    service.status == Status::Declined
                        && service.checking.iter().any(Message::is_right)
                },
            ),
            Property::sometimes(
                "the same bytes are checked twice at once",
                |_, state: &State| {
                    state
                        .service
                        .checking
                        .windows(2)
                        .any(|two| two[0] == two[1])
                },
            ),
        ]
    }
}

#[test]
fn one_challenge_has_one_effect_and_the_same_bytes_one_outcome() {
    holds(Retry { rules: RULES });
}

#[test]
fn an_approval_without_compare_and_set_is_found_out() {
    let compares_and_sets = false;
    let rules = Rules {
        compares_and_sets,
        ..RULES
    };
    breaks(Retry { rules }, ONCE);
    breaks(Retry { rules }, FINAL);
    breaks(Retry { rules }, HEARS);
}

#[test]
fn a_service_without_recorded_outcomes_is_found_out() {
    let remembers = false;
    let rules = Rules { remembers, ..RULES };
    breaks(Retry { rules }, SAME);
}
