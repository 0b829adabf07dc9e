//! The service's edge: the source of each request, and a budget of requests for each source.
//!
//! A request passes here before its handler: [`Edge::admit`] takes room for it from the budget of
//! its source ([`source`]), by the class of its route ([`classes`]). Later steps correct that: a
//! phone's verified signature gives the room back and takes from the device's own budget
//! ([`Edge::prove`]), a right password gives it back ([`Edge::forgive`]), and a form that asks
//! phones takes from its account's budget as well ([`Edge::charge_account`]). Connections have
//! places ([`connections`]), and a client that reads nothing is disconnected ([`steady`]).
//!
//! Budgets are in memory only: a restart forgets them. Wrong passwords and PINs, which must not be
//! forgotten, are counted in the store.

mod budgets;
mod classes;
mod connections;
mod descriptors;
mod mobile;
mod networks;
mod source;
mod steady;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, header},
    response::Response,
};
use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
};

pub use self::networks::{BadNetwork, LargeNetwork};
pub(crate) use self::{
    budgets::TooMany,
    classes::{Class, is_page},
    connections::{Connection, Connections, Place},
    descriptors::places,
    networks::Networks,
    source::{Location, Origins, Source},
    steady::Steady,
};

use self::{budgets::Budgets, mobile::Begun};
use crate::policy;

/// The budgets, and the places for connections.
pub(crate) struct Edge {
    networks: Networks,
    sources: Budgets<Source>,
    devices: Budgets<DeviceId>,
    /// By account, and whether the browser is known for it: so a stranger with the password uses up
    /// nothing of the owner's.
    accounts: Budgets<(AccountId, bool)>,
    /// Sign-ins on mobile that wait for a phone.
    pub(crate) mobile: Begun,
    /// The places for connections.
    pub(crate) connections: Arc<Connections>,
}

/// How a request was admitted. It is in the request's extensions.
#[derive(Clone)]
pub(crate) struct Pass {
    source: Source,
    class: Class,
    /// The connection that it came on, if it came through the listener.
    connection: Option<Arc<Connection>>,
}

impl Edge {
    /// Empty budgets, and this many places for connections.
    pub(crate) fn new(networks: Networks, places: usize) -> Self {
        Self {
            networks,
            sources: Budgets::new(Class::of_source),
            devices: Budgets::new(Class::of_device),
            accounts: Budgets::new(Class::of_account),
            mobile: Begun::new(policy::MOBILE_OPEN as usize),
            connections: Connections::new(places),
        }
    }

    /// A place for a new connection. Those of a trusted proxy are not limited as one source's.
    pub(crate) fn connect(&self, source: Source, is_proxy: bool, now: Time) -> Option<Place> {
        if is_proxy {
            return self.connections.enter(source, None);
        }
        let factor = self.networks.factor(source);
        let charged = Class::Connection.charged();
        self.sources.take(source, factor, charged, now).ok()?;
        self.connections.enter(source, Some(factor))
    }

    /// Takes room for a request from its source's budget, and gives the request its [`Pass`].
    /// Returns the source.
    ///
    /// # Errors
    /// [`TooMany`] when there is none.
    pub(crate) fn admit(&self, request: &mut Request, now: Time) -> Result<Source, TooMany> {
        let extensions = request.extensions();
        let path = extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        let class = Class::of(request.method(), path);
        let source = Source::of_extensions(extensions);
        let connection = extensions.get::<Arc<Connection>>().cloned();
        let factor = self.networks.factor(source);
        self.sources.take(source, factor, class.charged(), now)?;
        request.extensions_mut().insert(Pass {
            source,
            class,
            connection,
        });
        Ok(source)
    }

    /// The device key has verified a phone's request: the device is charged for it now, not the
    /// source.
    ///
    /// # Errors
    /// [`TooMany`] when the device asks too often; then the source is charged as well.
    pub(crate) fn prove(&self, pass: &Pass, dev: DeviceId, now: Time) -> Result<(), TooMany> {
        let factor = self.networks.factor(pass.source);
        self.devices.take(dev, factor, &[pass.class], now)?;
        self.sources.give_back(pass.source, pass.class);
        if let Some(connection) = &pass.connection
            && self.connections.prove(connection)
        {
            self.sources.give_back(pass.source, Class::Connection);
        }
        Ok(())
    }

    /// Gives back the room of a password form whose password was right: it was no guess.
    pub(crate) fn forgive(&self, source: Source) {
        self.sources.give_back(source, Class::Password);
    }

    /// Takes room for a form that goes on to ask an account's phones, as one that asks them itself.
    ///
    /// # Errors
    /// [`TooMany`] when there is none.
    pub(crate) fn charge_ask(
        &self,
        source: Source,
        account: AccountId,
        known: bool,
        now: Time,
    ) -> Result<(), TooMany> {
        let factor = self.networks.factor(source);
        self.sources
            .take(source, factor, Class::Ask.charged(), now)?;
        self.accounts
            .take((account, known), factor, &[Class::Ask], now)
    }

    /// How much of its allowance of silent work a source has used, in quarters, 0 to 3; `None` when
    /// there is nothing left.
    pub(crate) fn quarter_of_quiet(&self, source: Source, now: Time) -> Option<u8> {
        let factor = self.networks.factor(source);
        self.sources.quarter(source, factor, Class::Quiet, now)
    }

    /// Takes a registration by silent work from the allowance of its source; `false` when there is
    /// nothing left.
    pub(crate) fn take_quiet(&self, source: Source, now: Time) -> bool {
        let factor = self.networks.factor(source);
        let taken = self.sources.take(source, factor, &[Class::Quiet], now);
        taken.is_ok()
    }

    /// Takes room for a form from its account's budget, where its class has one.
    ///
    /// # Errors
    /// [`TooMany`] when there is none.
    pub(crate) fn charge_account(
        &self,
        pass: &Pass,
        account: AccountId,
        known: bool,
        now: Time,
    ) -> Result<(), TooMany> {
        let factor = self.networks.factor(pass.source);
        self.accounts
            .take((account, known), factor, &[pass.class], now)
    }
}

impl Pass {
    /// Whether this request takes from an account's budget too.
    pub(crate) fn costs_an_account(&self) -> bool {
        self.class.of_account().is_some()
    }
}

/// The time within which a request's body must arrive, so that nobody holds a connection by sending
/// it slowly. The longest body has 16 KB.
pub(crate) const BODY: Duration = Duration::from_secs(10);

/// Sets `Retry-After`, in seconds, at least 1.
pub(crate) fn retry_after(response: &mut Response, seconds: u64) {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
}
