//! Two programs, or two tasks, on one phone at once: an answer that is older than what happened
//! here meanwhile.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::pin::Pin as Pinned;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign::software::{LoggedIn, SoftwareBiometrics};
use countersign::transport::{Outgoing, Transport, TransportError};
use countersign::{AccountNumber, Authenticator, ChangeError, ServiceError, TurnOnError, Unlock};

use crate::support::*;

type Work = Pinned<Box<dyn Future<Output = ()> + Send>>;

/// Does something else after the verifier has answered a request to this path, and before the phone
/// hears the answer.
struct Meanwhile {
    desk: Arc<Desk>,
    path: &'static str,
    work: Mutex<Option<Work>>,
}

#[async_trait]
impl Transport for Meanwhile {
    async fn send(&self, request: Outgoing) -> Result<Vec<u8>, TransportError> {
        let path = request.path;
        let answered = self.desk.send(request).await;
        let work = (path == self.path).then(|| self.work.lock().unwrap().take());
        if let Some(work) = work.flatten() {
            work.await;
        }
        answered
    }
}

fn open(scene: &Scene, transport: Arc<dyn Transport>) -> Authenticator {
    let mut platform = platform(scene.folder.path(), Arc::clone(&scene.clock), transport);
    let reader = SoftwareBiometrics::open(scene.folder.path(), Arc::new(LoggedIn)).unwrap();
    platform.biometrics = Some(Arc::new(reader));
    Authenticator::open(scene.folder.path(), platform).unwrap()
}

/// A phone during whose requests to `path` another program on it does `work`.
fn disturbed<F>(
    scene: &Scene,
    path: &'static str,
    work: impl FnOnce(Authenticator) -> F,
) -> Authenticator
where
    F: Future<Output = ()> + Send + 'static,
{
    let desk = Arc::clone(&scene.desk);
    let other = open(scene, Arc::clone(&desk) as _);
    let work = Mutex::new(Some(Box::pin(work(other)) as Work));
    open(scene, Arc::new(Meanwhile { desk, path, work }))
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_older_than_a_new_epoch_says_nothing_of_it() {
    let (scene, account, acc) = enrolled().await;
    let phone = disturbed(&scene, "/api/v1/status", move |other| async move {
        let (new, again) = (pin("8023"), pin("8023"));
        other
            .change_pin(account, pin(PIN), new, again)
            .await
            .unwrap();
    });
    phone.refresh(account).await.unwrap();
    assert_eq!(scene.desk.with_device(|device| device.epoch), 2);
    let text = scene.desk.ask_code(acc, 1, Unlock::Pin);
    let request = scene.scan_code(&text).await;
    let code = scene
        .phone
        .code(request.id, pin("8023").into())
        .await
        .unwrap();
    assert!(scene.desk.judge(&text, None, &code.code));
}

#[tokio::test(start_paused = true)]
async fn biometrics_that_were_turned_off_before_the_answer_came_stay_off() {
    let (scene, account, _) = enrolled().await;
    let phone = disturbed(&scene, "/api/v1/biometrics", move |other| async move {
        other.turn_off_biometrics(account).await.unwrap();
    });
    let on = phone.turn_on_biometrics(account, pin(PIN)).await.unwrap();
    assert!(!on.biometrics);
    let told = |scene: &Scene| scene.desk.with_device(|device| device.biometrics.is_none());
    let phone = open(&scene, Arc::clone(&scene.desk) as _);
    phone.resume().await.unwrap();
    assert!(told(&scene));
    assert!(!is_on(&phone, account));
}

fn is_on(phone: &Authenticator, account: AccountNumber) -> bool {
    let accounts = phone.accounts().unwrap();
    accounts
        .iter()
        .any(|known| known.number == account && known.biometrics)
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_was_removed_at_the_service_is_told_so_and_not_to_wait() {
    for biometrics in [false, true] {
        let (scene, account, _) = enrolled().await;
        let phone = open(&scene, Arc::clone(&scene.desk) as _);
        scene.desk.books.lock().unwrap().devices.clear();
        if biometrics {
            let refused = phone.turn_on_biometrics(account, pin(PIN)).await;
            let gone = matches!(
                refused,
                Err(TurnOnError::Service(ServiceError::NotKnown { .. }))
            );
            assert!(gone, "{refused:?}");
        } else {
            let (new, again) = (pin("8023"), pin("8023"));
            let refused = phone.change_pin(account, pin(PIN), new, again).await;
            let gone = matches!(
                refused,
                Err(ChangeError::Service(ServiceError::NotKnown { .. }))
            );
            assert!(gone, "{refused:?}");
        }
    }
}
