"""Small Python servers of the second set of recordings: more_apps.py NAME PORT. One function each, one way of refusing each."""

import base64
import http.server
import os
import sys
import time

NAME, PORT = sys.argv[1], int(sys.argv[2])
SECRET = "exam-secret-exam-secret-exam-secret"
STATE = {"password": "secret-7", "revoked": set(), "key": "k-live-41f0a9c2", "failures": 0, "session": "s-7f1c0d9a2b"}


def serve(app, **options):
    import uvicorn

    uvicorn.run(app, host="0.0.0.0", port=PORT, log_level="error", **options)


def litestar():
    """JWTAuth of the framework, and handlers that raise NotAuthorizedException."""
    import dataclasses

    from litestar import Litestar, Request, get
    from litestar.exceptions import NotAuthorizedException
    from litestar.security.jwt import JWTAuth

    @dataclasses.dataclass
    class User:
        name: str

    async def user(token, _connection):
        return User(token.sub) if token.sub != "gone" else None

    auth = JWTAuth(retrieve_user_handler=user, token_secret=SECRET, exclude=["/key"])

    @get("/x")
    async def jwt() -> dict:
        return {"ok": True}

    @get("/key")
    async def key(request: Request) -> dict:
        if request.headers.get("x-api-key") != "k-1":
            raise NotAuthorizedException(detail="API key is not valid" if "x-api-key" in request.headers else "API key header x-api-key is required")
        return {"ok": True}

    serve(Litestar([jwt, key], on_app_init=[auth.on_app_init]))


def blacksheep():
    """The framework's JWT bearer authentication: a challenge, no body."""
    from blacksheep import Application, get
    from blacksheep.server.authentication.jwt import JWTBearerAuthentication
    from essentials.secrets import Secret
    from guardpost import Policy
    from guardpost.common import AuthenticatedRequirement

    app = Application()
    app.use_authentication().add(JWTBearerAuthentication(valid_audiences=["shop"], valid_issuers=["https://id.test"], secret_key=Secret(SECRET, direct_value=True), algorithms=["HS256"], auth_mode="JWT Bearer"))
    app.use_authorization().with_default_policy(Policy("in", AuthenticatedRequirement()))

    @get("/items")
    def items():
        return {"ok": True}

    serve(app)


def knox():
    """Django REST framework with knox tokens, API keys and a login that rotates sessions."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY=SECRET, DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "knox", "rest_framework_api_key"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/tmp/why401-knox.sqlite3"}},
        REST_KNOX={"TOKEN_TTL": __import__("datetime").timedelta(seconds=3)},
        REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []})
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.urls import path
    from knox.auth import TokenAuthentication
    from knox.views import LoginView, LogoutView
    from rest_framework.authentication import BasicAuthentication
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.response import Response
    from rest_framework.views import APIView

    if os.path.exists("/tmp/why401-knox.sqlite3"):
        os.unlink("/tmp/why401-knox.sqlite3")
    call_command("migrate", verbosity=0)
    User.objects.create_user("alice", password="secret-7")

    class Login(LoginView):
        authentication_classes = [BasicAuthentication]
        permission_classes = [IsAuthenticated]

    class Logout(LogoutView):
        authentication_classes = [TokenAuthentication]

    class Notes(APIView):
        authentication_classes = [TokenAuthentication]
        permission_classes = [IsAuthenticated]

        def get(self, _request):
            return Response({"ok": True})

    global urlpatterns
    urlpatterns = [path("login/", Login.as_view()), path("logout/", Logout.as_view()), path("notes/", Notes.as_view())]
    import cheroot.wsgi

    cheroot.wsgi.Server(("0.0.0.0", PORT), get_wsgi_application()).start()


def apiflask():
    """APIFlask's Basic and token authentication, and a login that locks after three failures."""
    from apiflask import APIFlask, HTTPBasicAuth, HTTPTokenAuth, abort
    from flask import jsonify, make_response, request, session

    app = APIFlask(__name__)
    app.secret_key = SECRET
    basic, token = HTTPBasicAuth(), HTTPTokenAuth()
    basic.verify_password(lambda user, password: user if (user, password) == ("alice", STATE["password"]) else None)
    token.verify_token(lambda text: text if text == "tok-9d1f" and text not in STATE["revoked"] else None)

    @app.get("/basic")
    @app.auth_required(basic)
    def by_login():
        return {"ok": True}

    @app.get("/token")
    @app.auth_required(token)
    def by_token():
        return {"ok": True}

    @app.post("/change")
    def change():
        STATE["password"] = "changed-8"
        return {"ok": True}

    @app.post("/login")
    def login():
        if STATE["failures"] >= 3:
            abort(401, "Account temporarily locked, try again in 15 minutes")
        body = request.get_json(silent=True) or {}
        if body.get("password") != "secret-7":
            STATE["failures"] += 1
            abort(401, "Invalid username or password")
        session["user"] = body["username"]
        return {"ok": True}

    @app.post("/logout")
    def logout():
        STATE["gone"] = True
        return {"ok": True}

    @app.get("/cart")
    def cart():
        if not session.get("user"):
            abort(401, "You are not logged in")
        if STATE.get("gone"):
            abort(401, "Unauthorized")
        return {"ok": True}

    @app.get("/machine")
    def machine():
        if request.args.get("apikey") != "k-7":
            return make_response(jsonify(code="E401", error="apikey unknown"), 401)
        return {"ok": True}

    @app.get("/forbidden")
    def forbidden():
        abort(403, "Forbidden")

    @app.get("/soft")
    def soft():
        return {"status": 401, "error": "token expired"}

    app.run("0.0.0.0", PORT)


