# Messages. A link follows the text that ends in _link, _cancel, _finish or _password.

mail_register_subject = { $service }: confirm your e-mail address
mail_register = Somebody, probably you, wants to create an account with this e-mail address at { $service }. To go on, open this link within 30 minutes and choose a password.
mail_register_link = Confirm the address
mail_register_not-you = If that was not you, do nothing. Without this link there is no account.
mail_taken_subject = { $service }: you have an account
mail_taken = Somebody, probably you, wants to create an account with this e-mail address at { $service }. It has one already.
mail_taken_link = Sign in
mail_taken_not-you = If that was not you, do nothing. Nothing has changed.
mail_reset_subject = { $service }: set a new password
mail_reset = Somebody, probably you, wants to set a new password for your account at { $service }. To do so, open this link within 30 minutes.
mail_reset_link = Set a new password
mail_reset_not-you = If that was not you, do nothing, and give this link to nobody.
mail_reset-refused_subject = { $service }: the password was not replaced
mail_reset-refused = Somebody, probably you, wants to set a new password for your account at { $service }. That is not possible now: the account is being recovered, has to be recovered first, was disabled, or none of its devices can approve it. Sign in with the password that you have; the page then shows the way.
mail_reset-refused_link = Sign in
mail_reset-refused_not-you = If that was not you, do nothing. Nothing has changed.
mail_stop-link_subject = { $service }: STOP
mail_stop-link = Somebody, probably you, asked for a STOP page, which deletes all devices of your account at { $service }. This link works for 30 minutes, and the page that it opens accepts your password.
mail_stop-link_link = Open the STOP page
mail_stop-link_not-you = If that was not you, do nothing.
mail_confirm_subject = { $service }: confirm the change
mail_confirm = Somebody, probably you, is signed in to your account at { $service } and wants to add the first mobile device, to change the e-mail address, or to delete the account. Open this link within 30 minutes in the browser where you asked for it, or paste it there.
mail_confirm_link = Confirm the change
mail_confirm_not-you = IF THAT WAS NOT YOU, somebody else knows your password. Do not open the link above. Change your password.
mail_confirm_password = Change the password
mail_new-email_subject = { $service }: confirm your e-mail address
mail_new-email = Somebody, probably you, wants to use this e-mail address for an account at { $service }. Open this link within 30 minutes in the browser where you asked for it, or paste it there.
mail_new-email_link = Confirm the address
mail_new-email_not-you = If that was not you, do nothing.
mail_undo-email_subject = { $service }: your e-mail address was changed
mail_undo-email = The e-mail address of your account at { $service } was changed. For 14 days messages go to both addresses, and from this one you can undo the change.
mail_undo-email_link = Undo the change
mail_undo-email_not-you = IF THAT WAS NOT YOU, undo it at once. Then this address and the password from before the change are back, every browser is signed out, and every device is removed: then sign in with that password and recover the account.
mail_undone_subject = { $service }: a change of your e-mail address was undone
mail_undone = The e-mail address of an account at { $service } had been changed to this one. The change has now been undone from the previous address: messages go to that address again, every browser is signed out, and every device is removed.
mail_undone_not-you = If you changed the address and did not undo it, somebody else reads the mail of your old address. Tell the service’s help desk at once.

# Notices about events.

mail_subject = { $service }: { $event }
mail_subject_many = { $service }: { $count ->
        [one] 1 event
       *[other] { $count } events
    }
