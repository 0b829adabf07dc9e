# The history of an account.

history_csv = All events as a table (CSV)
history_more = Whole history
history_when = When
history_what = What
strength_password = password
strength_recovery = password, e-mail link and waiting
strength_code = password and QR code
strength_code-pin = password and code with PIN
strength_code-biometric = password and code with fingerprint or face
strength_app-pin = password and app PIN
strength_app-biometric = password and app with fingerprint or face
strength_mobile = app on the same phone
event_account-created = Account created
event_signed-in = Signed in: { $detail }
event_panic = STOP: all devices deleted, all browsers signed out
event_recovery-began = A recovery of the account began
event_recovery-link = The recovery message was asked for again
event_recovery-cancelled = The recovery was cancelled
event_recovery-restored = The recovery was cancelled, because the service was restored from a backup or its keys were replaced
event_recovery-done = The account was recovered; every older device is deleted
event_device-added = Device added: { $detail }
event_device-lost = A device that had been added is not known any more, because the service was restored from an earlier backup. Add it again
event_device-removed = Device removed: { $detail }
event_device-removed-itself = Device removed on the phone itself: { $detail }
event_last-device-removed = The last device was removed: { $detail }
event_pin-changed = PIN changed: { $detail }
event_pin-set-anew = New PIN, approved with another device: { $detail }
event_pin-refreshed = The phone renewed the protection of the PIN; the PIN is the same: { $detail }
event_biometrics-on = Fingerprint or face turned on: { $detail }
event_biometrics-off = Fingerprint or face turned off: { $detail }
event_account-disabled = The account was disabled by an administrator
event_account-enabled = The account was enabled again by an administrator
event_old-token = The keys of the service were replaced, and the phone was accepted once more with its earlier data: { $detail }
event_device-suspended = Device suspended, because a copy of it was noticed: { $detail }
event_device-blocked = Device blocked after wrong PINs: { $detail }
event_few-tries-left = Two PIN tries are left: { $detail }
event_many-wrong-pins = Ten wrong PINs or more in 30 days: { $detail }
event_enrolment-void = Adding a device was stopped after wrong codes: { $detail }
event_declined = Request declined: { $detail }
event_reported-fraud = Request reported as fraud: { $detail }
event_wrong-number = Wrong number typed on the phone: { $detail }
event_failed-passwords = Wrong passwords on this day: { $detail }
event_failed-codes = Wrong codes on this day: { $detail }
event_failed-pins = Wrong PINs on this day: { $detail }
event_failed-tries = Several tries to sign in failed
event_new-browser = Signed in from a new browser
event_wrong-codes = Three wrong codes in a row
event_password-changed = Password changed
event_password-reset = A new password was set with an e-mailed link
event_password-by-invitation = A new password was set with the administrator’s invitation
event_email-changed = E-mail address changed: { $detail }
event_email-undone = The change of the e-mail address was undone: { $detail }
event_passwords-closed-unknown = Many wrong passwords: sign-in with the password is closed in new browsers
event_passwords-closed-known = Many wrong passwords: sign-in with the password is closed in browsers that you have used
event_passwords-closed-stop = Many wrong passwords: the STOP page no longer accepts passwords
event_passwords-closed-link = Many wrong passwords: pages opened from e-mailed links no longer accept passwords
event_transaction-signed = Signed: { $detail }
event_transaction-signed-biometric = Signed with fingerprint or face: { $detail }
event_device-renamed = Device renamed: { $detail }

# Who caused an event.
by_browser =
    { $name ->
        [chrome] Chrome
        [firefox] Firefox
        [safari] Safari
        [edge] Edge
        [opera] Opera
        [samsung] Samsung Internet
        [program] Another browser
       *[unknown] Unknown browser
    }
by_system =
    { $system ->
        [windows] { $browser } on Windows
        [macos] { $browser } on macOS
        [linux] { $browser } on Linux
        [android] { $browser } on Android
        [ios] { $browser } on an iPhone or iPad
        [chromeos] { $browser } on ChromeOS
       *[unknown] { $browser }
    }
by_device = App on a phone
by_operator = Administrator { $name }
event_session-ended = Browser signed out: { $detail }
event_sessions-ended = All other browsers signed out
event_name-changed = Name changed: { $detail }
event_language-changed = Language of our e-mails changed: { $detail }
event_export-asked = Your data were made ready for download
event_deletion-asked = Deletion of the account asked for; it happens on { $detail }
event_deletion-near = The account is deleted soon: on { $detail }
event_deletion-cancelled = The deletion of the account was cancelled

# The history by months.
history_who = From where
history_month =
    { $month ->
        [1] January { $year }
        [2] February { $year }
        [3] March { $year }
        [4] April { $year }
        [5] May { $year }
        [6] June { $year }
        [7] July { $year }
        [8] August { $year }
        [9] September { $year }
        [10] October { $year }
        [11] November { $year }
       *[12] December { $year }
    }
history_pages = Pages of this month
history_months = Months
history_earlier = Earlier month
history_later = Later month
history_page = Page { $page } of { $pages }
history_newer = Newer
history_older = Older
history_none = Nothing happened in this month.
