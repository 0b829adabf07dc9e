//! Any bytes as each request of a phone: refused or read, without a panic. A transcript that is
//! read is written again in the same bytes.
#![no_main]

use countersign_protocol::answer::Answer;
use countersign_protocol::claim::Claim;
use countersign_protocol::query::Query;
use countersign_protocol::request::{ReceivedRequest, Transcript};
use countersign_protocol::update::Update;
use libfuzzer_sys::fuzz_target;

fn read<T: Transcript>(data: &[u8]) {
    let _ = ReceivedRequest::<T>::parse(data);
    if let Ok(transcript) = T::decode(data) {
        assert_eq!(transcript.encode(), data);
    }
}

fuzz_target!(|data: &[u8]| {
    read::<Claim>(data);
    read::<Answer>(data);
    read::<Query>(data);
    read::<Update>(data);
});
