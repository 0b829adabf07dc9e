//! Steps of offline codes: one account, two phones, up to three open challenges, codes that are
//! lost, typed late, typed twice at once or for another challenge, phones that are online or not,
//! and a service that is restored from a backup. The chains are real ones.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use countersign_protocol::Step;
use countersign_protocol::code::{Code, Shape, Typed};
use countersign_protocol::keys::{Chain, LONGEST_ADVANCE};
use countersign_protocol::policy::share::Asker;
use countersign_protocol::policy::steps::{self, Given, Reported, accept, allot, reported};
use countersign_protocol::secret::Secret32;
use countersign_protocol::verify::{chain_moved_to, judge_code};
use stateright::{Model, Property};

use crate::{breaks, holds};

const ONCE: &str = "no step is given out twice, and no step's code is accepted twice";
const FORWARD: &str = "a phone never goes back";
const KEPT: &str = "going online passes over no open challenge";
const USABLE: &str = "the newest code on a phone's screen is good while its challenge is open";
const TRUSTED: &str = "no honest phone is suspended";
const REACHES: &str = "whatever happened, a phone that goes online gets a code that is accepted";
const PHONES: [usize; 2] = [0, 1];

#[derive(Debug, Clone, Copy)]
struct Rules {
    /// A right code closes its challenge only if that is still open.
    compares_and_sets: bool,
    /// Status names the least open step; broken: the account's next one.
    names_least_open: bool,
    /// A restore adds 10,000 to the account's step.
    restore_adds: bool,
    /// A restore closes the challenges that were open in the backup.
    restore_closes: bool,
    /// A chain follows the phone's word no further than to the least open step, whose code may
    /// still be on its way to the page.
    waits_for_open: bool,
    /// A message that is too far ahead moves the chain as far as one message may.
    moves_part_way: bool,
    /// A phone gives no code for a step that it has spent.
    refuses_spent_steps: bool,
    /// A status that names a step which the phone has passed leaves the phone where it is.
    never_follows_back: bool,
}

const RULES: Rules = Rules {
    compares_and_sets: true,
    names_least_open: true,
    restore_adds: true,
    restore_closes: true,
    waits_for_open: true,
    moves_part_way: true,
    refuses_spent_steps: true,
    never_follows_back: true,
};

/// A challenge: its step, and after how many restores it was made, as its hash differs then.
type Challenge = (Step, u8);

/// The judgement: phone, its chain's next step, the phone and challenge of the code, and the
/// challenge for which it was typed.
type Judged = (usize, Step, usize, Challenge, Challenge);

struct Steps {
    rules: Rules,
    /// The account's step and the chains' next steps in the beginning.
    start: (Step, [Step; 2]),
    challenges: usize,
    restores: u8,
    /// Whether codes are judged at once or typed for another challenge, phones are killed, and
    /// replies lost.
    faults: bool,
    /// Real functions of small numbers, each computed once: HMACs are slow where nothing is
    /// optimised.
    judged: Mutex<HashMap<Judged, Option<Step>>>,
    moved: Mutex<HashMap<(usize, Step, Step), Step>>,
    values: Mutex<HashMap<(usize, Step), [u8; 32]>>,
    reached: Mutex<HashMap<(usize, Step, Database), bool>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Phone {
    last: Step,
    /// The code on its screen.
    code: Option<Challenge>,
    /// The service was restored and has not seen this phone's state token since, which is newer
    /// than those that it remembers.
    newer_token: bool,
}

/// The content of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Database {
    account: Step,
    chains: [Step; 2],
    suspended: [bool; 2],
    open: BTreeSet<Challenge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    database: Database,
    backup: Option<Database>,
    phones: [Phone; 2],
    /// Right codes that were judged and whose transaction is still to come.
    judged: Vec<(usize, Challenge, Step)>,
    given: BTreeSet<Challenge>,
    accepted: Vec<Step>,
    restores: u8,
    went_back: bool,
    passed_over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Give,
    Expire(Challenge),
    /// The phone reads any challenge that was ever signed, and shows the code, or is killed before
    /// it does.
    Scan(usize, Challenge),
    ScanAndDie(usize, Challenge),
    /// A code is typed for an open challenge and judged.
    Type(usize, Challenge),
    Commit(usize),
    /// The phone goes online; the answer arrives or is lost.
    Status(usize, bool),
    /// An approval of the first phone, which shows its state token. (The second one never does so.)
    Approve(usize),
    Backup,
    Restore,
}

