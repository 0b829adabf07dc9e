//! Push messages: a knock that says "look" and nothing else. A [`PushService`] carries them to the
//! kinds of address that it takes. Web Push ([`web`]) is built in; a program that embeds the
//! service adds others (Firebase, Apple).
//!
//! A knock goes out in the background, after the request is in the phone's inbox, and nothing waits
//! for it. The queue is bounded, and so are the messages under way to one push service, so that a
//! slow one delays no other. Knocks that do not fit are dropped: the phone finds the request when
//! it next asks. No log names an address, because anybody who knows it can wake the phone.

pub(crate) mod web;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use countersign_protocol::{
    Time,
    id::{ChallengeId, DeviceId},
    push::{PushAddress, PushKind},
};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{
    base::clock::Clock,
    keys::{
        root::RootKeys,
        seal::{Place, SealError},
    },
    store::{ChallengeState, Store, StoreError},
};

/// Knocks in the queue, at most. Taking one up costs two reads from the page cache.
const QUEUE: usize = 1024;
/// Knocks that wait for one push service, at most, including those under way.
const FOR_ONE: usize = 128;
/// Knocks under way to one push service, at most.
const AT_ONCE: usize = 8;
/// The longest wait for a push service that says "later", in seconds.
const LONGEST_PAUSE: u64 = 10;
/// The longest that sending one can take.
const LONGEST_SENDING: Duration = Duration::from_secs(15);

/// A push message that is to be sent. It has no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knock {
    /// Seconds until the request ends, after which the message is worth nothing.
    pub lifetime: u64,
    /// The service's time.
    pub now: Time,
}

/// Why a push message was not sent. No text here may name an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushFailed {
    /// The address no longer exists. The service forgets it.
    #[error("the push service knows no such address any more")]
    Gone,
    /// Not now, but maybe in this many seconds. The service tries once more.
    #[error("the push service takes none now, but may in {0} seconds")]
    Later(u64),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// Carries push messages to the addresses of one kind, or some of them.
#[async_trait]
pub trait PushService: Send + Sync {
    /// The destination of messages to this address, for example the host of the push service;
    /// `None` if this does not carry them. Messages under way are limited for each destination, so
    /// there must be few, and the phone must not be able to choose a new one.
    fn takes(&self, address: &PushAddress) -> Option<String>;

    /// Sends a message. The service gives up after 15 seconds.
    ///
    /// # Errors
    /// If the message was not sent, or that is not known.
    async fn send(&self, address: &PushAddress, knock: Knock) -> Result<(), PushFailed>;
}

/// A request that waits for a phone.
pub(crate) struct Due {
    dev: DeviceId,
    challenge: ChallengeId,
}

/// The queue of knocks, and the services that carry them.
pub(crate) struct Pushes {
    services: Vec<Arc<dyn PushService>>,
    queue: mpsc::Sender<Due>,
    /// The requests about which a message was sent, and when each ends.
    sent: Mutex<HashMap<ChallengeId, Time>>,
    store: Arc<Store>,
    root: Arc<RootKeys>,
    clock: Arc<dyn Clock>,
}

impl Pushes {
    /// An empty queue. Its other end is for [`run`].
    pub(crate) fn new(
        services: Vec<Arc<dyn PushService>>,
        store: Arc<Store>,
        root: Arc<RootKeys>,
        clock: Arc<dyn Clock>,
    ) -> (Arc<Self>, mpsc::Receiver<Due>) {
        let (queue, due) = mpsc::channel(QUEUE);
        let pushes = Self {
            services,
            queue,
            sent: Mutex::default(),
            store,
            root,
            clock,
        };
        (Arc::new(pushes), due)
    }

    /// An address as it is sealed for the store.
    pub(crate) fn seal(&self, dev: DeviceId, address: &PushAddress) -> Result<Vec<u8>, SealError> {
        let text = [&[address.kind() as u8], address.address().as_bytes()].concat();
        self.root.sealing.seal(place(dev), &text)
    }

    /// The push address of this device, sealed and opened.
    async fn address(&self, dev: DeviceId) -> Result<Option<(Vec<u8>, PushAddress)>, StoreError> {
        let Some(sealed) = self.store.push_address(dev).await? else {
            return Ok(None);
        };
        let address = self.open(dev, &sealed);
        let address = address.ok_or(StoreError::Damaged("push address"))?;
        Ok(Some((sealed, address)))
    }

    fn open(&self, dev: DeviceId, sealed: &[u8]) -> Option<PushAddress> {
        let text = self.root.sealing.open(place(dev), sealed).ok()?;
        let (kind, address) = text.split_first()?;
        let kind = PushKind::from_number((*kind).into())?;
        PushAddress::new(kind, String::from_utf8(address.to_vec()).ok()?).ok()
    }

    /// The service that carries messages to this address, and their destination.
    fn carrier(&self, address: &PushAddress) -> Option<(Arc<dyn PushService>, String)> {
        let takes =
            |service: &Arc<dyn PushService>| Some((service.clone(), service.takes(address)?));
        self.services.iter().find_map(takes)
    }

