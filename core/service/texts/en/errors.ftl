# Pages that say why something did not work.

error_title = This did not work
help_desk = Help:
error_home = Go to the home page
error_not_found = There is no such page, or it belongs to another browser.
error_sign_in = Sign in first.
error_form_expired = The form is too old, or cookies are turned off. Go back, load the page again and send the form again.
error_other_site = This form came from a different address than { $origin }, so nothing was done. Open { $origin } and begin there.
error_other_method = This page can’t be opened in this way. Go to the home page and begin there.
error_other_host = The form was sent to a different address than { $origin }, so nothing was done. Open { $origin } and begin there.
error_bad_form = The form was not complete. Go back and fill it in again.
error_too_long = The form was too long. Go back and shorten what you typed.
error_busy = The service is busy. Try again in a minute.
error_slow = The service took too long to answer. Load the page again, and check what was done before you begin again.
error_too_many = Too many requests came from your network or for your account. Try again in { seconds }.
seconds =
    { $seconds ->
        [one] 1 second
       *[other] { $seconds } seconds
    }
error_not_stored = The service can’t store anything at the moment. Nothing was done; try again later.
error_broken = Something went wrong here. It was recorded; try again later.
