//! Removals and suspensions across backups and restores: a row of the database in the transaction
//! of what happened, then a line of the journal outside the database, then the answer. Crashes
//! between any two, and every answer that was given holds.

use std::collections::BTreeSet;

use stateright::{Model, Property};

use crate::{breaks, holds};

const TOLD: &str = "what was told, removed or suspended, is so whenever the service serves";
const SAME: &str = "whenever the service waits for requests, journal and database tell the same";

/// A removal or suspension of one device.
type Event = u8;
const EVENTS: Event = 2;

#[derive(Clone, Copy)]
struct Journal {
    rules: Rules,
    crashes: u8,
    restores: u8,
}

/// The rules of the journal; each can be broken.
#[derive(Debug, Clone, Copy)]
struct Rules {
    /// The line is on the disk before anybody is answered.
    answers_last: bool,
    /// A request that comes again while the first copy of it is being worked on is answered after
    /// the line, too.
    retries_wait: bool,
    /// A start appends the rows that the journal lacks.
    start_appends: bool,
    /// A start applies the lines that the database lacks.
    start_applies: bool,
}

const RULES: Rules = Rules {
    answers_last: true,
    retries_wait: true,
    start_appends: true,
    start_applies: true,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    serves: bool,
    /// The database: events, in their order.
    rows: Vec<Event>,
    lines: Vec<Event>,
    /// In memory: events that have their row, and whose answer is not given.
    working: Option<Event>,
    told: BTreeSet<Event>,
    backup: Option<Vec<Event>>,
    crashes: u8,
    restores: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Happen(Event),
    Append,
    Answer,
    Retry(Event),
    Crash,
    Start,
    Backup,
    Restore,
}

/// What `has` lacks of `other`, behind it.
fn complete(has: &mut Vec<Event>, other: &[Event]) {
    let missing: Vec<_> = other.iter().filter(|one| !has.contains(one)).collect();
    has.extend(missing);
}

impl Model for Journal {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            serves: true,
            rows: Vec::new(),
            lines: Vec::new(),
            working: None,
            told: BTreeSet::new(),
            backup: None,
            crashes: 0,
            restores: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if !state.serves {
            actions.push(Action::Start);
            if state.restores < self.restores && state.backup.is_some() {
                actions.push(Action::Restore);
            }
            return;
        }
        if state.working.is_none() {
            let fresh = (0..EVENTS).filter(|event| !state.rows.contains(event));
            actions.extend(fresh.map(Action::Happen));
        } else {
            actions.extend([Action::Append, Action::Answer]);
        }
        actions.extend(state.rows.iter().copied().map(Action::Retry));
        if state.crashes < self.crashes {
            actions.push(Action::Crash);
        }
        if state.backup.is_none() {
            actions.push(Action::Backup);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let (mut state, rules) = (last.clone(), &self.rules);
        match action {
            Action::Happen(event) => {
                state.rows.push(event);
                state.working = Some(event);
            }
            Action::Append => complete(&mut state.lines, &last.rows),
            Action::Answer => {
                let event = state.working.take()?;
                if rules.answers_last && !state.lines.contains(&event) {
                    return None;
                }
                state.told.insert(event);
            }
            Action::Retry(event) => {
                if rules.retries_wait && !state.lines.contains(&event) {
                    return None;
                }
                state.told.insert(event);
            }
            Action::Crash => {
                state.crashes += 1;
                state.serves = false;
                state.working = None;
            }
            Action::Start => {
                if rules.start_applies {
                    complete(&mut state.rows, &last.lines);
                }
                if rules.start_appends {
                    complete(&mut state.lines, &last.rows);
                }
                state.serves = true;
            }
            Action::Backup => state.backup = Some(state.rows.clone()),
            Action::Restore => {
                state.rows = state.backup.clone()?;
                state.restores += 1;
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(TOLD, |_, state: &State| {
                !state.serves || state.told.iter().all(|event| state.rows.contains(event))
            }),
            Property::always(SAME, |_, state: &State| {
                !state.serves || state.working.is_some() || state.rows == state.lines
            }),
            Property::sometimes("a restore undoes what was told", |_, state: &State| {
                !state.serves && state.told.iter().any(|event| !state.rows.contains(event))
            }),
            Property::sometimes("nobody was told what happened", |_, state: &State| {
                state.serves && state.working.is_none() && state.told.len() < state.rows.len()
            }),
        ]
    }
}

const CRASHING: Journal = Journal {
    rules: RULES,
    crashes: 2,
    restores: 2,
};

#[test]
fn what_was_told_removed_or_suspended_is_so_after_crashes_and_restores() {
    holds(CRASHING);
}

#[test]
fn an_answer_before_the_journals_line_is_found_out() {
    let answers_last = false;
    let rules = Rules {
        answers_last,
        ..RULES
    };
    breaks(Journal { rules, ..CRASHING }, TOLD);
}

#[test]
fn a_retry_that_is_answered_before_the_journals_line_is_found_out() {
    let retries_wait = false;
    let rules = Rules {
        retries_wait,
        ..RULES
    };
    breaks(Journal { rules, ..CRASHING }, TOLD);
}

#[test]
fn a_start_that_appends_no_missing_lines_is_found_out() {
    let start_appends = false;
    let rules = Rules {
        start_appends,
        ..RULES
    };
    breaks(Journal { rules, ..CRASHING }, SAME);
}

#[test]
fn a_start_that_applies_no_lines_to_a_restored_database_is_found_out() {
    let start_applies = false;
    let rules = Rules {
        start_applies,
        ..RULES
    };
    breaks(Journal { rules, ..CRASHING }, TOLD);
}
