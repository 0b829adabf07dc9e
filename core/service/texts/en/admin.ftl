# Accounts that an administrator keeps, and what operators do with accounts.

event_admin-added = The administrator { $detail } added the account
event_admin-invited = The administrator { $detail } sent an invitation
event_admin-disabled = The administrator { $detail } disabled the account
event_admin-enabled = The administrator { $detail } enabled the account again
event_admin-unblocked = The administrator { $detail } lifted the locks on passwords and codes
event_admin-reset = The administrator { $detail } deleted all devices and signed all browsers out
event_admin-renamed = The administrator { $detail } changed the name
event_admin-deleted = The administrator { $detail } deleted the account
event_admin-dropped-mail = The administrator { $detail } dropped a message to you that could not be delivered

mail_next_admin-disabled = If you don’t know why, ask the service’s help desk.
mail_next_admin-enabled = You can sign in again, with the password and the devices that you had.
mail_next_admin-enabled_reset = The devices that you had were deleted before.
mail_next_admin-unblocked = Password and PIN are the same as before, and no tries at the PIN were given back.
mail_next_admin-reset = If you did not ask for this, tell the service’s help desk at once.
mail_next_admin-renamed = You see it on the page of your personal data. If it is wrong, tell your administrator.
mail_next_admin-deleted = Everything that belonged to it is gone. If you don’t know why, ask the service’s help desk.

mail_invite_subject = { $service }: your account
mail_invite = You are invited to your account at { $service }. Open this link within 7 days, and choose a password.
mail_invite_link = Open the account
mail_invite_not-you = It works once. Give it to nobody. If you did not expect it, do nothing.
mail_invite-back_subject = { $service }: back into your account
mail_invite-back = Your administrator { $operator } helps you back into your account at { $service }. Open this link within 7 days and choose a new password. Then { hours } pass before you can add a phone.
mail_invite-back_link = Choose a new password
mail_invite-back_not-you = It works once. Give it to nobody. If you did not ask for it, tell your administrator.
mail_invited_subject = { $service }: you are invited
mail_invited = Somebody, probably you, wants to create an account with this e-mail address at { $service }. Your administrator has prepared one. Open the link in the invitation that was sent to you; it works for 7 days. If you can’t find it, ask your administrator for another.
mail_invited_not-you = If that was not you, do nothing. Nothing has changed.

invitation_title = Your account
invitation_what = Your administrator has prepared this account for you. Choose a password.
invitation_back = Your administrator helps you back into this account. Choose a new password. After that you wait { hours } before you can add a phone: in this time it can still be stopped, should somebody else have opened your mail.
invitation_name = Name:
invitation_kept = If the name or the address is wrong, tell your administrator.
invitation_button = Open the account
invitation_back_button = Set the password
recovery_begun_title = The waiting time has begun
recovery_begun_text = The new password is set. In { hours } you can add a phone, with the link in the message that we have sent you now. Keep it.
recovery_begun_stop = If your invitation was used already, or somebody else set this password, tell your administrator at once.

register_closed_title = Your administrator adds you
register_closed = You can’t register here. Ask your administrator for an account: a link to choose a password then comes by e-mail.
register_closed_domain = You can’t register with an address at { $domain }. Ask your administrator for an account: a link to choose a password then comes by e-mail.
register_closed_domains = If your address ends in { $domains }, you can’t register here: ask your administrator for an account.
email_error_kept = You can’t use an address of this domain: its administrator assigns them. Nothing was changed.

recovery_staff = Your administrator helps you back into this account: ask your administrator for an invitation. It comes as a link to the e-mail address of the account.
stopped_staff = To come back, ask your administrator for an invitation.
person_staff = Your administrator keeps your name. If it is wrong, ask your administrator.
email_staff = Your name and this address, { $email }, are kept by your administrator. If they are wrong, ask your administrator.
refused_managed = Only your administrator can change this.
mail_ask_administrator = To come back into the account, ask your administrator for an invitation.
mail_ask_recovery = The account has no device, so nobody can sign in until it is recovered. To do that, sign in with your password; the page then shows the way.
mail_disabled = Nobody can sign in to the account, and nothing in it can be changed, until an administrator enables it again.
