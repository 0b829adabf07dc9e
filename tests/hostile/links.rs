//! Texts that a camera, the clipboard or the system hands to the phone.

use ciborium::Value;
use countersign_protocol::challenge::CodeForm;
use countersign_protocol::enrolment::Way;
use countersign_protocol::link::{Link, Source, encode_base32};

use crate::common::{World, key};
use crate::diagnostic::{edit, encode, unescape};
use crate::table::Row;

/// The refusal of the text of a row: `{code}` and the like stand for good messages in base32.
pub fn refusal(world: &World, row: &Row) -> String {
    let source = match row.target.as_str() {
        "camera" => Source::Camera,
        "shared image" => Source::SharedImage,
        "pasted" => Source::Paste,
        "verified link" => Source::VerifiedLink,
        "custom scheme" => Source::CustomScheme,
        other => panic!("no such target: {other}"),
    };
    let mut text = unescape(&row.means);
    for (name, bytes) in messages(world) {
        text = text.replace(&format!("{{{name}}}"), &encode_base32(&bytes));
    }
    match Link::parse(&text, source) {
        Ok(_) => "taken".into(),
        Err(error) => error.to_string(),
    }
}

fn messages(world: &World) -> Vec<(&'static str, Vec<u8>)> {
    let code = world.signed(&world.code(CodeForm::Digits));
    let envelope = |payload: &[u8]| {
        let signature = countersign_protocol::message::sign_payload(
            "countersign/v1/challenge",
            payload,
            &key("a stranger"),
        );
        countersign_protocol::message::assemble(payload, &signature)
    };
    let of_type = |number: u64| {
        envelope(&encode(&Value::Map(vec![
            (0.into(), 1.into()),
            (1.into(), number.into()),
        ])))
    };
    let payload = countersign_protocol::message::Message::encode(&world.code(CodeForm::Digits));
    vec![
        ("approve", world.signed(&world.approve())),
        ("online", world.signed(&world.online())),
        ("transaction", world.signed(&world.transaction())),
        ("on-mobile", world.signed(&world.on_mobile())),
        ("browser", world.signed(&world.enrolment(Way::PinInBrowser))),
        ("phone", world.signed(&world.enrolment(Way::PinOnPhone))),
        ("information", world.signed(&world.info())),
        ("half", code[..code.len() / 2].to_vec()),
        ("twice", [code.clone(), code.clone()].concat()),
        ("type-9", of_type(9)),
        ("type-5", of_type(5)),
        (
            "version-2",
            envelope(&edit(&payload, "with", "0 = 2").unwrap()),
        ),
        ("code", code),
    ]
}