impl Steps {
    fn new(rules: Rules, start: (Step, [Step; 2]), challenges: usize, restores: u8) -> Self {
        let values = PHONES.map(|phone| ((phone, start.1[phone]), [phone as u8 + 1; 32]));
        Self {
            rules,
            start,
            challenges,
            restores,
            faults: true,
            judged: Mutex::default(),
            moved: Mutex::default(),
            values: Mutex::new(values.into()),
            reached: Mutex::default(),
        }
    }

    /// The chain of a phone at a step, from the nearest value that is known.
    fn chain(&self, phone: usize, next: Step) -> Chain {
        let mut values = self.values.lock().unwrap();
        let nearest = values
            .keys()
            .filter(|(p, step)| *p == phone && *step <= next);
        let nearest = nearest.map(|(_, step)| *step).max();
        let mut chain = match nearest.and_then(|step| Some((step, values.get(&(phone, step))?))) {
            Some((step, value)) => Chain::new(step, secret(*value)),
            None => unreachable!("no phone goes back before its first step"),
        };
        while chain.next() < next {
            let step = next.min(chain.next() + LONGEST_ADVANCE);
            chain = chain.advanced(step, LONGEST_ADVANCE).unwrap();
        }
        values.insert((phone, next), *chain.value().expose());
        chain
    }

    /// The chain's next step after a code was judged, if it is right.
    fn judge(&self, judged: Judged) -> Option<Step> {
        if let Some(known) = self.judged.lock().unwrap().get(&judged) {
            return *known;
        }
        let (phone, next, typed_by, typed_for, asked) = judged;
        let question = |(step, restores): Challenge| {
            let mut question = [restores; 32];
            question[..8].copy_from_slice(&step.to_be_bytes());
            question
        };
        let key = self.chain(typed_by, typed_for.0).code_key(&share(typed_by));
        let code = Code::compute(
            Shape::Eight,
            key.expose(),
            typed_for.0,
            &question(typed_for),
        );
        let typed = Typed::read(Shape::Eight, &code.shown()).unwrap();
        let chain = self.chain(phone, next);
        let after = judge_code(
            &chain,
            &share(phone),
            asked.0,
            &question(asked),
            Shape::Eight,
            &typed,
        );
        let after = after.map(|chain| chain.next());
        self.judged.lock().unwrap().insert(judged, after);
        after
    }

    /// The next step of the service's chain after a phone said that `last` is spent.
    fn moved(&self, phone: usize, next: Step, last: Step) -> Step {
        if last < next || (!self.rules.moves_part_way && last - next > LONGEST_ADVANCE) {
            return next;
        }
        let key = (phone, next, last);
        if let Some(known) = self.moved.lock().unwrap().get(&key) {
            return *known;
        }
        let chain = self.chain(phone, next);
        let moved = chain_moved_to(&chain, last).map_or(next, |chain| chain.next());
        self.moved.lock().unwrap().insert(key, moved);
        moved
    }

    fn give(&self, state: &mut State) -> Option<Challenge> {
        let given = Given {
            open: state.database.open.len() as u32,
            ..Given::default()
        };
        let step = allot(state.database.account, given, Asker::Known).ok()?;
        let challenge = (step, state.restores);
        state.database.account = step;
        state.database.open.insert(challenge);
        state.given.insert(challenge);
        Some(challenge)
    }

    fn scan(&self, state: &mut State, phone: usize, challenge: Challenge) -> bool {
        let phone = &mut state.phones[phone];
        if challenge.0 <= phone.last && !self.rules.refuses_spent_steps {
            phone.last = challenge.0;
        } else if let Ok(moves) = accept(phone.last, challenge.0) {
            phone.last += moves;
        } else {
            return false;
        }
        phone.code = Some(challenge);
        true
    }