def authlib():
    """Authlib's resource protector: RFC 6750 challenges, scopes."""
    from authlib.integrations.flask_oauth2 import ResourceProtector
    from authlib.oauth2.rfc6750 import BearerTokenValidator
    from flask import Flask

    class Token(dict):
        def is_expired(self):
            return self["exp"] < time.time()

        def is_revoked(self):
            return self["revoked"]

        def get_scope(self):
            return self["scope"]

    tokens = {
        "at-fresh": Token(exp=time.time() + 9000, revoked=False, scope="read"),
        "at-old": Token(exp=1, revoked=False, scope="read"),
        "at-revoked": Token(exp=time.time() + 9000, revoked=True, scope="read")}

    class Validator(BearerTokenValidator):
        def authenticate_token(self, token_string):
            return tokens.get(token_string)

    app, protect = Flask(__name__), ResourceProtector()
    protect.register_token_validator(Validator())

    @app.get("/me")
    @protect("read")
    def me():
        return {"ok": True}

    @app.get("/admin")
    @protect("write")
    def admin():
        return {"ok": True}

    app.run("0.0.0.0", PORT)


def jose():
    """FastAPI with python-jose, one route that tells and one that does not; cookies; refresh tokens."""
    from fastapi import Cookie, Depends, FastAPI, HTTPException, Request
    from fastapi.security import OAuth2PasswordBearer
    from fastapi.responses import JSONResponse
    from jose import JWTError, jwt

    app, bearer = FastAPI(), OAuth2PasswordBearer("token")

    def told(token=Depends(bearer)):
        try:
            claims = jwt.decode(token, SECRET, "HS256", audience="shop", issuer="https://id.test")
        except JWTError as error:
            raise HTTPException(401, str(error), {"WWW-Authenticate": "Bearer"})
        if claims.get("typ") == "refresh":
            raise HTTPException(401, "Could not validate credentials", {"WWW-Authenticate": "Bearer"})
        return claims

    def silent(token=Depends(bearer)):
        try:
            return jwt.decode(token, SECRET, "HS256", options={"verify_aud": False})
        except JWTError:
            raise HTTPException(401, "Could not validate credentials", {"WWW-Authenticate": "Bearer"})

    @app.get("/told")
    def told_route(claims=Depends(told)):
        return claims

    @app.get("/silent")
    def silent_route(claims=Depends(silent)):
        return claims

    @app.get("/api/tenant")
    def tenant(request: Request):
        if request.headers.get("x-access-token") != "t-1":
            return JSONResponse({"message": "Token is missing!" if "x-access-token" not in request.headers else "Token is invalid!"}, 401)
        return {}

    @app.get("/api/session")
    def session(sid: str = Cookie(None)):
        if sid != STATE["session"]:
            return JSONResponse({"error": "session_expired" if sid else "login_required"}, 401)
        return {"ok": True}

    serve(app)


def dav():
    from cheroot import wsgi
    from wsgidav.wsgidav_app import WsgiDAVApp

    os.makedirs("/tmp/why401-dav", exist_ok=True)
    app = WsgiDAVApp({
        "provider_mapping": {"/": "/tmp/why401-dav"}, "verbose": 0, "host": "0.0.0.0", "port": PORT,
        "http_authenticator": {"accept_basic": True, "accept_digest": True, "default_to_digest": True},
        "simple_dc": {"user_mapping": {"*": {"alice": {"password": "secret-7"}}}}})
    wsgi.Server(("0.0.0.0", PORT), app).start()


def plain():
    """The standard library: a login by hand, with the mistakes of hand-made servers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, text="", **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self):
            given = self.headers.get("Authorization") or ""
            right = "Basic " + base64.b64encode(b"alice:secret-7").decode()
            if self.path.startswith("/metrics") and given != right:
                return self.answer(401, "401 Unauthorized\n", WWW_Authenticate="Basic realm=metrics")
            if self.path.startswith("/case") and not given.startswith("Bearer tok-good"):
                return self.answer(401, '{"error":"unauthorized"}', Content_Type="application/json")
            if self.path.startswith("/health"):
                return self.answer(401, "")
            if self.path.startswith("/slash/"):
                return self.answer(200, "ok") if given == right else self.answer(401, "no", WWW_Authenticate='Basic realm="s"')
            if self.path.startswith("/slash"):
                return self.answer(301, "", Location=self.path.replace("/slash", "/slash/", 1))
            self.answer(200, "ok")

        do_POST = do_HEAD = do_GET

        def log_message(self, *_):
            pass

    http.server.ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()


globals()[NAME]()
