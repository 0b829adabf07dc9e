"""An application that signs its people in by authlib: authlib_app.py PORT CERTIFICATE ISSUER ID SECRET [LEVEL]"""

import json
import secrets
import ssl
import sys
import urllib.parse
from http import cookies
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

PORT, CERTIFICATE, ISSUER, ID, SECRET, *LEVEL = sys.argv[1:]
ORIGIN = f"https://127.0.0.1:{PORT}"
EVENT = "http://schemas.openid.net/event/backchannel-logout"

known = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).json()
# Those who are on their way, and those who are in, by their cookies.
begun, entered = {}, {}


def client() -> OAuth2Session:
    return OAuth2Session(
        ID, SECRET, scope="openid email profile", redirect_uri=f"{ORIGIN}/callback", code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
    )


def verified(token: str):
    keys = KeySet.import_key_set(requests.get(known["jwks_uri"], timeout=10).json())
    return jwt.decode(token, keys, algorithms=["ES256"])


class Application(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def cookie(self) -> str:
        jar = cookies.SimpleCookie(self.headers.get("Cookie", ""))
        own = jar.get(f"own{PORT}")
        return own.value if own else ""

    def answer(self, status: int, body: str, **headers: str):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        try:
            {"/private": self.private, "/login": self.login, "/callback": self.callback}[url.path]()
        except Exception as error:
            self.answer(400, f"refused: {error!r}")

    def private(self):
        person = entered.get(self.cookie())
        if person:
            self.answer(200, json.dumps(person), Content_Type="application/json")
        else:
            self.login()

    def login(self):
        own, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        more = {"acr_values": LEVEL[0]} if LEVEL else {}
        to, state = client().create_authorization_url(known["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **more)
        begun[own] = (state, verifier, nonce)
        self.answer(302, "", Location=to, Set_Cookie=f"own{PORT}={own}; HttpOnly; Secure; Path=/; SameSite=Lax")

    def callback(self):
        state, verifier, nonce = begun.pop(self.cookie())
        session = client()
        url = f"{ORIGIN}{self.path}"
        if urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["iss"] != [ISSUER]:
            raise ValueError("another issuer")
        token = session.fetch_token(known["token_endpoint"], authorization_response=url, state=state, code_verifier=verifier)
        decoded = verified(token["id_token"])
        claims = CodeIDToken(
            decoded.claims, decoded.header, {"iss": {"value": ISSUER}, "aud": {"value": ID}}, {"nonce": nonce, "client_id": ID}
        )
        claims.validate()
        if claims.get("nonce") != nonce or LEVEL and claims["acr"] != LEVEL[0]:
            raise ValueError("not what was asked for")
        told = session.get(known["userinfo_endpoint"]).json()
        if told["sub"] != claims["sub"]:
            raise ValueError("another person")
        entered[self.cookie()] = {"user": claims["sub"], "attributes": told, "acr": claims["acr"], "sid": claims["sid"]}
        self.answer(302, "", Location="/private")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            token = verified(urllib.parse.parse_qs(body)["logout_token"][0])
            claims = token.claims
            if claims["iss"] != ISSUER or claims["aud"] != ID or EVENT not in claims["events"] or "nonce" in claims:
                raise ValueError("not ours")
        except Exception as error:
            self.answer(400, f"refused: {error!r}")
            return
        for own in [own for own, person in entered.items() if person["sid"] == claims["sid"]]:
            del entered[own]
        self.answer(200, "")


server = ThreadingHTTPServer(("127.0.0.1", int(PORT)), Application)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
