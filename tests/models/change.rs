//! A PIN change in two phases: slots A and B on the phone, the pending change and the swap at the
//! service (PROTOCOL.md, section 13). Messages are lost, repeated, late; phone and service crash
//! between any two durable writes; old PINs are mistyped; the service is restored.

use std::collections::{BTreeMap, BTreeSet};

use countersign_protocol::answer::StateToken;
use countersign_protocol::claim::KeyClass;
use countersign_protocol::id::{AccountId, ChallengeId, DeviceId, Hash, Svc};
use countersign_protocol::policy::tries::Tries;
use countersign_protocol::reply::{DeviceState, ResultCode};
use countersign_protocol::update::{Change, ChangeKind, Update, What};
use countersign_protocol::verify::{
    DeviceRecord, PendingChange, TokenState, UpdateNext, UpdateRecord, judge_update,
};

const NOW: u64 = 1_795_000_000;
const GRANT: ChallengeId = ChallengeId([9; 16]);

/// The rules of phone and service; each can be broken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Slot B has a D and a chain of its own, in a refresh too.
    pub(crate) own_secrets: bool,
    /// A message with PIN-derived content is in memory only.
    pub(crate) forgets_messages: bool,
    /// Slot B is stored before anything is sent.
    pub(crate) stores_first: bool,
    /// Slot A is there until the service says that it swapped.
    pub(crate) keeps_a: bool,
    /// Slot B is there until the service says that it has it not.
    pub(crate) keeps_b: bool,
    /// The service begins the new epoch on a commit, not on the change.
    pub(crate) waits_for_commit: bool,
    /// A reply counts for the newest request only.
    pub(crate) newest_only: bool,
    /// No codes between a commit and its answer.
    pub(crate) holds_codes: bool,
    /// A challenge from before the swap is judged by both epochs.
    pub(crate) judges_both: bool,
    /// The same bytes get the recorded outcome.
    pub(crate) remembers: bool,
    /// A blocked device that repeats a commit hears that it is done.
    pub(crate) tells_blocked: bool,
    /// Messages from before a restore are refused by their time.
    pub(crate) refuses_old: bool,
}

pub(crate) const RULES: Rules = Rules {
    own_secrets: true,
    forgets_messages: true,
    stores_first: true,
    keeps_a: true,
    keeps_b: true,
    waits_for_commit: true,
    newest_only: true,
    holds_codes: true,
    judges_both: true,
    remembers: true,
    tells_blocked: true,
    refuses_old: true,
};

/// The secrets of one epoch, by the number of their making.
pub(crate) type Slot = u8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Says {
    Change {
        slot: Slot,
        epoch: u32,
        /// Whether the old PIN was typed right.
        right: bool,
        forgotten: bool,
    },
    Commit {
        change: u64,
    },
    Status,
}

/// A signed message; equal ones are the same bytes. A change's hash is its counter, which no other
/// has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Message {
    pub(crate) says: Says,
    /// Of a status its nonce.
    pub(crate) counter: u64,
    token: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Reply {
    Outcome {
        done: bool,
        counter: bool,
        issued: Option<u64>,
        recorded: u64,
    },
    Status {
        pending: Option<u64>,
        began_with: Option<u64>,
    },
}

fn hash(change: u64) -> Hash {
    Hash(core::array::from_fn(|i| change.to_be_bytes()[i % 8]))
}

impl Message {
    fn update(&self) -> Update {
        let mut state_token = StateToken([0; 32]);
        state_token.0[..8].copy_from_slice(&self.token.to_be_bytes());
        let what = match self.says {
            Says::Change {
                epoch, forgotten, ..
            } => What::Change(Change {
                epoch,
                kind: kind(forgotten),
                granted_by: forgotten.then_some(GRANT),
                commitment: [0; 32],
                device_key: None,
            }),
            Says::Commit { change } => What::Commit {
                change: hash(change),
            },
            Says::Status => What::Commit { change: hash(0) },
        };
        Update {
            svc: Svc([0; 8]),
            acc: AccountId([1; 8]),
            dev: DeviceId([2; 8]),
            time: NOW,
            counter: self.counter,
            last: 0,
            state_token,
            what,
        }
    }
}

