# What every page shares.

skip = Skip to the content
title_error = Error
peek = Show the characters
stop_footer = Lost your phone? STOP: delete all my devices
next = Next
cancel = Cancel
nav_label = Account
nav_account = My account
nav_devices = Mobile devices
nav_transactions = Transactions
nav_sign_out = Sign out
first_name = First name
last_name = Last name
email = E-mail address
password = Password
language = Language
go_on = Go on
hours =
    { $hours ->
        [one] 1 hour
       *[other] { $hours } hours
    }
error_email = This is not an e-mail address. Type it as name@example.eu.
