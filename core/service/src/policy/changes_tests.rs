use super::*;

/// The table as it was decided. A cell that changes must be changed here too, with a reason.
const DECIDED: &str = "\
change                      no device         one device or several  code without PIN alone  all blocked        all suspended      guarded            in recovery          password by link      staff                 staff, guarded
add a factor                password, link    approval 3             approval 1              no: recover        no: recover        recovered session  no: in recovery      approval 3            approval 3            recovered session
remove a factor             -                 approval 3             approval 1              no: recover        no: recover        -                  no: in recovery      approval 3            approval 3            -
removal by the phone        -                 device key             device key              device key         device key         -                  device key           device key            device key            -
rename                      -                 session                session                 session            session            -                  no: in recovery      session               session               -
name                        session           session                session                 session            session            session            no: in recovery      session               no: ask               no: ask
language of messages        session           session                session                 session            session            session            no: in recovery      session               session               session
unblock, forgotten PIN      -                 approval 3             approval 1              no: recover        no: recover        -                  no: in recovery      approval 3            approval 3            -
new PIN                     -                 PIN on the phone       PIN on the phone        no: recover        no: recover        -                  PIN on the phone     PIN on the phone      PIN on the phone      -
biometrics                  -                 PIN on the phone       PIN on the phone        no: recover        no: recover        -                  PIN on the phone     PIN on the phone      PIN on the phone      -
password                    password          password, approval 3   password, approval 1    no: recover        no: recover        no: guarded        no: in recovery      password, approval 3  password, approval 3  no: guarded
forgotten password          link              link, approval 3       link, approval 1        no: recover        no: recover        no: guarded        no: in recovery      link, approval 3      link, approval 3      no: guarded
e-mail address              password, link    approval 3             approval 1              no: recover        no: recover        no: guarded        no: in recovery      approval 3            no: ask               no: ask
undo of an e-mail address   link in a notice  link in a notice       link in a notice        link in a notice   link in a notice   link in a notice   link in a notice     link in a notice      link in a notice      link in a notice
recovery codes              password, link    approval 3             approval 1              no: recover        no: recover        no: guarded        no: in recovery      approval 3            approval 3            no: guarded
social link                 password, link    approval 3             approval 1              no: recover        no: recover        no: guarded        no: in recovery      approval 3            approval 3            no: guarded
STOP                        password, word    password, word         password, word          password, word     password, word     password, word     password, word       no: wait a week       password, word        password, word
begin a recovery            -                 password               password                password           password           password           password             no: wait a week       no: ask               invitation
cancel a recovery           -                 -                      -                       -                  -                  -                  link in a notice     -                     -                     -
finish a recovery           -                 -                      -                       -                  -                  -                  password, link, wait  -                    -                     -
administrator's reset       administrator     administrator          administrator           administrator      administrator      administrator      administrator        administrator         administrator         administrator
export                      password          approval 3             approval 1              no: recover        no: recover        no: guarded        no: in recovery      approval 3            approval 3            no: guarded
delete the account          password, link    approval 3             approval 1              no: recover        no: recover        no: guarded        no: in recovery      approval 3            approval 3            no: guarded
";

fn cells(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect()
}

#[test]
fn every_change_needs_in_every_state_the_proof_that_was_decided() {
    let shown = table();
    for (shown, decided) in cells(&shown).iter().zip(cells(DECIDED)) {
        assert_eq!(*shown, decided);
    }
    assert_eq!(cells(&shown).len(), DECIDED.lines().count());
}

#[test]
fn nothing_weaker_stands_in_for_a_factor_that_is_blocked_suspended_or_stronger() {
    let blocked = Facts {
        able: false,
        ..HOLDS
    };
    for (change, name) in ROWS {
        let weaker = [
            Proof::Session,
            Proof::Password,
            Proof::Link,
            Proof::PasswordAndLink,
            Proof::Recovered,
            Proof::Approval(Rank::Two),
        ];
        for given in weaker {
            // These change nothing but a name.
            if matches!(change, Change::Rename | Change::Name | Change::Language)
                || (change, given) == (Change::BeginRecovery, Proof::Password)
            {
                continue;
            }
            assert!(allows(change, &HOLDS, given).is_err(), "{name}: {given}");
            assert!(allows(change, &blocked, given).is_err(), "{name}: {given}");
        }
    }
    assert_eq!(
        allows(Change::Add, &HOLDS, Proof::Approval(Rank::Three)),
        Ok(())
    );
}

#[test]
fn while_a_recovery_runs_neither_factors_nor_password_nor_address_change() {
    for facts in [
        PLAIN,
        HOLDS,
        Facts {
            able: false,
            ..HOLDS
        },
        Facts {
            guarded: true,
            ..PLAIN
        },
    ] {
        let facts = Facts {
            recovering: true,
            ..facts
        };
        for change in [
            Change::Add,
            Change::Remove,
            Change::Rename,
            Change::Name,
            Change::Language,
            Change::Unblock,
            Change::Password,
            Change::ForgottenPassword,
            Change::Email,
            Change::RecoveryCodes,
            Change::SocialLink,
            Change::Export,
            Change::Delete,
        ] {
            assert_eq!(
                needs(change, &facts),
                Err(Refused::Recovering),
                "{change:?}"
            );
        }
    }
}

#[test]
fn a_password_that_a_mailed_link_alone_set_neither_stops_nor_recovers_an_account() {
    for facts in [
        PLAIN,
        HOLDS,
        Facts {
            guarded: true,
            ..PLAIN
        },
    ] {
        let facts = Facts {
            weak_password: true,
            recovering: true,
            held: Some(Rank::Three),
            ..facts
        };
        for change in [Change::Panic, Change::BeginRecovery, Change::FinishRecovery] {
            assert_eq!(
                needs(change, &facts),
                Err(Refused::WeakPassword),
                "{change:?}"
            );
        }
    }
}
