//! State tokens that a thief makes with a copied key file after `keys reseal --compromised`: none
//! is taken but the one that a phone may have from before.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use countersign_protocol::{
    answer::StateToken, reply::ResultCode, secret::Secret32, verify::StateTokenKey,
};
use countersign_service::Exchange;

use crate::{
    exchange::exchanged,
    restore::{sign_in, signs_in},
    support::{Phone, World, events},
};

/// A token that the thief of the `theft`th exchange, from 0, makes for this phone, with a number
/// that is yet to come.
fn forged(world: &World, theft: usize, phone: &Phone) -> Option<StateToken> {
    let text = fs::read_to_string(world.folder.path().join("keys/service.key")).unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with("old-state "));
    let digits = lines.nth(theft).unwrap().split(' ').nth(1).unwrap();
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    let key = Secret32::new_with(|out| {
        for (at, out) in out.iter_mut().enumerate() {
            *out = byte(at);
        }
    });
    let sequence = phone.token.unwrap().sequence() + 5;
    Some(StateTokenKey::new(key).token(phone.device(), sequence))
}

#[tokio::test]
async fn no_token_of_a_copied_key_is_taken_from_a_device_that_is_newer_than_the_exchange() {
    let world = World::new().await;
    let (world, _) = exchanged(world, Exchange::Copied).await;
    world.clock.advance(1);
    let (mut owner, mut phone) = world.person().await;
    phone.token = phone.token.or(phone.status().await.state_token);
    signs_in(&mut owner, &mut phone).await;
    phone.token = forged(&world, 0, &phone);
    assert_eq!(
        sign_in(&mut owner, &mut phone).await.0,
        ResultCode::Suspended
    );
    world.service.stop().await;
}

#[tokio::test]
async fn no_token_of_a_copied_key_is_taken_from_a_phone_that_showed_one_of_the_new_key() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let (body, hash) = phone.push_address(None);
    phone.send_update("/api/v1/push", body.clone(), hash).await;
    let (world, _) = exchanged(world, Exchange::Copied).await;
    // The reply was lost. The same request again has one with a token of the new key.
    phone.put("/api/v1/push", body, hash).await;
    signs_in(&mut owner, &mut phone).await;
    assert_eq!(events(&world, "old-token"), 0);
    phone.token = forged(&world, 0, &phone);
    assert_eq!(
        sign_in(&mut owner, &mut phone).await.0,
        ResultCode::Suspended
    );
    world.service.stop().await;
}

#[tokio::test]
async fn a_phone_that_spent_the_first_thefts_token_after_the_second_has_no_other_one_taken() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let (world, _) = exchanged(world, Exchange::Copied).await;
    let (world, _) = exchanged(world, Exchange::Copied).await;
    signs_in(&mut owner, &mut phone).await;
    assert_eq!(events(&world, "old-token"), 1);
    phone.token = forged(&world, 1, &phone);
    assert_eq!(
        sign_in(&mut owner, &mut phone).await.0,
        ResultCode::Suspended
    );
    world.service.stop().await;
}
