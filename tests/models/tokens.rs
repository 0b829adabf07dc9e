//! State tokens: an honest phone, a copy of its whole storage, a network that loses, repeats,
//! delays and reorders, and a service that is restored from a backup. Every answer leaves its
//! challenge open, so that old ones can be brought again: the worst case.

use std::collections::BTreeSet;

use countersign_protocol::policy::tries::Tries;
use countersign_protocol::reply::ResultCode;
use stateright::{Model, Property};

use crate::service::{Begun, By, Kind, Message, Outcome, RULES, Rules, Service};
use crate::{breaks, holds};

const HONEST: &str = "no phone is suspended before a copy of it has spoken";
const NEXT: &str = "after a copy and its original have both spoken, the next word of the one who was answered first is refused";
const TURNS: &str = "once both speak by turns and are answered, the device is suspended";

#[derive(Clone, Copy)]
struct Tokens {
    rules: Rules,
    /// The phone takes replies to its newest message only.
    newest_only: bool,
    /// How many messages the phone and its copy send.
    phone: u8,
    copy: u8,
    restores: u8,
}

/// A phone, or its copy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Party {
    counter: u64,
    token: u64,
    newest: Option<Message>,
    sent: u8,
    /// It was answered since the copy was made.
    answered: bool,
    /// It was answered, and then the other one spoke: its next word must be refused.
    caught: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    service: Service,
    phone: Party,
    copy: Option<Party>,
    sent: BTreeSet<Message>,
    replies: Vec<(Message, Outcome)>,
    backup: Option<Box<Service>>,
    restores: u8,
    copy_spoke: bool,
    missed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Copy,
    Send(By),
    /// A message arrives, perhaps again, perhaps late.
    Arrive(Message),
    Reply(Message, Outcome),
    Backup,
    Restore,
}

impl State {
    fn party(&mut self, by: By) -> Option<&mut Party> {
        match by {
            By::Phone => Some(&mut self.phone),
            By::Copy => self.copy.as_mut(),
            By::Stranger => None,
        }
    }

    fn send(&mut self, by: By) -> Option<Message> {
        self.service.open_next();
        let challenge = self.service.challenge;
        let party = self.party(by)?;
        party.counter += 1;
        party.sent += 1;
        let message = Message {
            by,
            kind: Kind::NotAllowed,
            challenge,
            counter: party.counter,
            token: party.token,
        };
        party.newest = Some(message);
        self.sent.insert(message);
        Some(message)
    }

    /// Drops replies that nobody looks at.
    fn tidy(&mut self) {
        let newest = [
            self.phone.newest,
            self.copy.as_ref().and_then(|copy| copy.newest),
        ];
        self.replies
            .retain(|(message, _)| newest.contains(&Some(*message)));
    }

    fn arrive(&mut self, rules: &Rules, message: Message) -> Option<Outcome> {
        self.copy_spoke |= message.by == By::Copy;
        let is_new = !self.service.outcomes.contains_key(&message);
        let Begun::Reply(outcome) = self.service.begin(rules, message) else {
            return None;
        };
        if !self.replies.contains(&(message, outcome)) {
            self.replies.push((message, outcome));
            self.replies
                .sort_by_key(|(message, outcome)| (*message, outcome.issued, outcome.counter));
        }
        if outcome.issued.is_some() && is_new && self.copy.is_some() {
            let restored = self.restores > 0;
            let other = match message.by {
                By::Phone => By::Copy,
                By::Copy | By::Stranger => By::Phone,
            };
            let was_caught = self.party(message.by).is_some_and(|party| party.caught);
            self.missed |= was_caught && !restored;
            if let Some(other) = self.party(other) {
                other.caught |= other.answered;
            }
        }
        Some(outcome)
    }

    fn reply(&mut self, message: Message, outcome: Outcome, newest_only: bool) {
        let copied = self.copy.is_some();
        let Some(party) = self.party(message.by) else {
            return;
        };
        if party.newest != Some(message) && newest_only {
            return;
        }
        party.newest = None;
        if outcome.result == ResultCode::Counter {
            party.counter = party.counter.max(outcome.counter);
        }
        if let Some(issued) = outcome.issued {
            party.token = issued;
            party.answered |= copied;
        }
    }

    /// Both speak by turns, and nothing is lost.
    fn suspended_by_turns(mut self, rules: &Rules) -> bool {
        for _ in 0..4 {
            for by in [By::Phone, By::Copy] {
                // Twice at most: the second time with a higher counter.
                for _ in 0..2 {
                    let Some(message) = self.send(by) else { break };
                    let Some(outcome) = self.arrive(rules, message) else {
                        break;
                    };
                    self.reply(message, outcome, true);
                    if outcome.result != ResultCode::Counter {
                        break;
                    }
                }
            }
        }
        self.service.suspended
    }
}

