"""A service that signs people in by OpenID Connect, with authlib: examples/relying-party/run-oidc

Register it first, at the sign-in service that SIGN_IN names (http://127.0.0.1:8080 without it):

    countersign-service client add example-oidc --name "Example by OpenID Connect" --method none \
        --oidc http://127.0.0.1:8092/callback --attribute email --data DIR
"""

import os
import secrets
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

SIGN_IN = os.environ.get("SIGN_IN", "http://127.0.0.1:8080")
OWN, ID = "http://127.0.0.1:8092", "example-oidc"
# Everything is on this computer; a real service has https, and leaves this out.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
known = requests.get(f"{SIGN_IN}/.well-known/openid-configuration", timeout=10).json()
# Who is on the way, and who is in, by a cookie that nobody guesses.
begun: dict[str, tuple[str, str, str]] = {}
people: dict[str, dict] = {}


def client() -> OAuth2Session:
    return OAuth2Session(
        ID, scope="openid email", redirect_uri=f"{OWN}/callback", code_challenge_method="S256", token_endpoint_auth_method="none"
    )


def redeemed(query: str, state: str, verifier: str, nonce: str) -> dict:
    """The claims of the ID token for the code in this answer. Whatever does not fit raises."""
    if parse_qs(query).get("iss") != [known["issuer"]]:
        raise ValueError("the answer is another sign-in service's")
    token = client().fetch_token(
        known["token_endpoint"], authorization_response=f"{OWN}/callback?{query}", state=state, code_verifier=verifier
    )
    keys = KeySet.import_key_set(requests.get(known["jwks_uri"], timeout=10).json())
    read = jwt.decode(token["id_token"], keys, algorithms=["ES256"])
    wanted = {"iss": {"essential": True, "value": known["issuer"]}, "aud": {"essential": True, "value": ID}}
    CodeIDToken(read.claims, read.header, wanted, {"nonce": nonce, "client_id": ID}).validate()
    return read.claims | requests.get(
        known["userinfo_endpoint"], headers={"Authorization": f"Bearer {token['access_token']}"}, timeout=10
    ).json() | {"id_token": token["id_token"]}


class Service(BaseHTTPRequestHandler):
    def answer(self, status: int, body: str = "", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("example-oidc")
        own = cookie.value if cookie else ""
        if url.path == "/callback" and own in begun:
            try:
                person = redeemed(url.query, *begun.pop(own))
            except Exception as error:
                return self.answer(403, f"Not signed in: {escape(str(error))}")
            # A new cookie: somebody may have set the one of before.
            own = secrets.token_urlsafe(32)
            people[own] = person
            return self.answer(303, Location=f"{OWN}/", Set_Cookie=f"example-oidc={own}; HttpOnly; SameSite=Lax; Path=/")
        if own not in people:
            own, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(3))
            to, state = client().create_authorization_url(known["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
            begun[own] = (state, verifier, nonce)
            return self.answer(303, Location=to, Set_Cookie=f"example-oidc={own}; HttpOnly; SameSite=Lax; Path=/")
        person = people[own]
        out = f"{known['end_session_endpoint']}?{urlencode({'id_token_hint': person['id_token']})}"
        self.answer(200, f"<p>You are {escape(person.get('email', person['sub']))}.</p><p><a href='{escape(out)}'>Sign out</a></p>")


print(f"Open {OWN}/")
HTTPServer(("127.0.0.1", 8092), Service).serve_forever()