    /// Judges a code for each active device, as the service does.
    fn judge_typed(&self, state: &State, by: usize, asked: Challenge) -> Option<(usize, Step)> {
        let typed_for = state.phones[by].code?;
        let active = PHONES.into_iter().filter(|p| !state.database.suspended[*p]);
        active.into_iter().find_map(|phone| {
            let next = state.database.chains[phone];
            let after = self.judge((phone, next, by, typed_for, asked))?;
            Some((phone, after))
        })
    }

    fn commit(&self, state: &mut State, phone: usize, asked: Challenge, after: Step) -> bool {
        if !state.database.open.remove(&asked) && self.rules.compares_and_sets {
            return false;
        }
        let chain = &mut state.database.chains[phone];
        *chain = after.max(*chain);
        state.accepted.push(asked.0);
        state.accepted.sort_unstable();
        true
    }

    /// The effect of a phone's signed message on the service.
    fn heard(&self, state: &mut State, phone: usize, restored: bool) {
        let last = state.phones[phone].last;
        match reported(state.database.account, last, restored) {
            Reported::Keep => {}
            Reported::Raise(step) => state.database.account = step,
            Reported::Suspend => {
                state.database.suspended[phone] = true;
                return;
            }
        }
        let least = state.database.open.first().map(|(step, _)| *step);
        let least = least.filter(|_| self.rules.waits_for_open);
        let last = least.map_or(last, |least| last.min(least - 1));
        let next = state.database.chains[phone];
        state.database.chains[phone] = self.moved(phone, next, last);
    }

    /// The next step that a status reply names, and its effect on the phone.
    fn status(&self, state: &mut State, phone: usize, arrives: bool) {
        self.heard(state, phone, false);
        let account = state.database.account;
        let least = state.database.open.first().map(|(step, _)| *step);
        let least = least.filter(|_| self.rules.names_least_open);
        let named = least.unwrap_or(account + 1);
        if !arrives || state.database.suspended[phone] {
            return;
        }
        let last = state.phones[phone].last;
        let furthest = (last + 1).saturating_add(LONGEST_ADVANCE);
        let mut moved = named.min(furthest) - 1;
        if self.rules.never_follows_back {
            moved = moved.max(last);
        }
        let mut open = state.database.open.iter();
        state.passed_over |= open.any(|(step, _)| *step > last && *step <= moved);
        state.phones[phone].last = moved;
    }

    /// From here on nothing is lost: does the phone get a code that is accepted?
    fn reaches(&self, state: &State, phone: usize) -> bool {
        let mut database = state.database.clone();
        database.open.clear();
        let key = (phone, state.phones[phone].last, database.clone());
        if let Some(known) = self.reached.lock().unwrap().get(&key) {
            return *known;
        }
        let state = State {
            database,
            ..state.clone()
        };
        let reached = self.goes_on(state, phone);
        self.reached.lock().unwrap().insert(key, reached);
        reached
    }

    fn goes_on(&self, mut state: State, phone: usize) -> bool {
        for _ in 0..5 {
            self.status(&mut state, phone, true);
            let Some(challenge) = self.give(&mut state) else {
                return false;
            };
            if self.scan(&mut state, phone, challenge)
                && let Some((by, after)) = self.judge_typed(&state, phone, challenge)
            {
                return by == phone && self.commit(&mut state, by, challenge, after);
            }
            state.database.open.clear();
        }
        false
    }
}

fn secret(value: [u8; 32]) -> Secret32 {
    Secret32::new_with(|out| *out = value)
}

fn share(phone: usize) -> Secret32 {
    secret([phone as u8 + 100; 32])
}

