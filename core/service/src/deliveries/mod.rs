//! What leaves for people, from one table: kept before it is sent, leased by whoever sends it,
//! tried until it is taken or given up. A [`Carrier`] takes it from there.
//!
//! A few are carried at once, so that one slow address holds up no other. After a crash a delivery
//! that was under way is carried again, with the same identifier.

mod folder;
mod message;
mod smtp;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use countersign_protocol::{Time, id::AccountId};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{
    base::{
        clock::Clock,
        email::Email,
        hex,
        lang::Lang,
        random::{self, NoRandomness},
    },
    keys::{
        root::RootKeys,
        seal::{Place, SealError},
    },
    policy,
    store::{
        Delivery, DeliveryId, DeliveryKind, LeaseId, LinkId, NewDelivery, Store, StoreError, Tried,
    },
};

pub(crate) use folder::MailFolder;
pub(crate) use message::one_line;
pub use smtp::{MailRefused, Smtp, SmtpPassword, SmtpTls};
pub(crate) use smtp::{SmtpClient, no_reply, sender};

/// Deliveries that are carried at once, at most.
const AT_ONCE: usize = 4;
/// The longest that carrying one can take: well within its lease.
const LONGEST_CARRYING: Duration = Duration::from_secs(40);
/// How long a stop waits for what is being carried.
const LONGEST_STOP: Duration = Duration::from_secs(4);
/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 200;

/// What leaves for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its own random identifier. A message that is carried again after a crash has the same one.
    pub id: [u8; 16],
    /// Its place in the order.
    pub number: u64,
    /// When it was written.
    pub at: Time,
    /// What it is.
    pub content: Content,
}

/// The content of a message, by the way by which it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An e-mail.
    Mail(Mail),
}

/// An e-mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The e-mail address.
    pub to: Email,
    /// The tag of its language (BCP 47).
    pub language: &'static str,
    /// One line.
    pub subject: String,
    /// Plain text. It can hold links that act for the account: treat it as secret.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Without its texts, which can hold links that act.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mail");
        shown.field("to", &self.to).field("subject", &self.subject);
        shown.finish_non_exhaustive()
    }
}

/// What came of carrying a message. No reason may name an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// It was taken.
    Done,
    /// It was not taken now, because of this; it is tried again.
    Later(String),
    /// It will never be taken, because of this.
    Never(String),
}

/// Takes messages to people: the client of a mail server, for instance.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Carries a message. Called at least once: after a crash the same message can come again. The
    /// service gives up after 40 seconds, and tries again later.
    async fn carry(&self, message: &Message) -> Carried;
}

/// A mail as it is sealed in the table.
#[derive(Serialize, Deserialize)]
struct Sealed {
    to: String,
    language: String,
    subject: String,
    text: String,
    html: String,
}

/// A delivery can't be made or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// No identifier could be made.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// It can't be sealed, or does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Its content has a form that this program never writes.
    #[error("the content of a delivery is damaged")]
    Damaged,
}

fn place(id: DeliveryId) -> Place {
    let mut owner = [0; 8];
    owner.copy_from_slice(&id[..8]);
    Place {
        owner,
        field: "delivery",
        epoch: 0,
    }
}

/// A mail about an account, with the link without which it is worth nothing, as the table keeps it.
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn mail(
    root: &RootKeys,
    mail: &Mail,
    account: Option<AccountId>,
    link: Option<LinkId>,
) -> Result<NewDelivery, DeliveryError> {
    let id = random::bytes()?;
    let sealed = Sealed {
        to: mail.to.to_string(),
        language: mail.language.to_owned(),
        subject: mail.subject.clone(),
        text: mail.text.clone(),
        html: mail.html.clone(),
    };
    let content = serde_json::to_vec(&sealed).map_err(|_| DeliveryError::Damaged)?;
    Ok(NewDelivery {
        id,
        kind: DeliveryKind::Mail,
        account,
        link,
        content: root.sealing.seal(place(id), &content)?,
    })
}

/// The message of a delivery.
///
/// # Errors
/// [`DeliveryError`], when it opens under no key, or was changed.
pub(crate) fn open(root: &RootKeys, delivery: &Delivery) -> Result<Message, DeliveryError> {
    let DeliveryKind::Mail = delivery.kind;
    let content = root.sealing.open(place(delivery.id), &delivery.content)?;
    let sealed: Sealed = serde_json::from_slice(&content).map_err(|_| DeliveryError::Damaged)?;
    let to = Email::parse(&sealed.to).map_err(|_| DeliveryError::Damaged)?;
    Ok(Message {
        id: delivery.id,
        number: delivery.number,
        at: delivery.created_at,
        content: Content::Mail(Mail {
            to,
            language: Lang::from_name(&sealed.language).unwrap_or_default().code(),
            subject: sealed.subject,
            text: sealed.text,
            html: sealed.html,
        }),
    })
}

