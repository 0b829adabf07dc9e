//! Tokens of OpenID Connect. Codes and refresh tokens work once; a second use ends the grant with
//! all that came of it (RFC 9700, sections 4.2.4 and 4.14.2).

use countersign_protocol::Time;

use super::{
    accounts, entered,
    events::note,
    sessions::{self, Standing},
    tickets,
};
use crate::store::*;

impl Store {
    /// Gives a code to a service in a browser; `false` when its session has ended meanwhile.
    pub(crate) async fn give_code(&self, code: NewCode) -> Result<bool, StoreError> {
        let subject = JournalSubject::Account(code.grant.account);
        self.write_of(subject, Write::GiveCode, move |tx| give_code(tx, &code))
            .await
    }

    /// Exchanges a code or a refresh token for new tokens, once.
    pub(crate) async fn exchange(
        &self,
        wanted: Exchanging,
        now: Time,
    ) -> Result<Result<Granted, NotExchanged>, StoreError> {
        self.write(Write::ExchangeToken, move |tx| exchange(tx, &wanted, now))
            .await
    }

    /// What an access token stands for; `sector` of a service gives the sector that is told.
    pub(crate) async fn granted(
        &self,
        hash: SecretHash,
        now: Time,
        sector: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Granted>, StoreError> {
        self.read(|tx| {
            let Some(token) = token(tx, hash)? else {
                return Ok(None);
            };
            if token.kind != TokenKind::Access || token.expires_at <= now {
                return Ok(None);
            }
            match sector(&token.grant.client) {
                Some(sector) if standing(tx, &token.grant, now)? == Standing::Open => {
                    with_person(tx, token.grant, &sector)
                }
                _ => Ok(None),
            }
        })
    }

    /// Revokes a token of a service; a refresh token with its whole grant.
    pub(crate) async fn revoke(&self, hash: SecretHash, client: String) -> Result<(), StoreError> {
        self.write(Write::RevokeToken, move |tx| {
            let Some(token) = token(tx, hash)?.filter(|token| token.grant.client == client) else {
                return Ok(());
            };
            match token.kind {
                TokenKind::Access => {
                    tx.execute("DELETE FROM token WHERE hash = ?1", params![hash])?;
                    Ok(())
                }
                TokenKind::Code | TokenKind::Refresh => end(tx, token.grant.id),
            }
        })
        .await
    }

    /// Spends an assertion of a service, once; `false` when it was used.
    pub(crate) async fn spend_assertion(
        &self,
        hash: SecretHash,
        expires_at: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::SpendAssertion, move |tx| {
            let new = tx.execute(
                "INSERT INTO used_assertion (hash, expires_at) VALUES (?1, ?2)
                 ON CONFLICT DO NOTHING",
                params![hash, expires_at],
            )?;
            Ok(new == 1)
        })
        .await
    }
}

/// So many used refresh tokens of a grant are kept, the newest ones. One that comes twice ends the
/// grant; without a bound, a service that refreshes in a loop would fill the table.
const USED_KEPT: u32 = 100;

/// A token with what it stands for.
struct Token {
    kind: TokenKind,
    address: Option<String>,
    challenge: Option<String>,
    expires_at: Time,
    used: bool,
    grant: TokenGrant,
}

fn give_code(tx: &dyn Tx, code: &NewCode) -> Result<bool, StoreError> {
    let (grant, now) = (&code.grant, code.grant.created_at);
    if !tickets::is_open(tx, code.session, grant.session, grant.account, now)? {
        return Ok(false);
    }
    tickets::know(tx, grant.account, &code.subject)?;
    if entered::enter(tx, grant.account, grant.session, &code.listed, now)? {
        note(tx, grant.account, "service-entered", &code.listed, now)?;
    }
    if let Some(ask) = code.ask {
        tx.execute("DELETE FROM ask WHERE id = ?1", params![ask])?;
    }
    if let Some((address, name)) = &code.told {
        visit(tx, code, address, name)?;
    }
    tx.execute(
        "INSERT INTO token_grant
           (id, client, account, session, scope, claims, proved, nonce, offline, created_at,
            expires_at, opened_by, sector)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            grant.id,
            grant.client,
            grant.account.0,
            grant.session,
            grant.scope,
            grant.claims,
            grant.proved,
            grant.nonce,
            grant.offline,
            now,
            grant.expires_at,
            grant.opened_by,
            grant.sector
        ],
    )?;
    tx.execute(
        "INSERT INTO token (hash, kind, grant_id, address, challenge, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            code.hash,
            TokenKind::Code.name(),
            grant.id,
            code.address,
            code.challenge,
            code.expires_at
        ],
    )?;
    Ok(true)
}

/// Notes that a service is told of a session's end, once for each name by which it knows the
/// session: a person who signs in once more in the same browser has another from then on.
fn visit(tx: &dyn Tx, code: &NewCode, address: &str, name: &str) -> Result<(), StoreError> {
    let grant = &code.grant;
    tx.execute(
        "INSERT INTO visit (account, session, client, address, name, at, kind)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS
           (SELECT 1 FROM visit WHERE session = ?2 AND client = ?3 AND kind = ?7
            AND name = ?5)",
        params![
            grant.account.0,
            grant.session,
            grant.client,
            address,
            name,
            grant.created_at,
            CallKind::OidcLogout.name()
        ],
    )?;
    Ok(())
}

