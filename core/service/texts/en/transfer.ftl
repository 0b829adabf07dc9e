# The sample operation that is signed.

code_title_7 = Sign the transfer
code_step_7_1 = Scan the QR code with the app.
code_step_7_2 = In the app, type the data from your own papers, not from this page.
code_step_7_3 = Type the code that the app shows.
code_button_7 = Sign
transfer_title = Transfer
transfer_intro = A sample operation that is signed with the app. No money moves.
transfer_iban = IBAN
transfer_name = Recipient
transfer_amount = Amount, EUR
transfer_reference = Reference
transfer_button = Go on to signing
transfer_phone = Show it on my phone instead
transfer_phone_hint = Or the phone shows what you typed here, and you approve it there with number and PIN. Compare it with your own papers.
transfer_error_device = A transfer is signed with a mobile device, and there is none yet.
signed_title = Signed
signed_text = The transfer is signed.
signed_next = Another transfer
