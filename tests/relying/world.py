"""The real service over TLS, applications that sign their people in there, and a person with a browser and a phone."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
import warnings

import trustme

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

# One authority for all of it, known before anything opens a connection.
_FOLDER = tempfile.TemporaryDirectory(prefix="countersign-relying-")
FOLDER = pathlib.Path(_FOLDER.name)
_AUTHORITY = trustme.CA()
AUTHORITY = FOLDER / "ca.pem"
_AUTHORITY.cert_pem.write_to_path(AUTHORITY)
CERTIFICATE = FOLDER / "both.pem"
_issued = _AUTHORITY.issue_cert("localhost", "127.0.0.1")
_issued.private_key_and_cert_chain_pem.write_to_path(CERTIFICATE)
CHAIN, KEY = FOLDER / "chain.pem", FOLDER / "key.pem"
CHAIN.write_bytes(b"".join(part.bytes() for part in _issued.cert_chain_pems))
_issued.private_key_pem.write_to_path(KEY)
KEY.chmod(0o600)
os.environ |= {"SSL_CERT_FILE": str(AUTHORITY), "REQUESTS_CA_BUNDLE": str(AUTHORITY)}

from pages import ACCEPT, Browser, Page  # noqa: E402
from person import PASSWORD, Person  # noqa: E402
from service import Service  # noqa: E402

__all__ = ["Application", "Browser", "Page", "PASSWORD", "Person", "World", "apache", "free_port"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Application:
    """A program that serves https://127.0.0.1:PORT until it is stopped."""

    def __init__(self, port: int, *command: str):
        self.origin = f"https://127.0.0.1:{port}"
        self._log = open(FOLDER / f"{port}.log", "w+", encoding="utf-8")
        self._process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT)
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"{command[0]} did not start:\n{self.log()}")

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


class World(unittest.TestCase):
    """A sign-in service with the clients of `self.clients`."""

    clients = ""

    def setUp(self):
        warnings.simplefilter("ignore")
        file = FOLDER / f"{free_port()}.toml"
        file.write_text(self.clients, encoding="utf-8")
        self.service = Service("--clients", str(file), tls=(str(CHAIN), str(KEY)))
        self.addCleanup(self.service.stop)

    def application(self, port: int, *command: str) -> Application:
        application = Application(port, *command)
        self.addCleanup(application.stop)
        return application

    def apache(self, port: int, module: str, settings: str) -> Application:
        """Apache with a private page that shows the user, and this of its modules."""
        folder = FOLDER / f"apache-{port}"
        (folder / "pages/private").mkdir(parents=True)
        (folder / "pages/private/index.html").write_text("<p id=user><!--#echo var=REMOTE_USER --></p>", encoding="utf-8")
        # Apache's children run as another user.
        for part in (FOLDER, folder, folder / "pages", folder / "pages/private"):
            part.chmod(0o777)
        AUTHORITY.chmod(0o644)
        modules = "/usr/lib/apache2/modules"
        (folder / "apache.conf").write_text(
            f"""
ServerRoot "{folder}"
ServerName 127.0.0.1
PidFile "{folder}/pid"
ErrorLog "{folder}/error.log"
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule include_module {modules}/mod_include.so
LoadModule filter_module {modules}/mod_filter.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule auth_{module}_module {modules}/mod_auth_{module}.so
TypesConfig /etc/mime.types
User www-data
Group www-data
SSLEngine on
SSLCertificateFile "{CHAIN}"
SSLCertificateKeyFile "{KEY}"
DocumentRoot "{folder}/pages"
{settings}
""",
            encoding="utf-8",
        )
        return self.application(port, apache(module), "-f", str(folder / "apache.conf"), "-DFOREGROUND")

    def until(self, true, what: str, patience: float = 20):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            found = true()
            if found:
                return found
            time.sleep(0.1)
        self.fail(what)

    def location(self, browser: Browser, url: str) -> str:
        """Where a browser is sent from this address."""

        class Stays(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), Stays, urllib.request.HTTPCookieProcessor(browser.cookies)
        )
        try:
            opener.open(urllib.request.Request(url, headers={"Accept": ACCEPT}), timeout=20)
        except urllib.error.HTTPError as error:
            with error:
                return error.headers.get("Location", "")
        return ""


def apache(module: str) -> str | None:
    """Debian's Apache, if it is there with this of its modules: cas or openidc."""
    module = pathlib.Path(f"/usr/lib/apache2/modules/mod_auth_{module}.so")
    return shutil.which("apache2") if module.exists() else None