/// The deliveries that wait, and what carries them.
pub(crate) struct Outbox {
    carrier: Arc<dyn Carrier>,
    store: Arc<Store>,
    root: Arc<RootKeys>,
    clock: Arc<dyn Clock>,
    woken: Notify,
}

impl Outbox {
    /// The deliveries in this store, carried by `carrier`.
    pub(crate) fn new(
        carrier: Arc<dyn Carrier>,
        store: Arc<Store>,
        root: Arc<RootKeys>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            carrier,
            store,
            root,
            clock,
            woken: Notify::new(),
        })
    }

    /// There are new deliveries.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }

    /// Carries a delivery once, and notes what came of it.
    async fn try_once(&self, delivery: Delivery, lease: LeaseId) {
        let how = match open(&self.root, &delivery) {
            Ok(message) => match timeout(LONGEST_CARRYING, self.carrier.carry(&message)).await {
                Ok(carried) => carried,
                Err(_) => Carried::Later("no answer in time".to_owned()),
            },
            Err(error) => Carried::Never(error.to_string()),
        };
        let how = self.tried(&delivery, how);
        let noted = self
            .store
            .tried(delivery.id, lease, how, self.clock.now())
            .await;
        if let Err(error) = noted {
            tracing::error!(%error, "what came of a message was not noted: it may leave twice");
        }
    }

    fn tried(&self, delivery: &Delivery, how: Carried) -> Tried {
        let (id, now) = (hex::encode(&delivery.id), self.clock.now());
        let (why, again) = match how {
            Carried::Done => return Tried::Done,
            Carried::Later(why) => (why, Some(now + pause(delivery.tries))),
            Carried::Never(why) => (why, None),
        };
        let why: String = one_line(&why).chars().take(LONGEST_REASON).collect();
        match again.filter(|again| *again < delivery.gives_up_at) {
            Some(again) => {
                tracing::warn!(id, why, "a message did not leave; it is tried again");
                Tried::Later(again, why)
            }
            None => {
                tracing::error!(
                    id,
                    why,
                    "a message is given up: see countersign-service mail list"
                );
                Tried::Never(why)
            }
        }
    }
}

/// Seconds until the next try after so many: twice as long each time, up to an hour, and by chance
/// up to half less, so that those of one failure do not all come at once.
fn pause(tries: u32) -> u64 {
    let longest = policy::HOUR.min(1 << tries.saturating_sub(1).min(12));
    let less = random::below(u32::try_from(longest / 2 + 1).unwrap_or(1)).unwrap_or(0);
    longest - u64::from(less)
}

/// Carries what is due until the service stops, looking once a second and when it is woken.
pub(crate) async fn run(outbox: Arc<Outbox>, mut stopping: watch::Receiver<bool>) {
    let mut carried = JoinSet::new();
    let mut rest = Duration::from_secs(1);
    loop {
        rest = match lease(&outbox, &mut carried).await {
            Ok(()) => Duration::from_secs(1),
            Err(error) => {
                tracing::error!(%error, "messages do not leave; it is tried again");
                (rest * 2).min(Duration::from_secs(60))
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            // After a failure the rest is kept.
            () = outbox.woken.notified(), if rest == Duration::from_secs(1) => {}
            Some(_) = carried.join_next() => {}
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
    }
    let all = async { while carried.join_next().await.is_some() {} };
    let _ = timeout(LONGEST_STOP, all).await;
    carried.shutdown().await;
}

/// Begins to carry as many more as there is room for.
async fn lease(outbox: &Arc<Outbox>, carried: &mut JoinSet<()>) -> Result<(), StoreError> {
    let room = AT_ONCE.saturating_sub(carried.len());
    if room == 0 {
        return Ok(());
    }
    let Ok(lease) = random::bytes() else {
        return Ok(());
    };
    let due = outbox.store.lease(lease, room, outbox.clock.now());
    for delivery in due.await? {
        let outbox = Arc::clone(outbox);
        carried.spawn(async move { outbox.try_once(delivery, lease).await });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_at_twice_the_distance_each_time_and_at_least_every_hour() {
        for (tries, longest) in [(1, 1), (2, 2), (3, 4), (12, 2048), (13, 3600), (90, 3600)] {
            for _ in 0..50 {
                let pause = pause(tries);
                assert!((longest / 2..=longest).contains(&pause), "{tries}: {pause}");
                assert!(pause > 0);
            }
        }
    }
}
