//! PIN epochs that have ended, kept while codes of theirs may still come.

use countersign_protocol::{Step, Time, id::DeviceId};

use crate::{policy, store::*};

/// A code may be on its way to the page: until the open challenges expire, what gave it can still
/// judge it. What gave no code any more, because too many PINs or codes were wrong, does not begin
/// to again; nor does it judge more than its fifteen, if all that may come is wrong.
pub(super) fn keep_past(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    if device.is_blocked() || !device.wrong_codes.has_room(policy::WRONG_CODES_TO_COME) {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO past_epoch (dev, epoch, pin_share, chain, chain_step, last_step, until)
         SELECT ?1, ?2, ?3, ?4, ?5, max(step), max(expires_at) FROM challenge
         WHERE account = ?6 AND step IS NOT NULL AND state = 'open' AND expires_at > ?7 AND issued_at > ?8
         HAVING count(*) > 0
         ON CONFLICT (dev, epoch) DO UPDATE SET pin_share = excluded.pin_share, chain = excluded.chain,
             chain_step = excluded.chain_step, last_step = excluded.last_step, until = excluded.until",
        params![
            device.dev.0,
            device.epoch,
            device.keys.pin_code_secret,
            device.keys.chain,
            device.chain_step,
            device.account.0,
            now,
            now.saturating_sub(policy::LONGEST_CHALLENGE_SECONDS)
        ],
    )?;
    // Each is judged with every code: a phone that begins epochs without end must not make that
    // long.
    tx.execute(
        "DELETE FROM past_epoch WHERE dev = ?1
         AND epoch NOT IN (SELECT epoch FROM past_epoch WHERE dev = ?1 ORDER BY epoch DESC LIMIT ?2)",
        params![device.dev.0, policy::PAST_EPOCHS],
    )?;
    Ok(())
}

/// The past epochs of a device that a code for this step may be of.
pub(super) fn past(
    tx: &dyn Tx,
    dev: DeviceId,
    step: Step,
    now: Time,
) -> Result<Vec<PastEpoch>, StoreError> {
    tx.all(
        "SELECT * FROM past_epoch WHERE dev = ?1 AND last_step >= ?2 AND until > ?3",
        params![dev.0, step, now],
        |row| {
            Ok(PastEpoch {
                epoch: row.get("epoch")?,
                pin_code_secret: row.get("pin_share")?,
                chain: row.get("chain")?,
                chain_step: row.get("chain_step")?,
            })
        },
    )
}
