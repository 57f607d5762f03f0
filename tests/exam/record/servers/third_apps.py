"""Python servers of the third set of recordings: third_apps.py NAME PORT. One function each."""

import datetime
import os
import sys

NAME, PORT = sys.argv[1], int(sys.argv[2])
SECRET = "exam-secret-exam-secret-exam-secret"
ACCOUNTS = {"alice": "secret-7", "bob": "secret-8"}


def serve(app):
    import uvicorn

    uvicorn.run(app, host="0.0.0.0", port=PORT, log_level="error")


def twisted():
    """twisted.web.guard: Basic and Digest."""
    from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
    from twisted.cred.portal import IRealm, Portal
    from twisted.internet import reactor
    from twisted.web.guard import BasicCredentialFactory, DigestCredentialFactory, HTTPAuthSessionWrapper
    from twisted.web.resource import IResource, Resource
    from twisted.web.server import Site
    from twisted.web.static import Data
    from zope.interface import implementer

    page = Resource()
    for path in (b"a", b"b", b"c"):
        page.putChild(path, Data(b"ok", "text/plain"))

    @implementer(IRealm)
    class Realm:
        def requestAvatar(self, _user, _mind, *_interfaces):
            return IResource, page, lambda: None

    checker = InMemoryUsernamePasswordDatabaseDontUse(**{name: word.encode() for name, word in ACCOUNTS.items()})
    root = Resource()
    root.putChild(b"basic", HTTPAuthSessionWrapper(Portal(Realm(), [checker]), [BasicCredentialFactory(b"warehouse")]))
    root.putChild(b"digest", HTTPAuthSessionWrapper(Portal(Realm(), [checker]), [DigestCredentialFactory("md5", b"warehouse")]))
    reactor.listenTCP(PORT, Site(root))
    reactor.run()


def sanicjwt():
    """sanic-jwt: its own endpoints and words."""
    from sanic import Sanic
    from sanic.response import json
    from sanic_jwt import Initialize, exceptions, protected, scoped

    async def authenticate(request):
        if not request.json or ACCOUNTS.get(request.json.get("username")) != request.json.get("password"):
            raise exceptions.AuthenticationFailed("Username or password do not match.")
        return {"user_id": 1}

    app = Sanic("third")
    Initialize(app, authenticate=authenticate, secret=SECRET, expiration_delta=2, leeway=0, claim_aud=os.environ.get("EXAM_AUD"), add_scopes_to_payload=lambda user, *a, **k: ["user"])

    @app.route("/things")
    @protected()
    async def things(_request):
        return json({"ok": True})

    @app.route("/admin")
    @protected()
    @scoped("admin")
    async def admin(_request):
        return json({"ok": True})

    app.run("0.0.0.0", PORT, single_process=True, access_log=False)


def fusers():
    """fastapi-users: bearer JWTs and a cookie with a JWT; says "Unauthorized" and nothing else."""
    import contextlib
    import uuid

    from fastapi import Depends, FastAPI
    from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
    from fastapi_users.authentication import AuthenticationBackend, BearerTransport, CookieTransport, JWTStrategy
    from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
    from sqlalchemy.orm import DeclarativeBase

    class Base(DeclarativeBase):
        pass

    class User(SQLAlchemyBaseUserTableUUID, Base):
        pass

    engine = create_async_engine("sqlite+aiosqlite://")
    maker = async_sessionmaker(engine, expire_on_commit=False)

    async def database():
        async with maker() as session:
            yield SQLAlchemyUserDatabase(session, User)

    class Manager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
        reset_password_token_secret = verification_token_secret = SECRET

    async def manager(db=Depends(database)):
        yield Manager(db)

    def strategy():
        return JWTStrategy(secret=SECRET, lifetime_seconds=2)

    bearer = AuthenticationBackend("jwt", BearerTransport("auth/jwt/login"), strategy)
    cookie = AuthenticationBackend("cookie", CookieTransport(cookie_secure=os.environ.get("EXAM_SECURE") == "1", cookie_max_age=3600), strategy)
    users = FastAPIUsers[User, uuid.UUID](manager, [bearer, cookie])

    class Create(schemas.BaseUserCreate):
        pass

    class Read(schemas.BaseUser[uuid.UUID]):
        pass

    @contextlib.asynccontextmanager
    async def begin(_app):
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield

    app = FastAPI(lifespan=begin)
    app.include_router(users.get_auth_router(bearer), prefix="/auth/jwt")
    app.include_router(users.get_auth_router(cookie), prefix="/auth/cookie")
    app.include_router(users.get_register_router(Read, Create), prefix="/auth")

    @app.get("/me")
    def me(user=Depends(users.current_user(active=True))):
        return {"id": str(user.id)}

    serve(app)


