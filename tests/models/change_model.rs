//! The model of a PIN change, and the properties that must hold.

use std::collections::BTreeSet;

use stateright::{Model, Property};

use crate::change::{Found, Message, Phone, RULES, Reply, Rules, Service, Slot};
use crate::{breaks, holds};

const ONE: &str = "the service's epoch is one that the phone has: one PIN works";
const APART: &str = "all that was ever stored together tests no PIN";
const TRIES: &str = "an old PIN costs one try each time that it was typed wrong";
const HONEST: &str = "no honest phone is suspended";
const CODES: &str = "the code shown fits its challenge while that is open";
const SETTLED: &str = "once nothing is lost, the phone has one slot, the service's";
const AHEAD: &str =
    "where no PIN works, the phone's epoch is ahead, and it is told so without a try";
const ANEW: &str = "once nothing is lost, a PIN that is set anew works";

#[derive(Clone, Copy)]
struct Changes {
    rules: Rules,
    /// How many changes the person begins.
    changes: u8,
    /// How often the phone asks for the status.
    asks: u8,
    /// Whether a code is asked for in between.
    codes: bool,
    /// A thief with a copy spends all tries, perhaps again in the new epoch.
    blocks: bool,
    restores: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    service: Service,
    phone: Phone,
    sent: BTreeSet<Message>,
    replies: BTreeSet<(Message, Reply)>,
    changes: u8,
    asks: u8,
    wrong: u8,
    backup: Option<Box<Service>>,
    restores: u8,
    issued: bool,
    shown: Option<Slot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// The person changes the PIN, the old one typed right or wrong.
    Change {
        right: bool,
    },
    /// Another factor grants a new PIN.
    Forgotten,
    /// The phone restarts, or has waited long enough, and asks what became of slot B.
    Ask,
    /// The phone is stopped, or waits no longer.
    Stop,
    /// A message arrives, perhaps again, perhaps late.
    Arrive(Message),
    Finish(Message),
    ServiceCrash,
    Reply(Message, Reply),
    /// A thief with a copy guesses until the device is blocked.
    Block,
    Issue,
    Show,
    /// The challenge of the code expires.
    Expire,
    Backup,
    Restore,
}

impl State {
    fn send(&mut self, message: Option<Message>) {
        self.sent.extend(message);
    }

    fn arrive(&mut self, rules: &Rules, message: Message) {
        if let Some(reply) = self.service.begin(rules, message) {
            self.replies.insert((message, reply));
        }
    }

    /// Replies that nobody waits for are dropped.
    fn tidy(&mut self, rules: &Rules) {
        if rules.newest_only {
            let asking = self.phone.asking;
            self.replies.retain(|(message, _)| asking == Some(*message));
        }
    }

    fn one_works(&self) -> bool {
        let current = Some(self.service.current);
        self.phone.a == current || self.phone.b.map(|slot| slot.slot) == current
    }

    /// Everything that is asked is answered.
    fn answered(&mut self, rules: &Rules, mut message: Option<Message>) {
        for _ in 0..8 {
            let Some(asked) = message else { return };
            let reply = self.service.begin(rules, asked);
            let Some(reply) = reply.or_else(|| self.service.finish(rules, asked)) else {
                return;
            };
            message = self.phone.hears(rules, asked, reply);
        }
    }

    fn settled(mut self, rules: &Rules) -> Self {
        if self.phone.b.is_some() {
            let asked = self.phone.asks();
            self.answered(rules, Some(asked));
        }
        self
    }

    fn set_anew(self, rules: &Rules) -> Self {
        let mut state = self.settled(rules);
        let change = state.phone.changes(rules, false, true);
        state.answered(rules, Some(change));
        state
    }
}