fn token(tx: &dyn Tx, hash: SecretHash) -> Result<Option<Token>, StoreError> {
    tx.one(
        "SELECT token.kind, token.address, token.challenge, token.expires_at AS until,
           token.used_at IS NOT NULL AS used, token_grant.*
         FROM token JOIN token_grant ON token_grant.id = token.grant_id WHERE token.hash = ?1",
        params![hash],
        |row| {
            Ok(Token {
                kind: row.get("kind")?,
                address: row.get("address")?,
                challenge: row.get("challenge")?,
                expires_at: row.get("until")?,
                used: row.get("used")?,
                grant: TokenGrant {
                    id: row.get("id")?,
                    client: row.get("client")?,
                    account: row.get("account")?,
                    session: row.get("session")?,
                    opened_by: row.get("opened_by")?,
                    sector: row.get("sector")?,
                    scope: row.get("scope")?,
                    claims: row.get("claims")?,
                    proved: row.get("proved")?,
                    nonce: row.get("nonce")?,
                    offline: row.get("offline")?,
                    created_at: row.get("created_at")?,
                    expires_at: row.get("expires_at")?,
                },
            })
        },
    )
}

fn exchange(
    tx: &dyn Tx,
    wanted: &Exchanging,
    now: Time,
) -> Result<Result<Granted, NotExchanged>, StoreError> {
    let found = token(tx, wanted.hash)?.filter(|token| token.kind == wanted.kind);
    // Another service's token is none: whoever has it must not end what is not theirs.
    let Some(token) = found.filter(|token| token.grant.client == wanted.client) else {
        return Ok(Err(NotExchanged::Unknown));
    };
    if token.used {
        end(tx, token.grant.id)?;
        return Ok(Err(NotExchanged::Twice));
    }
    let fits = match token.kind {
        TokenKind::Code => token.address == wanted.address && token.challenge == wanted.challenge,
        _ => true,
    };
    let standing = standing(tx, &token.grant, now)?;
    // The person signs in once more, so it waits for them: it is neither used up nor over.
    if standing == Standing::Half && fits && token.expires_at > now {
        return Ok(Err(NotExchanged::Unknown));
    }
    let open = match token.kind {
        // A code is for whoever is signed in, also where what it gives outlives the session.
        TokenKind::Code => {
            let own = sessions::standing_of(tx, token.grant.session, token.grant.account, now)?;
            own == Standing::Open && standing == Standing::Open
        }
        _ => standing == Standing::Open,
    };
    let granted = match fits && token.expires_at > now && open {
        true => with_person(tx, token.grant.clone(), &wanted.sector)?,
        false => None,
    };
    let id = token.grant.id;
    let Some(granted) = granted else {
        // Used up, and nothing came of it.
        end(tx, id)?;
        return Ok(Err(NotExchanged::Unknown));
    };
    tx.execute(
        "UPDATE token SET used_at = ?2 WHERE hash = ?1",
        params![wanted.hash, now],
    )?;
    give(tx, id, &wanted.new)?;
    Ok(Ok(granted))
}

/// Gives new tokens for a grant, in the place of those that it has.
fn give(tx: &dyn Tx, id: GrantId, new: &NewTokens) -> Result<(), StoreError> {
    // The access token that the refresh token came with is over.
    tx.execute(
        "DELETE FROM token WHERE grant_id = ?1 AND kind = ?2",
        params![id, TokenKind::Access.name()],
    )?;
    let (hash, mut until) = new.access;
    tx.execute(
        "INSERT INTO token (hash, kind, grant_id, expires_at) VALUES (?1, ?2, ?3, ?4)",
        params![hash, TokenKind::Access.name(), id, until],
    )?;
    if let Some((hash, refresh_until)) = new.refresh {
        until = until.max(refresh_until);
        tx.execute(
            "UPDATE token_grant SET refreshes = refreshes + 1 WHERE id = ?1",
            params![id],
        )?;
        tx.execute(
            "INSERT INTO token (hash, kind, grant_id, expires_at, number)
             SELECT ?1, ?2, id, ?4, refreshes FROM token_grant WHERE id = ?3",
            params![hash, TokenKind::Refresh.name(), id, refresh_until],
        )?;
        // An older one that comes back is unknown.
        tx.execute(
            "DELETE FROM token WHERE grant_id = ?1 AND kind = ?2 AND number <
               (SELECT refreshes FROM token_grant WHERE id = ?1) - ?3",
            params![id, TokenKind::Refresh.name(), USED_KEPT],
        )?;
    }
    tx.execute(
        "UPDATE token_grant SET expires_at = ?2 WHERE id = ?1 AND expires_at < ?2",
        params![id, until],
    )?;
    Ok(())
}

/// Ends a grant with every token of it.
fn end(tx: &dyn Tx, grant: GrantId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM token_grant WHERE id = ?1", params![grant])?;
    Ok(())
}

/// Whether a grant still holds: its session is open, or need not be, and the account is in use.
fn standing(tx: &dyn Tx, grant: &TokenGrant, now: Time) -> Result<Standing, StoreError> {
    if accounts::is_disabled(tx, grant.account)? {
        return Ok(Standing::Over);
    }
    match grant.offline {
        true => Ok(Standing::Open),
        false => sessions::standing_of(tx, grant.session, grant.account, now),
    }
}

/// A grant with its person; `None` where the service now has another sector. It must not come to
/// know the person by another name in the middle of a grant (OpenID Connect Core 1.0, section
/// 12.2), nor by one that it was never told.
fn with_person(
    tx: &dyn Tx,
    grant: TokenGrant,
    sector: &str,
) -> Result<Option<Granted>, StoreError> {
    if grant.sector != sector {
        return Ok(None);
    }
    let account = accounts::get(tx, grant.account)?.ok_or(StoreError::Damaged("token_grant"))?;
    let subject = tickets::subject(tx, sector, grant.account)?;
    Ok(subject.map(|subject| Granted {
        account: Box::new(account),
        subject,
        grant,
    }))
}
