# Messages.

mail_register_subject = { $service }: confirm your e-mail address
mail_register =
    Somebody, probably you, wants to create an account with this e-mail address at { $service }.

    To go on, open this link within 30 minutes and choose a password:
    { $link }

    If that was not you, do nothing. Without this link there is no account.
mail_taken_subject = { $service }: you have an account
mail_taken =
    Somebody, probably you, wants to create an account with this e-mail address at { $service }. It has one already. Sign in here:
    { $origin }/sign-in

    If that was not you, do nothing. Nothing has changed.
mail_reset_subject = { $service }: set a new password
mail_reset =
    Somebody, probably you, wants to set a new password for your account at { $service }.

    To do so, open this link within 30 minutes:
    { $link }

    If that was not you, do nothing, and give this link to nobody.
mail_reset-refused_subject = { $service }: the password was not replaced
mail_reset-refused =
    Somebody, probably you, wants to set a new password for your account at { $service }. That is not possible now: the account is being recovered, has to be recovered first, or none of its devices can approve it. Sign in with the password that you have; the page then shows the way:
    { $origin }/sign-in

    If that was not you, do nothing. Nothing has changed.
mail_stop-link_subject = { $service }: STOP
mail_stop-link =
    Somebody, probably you, asked for a page of STOP, which deletes all devices of your account at { $service }.

    Open this link within 30 minutes. It takes your password:
    { $link }

    If that was not you, do nothing.
mail_confirm_subject = { $service }: confirm the change
mail_confirm =
    Somebody, probably you, is signed in to your account at { $service } and wants to add the first mobile device, or to change the e-mail address.

    Open this link within 30 minutes in the browser where you asked for it, or paste it there:
    { $link }

    IF THAT WAS NOT YOU, somebody else knows your password. Do not open the link. Change the password here:
    { $origin }/account/password
mail_new-email_subject = { $service }: confirm your e-mail address
mail_new-email =
    Somebody, probably you, wants to use this e-mail address for an account at { $service }.

    Open this link within 30 minutes in the browser where you asked for it, or paste it there:
    { $link }

    If that was not you, do nothing.
mail_undo-email_subject = { $service }: your e-mail address was changed
mail_undo-email =
    The e-mail address of your account at { $service } was changed. Messages go to another address now.

    IF THAT WAS NOT YOU, undo it here. You can for 14 days:
    { $link }

    Then this address and the password from before the change are back, every browser is signed out, and every device is removed; you recover the account with them.
mail_undone_subject = { $service }: a change of your e-mail address was undone
mail_undone =
    The e-mail address of an account at { $service } was changed to this one, and that was undone now from the address before: messages go there again, every browser is signed out and every device is removed.

    If you changed the address and did not undo it, somebody else reads the mail of your old address. Tell the service's help desk at once.
mail_subject_many = { $service }: { $count ->
        [one] 1 event
       *[other] { $count } events
    }
mail_next_password-changed = If it was not you, somebody else knows your password and can use your phone.
mail_next_password-reset = If it was not you, somebody else reads your mail.
mail_next_email-changed = If it was not you, open the message that was sent to the old address: its link undoes it.
mail_subject = { $service }: { $event }
mail_hello = Hello { $first },
mail_event =
    { $event }

    Account: { $email }
    When: { $at } (UTC)
mail_next_few-tries-left = If it was you, take your time: after two more wrong PINs in a row, or the last ones of this PIN, the device is blocked.
mail_next_many-wrong-pins = If you typed them, all is well: after thirty in 30 days the device is blocked. If you did not, somebody may be guessing with a copy of your phone’s storage, or types codes in another browser: remove the device on the page of your devices, and add the phone again.
mail_next_device-blocked = A blocked device signs in and signs nothing. If you have another device, sign in with it, and choose “Forgotten or blocked PIN” on the page of your devices. If you have none, sign in with your password, and choose “I have no device left that works”.
mail_next_device-suspended = Remove it on the page of your devices, and add the phone anew. If you restored the phone from a backup, this was that. If you did not, somebody may have copied its storage.
mail_next_failed-tries = The history of your account says what was typed wrongly and how often. There is one such message a day at most.
mail_next_new-browser = From now on this browser is known, and there is no further message about it.
mail_next_reported-fraud = The browser that asked is signed out. If somebody else asked, they know your password.
mail_next_passwords-closed-unknown = Somebody typed many wrong passwords. In a browser where you have signed in with the app before you sign in as always, and in your phone’s browser with “On mobile”; that opens the sign-in in new browsers again. If neither works, set a new password with “Forgotten password” on the sign-in page.
mail_next_passwords-closed-known = Somebody typed many wrong passwords in a browser that you have used, or you did. Sign in with “On mobile” in your phone’s browser, or set a new password with “Forgotten password” on the sign-in page.
mail_next_passwords-closed-stop = Somebody typed many wrong passwords on the page of STOP. If you need STOP, ask for a link to it on that page: it comes to this address, and its page takes your password.
mail_next_passwords-closed-link = Many wrong passwords were typed on pages that a link from this mailbox opened. If that was not you, somebody else may read your mail.
mail_stop =
    If this was not you, delete all your devices here:
    { $stop }
mail_recovery =
    A recovery of the account is under way.

    IF YOU DID NOT BEGIN IT, cancel it here:
    { $cancel }

    If you did: open this link from { $ripe } (UTC) on, and type your password:
    { $finish }

    Give these links to nobody.
mail_end = { $service }