    /// Whether a push service that is set up takes this address.
    pub(crate) fn takes(&self, address: &PushAddress) -> bool {
        self.carrier(address).is_some()
    }

    /// Queues a knock for a device that a request waits for. Returns at once.
    pub(crate) fn knock(&self, dev: DeviceId, challenge: ChallengeId) {
        if !self.services.is_empty() && self.queue.try_send(Due { dev, challenge }).is_err() {
            tracing::warn!("too many push messages wait: one was dropped");
        }
    }

    /// Whether a message about this request was sent.
    pub(crate) fn was_sent(&self, challenge: ChallengeId) -> bool {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.contains_key(&challenge)
    }

    fn note_sent(&self, challenge: ChallengeId, over: Time, now: Time) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.retain(|_, over| *over > now);
        sent.insert(challenge, over);
    }
}

fn place(dev: DeviceId) -> Place {
    Place {
        owner: dev.0,
        field: "push-address",
        epoch: 0,
    }
}

/// The messages to one push service.
struct Lane {
    waiting: Arc<Semaphore>,
    under_way: Arc<Semaphore>,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(FOR_ONE)),
            under_way: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// Sends queued knocks until the service stops. Those under way then are dropped.
pub(crate) async fn run(
    pushes: Arc<Pushes>,
    mut due: mpsc::Receiver<Due>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut lanes: HashMap<String, Lane> = HashMap::new();
    let mut under_way = JoinSet::new();
    loop {
        let due = tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => break,
            Some(_) = under_way.join_next() => continue,
            Some(due) = due.recv() => due,
        };
        match begin(&pushes, due, &mut lanes).await {
            Ok(Some(sending)) => drop(under_way.spawn(sending)),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a push message did not go out"),
        }
    }
    // They hold the store, which is closed next.
    under_way.shutdown().await;
}

/// The future that sends the knock, if the device has an address and its push service has room.
async fn begin(
    pushes: &Arc<Pushes>,
    due: Due,
    lanes: &mut HashMap<String, Lane>,
) -> Result<Option<impl Future<Output = ()> + Send + use<>>, StoreError> {
    let Some((_, address)) = pushes.address(due.dev).await? else {
        return Ok(None);
    };
    // It is no error if the push service is no longer set up: it can be set up again.
    let Some((service, to)) = pushes.carrier(&address) else {
        return Ok(None);
    };
    let lane = lanes.entry(to.clone()).or_default();
    let Ok(place) = lane.waiting.clone().try_acquire_owned() else {
        tracing::warn!(
            to,
            "too many push messages wait for this push service: one was dropped"
        );
        return Ok(None);
    };
    let (pushes, way) = (pushes.clone(), lane.under_way.clone());
    Ok(Some(async move {
        let _place = place;
        match knock(&pushes, &*service, &to, &way, &due).await {
            Ok(true) => tracing::info!(to, "a push message went out"),
            Ok(false) => {}
            Err(error) => tracing::warn!(to, %error, "a push message did not go out"),
        }
    }))
}

/// Sends a knock, with one retry. `false` if the request is no longer open, or the device's address
/// is no longer there.
async fn knock(
    pushes: &Pushes,
    service: &dyn PushService,
    to: &str,
    way: &Semaphore,
    due: &Due,
) -> Result<bool, PushFailed> {
    let mut may_try_again = true;
    loop {
        let failed = |error: &dyn std::error::Error| PushFailed::Failed(error.to_string());
        let permit = way.acquire().await.map_err(|error| failed(&error))?;
        // While it waited, the address can have been replaced or removed.
        let found = pushes.address(due.dev).await;
        let found = found.map_err(|error| failed(&error))?;
        let Some((sealed, address)) =
            found.filter(|(_, address)| service.takes(address).as_deref() == Some(to))
        else {
            return Ok(false);
        };
        let found = pushes.store.challenge(due.challenge).await;
        let now = pushes.clock.now();
        let Some(open) = found
            .map_err(|error| failed(&error))?
            .filter(|it| it.state == ChallengeState::Open && it.expires_at > now)
        else {
            return Ok(false);
        };
        let knock = Knock {
            lifetime: open.expires_at - now,
            now,
        };
        let sent = timeout(LONGEST_SENDING, service.send(&address, knock)).await;
        drop(permit);
        match sent.unwrap_or_else(|_| Err(PushFailed::Failed("it took too long".into()))) {
            Ok(()) => {
                pushes.note_sent(due.challenge, open.expires_at, now);
                return Ok(true);
            }
            Err(PushFailed::Later(seconds)) if may_try_again && seconds <= LONGEST_PAUSE => {
                may_try_again = false;
                tokio::time::sleep(Duration::from_secs(seconds.max(1))).await;
            }
            Err(error) => {
                if error == PushFailed::Gone
                    && let Err(error) = pushes.store.drop_push_address(due.dev, sealed).await
                {
                    tracing::warn!(%error, "a push address that is gone was not forgotten");
                }
                return Err(error);
            }
        }
    }
}
