//! Try counter, for an honest person: one phone, a network that loses, repeats and reorders,
//! strangers without the device's key, a service that crashes, an app that is killed. The person
//! mistypes the PIN, then enters the right one.

use std::collections::BTreeSet;

use countersign_protocol::policy::tries::Tries;
use countersign_protocol::reply::ResultCode;
use stateright::{Model, Property};

use crate::service::{Begun, By, Kind, Message, Outcome, RULES, Rules, Service, Status};
use crate::{breaks, holds};

const COST: &str = "a wrong PIN costs one try for each time that it was entered, a right one none";
const REACHES: &str = "whatever went wrong, the right PIN approves as soon as messages arrive";
const BUDGET: Budget = Budget {
    wrong: 2,
    right: 1,
    crashes: 1,
};

#[derive(Clone, Copy)]
struct Budget {
    wrong: u8,
    right: u8,
    crashes: u8,
}

struct Honest {
    rules: Rules,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    service: Service,
    /// The message that the phone waits for an answer to.
    waits: Option<Message>,
    counter: u64,
    token: u64,
    approved: bool,
    sent: BTreeSet<Message>,
    replies: Vec<(Message, Outcome)>,
    wrong: u8,
    right: u8,
    crashes: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// The person enters a PIN.
    Enter {
        right: bool,
    },
    /// A message arrives, perhaps again, perhaps late.
    Arrive(Message),
    /// Somebody else answers the challenge.
    Stranger,
    Finish(Message),
    /// A reply arrives.
    Reply(Message, Outcome),
    /// The app is killed, and forgets its request.
    Kill,
    Crash,
}

impl State {
    fn sign(&mut self, kind: Kind) {
        self.counter += 1;
        let message = Message {
            by: By::Phone,
            kind,
            challenge: self.service.challenge,
            counter: self.counter,
            token: self.token,
        };
        self.wait(Some(message));
        self.sent.insert(message);
    }

    fn wait(&mut self, message: Option<Message>) {
        self.waits = message;
        self.replies.clear();
    }

    fn enter(&mut self, right: bool) {
        *(if right {
            &mut self.right
        } else {
            &mut self.wrong
        }) += 1;
        self.sign(Kind::Approve { right });
    }

    fn replied(&mut self, message: Message, outcome: Outcome) {
        // No other reply is looked at.
        if self.waits == Some(message) && !self.replies.contains(&(message, outcome)) {
            self.replies.push((message, outcome));
            self.replies
                .sort_by_key(|(message, outcome)| (*message, outcome.result as u8));
        }
    }

    fn arrive(&mut self, rules: &Rules, message: Message) {
        if let Begun::Reply(outcome) = self.service.begin(rules, message) {
            self.replied(message, outcome);
        }
    }

    fn finish(&mut self, rules: &Rules, message: Message) {
        if let Some(outcome) = self.service.finish(rules, message) {
            self.replied(message, outcome);
        }
    }

    /// The phone takes a reply to the message that it waits for, and no other.
    fn reply(&mut self, message: Message, outcome: Outcome) {
        if self.waits != Some(message) {
            return;
        }
        self.wait(None);
        self.token = outcome.issued.unwrap_or(self.token);
        match outcome.result {
            ResultCode::Done => self.approved = true,
            // The PIN is still in memory: the same once more, with a higher counter.
            ResultCode::Counter => {
                self.counter = self.counter.max(outcome.counter);
                self.sign(message.kind);
            }
            _ => {}
        }
    }

    /// From here on nothing is lost: does the person get through?
    fn reaches(mut self, rules: &Rules) -> bool {
        for _ in 0..6 {
            // Also when the phone has not heard of it.
            if self.service.status == Status::Approved {
                return true;
            }
            if self.waits.is_none() {
                self.enter(true);
            }
            if let Some(message) = self.waits {
                self.arrive(rules, message);
                self.finish(rules, message);
                let reply = self.replies.iter().rfind(|(to, _)| *to == message);
                if let Some((_, outcome)) = reply.copied() {
                    self.reply(message, outcome);
                }
            }
        }
        false
    }

    /// Right PINs whose try is taken and not given back: in the middle of a check, or the service
    /// and the app have both forgotten it.
    fn unfinished(&self) -> u8 {
        let right = self.service.taken.iter().filter(|m| m.is_right());
        right.count() as u8
    }
}

impl Model for Honest {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            service: Service::new(Tries::default()),
            waits: None,
            counter: 0,
            token: 1,
            approved: false,
            sent: BTreeSet::new(),
            replies: Vec::new(),
            wrong: 0,
            right: 0,
            crashes: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.approved {
            return;
        }
        if state.waits.is_none() {
            for (right, entered, most) in [
                (false, state.wrong, BUDGET.wrong),
                (true, state.right, BUDGET.right),
            ] {
                if entered < most {
                    actions.push(Action::Enter { right });
                }
            }
        } else {
            actions.push(Action::Kill);
        }
        actions.extend(state.sent.iter().copied().map(Action::Arrive));
        actions.push(Action::Stranger);
        actions.extend(state.service.checking.iter().copied().map(Action::Finish));
        let replies = state.replies.iter().copied();
        actions.extend(replies.map(|(message, outcome)| Action::Reply(message, outcome)));
        if state.crashes < BUDGET.crashes && !state.service.checking.is_empty() {
            actions.push(Action::Crash);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Enter { right } => state.enter(right),
            Action::Arrive(message) => state.arrive(&self.rules, message),
            Action::Stranger => {
                let service = &mut state.service;
                let message = Message {
                    by: By::Stranger,
                    kind: Kind::Approve { right: false },
                    challenge: service.challenge,
                    counter: service.counter + 1,
                    token: service.tokens.issued,
                };
                service.begin(&self.rules, message);
            }
            Action::Finish(message) => state.finish(&self.rules, message),
            Action::Reply(message, outcome) => state.reply(message, outcome),
            Action::Kill => state.wait(None),
            Action::Crash => {
                state.service.crash();
                state.crashes += 1;
            }
        }
        (state != *last).then_some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.counter <= u64::from(BUDGET.wrong + BUDGET.right) + 1
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(COST, |_, state: &State| {
                state.service.tries.in_epoch <= state.wrong + state.unfinished()
            }),
            Property::always(REACHES, |model: &Self, state: &State| {
                state.clone().reaches(&model.rules)
            }),
            Property::sometimes(
                "approved after a wrong PIN and a crash",
                |_, state: &State| state.approved && state.wrong == 2 && state.crashes == 1,
            ),
        ]
    }
}

#[test]
fn an_honest_person_is_blocked_by_wrong_pins_of_their_own_only() {
    holds(Honest { rules: RULES });
}

#[test]
fn a_service_that_forgets_its_answers_is_found_out() {
    let remembers = false;
    let rules = Rules { remembers, ..RULES };
    breaks(Honest { rules }, COST);
}

#[test]
fn a_service_that_forgets_for_which_message_it_took_a_try_is_found_out() {
    let resumes = false;
    let rules = Rules { resumes, ..RULES };
    breaks(Honest { rules }, COST);
    breaks(Honest { rules }, REACHES);
}

#[test]
fn a_service_that_keeps_the_try_of_a_right_pin_is_found_out() {
    let gives_back = false;
    let rules = Rules {
        gives_back,
        ..RULES
    };
    breaks(Honest { rules }, COST);
}

#[test]
fn a_service_that_takes_a_try_before_the_devices_key_is_checked_is_found_out() {
    let checks_device_key = false;
    let rules = Rules {
        checks_device_key,
        ..RULES
    };
    breaks(Honest { rules }, COST);
}
