//! What a message says of the ways that are open to the owner of an account in its state. No text
//! offers what the policy of changes refuses then.

use crate::store::{Recovery, Standing};

/// The key of the text that says what to do after an event.
pub(super) fn next(what: &str, standing: &Standing) -> String {
    let other = match (what, standing.staff, standing.guarded) {
        ("admin-enabled", _, true) => "mail_next_admin-enabled_reset",
        ("device-blocked", true, _) => "mail_next_device-blocked_staff",
        ("panic", true, _) => "mail_next_panic_staff",
        ("recovery-restored", true, _) => "mail_next_recovery-restored_staff",
        ("recovery-cancelled", true, _) => "mail_next_recovery-cancelled_staff",
        ("recovery-cancelled", false, true) => "mail_next_recovery-cancelled_guarded",
        _ => return format!("mail_next_{what}"),
    };
    other.to_owned()
}

/// The key of the text that says why nothing can be changed now, and who ends that. A recovery that
/// is under way has its own, with [`Words`].
pub(super) fn closed(standing: &Standing) -> Option<&'static str> {
    if standing.disabled {
        return Some("mail_disabled");
    }
    match (
        standing.guarded && standing.recovery.is_none(),
        standing.staff,
    ) {
        (false, _) => None,
        (true, true) => Some("mail_ask_administrator"),
        (true, false) => Some("mail_ask_recovery"),
    }
}

/// The keys of the texts about a recovery that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    /// Who began it, and what to do if it was not the owner's wish.
    pub(super) what: &'static str,
    /// What its owner does to finish it; none where nobody can.
    pub(super) yours: Option<&'static str>,
}

/// What is said of this recovery.
pub(super) fn of_recovery(recovery: &Recovery, standing: &Standing) -> Words {
    let (what, yours) = match (standing.staff, recovery.by_operator) {
        (true, _) => ("mail_recovery_staff", "mail_recovery_yours_staff"),
        (_, true) => ("mail_recovery_by-operator", "mail_recovery_yours_asked"),
        _ => ("mail_recovery", "mail_recovery_yours"),
    };
    Words {
        what,
        yours: (!standing.disabled).then_some(yours),
    }
}

#[cfg(test)]
mod tests {
    use countersign_protocol::id::AccountId;

    use super::*;
    use crate::{
        base::lang::Lang,
        pages::{Look, Pages},
        policy::{
            MAILED,
            changes::{Change, Facts, HOLDS, Proof, Refused, needs},
        },
    };

    /// What a text may offer, and the change that this is.
    const OFFERS: [(&str, Change); 11] = [
        ("change your password", Change::Password),
        ("your password: change it", Change::Password),
        ("then this one", Change::ForgottenPassword),
        ("“Forgotten password”", Change::ForgottenPassword),
        ("with STOP", Change::Panic),
        ("begin it again", Change::BeginRecovery),
        ("no device left that works”", Change::BeginRecovery),
        ("recover the account", Change::BeginRecovery),
        ("add the phone again", Change::Add),
        ("“Forgotten or blocked PIN”", Change::Unblock),
        (
            "open this link and type your password",
            Change::FinishRecovery,
        ),
    ];

    /// Every state in which an account's owner gets messages.
    fn states() -> Vec<Standing> {
        let mut states = Vec::new();
        for bits in 0..32_u8 {
            let bit = |at: u8| bits & (1 << at) != 0;
            let [staff, guarded, disabled, recovering, by_operator] = [0, 1, 2, 3, 4].map(bit);
            // The staff recover by an invitation, guarded; operators' resets guard.
            if (staff && recovering && !guarded)
                || (by_operator && (staff || !recovering || !guarded))
            {
                continue;
            }
            let recovery = Recovery {
                id: [1; 16],
                account: AccountId([1; 8]),
                ripe_at: 1,
                by_panic: by_operator,
                by_operator,
                finished_at: None,
            };
            states.push(Standing {
                guarded,
                disabled,
                staff,
                recovery: recovering.then_some(recovery),
                deletion: None,
            });
        }
        states
    }

    /// May the text offer this? Where it can't be done now, another text of the message says why.
    fn fits(change: Change, standing: &Standing, facts: &Facts) -> bool {
        if standing.disabled && change != Change::Panic {
            return change != Change::FinishRecovery && closed(standing) == Some("mail_disabled");
        }
        match needs(change, facts) {
            Ok(Proof::Invitation) | Err(Refused::Managed) => false,
            Ok(_) => true,
            Err(Refused::Recovering) => standing.recovery.is_some(),
            Err(Refused::Guarded | Refused::Nothing) if standing.guarded => {
                standing.recovery.is_some() || closed(standing).is_some()
            }
            Err(_) => false,
        }
    }

    #[test]
    fn no_message_offers_a_way_that_the_policy_refuses() {
        let texts = Pages::new("Example", Look::default()).unwrap().texts;
        let get = |lang, key: &str| {
            let values = [
                ("service", "Example".into()),
                ("ripe", "1 May".into()),
                ("detail", "1".into()),
            ];
            let text = texts.get(lang, key, &values);
            text.unwrap_or_else(|| panic!("{key} in {lang:?}"))
        };
        for standing in states() {
            let facts = Facts {
                held: HOLDS.held.filter(|_| !standing.guarded),
                able: !standing.guarded,
                guarded: standing.guarded,
                recovering: standing.recovery.is_some(),
                staff: standing.staff,
                ..HOLDS
            };
            let recovery = standing.recovery.as_ref();
            let words = recovery.map(|recovery| of_recovery(recovery, &standing));
            let own: Vec<_> = closed(&standing)
                .into_iter()
                .chain(
                    words
                        .iter()
                        .flat_map(|words| [Some(words.what), words.yours].into_iter().flatten()),
                )
                .map(str::to_owned)
                .collect();
            for event in MAILED {
                // These are about changes that the staff don't make themselves.
                if standing.staff && matches!(*event, "email-changed" | "email-undone") {
                    continue;
                }
                let mut keys = vec![next(event, &standing), format!("event_{event}")];
                keys.extend(own.iter().cloned());
                for key in &keys {
                    if *key != "event_language-changed" && *key != "event_session-ended" {
                        get(Lang::Lv, key);
                    }
                    let text = get(Lang::En, key);
                    for (offer, change) in OFFERS {
                        assert!(
                            !text.contains(offer) || fits(change, &standing, &facts),
                            "{key} offers {offer:?} in {standing:?}"
                        );
                    }
                }
            }
        }
    }
}