mail_hello = Hello { $name },
mail_fact_account = Account
mail_fact_when = When
mail_fact_where = From
mail_stop = If somebody else uses your account, STOP deletes all its devices and signs every browser out. It takes your password.
mail_stop_link = Open the STOP page
mail_undo = The address of this account was changed. From this mailbox you can still undo that: then this address and the password from before the change are back, every browser is signed out, and every device is removed.
mail_recovery = A recovery of the account is under way. Until it ends, e-mail address, password and devices can’t be changed. IF YOU DID NOT BEGIN IT, cancel it.
mail_recovery_by-operator = Your administrator began a recovery of the account. Until it ends, e-mail address, password and devices can’t be changed. IF YOU DID NOT ASK FOR IT, cancel it and tell your administrator.
mail_recovery_staff = Somebody opened the invitation and set a new password, and the waiting time runs. Until it ends, nothing in the account can be changed. IF THAT WAS NOT YOU, cancel it and tell your administrator at once.
mail_recovery_cancel = Cancel the recovery
mail_recovery_yours = If you began it: from { $ripe } on, open this link and type your password.
mail_recovery_yours_asked = If you asked for it: from { $ripe } on, open this link and type your password.
mail_recovery_yours_staff = If that was you: from { $ripe } on, open this link and type your password.
mail_recovery_finish = Recover the account
mail_recovery_secret = Give these links to nobody.
mail_end = { $service }

# What to do after each event.

