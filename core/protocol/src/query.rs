//! Complete, status, inbox and remove (§7): requests of a phone under K_dev alone. None of them
//! carries a counter or state token.

use crate::cbor::{Fields, Map, ParseError};
use crate::id::{AccountId, ChallengeId, DeviceId, EnrolmentId, Svc};
use crate::request::Transcript;
use crate::{Step, Time};

/// A query: what a phone asks under K_dev.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// To activate the device, once its claim is confirmed.
    Complete {
        /// The longest that the service may hold the request, seconds, 0 to 50.
        wait: u8,
        /// The enrolment.
        enrolment: EnrolmentId,
    },
    /// How the device stands.
    Status {
        /// The last spent step, 0 before the first.
        last: Step,
    },
    /// Which challenges are open.
    Inbox {
        /// The last spent step, 0 before the first.
        last: Step,
        /// The longest that the service may hold the request, seconds, 0 to 50.
        wait: u8,
        /// The challenge that the phone shows already.
        known: Option<ChallengeId>,
    },
    /// To remove the device.
    Remove,
}

/// A query as K_dev signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequest {
    /// The service.
    pub svc: Svc,
    /// The account.
    pub acc: AccountId,
    /// The device.
    pub dev: DeviceId,
    /// The phone's clock.
    pub time: Time,
    /// 16 random bytes.
    pub nonce: [u8; 16],
    /// The query.
    pub query: Query,
}

impl Transcript for QueryRequest {
    const NAME: &'static str = "request";

    fn domain(&self) -> &'static str {
        match self.query {
            Query::Complete { .. } => "countersign/v1/complete",
            Query::Status { .. } => "countersign/v1/status",
            Query::Inbox { .. } => "countersign/v1/inbox",
            Query::Remove => "countersign/v1/remove",
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse(Self::NAME, bytes, 256)?;
        let kind = fields.version_and_type()?;
        let svc = Svc(fields.bytes(2, "svc")?);
        let acc = AccountId(fields.bytes(3, "acc")?);
        let dev = DeviceId(fields.bytes(4, "dev")?);
        let time = fields.number(5, "time")?;
        let nonce = fields.bytes(6, "nonce")?;
        let wait = |f: &mut Fields| Ok(f.uint(8, "wait", 0..=50)? as u8);
        let query = match kind {
            8 => Query::Complete {
                wait: wait(&mut fields)?,
                enrolment: EnrolmentId(fields.bytes(9, "enrolment id")?),
            },
            9 => Query::Status {
                last: fields.number(7, "last")?,
            },
            10 => Query::Inbox {
                last: fields.number(7, "last")?,
                wait: wait(&mut fields)?,
                known: fields
                    .optional(10, |f| f.bytes(10, "known challenge"))?
                    .map(ChallengeId),
            },
            15 => Query::Remove,
            _ => return Err(fields.fail("type", crate::Problem::Bounds)),
        };
        fields.finish()?;
        Ok(Self {
            svc,
            acc,
            dev,
            time,
            nonce,
            query,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let (kind, last, wait, enrolment, known) = match self.query {
            Query::Complete { wait, enrolment } => (8, None, Some(wait), Some(enrolment), None),
            Query::Status { last } => (9, Some(last), None, None, None),
            Query::Inbox { last, wait, known } => (10, Some(last), Some(wait), None, known),
            Query::Remove => (15, None, None, None, None),
        };
        Map::message(kind)
            .bytes(2, &self.svc.0)
            .bytes(3, &self.acc.0)
            .bytes(4, &self.dev.0)
            .uint(5, self.time)
            .bytes(6, &self.nonce)
            .optional(7, last, Map::uint)
            .optional(8, wait.map(u64::from), Map::uint)
            .optional(9, enrolment.as_ref().map(|id| &id.0[..]), Map::bytes)
            .optional(10, known.as_ref().map(|id| &id.0[..]), Map::bytes)
            .encode()
    }

    fn needs_sealed(&self) -> bool {
        false
    }

    fn names(&self) -> (Svc, AccountId, DeviceId) {
        (self.svc, self.acc, self.dev)
    }

    fn time(&self) -> Time {
        self.time
    }
}