fn kind(forgotten: bool) -> ChangeKind {
    if forgotten {
        ChangeKind::Forgotten
    } else {
        ChangeKind::Change
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Waiting {
    change: u64,
    slot: Slot,
    epoch: u32,
    forgotten: bool,
}

/// The database, and the changes whose old PIN is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Service {
    pub(crate) current: Slot,
    pub(crate) epoch: u32,
    waiting: Option<Waiting>,
    began_with: Option<u64>,
    counter: u64,
    tokens: TokenState,
    pub(crate) tries: Tries,
    pub(crate) suspended: bool,
    taken: BTreeSet<Message>,
    outcomes: BTreeMap<Message, Reply>,
    /// Not in the database.
    pub(crate) checking: BTreeSet<Message>,
    /// The slots whose code fits the open challenge.
    pub(crate) judged_by: Option<BTreeSet<Slot>>,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self {
            current: 0,
            epoch: 1,
            waiting: None,
            began_with: None,
            counter: 0,
            tokens: TokenState::FIRST,
            tries: Tries::default(),
            suspended: false,
            taken: BTreeSet::new(),
            outcomes: BTreeMap::new(),
            checking: BTreeSet::new(),
            judged_by: None,
        }
    }

    /// The database as it was in the backup.
    pub(crate) fn restore(&mut self, backup: &Self) {
        self.clone_from(backup);
        self.checking.clear();
        self.judged_by = None;
    }

    fn record(&self) -> UpdateRecord {
        let state = if self.suspended {
            DeviceState::Suspended
        } else if self.tries.left() == 0 {
            DeviceState::Blocked
        } else {
            DeviceState::Active
        };
        UpdateRecord {
            device: DeviceRecord {
                state,
                acc: AccountId([1; 8]),
                counter: self.counter,
                tokens: self.tokens,
                epoch: self.epoch,
                has_biometrics: false,
            },
            key_class: KeyClass::Software,
            pending: self.waiting.as_ref().map(|waiting| PendingChange {
                hash: hash(waiting.change),
                kind: kind(waiting.forgotten),
            }),
            began_with: self.began_with.map(hash),
            granted: Some(GRANT),
        }
    }

    fn answer(&mut self, message: Message, result: ResultCode, accepted: bool) -> Reply {
        let reply = Reply::Outcome {
            done: result == ResultCode::Done,
            counter: result == ResultCode::Counter,
            issued: accepted.then_some(self.tokens.issued),
            recorded: self.counter,
        };
        if accepted {
            self.outcomes.insert(message, reply);
        }
        reply
    }

    /// The first transaction. None while the old PIN is looked at.
    pub(crate) fn begin(&mut self, rules: &Rules, message: Message) -> Option<Reply> {
        if message.says == Says::Status {
            return Some(Reply::Status {
                pending: self.waiting.as_ref().map(|waiting| waiting.change),
                began_with: self.began_with,
            });
        }
        if rules.remembers
            && let Some(reply) = self.outcomes.get(&message)
        {
            return Some(*reply);
        }
        if self.taken.contains(&message) {
            self.checking.insert(message);
            return None;
        }
        let record = self.record();
        if !rules.tells_blocked && record.device.state == DeviceState::Blocked {
            return Some(self.answer(message, ResultCode::Blocked, false));
        }
        let judged = judge_update(&message.update(), &record, NOW, true);
        if let Some(accepted) = judged.accepted {
            self.counter = accepted.counter;
            self.tokens = accepted.tokens;
        }
        let accepted = judged.accepted.is_some();
        match judged.next {
            UpdateNext::Reply(result) => Some(self.answer(message, result, accepted)),
            UpdateNext::Suspend => {
                self.suspended = true;
                Some(self.answer(message, ResultCode::Suspended, false))
            }
            UpdateNext::Swap => {
                self.swap(rules);
                Some(self.answer(message, ResultCode::Done, true))
            }
            UpdateNext::CheckChange => match message.says {
                Says::Change {
                    forgotten: true, ..
                } => Some(self.wait_for_commit(rules, message)),
                _ => match self.tries.spend() {
                    Err(_) => Some(self.answer(message, ResultCode::Blocked, true)),
                    Ok(tries) => {
                        self.tries = tries;
                        self.taken.insert(message);
                        self.checking.insert(message);
                        None
                    }
                },
            },
            UpdateNext::CheckBiometrics
            | UpdateNext::DropBiometrics
            | UpdateNext::SetPushAddress => None,
        }
    }

    /// The second transaction: the old PIN was right, or not.
    pub(crate) fn finish(&mut self, rules: &Rules, message: Message) -> Option<Reply> {
        if !self.checking.remove(&message) {
            return None;
        }
        if rules.remembers
            && let Some(reply) = self.outcomes.get(&message)
        {
            return Some(*reply);
        }
        self.taken.remove(&message);
        let Says::Change { right, .. } = message.says else {
            return None;
        };
        if !right {
            return Some(self.answer(message, ResultCode::WrongPin, true));
        }
        self.tries = self.tries.give_back();
        Some(self.wait_for_commit(rules, message))
    }

    /// Whether a try is taken whose PIN is not looked at yet.
    pub(crate) fn has_taken(&self) -> bool {
        !self.taken.is_empty()
    }

    fn wait_for_commit(&mut self, rules: &Rules, message: Message) -> Reply {
        if let Says::Change {
            slot,
            epoch,
            forgotten,
            ..
        } = message.says
        {
            self.waiting = Some(Waiting {
                change: message.counter,
                slot,
                epoch,
                forgotten,
            });
        }
        if !rules.waits_for_commit {
            self.swap(rules);
        }
        self.answer(message, ResultCode::Done, true)
    }

    fn swap(&mut self, rules: &Rules) {
        let Some(waiting) = self.waiting.take() else {
            return;
        };
        self.current = waiting.slot;
        self.epoch = waiting.epoch;
        self.began_with = Some(waiting.change);
        self.tries = Tries::default();
        if let Some(judges) = &mut self.judged_by {
            if !rules.judges_both {
                judges.clear();
            }
            judges.insert(waiting.slot);
        }
    }
}

