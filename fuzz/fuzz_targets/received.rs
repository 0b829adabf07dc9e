//! Any bytes as each message of the service: refused or read, without a panic. A payload that is
//! read is written again in the same bytes.
#![no_main]

use countersign_protocol::challenge::Challenge;
use countersign_protocol::enrolment::Enrolment;
use countersign_protocol::info::{Info, parse_earlier};
use countersign_protocol::message::{Message, Received, assemble};
use countersign_protocol::reply::Reply;
use libfuzzer_sys::fuzz_target;

fn read<T: Message>(data: &[u8]) {
    let _ = Received::<T>::parse(data);
    // The fuzzer need not find the envelope: the same bytes as a payload.
    if let Ok(message) = T::decode(data) {
        assert_eq!(message.encode(), data);
        let _ = Received::<T>::parse(&assemble(data, &[1; 64]));
    }
}

fuzz_target!(|data: &[u8]| {
    read::<Challenge>(data);
    read::<Enrolment>(data);
    read::<Info>(data);
    read::<Reply>(data);
    let _ = parse_earlier(data);
});