impl Model for Tokens {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            service: Service::new(Tries::default()),
            phone: Party {
                counter: 0,
                token: 1,
                newest: None,
                sent: 0,
                answered: false,
                caught: false,
            },
            copy: None,
            sent: BTreeSet::new(),
            replies: Vec::new(),
            backup: None,
            restores: 0,
            copy_spoke: false,
            missed: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.service.suspended {
            return;
        }
        if state.copy.is_none() && self.copy > 0 {
            actions.push(Action::Copy);
        }
        // Nobody has to wait for an answer: the app is closed and opened, and signs again.
        if state.phone.sent < self.phone {
            actions.push(Action::Send(By::Phone));
        }
        if state
            .copy
            .as_ref()
            .is_some_and(|copy| copy.sent < self.copy)
        {
            actions.push(Action::Send(By::Copy));
        }
        actions.extend(state.sent.iter().copied().map(Action::Arrive));
        let replies = state.replies.iter().copied();
        actions.extend(replies.map(|(message, outcome)| Action::Reply(message, outcome)));
        if self.restores > 0 && state.backup.is_none() {
            actions.push(Action::Backup);
        }
        if state.restores < self.restores && state.backup.is_some() {
            actions.push(Action::Restore);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Copy => {
                state.copy = Some(Party {
                    newest: None,
                    sent: 0,
                    ..state.phone.clone()
                });
            }
            Action::Send(by) => {
                state.send(by);
            }
            Action::Arrive(message) => {
                state.arrive(&self.rules, message);
            }
            Action::Reply(message, outcome) => state.reply(message, outcome, self.newest_only),
            Action::Backup => state.backup = Some(Box::new(state.service.clone())),
            Action::Restore => {
                let backup = state.backup.clone()?;
                state.service.restore(&backup, &self.rules);
                state.restores += 1;
            }
        }
        if self.newest_only {
            state.tidy();
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(HONEST, |_, state: &State| {
                !state.service.suspended || state.copy_spoke
            }),
            Property::always(NEXT, |_, state: &State| !state.missed),
            Property::always(TURNS, |model: &Self, state: &State| {
                state.copy.is_none() || state.clone().suspended_by_turns(&model.rules)
            }),
            Property::sometimes("a token is shown twice", |_, state: &State| {
                state.service.tokens.issued > 2 && state.service.tokens.acked == 1
            }),
        ];
        if self.copy > 0 {
            properties.push(Property::sometimes(
                "a copy is found out",
                |_, state: &State| state.service.suspended,
            ));
        }
        if self.restores > 0 {
            properties.push(Property::sometimes(
                "a newer token is adopted",
                |_, state: &State| state.restores > 0 && state.service.tokens.issued > 3,
            ));
        }
        properties
    }
}

const COPIED: Tokens = Tokens {
    rules: RULES,
    newest_only: true,
    phone: 3,
    copy: 2,
    restores: 0,
};

const RESTORED: Tokens = Tokens {
    copy: 0,
    restores: 1,
    ..COPIED
};

#[test]
fn a_copy_and_its_original_cannot_both_go_on() {
    holds(COPIED);
}

#[test]
fn an_honest_phone_is_taken_back_by_a_restored_service() {
    holds(RESTORED);
}

#[test]
fn after_a_restore_a_copy_is_still_found_out() {
    holds(Tokens {
        phone: 2,
        copy: 2,
        restores: 1,
        ..COPIED
    });
}

#[test]
fn a_service_that_keeps_the_issued_token_only_is_found_out() {
    let keeps_shown_token = false;
    let rules = Rules {
        keeps_shown_token,
        ..RULES
    };
    breaks(Tokens { rules, ..COPIED }, HONEST);
}

#[test]
fn a_service_that_takes_every_token_is_found_out() {
    let refuses_other_tokens = false;
    let rules = Rules {
        refuses_other_tokens,
        ..RULES
    };
    breaks(Tokens { rules, ..COPIED }, NEXT);
    breaks(Tokens { rules, ..COPIED }, TURNS);
}

#[test]
fn a_phone_that_takes_a_late_reply_to_an_older_message_is_found_out() {
    let newest_only = false;
    breaks(
        Tokens {
            newest_only,
            ..COPIED
        },
        HONEST,
    );
}

#[test]
fn a_restored_service_that_refuses_newer_tokens_is_found_out() {
    let adopts_newer_tokens = false;
    let rules = Rules {
        adopts_newer_tokens,
        ..RULES
    };
    breaks(Tokens { rules, ..RESTORED }, HONEST);
}

#[test]
fn a_restored_service_with_open_challenges_to_which_old_answers_fit_is_found_out() {
    let restore_closes = false;
    let rules = Rules {
        restore_closes,
        ..RULES
    };
    breaks(Tokens { rules, ..RESTORED }, HONEST);
}
