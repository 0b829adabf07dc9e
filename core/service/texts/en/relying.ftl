# The way into other services.

enter_title = Sign in to a service
enter_to = To go on to
enter_more = { $client } asks for a stronger sign-in than the one in this browser. Choose how to add what is missing.
enter_again = { $client } asks that you show once more that it is you.
enter_app = Approve in the app
enter_other = Use another account
enter_back = Go to { $client }
enter_done = You are signed in
enter_elsewhere_title = Begin again at the service
enter_elsewhere = This sign-in was begun in another browser, or more than half an hour ago.
denied_people = { $client } is only for people whom an administrator added here. Your account is not one of them.
denied_device = { $client } asks for a sign-in with the app, and no mobile device that works is initialised for your account. Add one, then go on to the service again.
denied_level = { $client } asks for a way of signing in that this service does not have.
denied_other = { $client } means another person than the one who is signed in here. Use that account.
denied_desk = The help desk of { $client }:
relying_unknown = The service that sent you here is not registered, or not at this address. Nothing was sent to it. Tell whoever runs that service.
relying_bad = The request of the service that sent you here has a wrong form. Nothing was sent to it. Tell whoever runs that service.
logout_title = Do you want to sign out?
logout_what = You are signed out here, and of the services that you entered from this browser and that ask to be told.
event_service-entered = Entered: { $detail }