impl Model for Changes {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            service: Service::new(),
            phone: Phone::new(),
            sent: BTreeSet::new(),
            replies: BTreeSet::new(),
            changes: 0,
            asks: 0,
            wrong: 0,
            backup: None,
            restores: 0,
            issued: false,
            shown: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let (service, phone) = (&state.service, &state.phone);
        let idle = phone.b.is_none() && phone.asking.is_none();
        if idle && state.changes < self.changes {
            if self.restores == 0 {
                actions.push(Action::Change { right: false });
            }
            actions.push(Action::Change { right: true });
            if self.restores > 0 {
                actions.push(Action::Forgotten);
            }
        }
        if phone.b.is_some() && state.asks < self.asks {
            actions.push(Action::Ask);
        }
        if phone.asking.is_some() {
            actions.push(Action::Stop);
        }
        actions.extend(state.sent.iter().copied().map(Action::Arrive));
        actions.extend(service.checking.iter().copied().map(Action::Finish));
        if !service.checking.is_empty() {
            actions.push(Action::ServiceCrash);
        }
        let replies = state.replies.iter().copied();
        actions.extend(replies.map(|(message, reply)| Action::Reply(message, reply)));
        if self.codes && !state.issued {
            actions.push(Action::Issue);
        }
        if service.judged_by.is_some() {
            actions.push(Action::Expire);
            if state.shown.is_none() {
                actions.push(Action::Show);
            }
        }
        if self.blocks && service.tries.left() > 0 {
            actions.push(Action::Block);
        }
        if self.restores > 0 && state.backup.is_none() {
            actions.push(Action::Backup);
        }
        if state.restores < self.restores && state.backup.is_some() {
            actions.push(Action::Restore);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let (mut state, rules) = (last.clone(), &self.rules);
        match action {
            Action::Change { right } => {
                state.changes += 1;
                state.wrong += u8::from(!right);
                let message = state.phone.changes(rules, right, false);
                state.send(Some(message));
            }
            Action::Forgotten => {
                state.changes += 1;
                let message = state.phone.changes(rules, false, true);
                state.send(Some(message));
            }
            Action::Ask => {
                state.asks += 1;
                let message = state.phone.asks();
                state.send(Some(message));
            }
            Action::Stop => state.phone.gives_up(rules),
            Action::Arrive(message) => state.arrive(rules, message),
            Action::Finish(message) => {
                let reply = state.service.finish(rules, message)?;
                state.replies.insert((message, reply));
            }
            Action::ServiceCrash => state.service.checking.clear(),
            Action::Reply(message, reply) => {
                let next = state.phone.hears(rules, message, reply);
                state.send(next);
            }
            Action::Block => {
                while let Ok(tries) = state.service.tries.spend() {
                    state.service.tries = tries;
                }
            }
            Action::Issue => {
                state.issued = true;
                state.service.judged_by = Some([state.service.current].into());
            }
            Action::Show => state.shown = Some(state.phone.shows(rules)?),
            Action::Expire => {
                state.service.judged_by = None;
                state.shown = None;
            }
            Action::Backup => state.backup = Some(Box::new(state.service.clone())),
            Action::Restore => {
                let backup = state.backup.clone()?;
                state.service.restore(&backup);
                state.restores += 1;
                if rules.refuses_old {
                    state.sent.clear();
                }
            }
        }
        state.tidy(rules);
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(HONEST, |_, state: &State| !state.service.suspended),
            Property::always(APART, |_, state: &State| {
                let found = &state.phone.found;
                let shared = |one: &Found, other: &Found| match (one, other) {
                    (
                        Found::Secrets { made, of },
                        Found::Secrets {
                            made: same,
                            of: with,
                        },
                    ) => made == same && of != with,
                    (Found::Secrets { of, .. }, Found::OfPin { slot }) => of == slot,
                    _ => false,
                };
                !found
                    .iter()
                    .any(|one| found.iter().any(|other| shared(one, other)))
            }),
            Property::sometimes("a change is done", |_, state: &State| {
                state.phone.b.is_none() && state.phone.a == Some(1) && state.service.current == 1
            }),
            Property::sometimes("a change is lost", |_, state: &State| {
                state.changes > 0 && state.phone.b.is_none() && state.phone.a == Some(0)
            }),
        ];
        if self.restores > 0 {
            properties.push(Property::always(AHEAD, |_, state: &State| {
                state.one_works() || state.phone.epoch > state.service.epoch
            }));
            properties.push(Property::always(ANEW, |model: &Self, state: &State| {
                let state = state.clone().set_anew(&model.rules);
                state.phone.b.is_none() && state.phone.a == Some(state.service.current)
            }));
            properties.push(Property::sometimes("no PIN works", |_, state: &State| {
                !state.one_works()
            }));
        } else {
            properties.push(Property::always(ONE, |_, state: &State| state.one_works()));
            if !self.blocks {
                properties.push(Property::always(TRIES, |_, state: &State| {
                    state.service.tries.in_epoch
                        <= state.wrong + u8::from(!state.service.checking.is_empty())
                        || state.service.has_taken()
                }));
            }
            properties.push(Property::always(SETTLED, |model: &Self, state: &State| {
                let state = state.clone().settled(&model.rules);
                state.phone.b.is_none() && state.phone.a == Some(state.service.current)
            }));
        }
        if self.codes {
            properties.push(Property::always(CODES, |_, state: &State| {
                match (&state.service.judged_by, state.shown) {
                    (Some(judges), Some(slot)) => judges.contains(&slot),
                    _ => true,
                }
            }));
            properties.push(Property::sometimes(
                "a code from before the swap",
                |_, state: &State| {
                    state
                        .shown
                        .is_some_and(|slot| slot != state.service.current)
                },
            ));
        }
        properties
    }
}

