//! Try counter, against a thief who has the device's key and every state token (malware on the
//! phone), and sends as many guesses at once as he likes, while the owner approves with the right
//! PIN on the same phone, and the service crashes at any point. Then the same thief with patience:
//! he waits until the phone has begun a new epoch, and guesses again, by approvals and by codes.
//!
//! Messages that differ in their counter only are renumbered, so that the whole of an epoch can be
//! explored.

use std::collections::BTreeMap;

use countersign_protocol::policy::month::IN_A_MONTH;
use countersign_protocol::policy::tries::{IN_A_ROW, IN_EPOCH, Tries};
use countersign_protocol::verify::TokenState;
use stateright::{Model, Property};

use crate::service::{By, Counting, Kind, Message, RULES, Rules, Service};
use crate::{breaks, holds};

const BOUNDED: &str =
    "no more than 5 wrong PINs are looked at, 4 more for each right one, and 15 in an epoch";
const RETRY: &str = "the same bytes again cost no try";
const SLOW: &str = "over all epochs no more than 30 wrong PINs are looked at in 30 days";

struct Guesses {
    rules: Rules,
    right: u8,
    crashes: u8,
    /// How many messages are unanswered at once.
    parallel: usize,
    /// The phone begins new epochs, as often as it must; right PINs are not counted then.
    slow: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    service: Service,
    /// Messages that are not answered yet.
    sent: Vec<Message>,
    right_sent: u8,
    crashes: u8,
    retry_cost: bool,
}

