//! Queries under K_dev (PROTOCOL.md §7), which carry no counter.

use countersign_protocol::message::Verified;
use countersign_protocol::query::{Query, QueryRequest};
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::request::Unsigned;

use super::{Endpoint, Identity, ServiceError};
use crate::phone::Phone;

/// Sends a query under K_dev. The service's clock decides: a phone whose clock is off retries once
/// with the time of the reply.
pub(crate) async fn query(
    phone: &Phone,
    who: &Identity,
    endpoint: Endpoint,
    query: Query,
) -> Result<Verified<Reply>, ServiceError> {
    let send = async || {
        let mut nonce = [0; 16];
        phone.entropy.fill(&mut nonce)?;
        let request = QueryRequest {
            svc: who.owner.svc,
            acc: who.owner.acc,
            dev: who.owner.dev,
            time: phone.now(who.owner.svc),
            nonce,
            query,
        };
        phone.send(who, endpoint, Unsigned::plain(&request)).await
    };
    let reply = send().await?;
    if reply.result != ResultCode::Clock {
        return Ok(reply);
    }
    phone.adopt_time(who.owner.svc, reply.time);
    let reply = send().await?;
    if reply.result == ResultCode::Clock {
        return Err(who.unexpected("its clock"));
    }
    Ok(reply)
}