impl Model for Steps {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let (account, chains) = self.start;
        vec![State {
            database: Database {
                account,
                chains,
                suspended: [false; 2],
                open: BTreeSet::new(),
            },
            backup: None,
            phones: chains.map(|next| Phone {
                last: next - 1,
                code: None,
                newer_token: false,
            }),
            judged: Vec::new(),
            given: BTreeSet::new(),
            accepted: Vec::new(),
            restores: 0,
            went_back: false,
            passed_over: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.given.len() < self.challenges {
            actions.push(Action::Give);
        }
        let open = &state.database.open;
        actions.extend(open.iter().copied().map(Action::Expire));
        for phone in PHONES {
            for challenge in state.given.iter().copied() {
                if challenge.0 > state.phones[phone].last || !self.rules.refuses_spent_steps {
                    actions.push(Action::Scan(phone, challenge));
                    if self.faults {
                        actions.push(Action::ScanAndDie(phone, challenge));
                    }
                }
            }
            if state.phones[phone].code.is_some()
                && state.judged.len() < if self.faults { 2 } else { 1 }
            {
                // Without faults a code is typed where it belongs.
                let asked = open.iter().copied();
                let asked =
                    asked.filter(|asked| self.faults || state.phones[phone].code == Some(*asked));
                actions.extend(asked.map(|asked| Action::Type(phone, asked)));
            }
            actions.push(Action::Status(phone, true));
            if self.faults {
                actions.push(Action::Status(phone, false));
            }
            if state.phones[phone].newer_token {
                actions.push(Action::Approve(phone));
            }
        }
        actions.extend((0..state.judged.len()).map(Action::Commit));
        if state.restores < self.restores {
            match state.backup {
                None => actions.push(Action::Backup),
                Some(_) => actions.push(Action::Restore),
            }
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Give => {
                self.give(&mut state);
            }
            Action::Expire(challenge) => {
                state.database.open.remove(&challenge);
            }
            Action::Scan(phone, challenge) => {
                self.scan(&mut state, phone, challenge);
            }
            Action::ScanAndDie(phone, challenge) => {
                self.scan(&mut state, phone, challenge);
                state.phones[phone].code = None;
            }
            Action::Type(by, asked) => {
                let (phone, after) = self.judge_typed(before, by, asked)?;
                state.judged.push((phone, asked, after));
                state.judged.sort_unstable();
            }
            Action::Commit(at) => {
                let (phone, asked, after) = state.judged.remove(at);
                self.commit(&mut state, phone, asked, after);
            }
            Action::Status(phone, arrives) => self.status(&mut state, phone, arrives),
            Action::Approve(phone) => {
                let restored = core::mem::take(&mut state.phones[phone].newer_token);
                self.heard(&mut state, phone, restored);
            }
            Action::Backup => state.backup = Some(state.database.clone()),
            Action::Restore => {
                state.database = state.backup.clone()?;
                state.judged.clear();
                if self.rules.restore_closes {
                    state.database.open.clear();
                }
                if self.rules.restore_adds {
                    state.database.account += steps::RESTORE;
                }
                state.phones[0].newer_token = true;
                state.restores += 1;
            }
        }
        state.went_back |= PHONES
            .into_iter()
            .any(|phone| state.phones[phone].last < before.phones[phone].last);
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(ONCE, |_, state: &State| {
                let given: BTreeSet<Step> = state.given.iter().map(|(step, _)| *step).collect();
                given.len() == state.given.len()
                    && state.accepted.windows(2).all(|two| two[0] != two[1])
            }),
            Property::always(FORWARD, |_, state: &State| !state.went_back),
            Property::always(KEPT, |_, state: &State| !state.passed_over),
            Property::always(USABLE, |model: &Self, state: &State| {
                PHONES
                    .into_iter()
                    .all(|phone| match state.phones[phone].code {
                        // Beyond, one code is lost, until the phone's next message.
                        Some(code)
                            if state.database.open.contains(&code)
                                && code.0.saturating_sub(state.database.chains[phone])
                                    <= LONGEST_ADVANCE =>
                        {
                            let judged = model.judge_typed(state, phone, code);
                            judged.is_some_and(|(by, _)| by == phone)
                        }
                        _ => true,
                    })
            }),
            Property::always(TRUSTED, |_, state: &State| {
                state.database.suspended == [false; 2]
            }),
            Property::always(REACHES, |model: &Self, state: &State| {
                PHONES.into_iter().all(|phone| model.reaches(state, phone))
            }),
            Property::sometimes("a code is accepted", |_, state: &State| {
                !state.accepted.is_empty()
            }),
        ];
        if self.challenges > 1 {
            properties.push(Property::sometimes(
                "two phones use two open challenges, the newer one first",
                |_, state: &State| {
                    let [a, b] = &state.phones;
                    a.last > b.last && b.code.is_some() && state.accepted.len() == 2
                },
            ));
        }
        properties
    }
}