impl State {
    /// Forgets answered messages, and renumbers the others in an order that does not depend on when
    /// they were sent.
    fn renumber(&mut self, rules: &Rules) {
        let service = &mut self.service;
        let copies = |m: &Message| service.checking.iter().filter(|c| *c == m).count();
        let checking = &service.checking;
        service
            .outcomes
            .retain(|message, _| checking.contains(message));
        self.sent.retain(|message| {
            copies(message) > 0
                || service.taken.contains(message)
                || service.read.iter().any(|read| read.0 == *message)
        });
        self.sent.sort_by_key(|message| {
            let read = service.read.iter().find(|read| read.0 == *message);
            (
                message.kind,
                copies(message),
                service.taken.contains(message),
                service.outcomes.contains_key(message),
                read.map(|(_, tries, _)| (tries.in_a_row, tries.in_epoch)),
            )
        });
        let new: BTreeMap<Message, Message> = (1..)
            .zip(&self.sent)
            .map(|(counter, old)| {
                let (challenge, token) = (service.challenge, 1);
                (
                    *old,
                    Message {
                        challenge,
                        counter,
                        token,
                        ..*old
                    },
                )
            })
            .collect();
        self.sent = self.sent.iter().map(|old| new[old]).collect();
        service.taken = service.taken.iter().map(|old| new[old]).collect();
        service.checking = service.checking.iter().map(|old| new[old]).collect();
        service.checking.sort();
        for (message, _, _) in &mut service.read {
            *message = new[message];
        }
        service.read.sort_by_key(|read| read.0);
        let outcomes = core::mem::take(&mut service.outcomes);
        for (old, mut outcome) in outcomes {
            outcome.issued = Some(1);
            outcome.counter = 1;
            service.outcomes.insert(new[&old], outcome);
        }
        service.counter = match rules.records_with_the_try {
            true => self.sent.len() as u64,
            // Broken: no request that is not answered yet.
            false => 0,
        };
        service.tokens = TokenState::FIRST;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Send { right: bool },
    Again(Message),
    Write(Message),
    Finish(Message),
    Crash,
    Refresh,
    Code,
}

impl Model for Guesses {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            service: Service::new(Tries::default()),
            sent: Vec::new(),
            right_sent: 0,
            crashes: 0,
            retry_cost: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.sent.len() < self.parallel {
            actions.push(Action::Send { right: false });
            if state.right_sent < self.right {
                actions.push(Action::Send { right: true });
            }
        }
        // The same message checked twice at once is retry.rs's.
        let unchecked = state.sent.iter().copied();
        let unchecked = unchecked.filter(|message| !state.service.checking.contains(message));
        actions.extend(unchecked.map(Action::Again));
        let read = state.service.read.iter();
        actions.extend(read.map(|read| Action::Write(read.0)));
        actions.extend(state.service.checking.iter().copied().map(Action::Finish));
        if state.crashes < self.crashes {
            actions.push(Action::Crash);
        }
        if self.slow {
            actions.push(Action::Code);
            // After a right PIN, with nothing on its way.
            if state.sent.is_empty()
                && state.service.tries.refresh_needed()
                && state.service.tries.in_a_row == 0
            {
                actions.push(Action::Refresh);
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let service = &mut state.service;
        match action {
            Action::Send { right } => {
                service.open_next();
                let message = Message {
                    by: By::Phone,
                    kind: Kind::Approve { right },
                    challenge: service.challenge,
                    counter: state.sent.len() as u64 + 1,
                    token: service.tokens.issued,
                };
                service.begin(&self.rules, message);
                state.sent.push(message);
                state.right_sent += u8::from(right);
            }
            Action::Again(message) => {
                service.begin(&self.rules, message);
                state.retry_cost |= service.tries.in_epoch > last.service.tries.in_epoch;
            }
            Action::Write(message) => service.write(message),
            Action::Finish(message) => {
                service.finish(&self.rules, message);
            }
            Action::Crash => {
                service.crash();
                state.crashes += 1;
            }
            Action::Refresh => service.refresh(&self.rules),
            Action::Code => service.wrong_code(),
        }
        if self.slow {
            (state.right_sent, state.service.right) = (0, 0);
            // Nor does the state hold how many challenges there were, or there would be no end of
            // states.
            (state.service.effects, state.service.challenge) = (0, 1);
        }
        state.renumber(&self.rules);
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if self.slow {
            return vec![
                Property::always(SLOW, |_, state: &State| state.service.wrong <= IN_A_MONTH),
                Property::sometimes(
                    "the thirtieth blocks a device with tries left",
                    |_, state: &State| {
                        let service = &state.service;
                        service.wrong == IN_A_MONTH && service.tries.left() > 0
                    },
                ),
            ];
        }
        let mut properties = vec![
            Property::always(BOUNDED, |_, state: &State| {
                let service = &state.service;
                service.wrong <= IN_A_ROW + (IN_A_ROW - 1) * service.right
                    && service.wrong <= IN_EPOCH
            }),
            Property::always(RETRY, |_, state: &State| !state.retry_cost),
            Property::sometimes("wrong PINs block the device", |_, state: &State| {
                state.service.tries.left_in_a_row() == 0 && state.service.taken.is_empty()
            }),
        ];
        if self.right > 2 {
            properties.push(Property::sometimes(
                "wrong PINs between right ones reach fifteen",
                |_, state: &State| state.service.wrong == IN_EPOCH,
            ));
        }
        properties
    }
}

const ALL: Guesses = Guesses {
    rules: RULES,
    right: 2,
    crashes: 1,
    parallel: 6,
    slow: false,
};

const PATIENT: Guesses = Guesses {
    crashes: 0,
    right: 1,
    parallel: 2,
    slow: true,
    ..ALL
};

const fn broken(rules: Rules) -> Guesses {
    Guesses {
        rules,
        parallel: 2,
        ..ALL
    }
}

#[test]
fn never_a_sixth_wrong_guess_in_a_row_nor_a_sixteenth_in_an_epoch() {
    holds(ALL);
    holds(Guesses {
        right: 3,
        crashes: 0,
        ..ALL
    });
}

#[test]
fn a_try_counted_after_the_check_is_found_out() {
    let counting = Counting::AfterCheck;
    breaks(broken(Rules { counting, ..RULES }), BOUNDED);
}

#[test]
fn a_count_read_before_the_transaction_that_writes_it_is_found_out() {
    let counting = Counting::ReadEarlier;
    breaks(broken(Rules { counting, ..RULES }), BOUNDED);
}

#[test]
fn a_try_taken_without_a_record_of_its_message_is_found_out() {
    let records_with_the_try = false;
    let rules = Rules {
        records_with_the_try,
        ..RULES
    };
    breaks(broken(rules), RETRY);
}

#[test]
fn never_a_thirty_first_wrong_guess_in_thirty_days_over_all_epochs() {
    holds(PATIENT);
}

#[test]
fn a_new_epoch_that_forgets_the_wrong_pins_of_thirty_days_is_found_out() {
    let month_goes_on = false;
    let rules = Rules {
        month_goes_on,
        ..RULES
    };
    breaks(Guesses { rules, ..PATIENT }, SLOW);
}
