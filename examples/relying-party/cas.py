"""A service that signs people in by CAS 3.0, with Python alone: python3 examples/relying-party/cas.py

Register it first, at the sign-in service that SIGN_IN names (http://127.0.0.1:8080 without it):

    countersign-service client add example-cas --name "Example by CAS" --cas http://127.0.0.1:8091/ --attribute email --data DIR
"""

import os
import secrets
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, HTTPServer

SIGN_IN = os.environ.get("SIGN_IN", "http://127.0.0.1:8080")
OWN = "http://127.0.0.1:8091/"
CAS = {"cas": "http://www.yale.edu/tp/cas"}
# Who is in, by a cookie that nobody guesses.
people: dict[str, str] = {}


def redeemed(ticket: str) -> str | None:
    """The person for whom this ticket is, if it is one. It works once, for this very address."""
    query = urllib.parse.urlencode({"service": OWN, "ticket": ticket})
    with urllib.request.urlopen(f"{SIGN_IN}/cas/p3/serviceValidate?{query}", timeout=10) as answer:
        found = xml.fromstring(answer.read()).find("cas:authenticationSuccess", CAS)
    if found is None:
        return None
    told = found.findtext("cas:attributes/cas:email", None, CAS)
    return told or found.findtext("cas:user", None, CAS)


class Service(BaseHTTPRequestHandler):
    def answer(self, status: int, body: str = "", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        ticket = urllib.parse.parse_qs(url.query).get("ticket")
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("example-cas")
        person = people.get(cookie.value) if cookie else None
        if ticket:
            person = redeemed(ticket[0])
            if person is None:
                return self.answer(403, "This ticket is not taken.")
            # A new cookie, and an address without the ticket.
            own = secrets.token_urlsafe(32)
            people[own] = person
            return self.answer(303, Location=OWN, Set_Cookie=f"example-cas={own}; HttpOnly; SameSite=Lax; Path=/")
        if person is None:
            return self.answer(303, Location=f"{SIGN_IN}/cas/login?{urllib.parse.urlencode({'service': OWN})}")
        out = f"{SIGN_IN}/cas/logout?{urllib.parse.urlencode({'service': OWN})}"
        self.answer(200, f"<p>You are {escape(person)}.</p><p><a href='{escape(out)}'>Sign out everywhere</a></p>")


print(f"Open {OWN}")
HTTPServer(("127.0.0.1", 8091), Service).serve_forever()