def microdot():
    """Microdot's BasicAuth and TokenAuth."""
    from microdot import Microdot
    from microdot.auth import BasicAuth, TokenAuth

    app, basic, token = Microdot(), BasicAuth(realm="sensor"), TokenAuth()

    @basic.authenticate
    async def check(_request, username, password):
        return username if ACCOUNTS.get(username) == password else None

    @token.authenticate
    async def known(_request, value):
        return "alice" if value == "mcu-31ff00" else None

    app.get("/basic")(basic(lambda request: "ok"))
    app.get("/token")(token(lambda request: "ok"))
    app.run("0.0.0.0", PORT)


def connexion():
    """Connexion: security schemes of an OpenAPI document."""
    from connexion import AsyncApp
    from connexion.exceptions import OAuthProblem

    document = {
        "openapi": "3.0.0", "info": {"title": "t", "version": "1"},
        "components": {"securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Auth", "x-apikeyInfoFunc": "__main__.key_info"},
            "basic": {"type": "http", "scheme": "basic", "x-basicInfoFunc": "__main__.basic_info"},
            "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "x-bearerInfoFunc": "__main__.jwt_info"}}},
        "paths": {f"/{kind}": {"get": {"operationId": "__main__.handler", "security": [{kind: []}], "responses": {"200": {"description": "ok"}}}} for kind in ("key", "basic", "jwt")}}
    app = AsyncApp(__name__)
    app.add_api(document)
    _ = OAuthProblem
    serve(app)


def handler():
    return {"ok": True}


def key_info(token, required_scopes=None):
    return {"sub": "alice"} if token == "cx-991122" else None


def basic_info(username, password, required_scopes=None):
    return {"sub": username} if ACCOUNTS.get(username) == password else None


def jwt_info(token):
    import jwt
    from connexion.exceptions import OAuthProblem

    try:
        return jwt.decode(token, SECRET, ["HS256"], audience="shop")
    except jwt.ExpiredSignatureError:
        raise OAuthProblem("Token lifetime exceeded") from None
    except jwt.InvalidTokenError as error:
        raise OAuthProblem(str(error)) from None


def praetorian():
    """flask-praetorian: many words, no challenge."""
    from flask import Flask
    from flask_praetorian import Praetorian, auth_required, roles_required

    class User:
        identity, rolenames, password = 1, ["user"], None

        @classmethod
        def lookup(cls, username):
            return cls() if username == "alice" else None

        @classmethod
        def identify(cls, ident):
            return cls() if ident == 1 else None

    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, JWT_ACCESS_LIFESPAN={"seconds": 2}, JWT_REFRESH_LIFESPAN={"days": 1})
    guard = Praetorian(app, User)
    User.password = guard.hash_password("secret-7")

    @app.post("/login")
    def login():
        from flask import request

        user = guard.authenticate(request.json.get("username"), request.json.get("password"))
        return {"access_token": guard.encode_jwt_token(user)}

    @app.get("/protected")
    @auth_required
    def protected():
        return {"ok": True}

    app.run("0.0.0.0", PORT)


def quartjwt():
    """quart-jwt-extended."""
    from quart import Quart
    from quart_jwt_extended import JWTManager, create_access_token, create_refresh_token, fresh_jwt_required, jwt_required

    app = Quart(__name__)
    app.config.update(JWT_SECRET_KEY=SECRET)
    JWTManager(app)

    @app.get("/login")
    async def login():
        return {"access": create_access_token("alice"), "refresh": create_refresh_token("alice")}

    @app.get("/orders")
    @jwt_required
    async def orders():
        return {"ok": True}

    @app.get("/fresh")
    @fresh_jwt_required
    async def fresh():
        return {"ok": True}

    app.run("0.0.0.0", PORT)


