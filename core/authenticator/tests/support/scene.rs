//! A phone beside the verifier, and what most tests begin with.

use std::sync::Arc;

use countersign::{Authenticator, ReadError, Scanned, Source};
use countersign_protocol::id::AccountId;
use tempfile::TempDir;

use super::*;

pub struct Scene {
    pub phone: Authenticator,
    pub desk: Arc<Desk>,
    pub clock: Arc<TestClock>,
    pub folder: TempDir,
}

pub fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    Scene {
        phone: phone(folder.path(), &clock, &desk),
        desk,
        clock,
        folder,
    }
}

pub async fn enrolled() -> (Scene, countersign::AccountNumber, AccountId) {
    let scene = scene();
    let account = enrol(&scene.phone, &scene.desk, "anna@example.eu").await;
    let acc = scene.desk.only().0;
    (scene, account, acc)
}

impl Scene {
    pub async fn open_request(
        &self,
        account: countersign::AccountNumber,
        number: Option<u8>,
    ) -> countersign::PendingRequest {
        self.desk.ask_approval(number);
        self.phone.pending(account).await.unwrap().remove(0)
    }

    pub async fn scan_code(&self, text: &str) -> countersign::CodeRequest {
        match self.phone.scan(text, Source::Camera).await.unwrap() {
            Scanned::Code(request) => request,
            _ => panic!("not a code"),
        }
    }

    pub async fn refused(&self, text: &str) -> ReadError {
        match self.phone.scan(text, Source::Camera).await {
            Err(error) => error,
            Ok(_) => panic!("it was taken"),
        }
    }
}
