//! Tickets: what shows a service that a person is signed in. A ticket is kept by its hash until it
//! is used, and is used up by whoever names it first, rightly or not.

use countersign_protocol::{Time, id::AccountId};

use super::{accounts, entered, events::note, sessions};
use crate::store::*;

impl Store {
    /// Lets a session into a service: its ticket, and its place in the list of services. `false`
    /// when the session has ended meanwhile.
    pub(crate) async fn enter_service(&self, entering: Entering) -> Result<bool, StoreError> {
        let subject = JournalSubject::Account(entering.ticket.account);
        self.write_of(subject, Write::EnterService, move |tx| enter(tx, &entering))
            .await
    }

    /// Redeems a ticket for a service, once. `sector` is the one that is told of the person.
    pub(crate) async fn redeem(
        &self,
        wanted: Redeeming,
        now: Time,
    ) -> Result<Result<Redeemed, NotRedeemed>, StoreError> {
        self.write(Write::Redeem, move |tx| redeem(tx, &wanted, now))
            .await
    }

    /// Gives a service a ticket with which it asks for more of them, once it was reached.
    pub(crate) async fn grant_proxying(&self, ticket: NewTicket) -> Result<bool, StoreError> {
        self.write(Write::GrantProxying, move |tx| give(tx, &ticket))
            .await
    }

    /// By what a sector knows a person, if it does.
    pub(crate) async fn subject(
        &self,
        sector: &str,
        account: AccountId,
    ) -> Result<Option<String>, StoreError> {
        self.read(|tx| subject(tx, sector, account))
    }

    /// A ticket that grants others, by the hash of its text.
    pub(crate) async fn granting(
        &self,
        hash: SecretHash,
        now: Time,
    ) -> Result<Option<NewTicket>, StoreError> {
        self.read(|tx| {
            let found = of(tx, hash, now)?;
            let found = found.filter(|ticket| ticket.kind == TicketKind::Granting);
            match &found {
                Some(ticket) if lives(tx, ticket, now)? => Ok(found),
                _ => Ok(None),
            }
        })
    }

    /// Gives a ticket for another service, on behalf of a person.
    pub(crate) async fn proxy(
        &self,
        ticket: NewTicket,
        subject: (String, String),
    ) -> Result<bool, StoreError> {
        self.write(Write::Proxy, move |tx| {
            know(tx, ticket.account, &subject)?;
            give(tx, &ticket)
        })
        .await
    }
}

/// What a service redeems.
#[derive(Debug, Clone)]
pub(crate) struct Redeeming {
    /// The hash of the ticket's text.
    pub(crate) hash: SecretHash,
    /// The text, by which the service knows the session from then on.
    pub(crate) text: String,
    /// The address that the service says it has.
    pub(crate) service: String,
    /// Whether proxy tickets are taken, too.
    pub(crate) proxy: bool,
    /// Whether it must have been given after the person typed something.
    pub(crate) renew: bool,
    /// Whether what was proved says so.
    pub(crate) is_new: fn(&str) -> bool,
    /// The sector and the entry of the service, and whether it is told of a sign-out.
    pub(crate) sector: String,
    pub(crate) told: bool,
}

fn enter(tx: &dyn Tx, entering: &Entering) -> Result<bool, StoreError> {
    let ticket = &entering.ticket;
    let (session, account) = (entering.session, ticket.account);
    if !is_open(tx, session, ticket.session, account, ticket.created_at)? {
        return Ok(false);
    }
    know(tx, ticket.account, &entering.subject)?;
    let now = ticket.created_at;
    if entered::enter(tx, ticket.account, ticket.session, &entering.listed, now)? {
        note(tx, ticket.account, "service-entered", &entering.listed, now)?;
    }
    if let Some(ask) = entering.ask {
        tx.execute("DELETE FROM ask WHERE id = ?1", params![ask])?;
    }
    give(tx, ticket)
}

/// Whether the session of a cookie is signed in, has this name and account, and the account is in
/// use.
pub(super) fn is_open(
    tx: &dyn Tx,
    hash: SessionHash,
    id: SessionId,
    account: AccountId,
    now: Time,
) -> Result<bool, StoreError> {
    let open = tx.one(
        "SELECT 1 AS open FROM session
         WHERE hash = ?1 AND id = ?2 AND account = ?3 AND signed_in = 1 AND expires_at > ?4",
        params![hash, id, account.0, now],
        |row| row.get::<i64>("open"),
    )?;
    Ok(open.is_some() && !accounts::is_disabled(tx, account)?)
}