def toolkit():
    """django-oauth-toolkit, dj-rest-auth with cookies, ninja-jwt and djoser."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY=SECRET, DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.sites", "rest_framework", "rest_framework.authtoken", "oauth2_provider", "ninja_jwt", "dj_rest_auth", "djoser"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{os.getcwd()}/toolkit.sqlite3"}}, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        OAUTH2_PROVIDER={"SCOPES": {"read": "r", "write": "w"}}, SITE_ID=1,
        NINJA_JWT={"SIGNING_KEY": SECRET})
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.core.management.commands.runserver import Command
    from django.urls import include, path
    from django.utils import timezone
    from ninja import NinjaAPI
    from ninja.security import APIKeyHeader, HttpBasicAuth
    from ninja_jwt.authentication import JWTAuth
    from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope
    from oauth2_provider.models import AccessToken, Application
    from rest_framework.response import Response
    from rest_framework.views import APIView

    call_command("migrate", verbosity=0)
    alice = User.objects.filter(username="alice").first() or User.objects.create_user("alice", "alice@exam.test", "secret-7")
    app, _ = Application.objects.get_or_create(name="shop", user=alice, client_type="confidential", authorization_grant_type="client-credentials", defaults={"client_id": "shop", "client_secret": "shop-secret"})
    now = timezone.now()
    for token, scope, age in (("dot-live-41c9", "read write", 3600), ("dot-old-77b1", "read write", -4000), ("dot-narrow-5d", "read", 3600)):
        AccessToken.objects.update_or_create(token=token, defaults={"user": alice, "application": app, "scope": scope, "expires": now + datetime.timedelta(seconds=age)})

    class Things(APIView):
        authentication_classes, permission_classes, required_scopes = [OAuth2Authentication], [TokenHasScope], ["write"]

        def get(self, _request):
            return Response({"ok": True})

    api = NinjaAPI()

    class Key(APIKeyHeader):
        param_name = "X-Ninja"

        def authenticate(self, _request, key):
            return "alice" if key == "ninja-7a" else None

    class Login(HttpBasicAuth):
        def authenticate(self, _request, username, password):
            return username if ACCOUNTS.get(username) == password else None

    for where, auth in (("/jwt", JWTAuth()), ("/key", Key()), ("/basic", Login())):
        api.get(where, auth=auth, operation_id=where[1:])(lambda request: {"ok": True})
    globals()["urlpatterns"] = [path("o/", include("oauth2_provider.urls")), path("things/", Things.as_view()), path("api/", api.urls),
                                path("dj/", include("dj_rest_auth.urls")), path("djoser/", include("djoser.urls")), path("djoser/", include("djoser.urls.authtoken"))]
    del Command
    from django.core.wsgi import get_wsgi_application
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    WSGIRequestHandler.log_message = lambda *_: None
    make_server("0.0.0.0", PORT, get_wsgi_application()).serve_forever()


def mess():
    """RFC 9421 signatures, AWS-like signatures, a DPoP resource server, plain handlers that answer in odd ways."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    import json
    import time

    import jwt

    state = {"key": "m-key-1", "users": {}}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, body="", kind="application/json", **headers):
            data = (json.dumps(body) if isinstance(body, (dict, list)) else body).encode()
            self.send_response(status)
            for name, value in headers.items():
                for one in value if isinstance(value, list) else [value]:
                    self.send_header(name.replace("_", "-"), one)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            path = self.path.split("?")[0]
            name = "on_" + path.strip("/").replace("/", "_").replace("-", "_")
            getattr(self, name, self.on_nothing)(body)

        do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_PATCH = do_GET

        def on_nothing(self, _body):
            self.answer(404, {"error": "no such path"})

        def on_signed(self, _body):
            if "Signature-Input" not in self.headers:
                return self.answer(401, {"type": "about:blank", "title": "Unauthorized", "detail": "Message signature required"}, "application/problem+json", Accept_Signature="sig1=(\"@method\" \"@target-uri\")")
            found = dict(p.split("=", 1) for p in self.headers["Signature-Input"].split(";")[1:])
            if abs(time.time() - int(found.get("created", "0"))) > 300:
                return self.answer(401, {"title": "Unauthorized", "detail": "Signature was created too long ago"}, "application/problem+json")
            return self.answer(401, {"title": "Unauthorized", "detail": "Could not verify message signature"}, "application/problem+json")

        def on_problem(self, _body):
            token = (self.headers.get("Authorization") or "")[7:]
            try:
                jwt.decode(token, SECRET, ["HS256"], audience="shop", issuer="https://id.test", leeway=0)
                self.answer(200, {"ok": True})
            except jwt.PyJWTError as error:
                self.answer(401, {"type": "https://errors.test/auth", "title": "Authentication problem", "status": 401, "detail": str(error)}, "application/problem+json", WWW_Authenticate='Bearer realm="shop"')

        def on_mute(self, _body):
            token = (self.headers.get("Authorization") or "")[7:]
            try:
                jwt.decode(token, SECRET, ["HS256"], audience="shop", issuer="https://id.test", leeway=0)
                self.answer(200, {"ok": True})
            except jwt.PyJWTError:
                self.answer(401, "", "text/plain", WWW_Authenticate="Bearer")

        def on_rotate(self, _body):
            state["key"] = "m-key-2"
            self.answer(204)

        def on_keyed(self, _body):
            if self.headers.get("X-Api-Key") == state["key"]:
                return self.answer(200, {"ok": True})
            return self.answer(401, {"message": "Forbidden"})

        def on_csrf(self, _body):
            if self.command == "GET":
                return self.answer(200, {"ok": True}, Set_Cookie=["sessionid=s-1; Path=/", "XSRF-TOKEN=x-1; Path=/"])
            if self.headers.get("X-XSRF-TOKEN") == "x-1":
                return self.answer(200, {"ok": True})
            return self.answer(401, {"error": "Unauthorized"})

        def on_moved(self, _body):
            self.answer(307, "", "text/plain", Location=f"http://{os.environ.get('EXAM_HOST', '10.40.0.1')}:{PORT}/keyed-basic")

        def on_keyed_basic(self, _body):
            if self.headers.get("Authorization") == "Basic YWxpY2U6c2VjcmV0LTc=":
                return self.answer(200, {"ok": True})
            return self.answer(401, "", "text/plain", WWW_Authenticate='Basic realm="moved"')

        def on_html(self, _body):
            self.answer(401, "<!DOCTYPE html><html><head><title>Sign in to continue</title></head><body><form action=/login method=post><input name=u><input type=password name=p></form></body></html>", "text/html", Set_Cookie="JSESSIONID=; Max-Age=0; Path=/")

        def on_stepup(self, _body):
            self.answer(401, "", "text/plain", WWW_Authenticate='Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="gold"')

        def on_scope(self, _body):
            self.answer(401, "", "text/plain", WWW_Authenticate='Bearer error="insufficient_scope", scope="orders:write"')

        def on_mcp(self, _body):
            if self.headers.get("Authorization") == "Bearer mcp-1":
                return self.answer(200, {"jsonrpc": "2.0", "id": 1, "result": {}})
            return self.answer(401, {"error": "invalid_request"}, WWW_Authenticate=f'Bearer resource_metadata="http://127.0.0.1:{PORT}/.well-known/oauth-protected-resource"')

        def on__well_known_oauth_protected_resource(self, _body):
            self.answer(200, {"resource": "x", "authorization_servers": [f"http://127.0.0.1:{PORT}"]})

        on_well_known = on__well_known_oauth_protected_resource

        def on_geo(self, _body):
            if self.client_address[0] == "127.0.0.1":
                return self.answer(200, {"ok": True})
            return self.answer(401, {"error": "Requests from your network are not permitted"})

        def on_locked(self, _body):
            import base64

            user = base64.b64decode((self.headers.get("Authorization") or "")[6:]).decode().partition(":")[0]
            state["users"][user] = state["users"].get(user, 0) + 1
            if state["users"][user] > 5:
                return self.answer(429, {"error": "slow down"}, Retry_After="60")
            return self.answer(401, {"error": "Unauthorized"}, WWW_Authenticate='Basic realm="till"')

        def on_disabled(self, _body):
            self.answer(401, {"error": "access_denied", "error_description": "This account has been deactivated by an administrator"})

        def on_mfa(self, _body):
            self.answer(401, {"code": "TWO_FACTOR_REQUIRED", "message": "Enter the verification code from your authenticator"})

        def on_favicon_ico(self, _body):
            self.on_keyed_basic(_body)

        on_site_webmanifest = on_pic_png = on_favicon_ico

    setattr(Handler, "on_favicon.ico", Handler.on_favicon_ico)
    setattr(Handler, "on_site.webmanifest", Handler.on_favicon_ico)
    setattr(Handler, "on_pic.png", Handler.on_favicon_ico)
    setattr(Handler, "on_.well_known_oauth_protected_resource", Handler.on_well_known)
    ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()


globals()[NAME]()