/// The fields of slot B beside its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SlotB {
    pub(crate) slot: Slot,
    epoch: u32,
    /// The hash of the newest message that was made for it.
    change: u64,
    pub(crate) accepted: bool,
}

/// The part of the storage that a thief can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Found {
    /// A D or chain by its number, and the slot that it is in.
    Secrets { made: u8, of: Slot },
    /// Something made with the PIN of this slot.
    OfPin { slot: Slot },
}

/// The phone's storage and memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Phone {
    pub(crate) a: Option<Slot>,
    pub(crate) epoch: u32,
    pub(crate) b: Option<SlotB>,
    counter: u64,
    token: u64,
    /// In memory: the request that is waited for, and whether the old PIN was typed right.
    pub(crate) asking: Option<Message>,
    made: Slot,
    /// All that was ever stored: the thief was there each time.
    pub(crate) found: BTreeSet<Found>,
}

impl Phone {
    pub(crate) fn new() -> Self {
        Self {
            a: Some(0),
            epoch: 1,
            b: None,
            counter: 0,
            token: 1,
            asking: None,
            made: 0,
            found: [Found::Secrets { made: 0, of: 0 }].into(),
        }
    }

    fn signs(&mut self, says: Says) -> Message {
        self.counter += 1;
        let message = Message {
            says,
            counter: self.counter,
            token: self.token,
        };
        self.asking = Some(message);
        message
    }

