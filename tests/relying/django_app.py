"""A Django project in one file, whose people sign in by django-cas-ng.

    django_app.py FOLDER PORT CERTIFICATE SERVICE [LEVEL]

It keeps its database in FOLDER, serves https://127.0.0.1:PORT, and asks the sign-in service at SERVICE for people, at LEVEL.
"""

import pathlib
import ssl
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

FOLDER, PORT, CERTIFICATE, SERVICE = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
LEVEL = sys.argv[5] if len(sys.argv) > 5 else None

settings.configure(
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "django.db"}},
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "django_cas_ng",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["django_cas_ng.backends.CASBackend"],
    CAS_SERVER_URL=f"{SERVICE}/cas/",
    CAS_VERSION="3",
    CAS_EXTRA_LOGIN_PARAMS={"authenticationLevel": LEVEL} if LEVEL else None,
    CAS_LOGIN_MSG=None,
    CAS_ROOT_PROXIED_AS=f"https://127.0.0.1:{PORT}",
    CAS_LOGIN_URL_NAME="cas_ng_login",
    LOGIN_URL="cas_ng_login",
    SESSION_COOKIE_SECURE=True,
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.decorators import login_required  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django_cas_ng.views import CallbackView, LoginView, LogoutView  # noqa: E402


@login_required
def private(request):
    return JsonResponse({"user": request.user.username, "attributes": request.session.get("attributes", {})})


urlpatterns = [
    path("private", private),
    path("accounts/login", LoginView.as_view(), name="cas_ng_login"),
    path("accounts/logout", LogoutView.as_view(), name="cas_ng_logout"),
    path("accounts/callback", CallbackView.as_view(), name="cas_ng_proxy_callback"),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


call_command("migrate", verbosity=0)
server = make_server("127.0.0.1", PORT, get_wsgi_application(), handler_class=Quiet)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
