# The built-in privacy statement. What it says is what the service does: LIMITS.md, policy/lifetimes.rs, store/steps/sweep.rs.

privacy_title = Privacy statement
privacy_intro = What { $service } keeps of you, why, and for how long. It signs you in to services, and your data are used for nothing else.
privacy_account_title = Your account
privacy_account = Your name, e-mail address and the language of e-mails, and your password in a form that can only be checked. You typed them, or an administrator entered name and address. They are kept until your account is deleted.
privacy_unconfirmed_title = Before your address is confirmed
privacy_unconfirmed = What you typed to create an account waits encrypted for the link from the message. Without confirmation it is deleted after a day, and there is no account.
privacy_devices_title = Your mobile devices
privacy_devices = The name you gave, the model and system the device told us, its public keys, its address for push messages, and a count of wrong PINs. The service never learns your PIN. They are kept until you remove the device.
privacy_requests_title = Sign-ins and signatures
privacy_requests =
    { $hours ->
        [one] Requests that nobody answered are deleted after 1 hour.
       *[other] Requests that nobody answered are deleted after { $hours } hours.
    } { $days ->
        [one] Approvals, and transactions with what you signed, are kept for 1 day as proof.
       *[other] Approvals, and transactions with what you signed, are kept for { $days } days as proof.
    }
privacy_history_title = History
privacy_history =
    { $days ->
        [one] The history of your account says what was done with it, when, and from which browser and place, so that you can see it. It is kept for 1 day.
       *[other] The history of your account says what was done with it, when, and from which browser and place, so that you can see it. It is kept for { $days } days.
    }
privacy_browsers_title = Cookies
privacy_browsers = One cookie keeps you signed in, for 12 hours at most. Another marks a browser in which you signed in, so that we can tell you of sign-ins in other browsers, and so that strangers can’t lock you out; it is forgotten after { $days } days. Others keep the language that you chose, for a year, and the e-mail addresses that you wanted to be remembered. Where a form is not taken, one keeps what you typed in it, without passwords, for a minute. Where a page asks you to sign in first, one keeps its address for half an hour. There are none for advertising or statistics.
privacy_backups_title = Backups and the journal
privacy_backups =
    { $days ->
        [one] A journal of security changes is kept for 1 day, so that a restored backup brings back no device that you removed.
       *[other] A journal of security changes is kept for { $days } days, so that a restored backup brings back no device that you removed.
    } It names an address that was invited or that an account changed to. Backups hold the same data as the service; ask the service’s help desk how long they are kept.
privacy_mail_title = E-mails to you
privacy_mail = They wait encrypted until they have left. One that can’t be delivered is deleted after { $days } days.
privacy_network_title = Your network address
privacy_network = It limits how many requests come from one place, and is in the security log, which only the operator sees. Ask the service’s help desk how long it is kept.
privacy_never_title = Who gets your data
privacy_never = Services that you sign in to get your name. Messages pass through a mail server, and notifications through a push service; neither notification nor push service learns what it is about. Nobody else gets your data.
privacy_rights_title = Your rights
privacy_rights = You see and correct your data on “My account”. There you can also download them and delete the account. If you can’t sign in, ask the service’s help desk.
