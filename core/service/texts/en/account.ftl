# My account, and why a change is refused.

account_title = My account
account_email = Signed in as { $email }.
account_strength = Confirmed with:
account_no_device = Your account is protected by the password alone.
account_add = Add a mobile device
account_history = History
refused_disabled = This account is disabled. Ask the service’s help desk.
refused_recovering = A recovery of the account is under way. Until it is finished or cancelled, you can’t change anything here. The link in any of our messages cancels it, and so does an approval with your PIN.
refused_guarded = The last device of this account is gone, so the account must be recovered before anything is added or changed. Sign out, sign in again, and choose “I have no device left that works”.
refused_none_able = No device of this account can confirm this: they are blocked or suspended. Sign out, sign in again, and choose “I have no device left that works”.
refused_nothing = It was removed already, so there is nothing to change.
refused_weak_password = The password was set with an e-mailed link alone. For a week it can’t add a first device, change the e-mail address, delete anything or recover the account.
refused_changed = The account was changed meanwhile, so nothing was done. Begin again.

# What there is of the account.
account_person = Personal data
account_name = Name
account_mails = Language of our e-mails
account_security = Sign-in and security
account_sessions = Signed-in browsers
account_sessions_count =
    { $count ->
        [one] This is the only browser that is signed in.
       *[other] { $count } browsers are signed in.
    }
account_devices = Mobile devices
account_devices_count =
    { $count ->
        [one] One device.
       *[other] { $count } devices.
    }
account_devices_none = None yet.
account_entered = Services that you entered
account_entered_none = You have not entered any service with this account yet. Those that you enter are listed here.

sessions_title = Signed-in browsers
sessions_intro = A browser is signed out by itself { $hours } hours after the sign-in, or { $minutes } minutes after it was last used. If one of these is not yours, sign it out and change your password.
sessions_own = This browser
sessions_opened = Signed in
sessions_used = Last used
sessions_how = Confirmed with
sessions_end = Sign out
sessions_end_others = Sign out all other browsers
sessions_alone = No other browser is signed in.

person_title = Personal data
person_name = Your name
person_name_hint = A first name or a surname is enough. Phones and services that you use see it.
person_name_button = Save the name
person_mails = Language
person_mails_hint = The language of these pages is another thing: choose it at the bottom of any page.
person_mails_button = Save the language

account_data = Your data
account_export = Download your data
account_delete = Delete the account
account_export_what = All that this service holds of you, as a file
account_delete_what = For good, after a waiting time
account_deletion = This account is deleted on
account_deletion_cancel = Keep the account
account_kept = The account was about to be deleted. Your sign-in has cancelled that.

export_title = Download your data
export_what = A file with all that this service holds of you: your name and address, devices, signed-in browsers, requests and signatures, messages, and the history. It holds no password, no key and no code. Keep it where nobody else reads it.
export_proof = The file can be downloaded once, in this browser, within { $minutes } minutes after you have confirmed it.
export_confirm = Confirm on the phone
export_password = Go on
export_ready = Your data are ready. The download works once, until
export_download = Download

delete_title = Delete the account
delete_what = All that belongs to the account is deleted for good: your name and address, every device, the list of what you signed, and the history. Nobody can bring it back. Services that you entered with it keep what they know of you; ask them.
delete_when =
    { $days ->
        [one] The account is deleted after 1 day. Until then a link in our messages cancels it, and so does any sign-in. Every other browser is signed out now.
       *[other] The account is deleted after { $days } days. Until then a link in our messages cancels it, and so does any sign-in. Every other browser is signed out now.
    }
delete_data = Download your data first
delete_link = Then open the link that we send to your e-mail address, in this browser.
delete_button = Delete the account
delete_waits = The account is deleted on
delete_waits_until = We write to you the day before. A link in our messages cancels it, and so does any sign-in.
delete_keep = Keep the account
deletion_cancel_title = Keep your account
deletion_cancel_what = The account was to be deleted. You are about to cancel that.
deletion_cancel_button = Keep the account
deletion_cancelled_title = Your account is kept
deletion_cancel_done = The deletion is cancelled, and everything is as it was. If you did not ask for it, somebody else can use your account: change your password.
deletion_over_title = There is nothing to cancel
deletion_over = The deletion was cancelled already, or the account is deleted.
