"""People sign in to applications by OpenID Connect clients that are not ours: authlib, openid-client, and mod_auth_openidc."""

import base64
import hashlib
import json
import shutil
import sys
import time
import unittest
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from world import AUTHORITY, CERTIFICATE, CHAIN, FOLDER, HERE, KEY, PASSWORD, Application, Browser, Page, Person, World, apache, free_port

SECRET = "a-secret-of-the-applications-of-these-tests"


def part(value: bytes | dict) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Connect(World):
    """What every client has to show. A client says how it is started, and where its private page is."""

    private = "/private"
    callback = "/callback"
    logout = "/logout"

    def setUp(self):
        self.port, self.strong = free_port(), free_port()
        secret = hashlib.sha256(SECRET.encode()).hexdigest()
        self.clients = "".join(
            f"""
[client.{name}]
name = "The {name} one"
attributes = ["email", "name"]
[client.{name}.oidc]
redirect_uris = ["https://127.0.0.1:{port}{self.callback}"]
method = "basic"
secrets = ["sha256:{secret}"]
backchannel_logout = "https://127.0.0.1:{port}{self.logout}"
"""
            for name, port in [("plain", self.port), ("strong", self.strong)]
        )
        super().setUp()
        self.plain = self.start(self.port, "plain", None)

    def start(self, port: int, name: str, level: str | None) -> Application:
        raise NotImplementedError

    def shown(self, page: Page) -> str:
        """The user that the private page shows."""
        self.assertEqual(page.status, 200, page.text)
        found = json.loads(page.html)
        self.assertIn("@example.eu", found["attributes"]["email"])
        return found["user"]

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
        strong = self.start(self.strong, "strong", "MEDIUM")
        page = self.enter(browser, strong)
        self.assertEqual(page.status, 403)
        self.assertIn("no mobile device that works", page.text)
        person.browser = browser
        person.phone = person.enrol()
        person.page = self.enter(browser, strong)
        self.assertEqual(person.page.path, "/enter", person.page.text)
        person.submit("/enter/app")
        person.approve_on_page(purpose=1)
        other = self.shown(self.enter(browser, strong))
        self.assertRegex(other, r"\A[0-9a-f]{40}\Z")
        self.assertNotEqual(other, user, "each knows the person by a name of its own")
        # One sign-in serves both, and one sign-out ends both.
        self.assertEqual(self.shown(self.enter(browser, self.plain)), user)
        browser.submit(browser.get("/account"), "/sign-out")
        for application in (self.plain, strong):
            self.until(lambda: self.enter(browser, application).path == "/sign-in", "it is open still")

    def code_of(self, browser: Browser) -> str:
        """A code for this browser's person, which the application has not seen."""
        browser.cookies.clear("127.0.0.1")
        to = self.location(browser, self.plain.origin + self.private)
        back = self.location(browser, to)
        self.assertTrue(back.startswith(self.plain.origin + self.callback), back)
        return urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]

    def test_a_forged_code_and_one_of_another_flow_are_refused(self):
        person = Person(self.service, with_phone=False)
        self.assertTrue(self.shown(self.enter(person.browser, self.plain)))
        for code in (self.code_of(person.browser), "0" * 64, "x"):
            stranger = Browser(self.service.origin)
            to = self.location(stranger, self.plain.origin + self.private)
            state = urllib.parse.parse_qs(urllib.parse.urlsplit(to).query)["state"][0]
            query = urllib.parse.urlencode({"code": code, "state": state, "iss": self.service.origin})
            page = stranger.get(f"{self.plain.origin}{self.callback}?{query}")
            self.assertGreaterEqual(page.status, 400, page.text)
            self.assertNotIn(person.email, page.html)
            self.assertEqual(self.enter(stranger, self.plain).path, "/sign-in")

    def test_a_forged_logout_token_signs_nobody_out(self):
        person = Person(self.service, with_phone=False)
        page = self.enter(person.browser, self.plain)
        user = self.shown(page)
        now = int(time.time())
        claims = {
            "iss": self.service.origin, "aud": "plain", "iat": now, "exp": now + 60, "jti": "x", "sub": user,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        if page.html.startswith("{"):
            claims["sid"] = json.loads(page.html)["sid"]
        known = json.loads(Browser(self.service.origin).get("/oidc/keys").html)["keys"][0]
        text = f"{part({'alg': 'ES256', 'typ': 'logout+jwt', 'kid': known['kid']})}.{part(claims)}"
        der = ec.generate_private_key(ec.SECP256R1()).sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(der)
        forged = f"{text}.{part(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
        unsigned = f"{part({'alg': 'none', 'typ': 'logout+jwt'})}.{part(claims)}."
        for token in (forged, unsigned):
            url = self.plain.origin + self.logout
            data = urllib.parse.urlencode({"logout_token": token}).encode()
            _, status, _ = Browser(self.service.origin)._open(url, data, "application/x-www-form-urlencoded")
            self.assertGreaterEqual(status, 400)
            self.assertEqual(self.shown(self.enter(person.browser, self.plain)), user)


class Authlib(Connect):
    def start(self, port: int, name: str, level: str | None) -> Application:
        command = [sys.executable, str(HERE / "authlib_app.py"), str(port), str(CERTIFICATE), self.service.origin, name, SECRET]
        return self.application(port, *command, *([level] if level else []))


@unittest.skipUnless((HERE / "node_modules/openid-client").exists(), "npm openid-client is not installed")
class OpenidClient(Connect):
    def start(self, port: int, name: str, level: str | None) -> Application:
        command = [shutil.which("node"), "--use-openssl-ca", str(HERE / "openid_app.mjs"), str(port), str(CHAIN), str(KEY)]
        return self.application(port, *command, self.service.origin, name, SECRET, *([level] if level else []))


@unittest.skipUnless(apache("openidc"), "Debian's apache2 and libapache2-mod-auth-openidc are not installed")
class Apache(Connect):
    private = "/private/index.html"
    callback = "/private/callback"
    logout = "/private/callback?logout=backchannel"

    def start(self, port: int, name: str, level: str | None) -> Application:
        wanted = f'OIDCAuthRequestParams "acr_values={level}"' if level else ""
        return self.apache(
            port,
            "openidc",
            f"""
OIDCProviderMetadataURL {self.service.origin}/.well-known/openid-configuration
OIDCClientID {name}
OIDCClientSecret "{SECRET}"
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRedirectURI https://127.0.0.1:{port}{self.callback}
OIDCScope "openid email profile"
OIDCIDTokenSignedResponseAlg ES256
OIDCPKCEMethod S256
OIDCCryptoPassphrase of-these-tests
OIDCCABundlePath "{AUTHORITY}"
OIDCRemoteUserClaim sub
OIDCCookie own{port}
{wanted}
<Location "/private">
  Options +Includes
  SetOutputFilter INCLUDES
  AuthType openid-connect
  Require valid-user
</Location>
""",
        )

    def shown(self, page: Page) -> str:
        self.assertEqual(page.status, 200, page.text)
        return page.by_id["user"]


# The class itself has no client.
del Connect
