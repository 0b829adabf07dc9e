# The sample operations that are signed. Titles have at most 30 bytes, labels 20, hints 40: the
# service signs them, and the phone shows them.

code_title_7 = Sign with the app
code_step_7_1 = Scan the QR code with the app.
code_step_7_2 = In the app, type the data from your own papers, not from this page.
code_step_7_3 = Type the code that the app shows.
code_button_7 = Sign
transactions_title = Transactions
transactions_intro = Samples that are signed with the app. No money and no units move.
transactions_signed = Last signed
transactions_none = Nothing was signed yet. Choose a transaction above.
transactions_button = Go on to signing
transactions_phone = Show it on my phone instead
transactions_phone_hint = Or the phone shows what you typed here, and you approve it there with number and PIN. Compare it with your own papers.
transactions_typed_only = This can’t be undone, so you type the data on the phone too.
transactions_error_device = Signing needs a mobile device, and there is none yet.
transactions_choose = Choose
transactions_example = For example { $example }
signed_title = Signed
signed_text = The transaction is signed.
signed_next = All transactions

transactions_title_trusted = Transfer to a trusted account
transactions_title_other = Transfer to another account
transactions_title_deletion = Deletion of a transfer
transactions_title_cancellation = Cancellation of units
transactions_title_exchange = Exchange of units
transactions_title_return = Return of units
transactions_title_surrender = Surrender of units

transactions_word_trusted = To an account of your list, with less to type.
transactions_word_other = To any account with an IBAN.
transactions_word_deletion = Deletes a transfer that is still waiting.
transactions_word_cancellation = Units are taken out of use for good.
transactions_word_exchange = Exchanges units of one type for units of another.
transactions_word_return = Returns units that you received in excess.
transactions_word_surrender = Hands in units for a year.

transactions_label_iban = IBAN
transactions_label_name = Recipient
transactions_label_amount = Amount, EUR
transactions_label_reference = Reference
transactions_label_transfer = Transfer number
transactions_label_date = Planned date
transactions_label_account = Account
transactions_label_units = Units
transactions_label_reason = Reason
transactions_label_type = Type wanted
transactions_label_year = Year

transactions_hint_transfer = T and ten digits
transactions_hint_account = U and eight digits

field_empty = Nothing was typed: this field is required.
field_too_long = Too long: { $found } characters, and at most { $longest } fit.
field_control = { $code } is a control character. Type the value by hand instead of pasting it.
field_bidi = { $code } is a character that turns the reading direction. Type the value by hand instead of pasting it.
field_invisible = { $code } is an invisible character. Type the value by hand instead of pasting it.
field_unknown = { $code } is a character that not every device shows. Type the value by hand instead of pasting it.
field_digits = “{ $character }” is not a digit. Type digits 0–9 only.
field_amount = Type the amount as 1234.50 or 1234,50: at most two decimals, no sign.
field_amount_large = This amount is too large: at most twelve digits can stand before the decimal point.
field_iban = An IBAN is two letters for the country, two digits, then letters and digits, 15 to 34 in all. Type it as it is printed.
field_iban_check = This IBAN’s check digits don’t fit: a character is wrong, or two are swapped. Compare it with the original.
field_code = “{ $character }” can’t be used here. Type capital letters A–Z and digits 0–9 only, without spaces.
field_date = Type a date of the calendar, as 2026-11-23 or 23.11.2026.
field_pattern = This is not in the form that is expected. Follow the example.
field_choice = Choose one from the list.