const NEW: (Step, [Step; 2]) = (0, [1, 1]);
/// The second phone lay in a drawer while 70,000 codes were asked for.
const DRAWER: (Step, [Step; 2]) = (70_000, [70_001, 1]);

#[test]
fn no_steps_code_is_accepted_twice_and_no_phone_left_behind() {
    holds(Steps::new(RULES, NEW, 2, 0));
}

/// Events that these two leave out, so that all of the rest can be explored.
const WITHOUT_FAULTS: &str = "without faults: no phone is killed, no reply is lost, no code is \
     typed for another challenge or judged beside another one";

#[test]
fn nor_with_three_open_challenges_where_nothing_fails() {
    println!("{WITHOUT_FAULTS}");
    holds(Steps {
        faults: false,
        ..Steps::new(RULES, NEW, 3, 0)
    });
}

#[test]
fn nor_after_a_restore_from_a_backup_where_nothing_else_fails() {
    println!("{WITHOUT_FAULTS}");
    holds(Steps {
        faults: false,
        ..Steps::new(RULES, NEW, 2, 1)
    });
}

#[test]
fn nor_when_a_phone_was_away_for_seventy_thousand_steps() {
    holds(Steps::new(RULES, DRAWER, 1, 0));
}

#[test]
fn codes_accepted_without_compare_and_set_are_found_out() {
    let compares_and_sets = false;
    let rules = Rules {
        compares_and_sets,
        ..RULES
    };
    breaks(Steps::new(rules, NEW, 1, 0), ONCE);
}

#[test]
fn a_status_that_names_the_accounts_next_step_is_found_out() {
    let names_least_open = false;
    let rules = Rules {
        names_least_open,
        ..RULES
    };
    breaks(Steps::new(rules, NEW, 2, 0), KEPT);
}

#[test]
fn a_chain_that_leaves_an_open_challenge_behind_is_found_out() {
    let waits_for_open = false;
    let rules = Rules {
        waits_for_open,
        ..RULES
    };
    breaks(Steps::new(rules, NEW, 1, 0), USABLE);
}

#[test]
fn a_restore_without_new_steps_is_found_out() {
    let restore_adds = false;
    let rules = Rules {
        restore_adds,
        ..RULES
    };
    breaks(Steps::new(rules, NEW, 2, 1), ONCE);
    breaks(Steps::new(rules, NEW, 2, 1), TRUSTED);
}

#[test]
fn a_restore_that_leaves_challenges_open_is_found_out() {
    let restore_closes = false;
    let rules = Rules {
        restore_closes,
        ..RULES
    };
    breaks(Steps::new(rules, NEW, 1, 1), ONCE);
}

#[test]
fn chains_that_move_the_whole_way_or_not_at_all_are_found_out() {
    let moves_part_way = false;
    let rules = Rules {
        moves_part_way,
        ..RULES
    };
    breaks(Steps::new(rules, DRAWER, 1, 0), REACHES);
}

#[test]
fn a_phone_that_gives_codes_for_spent_steps_is_found_out() {
    let refuses_spent_steps = false;
    let rules = Rules {
        refuses_spent_steps,
        ..RULES
    };
    breaks(Steps::new(rules, NEW, 2, 0), FORWARD);
}

#[test]
fn a_phone_that_follows_the_service_back_is_found_out() {
    let never_follows_back = false;
    let rules = Rules {
        never_follows_back,
        ..RULES
    };
    breaks(Steps::new(rules, NEW, 1, 0), FORWARD);
}
