# Creating an account.

privacy = I have read the privacy statement and agree that my data are used to sign me in.
register_title = Create an account
register_button = Create an account
register_have = I have an account already: sign in
register_error_name = Type your first and last name, each at most 60 characters.
register_error_privacy = Tick the box about the privacy statement to go on.
register_hint = We send a link to this address. Open it to choose a password.
register_sent = If everything is in order, a message is on its way to { $email }. Open its link within 30 minutes, in this browser or another, and choose a password.
register_confirm = The address is confirmed. Check your name, and choose a password.