mail_next_device-added = If you added it, there is nothing to do. If you did not, somebody else can sign in and sign with it: delete all devices with STOP.
mail_next_device-removed = It can’t be used to sign in or to sign any more. If you did not remove it, somebody else uses one of your other devices: delete all devices with STOP.
mail_next_device-removed-itself = If you removed the account in the app, there is nothing to do. If you did not, somebody had your unlocked phone: change your password.
mail_next_last-device-removed = If you did not remove it, tell the service’s help desk at once.
mail_next_pin-changed = If you changed it, there is nothing to do. If you did not, somebody has your phone and knew its PIN: delete all devices with STOP.
mail_next_pin-set-anew = If you did that, there is nothing to do. If you did not, somebody has two of your devices: delete all devices with STOP.
mail_next_biometrics-on = From now on a fingerprint or face does there what the PIN did. If you did not turn it on, somebody has your phone and knows its PIN: delete all devices with STOP.
mail_next_biometrics-off = From now on the PIN is asked there again. If you did not turn it off, see whether you have your phone; if you do not, delete all devices with STOP.
mail_next_device-suspended = Remove it on the page of your devices, and add the phone again. If you restored the phone from a backup, that was the reason. If you did not, somebody may have copied its data.
mail_next_device-blocked = A blocked device can’t be used to sign in or to sign. If you have another device, sign in with it, and choose “Forgotten or blocked PIN” on the page of your devices. If you have none, sign in with your password, and choose “I have no device left that works”.
mail_next_device-blocked_staff = A blocked device can’t be used to sign in or to sign. If you have another device, sign in with it, and choose “Forgotten or blocked PIN” on the page of your devices. If you have none, tell your administrator.
mail_next_few-tries-left = If it was you, take your time: after two more wrong PINs the device is blocked. If it was not, somebody has your phone: delete all devices with STOP.
mail_next_many-wrong-pins = The device is blocked after thirty wrong PINs in 30 days. If you typed them, there is nothing to do. If you did not, somebody may be guessing with a copy of your phone’s data, or types codes in another browser: remove the device on the page of your devices, and add the phone again.
mail_next_enrolment-void = If it was you, begin again on the page of your devices. If it was not, somebody else is signed in to your account: change your password.
mail_next_reported-fraud = The browser that asked is signed out. If somebody else asked, they know your password: change it.
mail_next_failed-tries = The history of your account says what was typed wrongly and how often. If that was not you, there is nothing that you have to do: tries are limited. There is one such message a day at most.
mail_next_name-changed = If you changed it, there is nothing to do. If you did not, somebody else is signed in to your account: sign in, look at “Signed-in browsers”, and change your password.
mail_next_language-changed = If you chose this language, there is nothing to do. If you did not, somebody else is signed in to your account: sign in, look at “Signed-in browsers”, and change your password.
mail_next_device-renamed = If you renamed it, there is nothing to do. If you did not, somebody else is signed in to your account: sign in, look at “Signed-in browsers”, and change your password.
mail_next_session-ended = If you signed that browser out, there is nothing to do. If you did not, somebody else is signed in to your account: sign in, look at “Signed-in browsers”, and change your password.
mail_next_sessions-ended = If you signed them out, there is nothing to do. If you did not, somebody else is signed in to your account: sign in, look at “Signed-in browsers”, and change your password.
mail_next_new-browser = If it was you, there is nothing to do: this browser is known now, and there is no further message about it. If it was not, somebody else can sign in: change your password, and delete all devices with STOP.
mail_next_passwords-closed-unknown = Somebody typed many wrong passwords. You can still sign in as always in a browser where you have signed in with the app before, and in your phone’s browser with “On mobile”; that opens the sign-in in new browsers again. If neither works, set a new password with “Forgotten password” on the sign-in page.
mail_next_passwords-closed-known = Somebody typed many wrong passwords in a browser that you have used, or you did. Sign in with “On mobile” in your phone’s browser, or set a new password with “Forgotten password” on the sign-in page.
mail_next_passwords-closed-stop = Somebody typed many wrong passwords on the STOP page. If you need STOP, ask for a link to it on that page: it comes to this address, and the page that it opens accepts your password.
mail_next_passwords-closed-link = Many wrong passwords were typed on pages that a link from this mailbox opened. If that was not you, somebody else may read your mail: change the password of your mailbox.
mail_next_password-changed = If you changed it, there is nothing to do. If you did not, somebody else knows your password and can use your phone: set a new one with “Forgotten password” on the sign-in page.
mail_next_password-reset = If it was you, there is nothing to do. If it was not, somebody else reads your mail: change the password of your mailbox, and then this one.
mail_next_password-by-invitation = The waiting time has begun. When it is over, you can add a phone.
mail_next_email-changed = If it was not you, open the message that was sent to the old address: its link undoes it.
mail_next_email-undone = Sign in with the password from before the change, and recover the account. If you did not undo it, somebody else reads this mailbox: change its password first.
mail_next_panic = Nobody can sign in until the account is recovered. If you did not press STOP, somebody else knows your password; a recovery takes long enough for you to cancel it.
mail_next_panic_staff = If you did not press STOP, somebody else knows your password: tell your administrator at once.
mail_next_recovery-began = Until it is finished or cancelled, e-mail address, password and devices can’t be changed.
mail_next_recovery-link = The waiting time is the same as before.
mail_next_recovery-cancelled = What was deleted stays deleted. If you need the recovery, sign in with your password and begin it again. If you did not begin it, somebody else knows your password: change it.
mail_next_recovery-cancelled_guarded = What was deleted stays deleted. If you did not begin the recovery, somebody else knows your password: a recovery of your own sets a new one.
mail_next_recovery-cancelled_staff = What was deleted stays deleted. If somebody else opened your invitation, tell your administrator at once.
mail_next_recovery-done = Only the new password and the device that you add now work from here on. If it was not you, tell the service’s help desk at once.
mail_next_recovery-restored = If you need it, sign in with your password and begin it again.
mail_next_recovery-restored_staff = The invitation that you accepted has to be sent again.

# Export and deletion.

mail_next_export-asked = If you asked for them, there is nothing to do. If you did not, somebody else has them now, and can use your account: delete all devices with STOP.
mail_next_deletion-asked = Every other browser was signed out.
mail_next_deletion-near = If that is what you want, there is nothing to do.
mail_next_deletion-cancelled = Everything is as it was. If you did not ask for the deletion, somebody else can use your account: change your password, and look at your devices.
mail_deletion = This account is deleted on { $due }, with all that belongs to it. IF YOU DID NOT ASK FOR IT, or changed your mind, cancel it: with this link, or by signing in.
mail_deletion_cancel = Keep the account
mail_deleted_subject = { $service }: your account is deleted
mail_deleted = Your account at { $service } is deleted, as you asked, with all that belonged to it. This is our last message.
mail_deleted_not-you = If you did not ask for it, tell the service’s help desk.
