# What every page shares.

skip = Skip to the content
title_error = Error
peek = Show the characters
stop_footer = Lost your phone? STOP: delete all my devices
footer_help = Help desk
footer_privacy = Privacy
footer_legal = Legal notice
footer_accessibility = Accessibility
next = Next
cancel = Cancel
nav_label = Account
nav_account = My account
nav_devices = Mobile devices
nav_transactions = Transactions
nav_sign_out = Sign out
first_name = First name
last_name = Surname
email = E-mail address
password = Password
language = Language
told_signed_out = You are signed out.
told_sign_in_first = Sign in to see this page. You are signed out after 30 minutes without use, and after 12 hours at the latest.
told_address_forgotten = This browser no longer remembers the address.
told_cancelled = The request is cancelled.
told_device_added = The device is added. From now on you sign in with it.
told_device_removed = The device is removed. It can’t be used to sign in to this account or to sign any more. Remove the account in its app too.
told_device_renamed = The device has its new name.
told_password_changed = The new password is set. Other browsers are signed out.
told_pin_set = The new PIN is set.
told_account_kept = The deletion is cancelled. You keep the account.
told_email_changed = The e-mail address is changed.
told_name_saved = The name is saved.
told_mails_saved = We write to you in this language from now on.
told_session_ended = The browser is signed out.
told_sessions_ended = All other browsers are signed out.
go_on = Go on
go_back = Go back
ask_again = Ask again
ends_idle = This page was not used for a while. You are signed out at
ends_plain = If you open no other page, you are signed out at
ends_last = A sign-in lasts 12 hours. Finish what you are doing: you are signed out at
ends_stay = Stay signed in
ends_again = Sign in again
waits_left = Time left:
waits_until = Good until
waits_lost = No connection. Trying again…
waits_soon = Less than a minute is left.
waits_scripted = This page goes on by itself.
waits_plain = When the phone is done, check here.
waits_check = Check again
hours =
    { $hours ->
        [one] 1 hour
       *[other] { $hours } hours
    }
first_name_error_missing = Type a first name or a surname.
first_name_error_long = This first name is too long: at most 60 characters.
last_name_error_long = This surname is too long: at most 60 characters.
first_name_error_character = A first name has letters, with spaces, hyphens and apostrophes: no other signs, no emoji.
last_name_error_character = A surname has letters, with spaces, hyphens and apostrophes: no other signs, no emoji.
error_email = This is not an e-mail address. Type it as name@example.eu.
