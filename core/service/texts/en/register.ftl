# Creating an account.

register_title = Create an account
register_button = Create an account
register_have = I have an account already: sign in
register_names = One name is enough, in your own alphabet.
register_hint = We send a link to this address. With it you choose a password.
email_again = E-mail address again
email_again_error = The two addresses differ. Type the same address twice.
register_language = Language of our e-mails
language_error = Choose a language from the list.
privacy = I have read the privacy statement.
privacy_read = Privacy statement (opens in a new tab)
privacy_error = Read the privacy statement and tick its box.

# The picture with digits, and the work that takes its place.
picture = Digits in a picture
picture_hint = They keep programs from creating accounts.
picture_alt = A picture of six digits. You can listen to them instead.
picture_listen = The six digits, spoken
picture_listen_link = Listen to the digits (opens in a new tab)
picture_renew = Another picture
picture_digits = The six digits
digits_error_missing = Type the six digits that you see in the picture or hear.
digits_error_wrong = These are not the digits. Look again, listen to them, or ask for another picture.
digits_error_another = These were not the digits either. Here is another picture.
digits_error_old = The picture had expired or was used. Type the digits of this one.
digits_error_asked = Many accounts were created from your network. Type the digits in the picture.
work_working = One moment: your browser is checking that you are not a program.
work_failed = The check in your browser did not work. Type the digits in the picture.

# After the form.
register_sent = If this address can be used, a message is on its way to { $email }. Open its link within { $minutes } minutes, in this browser or another; or copy it and paste it here.
register_again = Send the message again
register_again_sent = We have sent the message again, unless that address got 3 in the last hour or 10 in the last day. Use the newest one.
register_other = Another address
link_error_register = This is not a link that works. Copy the whole link from the newest message.

# From the message.
register_confirm_title = Choose a password
register_confirm = Your e-mail address is confirmed.
register_name = Name:
submit = Submit
register_done_title = Your account is ready
register_done = You are signed in.
proceed = Proceed
register_next_title = What comes next
register_next = Add a mobile device: then it, and not the password alone, guards your account.
register_next_phone = Add a mobile device