const ALONE: Changes = Changes {
    rules: RULES,
    changes: 3,
    asks: 2,
    codes: false,
    blocks: false,
    restores: 0,
};

const BLOCKED: Changes = Changes {
    changes: 2,
    blocks: true,
    ..ALONE
};

const CODED: Changes = Changes {
    changes: 1,
    codes: true,
    ..ALONE
};

const RESTORED: Changes = Changes {
    changes: 2,
    asks: 1,
    blocks: true,
    restores: 1,
    ..ALONE
};

#[test]
fn whatever_is_lost_in_a_pin_change_one_pin_works_and_no_stored_states_together_test_it() {
    holds(ALONE);
}

#[test]
fn a_thief_who_blocks_the_device_amid_a_change_leaves_no_phone_without_its_epoch() {
    holds(BLOCKED);
}

#[test]
fn codes_fit_before_and_after_a_pin_change() {
    holds(CODED);
}

#[test]
fn a_phone_whose_epoch_is_ahead_of_a_restored_service_is_told_so_and_sets_its_pin_anew() {
    holds(RESTORED);
}

#[test]
fn slots_that_share_a_secret_are_found_out() {
    let rules = Rules {
        own_secrets: false,
        ..RULES
    };
    breaks(Changes { rules, ..ALONE }, APART);
}

#[test]
fn a_message_that_is_kept_for_a_retry_is_found_out() {
    let rules = Rules {
        forgets_messages: false,
        ..RULES
    };
    breaks(Changes { rules, ..ALONE }, APART);
}

#[test]
fn a_slot_that_is_stored_only_once_the_service_took_it_is_found_out() {
    // With two phases it would only be lost; with one as well, no PIN works.
    let rules = Rules {
        stores_first: false,
        waits_for_commit: false,
        ..RULES
    };
    breaks(Changes { rules, ..ALONE }, ONE);
}

#[test]
fn an_old_slot_that_is_erased_before_the_swap_is_known_is_found_out() {
    let rules = Rules {
        keeps_a: false,
        ..RULES
    };
    breaks(Changes { rules, ..ALONE }, ONE);
}

#[test]
fn a_new_slot_that_is_erased_without_the_services_word_is_found_out() {
    let rules = Rules {
        keeps_b: false,
        ..RULES
    };
    breaks(Changes { rules, ..ALONE }, ONE);
}

#[test]
fn a_service_that_swaps_without_a_commit_is_found_out() {
    // The change arrives after the phone heard that there is none, and has erased its slot.
    let rules = Rules {
        waits_for_commit: false,
        ..RULES
    };
    breaks(Changes { rules, ..ALONE }, ONE);
}

#[test]
fn a_blocked_device_that_hears_nothing_of_its_swap_is_found_out() {
    let tells_blocked = false;
    let rules = Rules {
        tells_blocked,
        ..RULES
    };
    breaks(Changes { rules, ..BLOCKED }, ONE);
    breaks(Changes { rules, ..RESTORED }, ANEW);
}

#[test]
fn a_reply_to_an_older_request_that_is_taken_is_found_out() {
    let rules = Rules {
        newest_only: false,
        ..RULES
    };
    breaks(Changes { rules, ..ALONE }, ONE);
    breaks(Changes { rules, ..ALONE }, HONEST);
    breaks(Changes { rules, ..ALONE }, SETTLED);
}

#[test]
fn codes_while_a_commit_is_on_its_way_are_found_out() {
    let rules = Rules {
        holds_codes: false,
        ..RULES
    };
    breaks(Changes { rules, ..CODED }, CODES);
}

#[test]
fn a_service_that_judges_by_the_new_epoch_only_is_found_out() {
    let rules = Rules {
        judges_both: false,
        ..RULES
    };
    breaks(Changes { rules, ..CODED }, CODES);
}

#[test]
fn a_change_judged_twice_is_found_out() {
    let rules = Rules {
        remembers: false,
        ..RULES
    };
    breaks(Changes { rules, ..ALONE }, TRIES);
}

#[test]
fn a_restored_service_that_takes_messages_from_before_is_found_out() {
    let refuses_old = false;
    let rules = Rules {
        refuses_old,
        ..RULES
    };
    breaks(Changes { rules, ..RESTORED }, AHEAD);
}
