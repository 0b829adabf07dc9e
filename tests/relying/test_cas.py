"""People sign in to applications by CAS clients that are not ours: django-cas-ng, and mod_auth_cas in Debian's Apache."""

import json
import sys
import unittest
import urllib.parse

from world import AUTHORITY, CERTIFICATE, FOLDER, HERE, PASSWORD, Application, Browser, Page, Person, World, apache, free_port


class Cas(World):
    """What every client has to show. A client says how it is started, and where its private page is."""

    private = "/private"
    login = "/accounts/login"
    # Whether the service's own entry asks for the level, because the client can't.
    by_entry = False

    def setUp(self):
        self.port, self.strong = free_port(), free_port()
        self.clients = "".join(
            f"""
[client.{name}]
name = "The {name} one"
level = "{"MEDIUM" if self.by_entry and name == "strong" else "BASIC"}"
attributes = ["email", "name"]
[client.{name}.cas]
services = ["https://127.0.0.1:{port}/"]
user = "{user}"
single_logout = true
"""
            for name, port, user in [("plain", self.port, "pairwise"), ("strong", self.strong, "email")]
        )
        super().setUp()
        self.plain = self.start(self.port, None)

    def start(self, port: int, level: str | None) -> Application:
        raise NotImplementedError

    def shown(self, page: Page) -> str:
        """The user that the private page shows."""
        raise NotImplementedError

    def enter(self, browser: Browser, application: Application) -> Page:
        return browser.get(application.origin + self.private)

    def test_a_person_signs_in_steps_up_and_is_signed_out_by_the_service(self):
        person = Person(self.service, with_phone=False)
        # Nobody is signed in: the application sends the browser to the service, which asks, and sends it back.
        browser = Browser(self.service.origin)
        page = self.enter(browser, self.plain)
        self.assertEqual(page.path, "/sign-in", page.text)
        self.assertIn("The plain one", page.text)
        page = browser.submit(page, "/sign-in", email=person.email)
        page = browser.submit(page, "/sign-in/password", password=PASSWORD, method="password")
        self.assertEqual(urllib.parse.urlsplit(page.url).path, self.private, page.text)
        user = self.shown(page)
        self.assertRegex(user, r"\A[0-9a-f]{40}\Z")
        # Another application asks for more than this browser has: a phone is added, and approves.
        strong = self.start(self.strong, "MEDIUM")
        page = self.enter(browser, strong)
        self.assertEqual(page.status, 403)
        self.assertIn("no mobile device that works", page.text)
        person.browser = browser
        person.phone = person.enrol()
        person.page = self.enter(browser, strong)
        self.assertEqual(person.page.path, "/enter", person.page.text)
        person.submit("/enter/app")
        person.approve_on_page(purpose=1)
        self.assertEqual(self.shown(self.enter(browser, strong)), person.email)
        # One sign-in serves both, and one sign-out ends both.
        self.assertEqual(self.shown(self.enter(browser, self.plain)), user)
        browser.submit(browser.get("/account"), "/sign-out")
        for application in (self.plain, strong):
            self.until(lambda: self.enter(browser, application).path == "/sign-in", "it is open still")

    def test_a_forged_ticket_and_one_that_was_used_are_refused(self):
        person = Person(self.service, with_phone=False)
        page = self.enter(person.browser, self.plain)
        self.assertTrue(self.shown(page))
        # Redeemed by somebody else's application, or by nobody yet, or by the same one before.
        service = f"{self.plain.origin}{self.private}"
        back = self.location(person.browser, f"{self.service.origin}/cas/login?service={urllib.parse.quote(service, safe='')}")
        used = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["ticket"][0]
        validate = f"{self.service.origin}/cas/serviceValidate?service={urllib.parse.quote(service, safe='')}&ticket={used}"
        self.assertIn("authenticationSuccess", Browser(self.service.origin).get(validate).html)
        for ticket in (used, "ST-" + "0" * 64, "ST-1"):
            stranger = Browser(self.service.origin)
            page = stranger.get(f"{self.plain.origin}{self.login}?ticket={ticket}")
            self.assertNotIn(person.email, page.html)
            self.assertEqual(self.enter(stranger, self.plain).path, "/sign-in")


class Django(Cas):
    def start(self, port: int, level: str | None) -> Application:
        folder = FOLDER / f"django-{port}"
        folder.mkdir()
        command = [sys.executable, str(HERE / "django_app.py"), str(folder), str(port), str(CERTIFICATE), self.service.origin]
        return self.application(port, *command, *([level] if level else []))

    def shown(self, page: Page) -> str:
        self.assertEqual(page.status, 200, page.text)
        found = json.loads(page.html)
        self.assertIn("@example.eu", found["attributes"]["email"])
        return found["user"]


@unittest.skipUnless(apache("cas"), "Debian's apache2 and libapache2-mod-auth-cas are not installed")
class Apache(Cas):
    by_entry = True
    login = private = "/private/index.html"

    def start(self, port: int, level: str | None) -> Application:
        tickets = FOLDER / f"tickets-{port}"
        tickets.mkdir()
        # Apache's children run as another user.
        tickets.chmod(0o777)
        return self.apache(
            port,
            "cas",
            f"""
CASVersion 2
CASLoginURL {self.service.origin}/cas/login
CASValidateURL {self.service.origin}/cas/p3/serviceValidate
CASCertificatePath "{AUTHORITY}"
CASCookiePath "{tickets}/"
CASRootProxiedAs https://127.0.0.1:{port}
CASSSOEnabled On
<Location "/private">
  Options +Includes
  SetOutputFilter INCLUDES
  AuthType CAS
  Require valid-user
</Location>
""",
        )

    def shown(self, page: Page) -> str:
        self.assertEqual(page.status, 200, page.text)
        return page.by_id["user"]


# The class itself has no client.
del Cas