    /// The person gives the old PIN, right or wrong, or another factor granted it.
    pub(crate) fn changes(&mut self, rules: &Rules, right: bool, forgotten: bool) -> Message {
        self.made += 1;
        let (slot, epoch) = (self.made, self.epoch + 1);
        self.change(rules, slot, epoch, right, forgotten)
    }

    fn change(
        &mut self,
        rules: &Rules,
        slot: Slot,
        epoch: u32,
        right: bool,
        forgotten: bool,
    ) -> Message {
        let message = self.signs(Says::Change {
            slot,
            epoch,
            right,
            forgotten,
        });
        if rules.stores_first {
            self.stores(rules, message);
        }
        message
    }

    fn stores(&mut self, rules: &Rules, message: Message) {
        if let Says::Change { slot, epoch, .. } = message.says {
            self.b = Some(SlotB {
                slot,
                epoch,
                change: message.counter,
                accepted: false,
            });
            let made = if rules.own_secrets { slot } else { 0 };
            self.found.insert(Found::Secrets { made, of: slot });
            if !rules.forgets_messages {
                self.found.insert(Found::OfPin { slot });
            }
        }
    }

    /// After a start, or when no answer comes: what became of slot B?
    pub(crate) fn asks(&mut self) -> Message {
        self.signs(Says::Status)
    }

    fn commits(&mut self, rules: &Rules) -> Option<Message> {
        let slot = self.b.as_mut()?;
        slot.accepted = true;
        let change = slot.change;
        if !rules.keeps_a {
            self.a = None;
        }
        Some(self.signs(Says::Commit { change }))
    }

    fn swaps(&mut self) {
        if let Some(slot) = self.b.take() {
            self.a = Some(slot.slot);
            self.epoch = slot.epoch;
        }
    }

    /// The message that the phone sends after a reply, if any.
    pub(crate) fn hears(
        &mut self,
        rules: &Rules,
        message: Message,
        reply: Reply,
    ) -> Option<Message> {
        if rules.newest_only && self.asking != Some(message) {
            return None;
        }
        self.asking = None;
        match reply {
            Reply::Outcome {
                done,
                counter,
                issued,
                recorded,
            } => {
                self.token = issued.unwrap_or(self.token);
                if counter {
                    self.counter = self.counter.max(recorded);
                }
                match (message.says, done, counter) {
                    (
                        Says::Change {
                            slot,
                            epoch,
                            right,
                            forgotten,
                        },
                        _,
                        true,
                    ) => Some(self.change(rules, slot, epoch, right, forgotten)),
                    (Says::Change { .. }, true, _) => {
                        if !rules.stores_first {
                            self.stores(rules, message);
                        }
                        self.commits(rules)
                    }
                    (Says::Commit { .. }, _, true) => self.commits(rules),
                    (Says::Commit { .. }, true, _) => {
                        self.swaps();
                        None
                    }
                    _ => {
                        self.b = None;
                        None
                    }
                }
            }
            Reply::Status {
                pending,
                began_with,
            } => {
                let change = self.b?.change;
                if began_with == Some(change) {
                    self.swaps();
                } else if pending == Some(change) {
                    return self.commits(rules);
                } else {
                    self.b = None;
                }
                None
            }
        }
    }

    /// When no answer to a commit comes. Broken: slot B is erased without the service's word.
    pub(crate) fn gives_up(&mut self, rules: &Rules) {
        self.asking = None;
        if !rules.keeps_b {
            self.b = None;
        }
    }

    /// The slot whose code is shown, if one is shown now.
    pub(crate) fn shows(&self, rules: &Rules) -> Option<Slot> {
        let held = self.b.is_some_and(|slot| slot.accepted) && rules.holds_codes;
        self.a.filter(|_| !held)
    }
}
