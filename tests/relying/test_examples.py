"""The two services of examples/relying-party, as people would start them, register them and open them."""

import os
import sys
import urllib.parse

from world import HERE, Browser, Person, World

FOLDER = HERE.parent.parent / "examples/relying-party"


class Examples(World):
    clients = """
[client.example-cas]
name = "Example by CAS"
attributes = ["email"]
[client.example-cas.cas]
services = ["http://127.0.0.1:8091/"]
[client.example-oidc]
name = "Example by OpenID Connect"
attributes = ["email"]
[client.example-oidc.oidc]
redirect_uris = ["http://127.0.0.1:8092/callback"]
method = "none"
"""

    def setUp(self):
        super().setUp()
        os.environ["SIGN_IN"] = self.service.origin
        self.addCleanup(os.environ.pop, "SIGN_IN")
        for name, port in [("cas", 8091), ("oidc", 8092)]:
            self.application(port, sys.executable, str(FOLDER / f"{name}.py"))

    def test_each_shows_who_is_signed_in_and_takes_nothing_that_is_forged(self):
        person = Person(self.service, with_phone=False)
        for port in (8091, 8092):
            page = person.browser.get(f"http://127.0.0.1:{port}/")
            self.assertEqual(page.status, 200, page.text)
            self.assertIn(f"You are {person.email}", page.text)
            stranger = Browser(self.service.origin)
            page = stranger.get(f"http://127.0.0.1:{port}/")
            self.assertEqual(page.path, "/sign-in", page.text)
            issuer = urllib.parse.quote(self.service.origin, safe="")
            forged = {8091: "?ticket=ST-x", 8092: f"callback?code=x&state=y&iss={issuer}"}[port]
            page = stranger.get(f"http://127.0.0.1:{port}/{forged}")
            self.assertEqual(page.status, 403, page.text)
