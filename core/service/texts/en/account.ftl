# My account, and why a change is refused.

account_title = My account
account_email = Signed in as { $email }.
account_strength = Confirmed with:
account_no_device = Your account is protected by a password alone.
account_add = Add a mobile device
account_history = History
refused_disabled = This account is disabled. Ask whoever runs this service.
refused_recovering = A recovery of the account is under way. Until it is finished or cancelled, nothing can be changed here. The link in any of our messages cancels it, and so does an approval with the PIN.
refused_guarded = The last device of this account is gone, so it must be recovered before anything is added or changed. Sign out, sign in again, and choose “I have no device left that works”.
refused_none_able = No device of this account can confirm this: those that there are were blocked or suspended. Sign out, sign in again, and choose “I have no device left that works”.
refused_nothing = There is nothing to change: it is gone already.
refused_weak_password = The password was set by an e-mailed link alone, less than a week ago. Until then it can’t delete your devices or recover the account.
refused_changed = The account changed meanwhile, so nothing was done. Begin again.