/// By what a sector knows a person.
pub(super) fn subject(
    tx: &dyn Tx,
    sector: &str,
    account: AccountId,
) -> Result<Option<String>, StoreError> {
    tx.one(
        "SELECT name FROM subject WHERE sector = ?1 AND account = ?2",
        params![sector, account.0],
        |row| row.get("name"),
    )
}

/// Notes by what a sector knows a person, unless it does already.
pub(super) fn know(
    tx: &dyn Tx,
    account: AccountId,
    (sector, name): &(String, String),
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO subject (sector, account, name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![sector, account.0, name],
    )?;
    Ok(())
}

/// Puts a ticket into the table, if its session lives.
fn give(tx: &dyn Tx, ticket: &NewTicket) -> Result<bool, StoreError> {
    if !lives(tx, ticket, ticket.created_at)? {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO ticket
           (hash, kind, client, service, account, session, proved, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            ticket.hash,
            ticket.kind.name(),
            ticket.client,
            ticket.service,
            ticket.account.0,
            ticket.session,
            ticket.proved,
            ticket.created_at,
            ticket.expires_at
        ],
    )?;
    Ok(true)
}

fn lives(tx: &dyn Tx, ticket: &NewTicket, now: Time) -> Result<bool, StoreError> {
    let standing = sessions::standing_of(tx, ticket.session, ticket.account, now)?;
    Ok(standing == sessions::Standing::Open && !accounts::is_disabled(tx, ticket.account)?)
}

/// A ticket that was not used and whose time is not over.
fn of(tx: &dyn Tx, hash: SecretHash, now: Time) -> Result<Option<NewTicket>, StoreError> {
    tx.one(
        "SELECT * FROM ticket WHERE hash = ?1 AND used_at IS NULL AND expires_at > ?2",
        params![hash, now],
        |row| {
            Ok(NewTicket {
                hash: row.get("hash")?,
                kind: row.get("kind")?,
                client: row.get("client")?,
                service: row.get("service")?,
                account: row.get("account")?,
                session: row.get("session")?,
                proved: row.get("proved")?,
                created_at: row.get("created_at")?,
                expires_at: row.get("expires_at")?,
            })
        },
    )
}

fn redeem(
    tx: &dyn Tx,
    wanted: &Redeeming,
    now: Time,
) -> Result<Result<Redeemed, NotRedeemed>, StoreError> {
    let Some(ticket) = of(tx, wanted.hash, now)? else {
        return Ok(Err(NotRedeemed::Ticket));
    };
    // A ticket that grants others is never redeemed, and naming it here does not end it.
    if ticket.kind == TicketKind::Granting {
        return Ok(Err(NotRedeemed::Ticket));
    }
    // Whoever names it first uses it up, also where it is refused.
    tx.execute(
        "UPDATE ticket SET used_at = ?2 WHERE hash = ?1",
        params![wanted.hash, now],
    )?;
    if !lives(tx, &ticket, now)? {
        return Ok(Err(NotRedeemed::Ticket));
    }
    if ticket.kind == TicketKind::Proxy && !wanted.proxy {
        return Ok(Err(NotRedeemed::Kind));
    }
    if ticket.service != wanted.service {
        return Ok(Err(NotRedeemed::Service));
    }
    if wanted.renew && !(wanted.is_new)(&ticket.proved) {
        return Ok(Err(NotRedeemed::Renew));
    }
    let account = accounts::get(tx, ticket.account)?.ok_or(StoreError::Damaged("ticket"))?;
    let subject = subject(tx, &wanted.sector, ticket.account)?;
    if wanted.told && ticket.kind == TicketKind::Service {
        tx.execute(
            "INSERT INTO visit (account, session, client, address, name, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                ticket.account.0,
                ticket.session,
                ticket.client,
                ticket.service,
                wanted.text,
                now
            ],
        )?;
    }
    Ok(Ok(Redeemed {
        account: Box::new(account),
        subject: subject.ok_or(StoreError::Damaged("subject"))?,
        ticket,
    }))
}
