#!/usr/bin/env python3
"""The Python servers of the recordings: python_apps.py NAME PORT.

Each does what its framework's documentation shows; the users, keys and secrets are the same in all."""

import base64
import os
import sys
import time

USER, PASSWORD = "alice", "secret-7"
SECRET = "exam-secret-exam-secret-exam-secret"
API_KEY = "key-4f2a77c09b31"
TOKENS = {"tok-alice-1f9c": "alice", "tok-bob-77d0": "bob"}


def split(header):
    scheme, _, rest = (header or "").partition(" ")
    return scheme.lower(), rest


def basic_ok(header):
    scheme, rest = split(header)
    try:
        return scheme == "basic" and base64.b64decode(rest).decode() == f"{USER}:{PASSWORD}"
    except ValueError:
        return False


def serve(app, port):
    from waitress import serve as run

    run(app, host="0.0.0.0", port=port, threads=8)


def uvicorn_serve(app, port):
    import uvicorn

    uvicorn.run(app, host="0.0.0.0", port=port, log_level="error")


def flask(port):
    from datetime import timedelta

    from flask import Flask, jsonify, make_response, redirect, request, session
    from flask_httpauth import HTTPBasicAuth, HTTPDigestAuth, HTTPTokenAuth
    from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, get_csrf_token, get_jwt
    from flask_jwt_extended import jwt_required, set_access_cookies
    from flask_login import LoginManager, UserMixin, login_required, login_user, logout_user

    app = Flask("exam")
    app.config.update(
        SECRET_KEY=os.environ.get("EXAM_FLASK_SECRET", SECRET), JWT_SECRET_KEY=os.environ.get("EXAM_FLASK_SECRET", SECRET),
        JWT_TOKEN_LOCATION=["headers", "cookies"], JWT_COOKIE_SECURE=False, JWT_COOKIE_CSRF_PROTECT=True)
    jwt, revoked = JWTManager(app), set()
    jwt.token_in_blocklist_loader(lambda header, payload: payload["jti"] in revoked)

    @app.get("/jwt/login")
    def jwt_login():
        minutes = float(request.args.get("minutes", 15))
        claims = {k: int(v) for k, v in request.args.items() if k in ("iat", "nbf")}
        access = create_access_token("alice", expires_delta=timedelta(minutes=minutes), additional_claims=claims)
        return jsonify(access=access, refresh=create_refresh_token("alice"))

    @app.get("/jwt/cookie-login")
    def cookie_login():
        answer, token = make_response(jsonify(ok=True)), create_access_token("alice")
        set_access_cookies(answer, token)
        answer.headers["X-Csrf"] = get_csrf_token(token)
        return answer

    @app.route("/jwt/orders", methods=["GET", "POST"])
    @jwt_required()
    def jwt_orders():
        return jsonify(orders=[1, 2, 3])

    @app.post("/jwt/logout")
    @jwt_required()
    def jwt_logout():
        revoked.add(get_jwt()["jti"])
        return jsonify(ok=True)

    basic, digest, token = HTTPBasicAuth(), HTTPDigestAuth(), HTTPTokenAuth("Bearer")
    basic.verify_password(lambda user, password: user if (user, password) == (USER, PASSWORD) else None)
    digest.get_password(lambda user: PASSWORD if user == USER else None)
    token.verify_token(lambda value: TOKENS.get(value))
    for name, auth in (("basic", basic), ("digest", digest), ("opaque", token)):
        app.add_url_rule(f"/{name}", name, auth.login_required(lambda: "inside"))

    users = LoginManager(app)

    class User(UserMixin):
        id = "alice"

    users.user_loader(lambda _id: User() if session.get("until", 0) > time.time() else None)

    @app.post("/login")
    def login():
        if request.form.get("password") != PASSWORD:
            return jsonify(error="Invalid username or password"), 200
        session["until"] = time.time() + float(request.args.get("seconds", 60))
        login_user(User())
        return jsonify(ok=True)

    @app.post("/logout")
    def logout():
        logout_user()
        return jsonify(ok=True)

    @app.get("/me")
    @login_required
    def me():
        return jsonify(user="alice")

    @app.get("/secure-login")
    def secure_login():
        answer = make_response(jsonify(ok=True))
        answer.set_cookie("sid", "0f3bb1", secure=True, httponly=True)
        return answer

    @app.get("/secure-me")
    def secure_me():
        return ("ok", 200) if request.cookies.get("sid") == "0f3bb1" else (jsonify(message="Please sign in"), 401)

    @app.get("/expiring-me")
    def expiring_me():
        born = float(request.cookies.get("sess", "0") or 0)
        if time.time() - born < 1.5:
            return jsonify(user="alice")
        answer = make_response(jsonify(message="Your session has expired, please log in again"), 401)
        answer.delete_cookie("sess")
        return answer

    @app.get("/expiring-login")
    def expiring_login():
        answer = make_response(jsonify(ok=True))
        answer.set_cookie("sess", str(time.time()), httponly=True)
        return answer

    @app.get("/v2/")
    @app.get("/v2/<path:rest>")
    def registry(rest=""):
        if split(request.headers.get("Authorization"))[1] in TOKENS:
            return jsonify({})
        answer = make_response(jsonify(errors=[{"code": "UNAUTHORIZED", "message": "authentication required"}]), 401)
        realm = f"http://{request.host}/token"
        answer.headers["WWW-Authenticate"] = f'Bearer realm="{realm}",service="registry.test",scope="repository:{rest or "app"}:pull"'
        answer.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return answer

    @app.get("/token")
    def registry_token():
        return jsonify(token="tok-alice-1f9c", expires_in=300)

    @app.get("/key")
    def key():
        given = request.headers.get("X-Api-Key") or request.args.get("api_key")
        if given is None:
            return jsonify(error="Missing API key"), 401
        return ("data", 200) if given == API_KEY else (jsonify(error="Invalid API key"), 401)

    @app.get("/by-address")
    def by_address():
        if request.remote_addr.endswith(".66"):
            return jsonify(message="Your IP address is not allowed to access this resource"), 401
        return "inside"

    @app.get("/moved")
    def moved():
        return redirect(request.args["to"], 302)

    @app.get("/old/orders")
    def old():
        return redirect("/jwt/orders", 302)

    serve(app, port)


def falcon(port):
    import falcon
    import jwt

    class Orders:
        def on_get(self, request, response):
            scheme, token = split(request.auth)
            if scheme != "bearer" or not token:
                raise falcon.HTTPUnauthorized(title="Auth token required", description="Please provide an auth token as part of the request.", challenges=['Bearer realm="falcon"'])
            try:
                jwt.decode(token, SECRET, algorithms=["HS256"], audience="falcon-api", issuer="https://id.test", options={"require": ["exp"]})
            except jwt.InvalidTokenError as error:
                raise falcon.HTTPUnauthorized(title="Authentication required", description=str(error), challenges=['Bearer realm="falcon", error="invalid_token"'])
            response.media = {"orders": []}

    class Quiet:
        """Says nothing at all."""

        def on_get(self, request, response):
            scheme, token = split(request.auth)
            try:
                assert scheme == "bearer"
                jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False})
            except (AssertionError, jwt.InvalidTokenError):
                response.status = falcon.HTTP_401
                return
            response.media = {"quiet": True}

        def on_post(self, request, response):
            if split(request.auth)[0] != "acme-signed":
                response.status = falcon.HTTP_401
            else:
                response.status = falcon.HTTP_401

    class Signed:
        def on_get(self, request, response):
            import hashlib
            import hmac

            date, given = request.get_header("X-Date", default=""), split(request.auth)[1]
            want = hmac.new(SECRET.encode(), f"{request.relative_uri}\n{date}".encode(), hashlib.sha256).hexdigest()
            if given.rpartition("Signature=")[2] != want:
                raise falcon.HTTPUnauthorized(title="SignatureDoesNotMatch", description="The request signature we calculated does not match the signature you provided.")
            response.media = {"signed": True}

    class Forbidden:
        def on_get(self, request, response):
            raise falcon.HTTPForbidden(title="Forbidden", description="You may not read this.")

    app = falcon.App()
    for route, resource in (("/orders", Orders()), ("/quiet", Quiet()), ("/signed", Signed()), ("/forbidden", Forbidden())):
        app.add_route(route, resource)
    serve(app, port)


def sanic(port):
    from sanic import Sanic
    from sanic.exceptions import Unauthorized
    from sanic.response import json, text

    app = Sanic("exam")
    app.ctx.keys = {API_KEY}

    @app.get("/data")
    async def data(request):
        key = request.headers.get("x-api-key") or request.args.get("apikey")
        if key is None:
            return json({"message": "API key is required"}, 401)
        return text("data") if key in app.ctx.keys else json({"message": "Unknown API key"}, 401)

    @app.post("/rotate")
    async def rotate(request):
        app.ctx.keys = {request.args.get("to")}
        return json({})

    @app.get("/orders")
    async def orders(request):
        if request.token not in TOKENS:
            raise Unauthorized("Auth required.", scheme="Bearer", realm="Restricted Area")
        return json({"user": TOKENS[request.token]})

    app.run("0.0.0.0", port, single_process=True, access_log=False, motd=False)


def quart(port):
    from quart import Quart, jsonify
    from quart_auth import AuthUser, QuartAuth, login_required, login_user

    app = Quart("exam")
    app.secret_key = SECRET
    app.config["QUART_AUTH_COOKIE_SECURE"] = False
    QuartAuth(app)

    @app.route("/login", methods=["POST"])
    async def login():
        login_user(AuthUser("alice"))
        return jsonify(ok=True)

    @app.route("/profile")
    @login_required
    async def profile():
        return jsonify(user="alice")

    uvicorn_serve(app, port)


def cherrypy(port):
    import cherrypy
    from cherrypy.lib import auth_basic, auth_digest

    class Root:
        @cherrypy.expose
        def default(self, *path, **query):
            return "inside"

    check = auth_basic.checkpassword_dict({USER: PASSWORD, "sören": "geheim"})
    get_ha1 = auth_digest.get_ha1_dict_plain({USER: PASSWORD})
    key = os.environ.get("EXAM_DIGEST_KEY", "a565c27146791cfb")
    cherrypy.config.update({"server.socket_host": "0.0.0.0", "server.socket_port": port, "log.screen": False, "engine.autoreload.on": False})
    cherrypy.quickstart(Root(), "/", {
        "/basic": {"tools.auth_basic.on": True, "tools.auth_basic.realm": "vault", "tools.auth_basic.checkpassword": check, "tools.auth_basic.accept_charset": "UTF-8"},
        "/digest": {"tools.auth_digest.on": True, "tools.auth_digest.realm": "vault", "tools.auth_digest.get_ha1": get_ha1, "tools.auth_digest.key": key},
    })


def pyramid(port):
    from pyramid.authentication import BasicAuthAuthenticationPolicy, extract_http_basic_credentials
    from pyramid.config import Configurator
    from pyramid.httpexceptions import HTTPUnauthorized
    from pyramid.response import Response

    def view(request):
        given = extract_http_basic_credentials(request)
        if given is None or (given.username, given.password) != (USER, PASSWORD):
            raise HTTPUnauthorized(headers=BasicAuthAuthenticationPolicy(None, realm="Pyramid").forget(request))
        return Response("inside")

    with Configurator() as config:
        config.add_route("any", "/*rest")
        config.add_view(view, route_name="any")
        serve(config.make_wsgi_app(), port)


def bottle(port):
    import bottle
    from mohawk import Receiver
    from mohawk.exc import HawkFail

    app, failures = bottle.Bottle(), {}

    def check(user, password):
        return (user, password) == (USER, PASSWORD)

    app.get("/basic", callback=bottle.auth_basic(check, realm="bottle")(lambda: "inside"))

    @app.get("/mail")
    def mail():
        user, password = bottle.request.auth or ("", "")
        if failures.get(user, 0) >= 5:
            raise bottle.HTTPResponse({"message": "Too many failed login attempts. Try again later."}, 401)
        if not check(user, password):
            failures[user] = failures.get(user, 0) + 1
            raise bottle.HTTPResponse({"message": "Wrong user name or password."}, 401, {"WWW-Authenticate": 'Basic realm="mail"'})
        return "inbox"

    @app.get("/hawk")
    def hawk():
        request = bottle.request
        try:
            Receiver(lambda _id: {"id": "exam", "key": SECRET, "algorithm": "sha256"}, request.headers.get("Authorization"),
                     request.url, "GET", content="", content_type="", timestamp_skew_in_seconds=60, accept_untrusted_content=True)
        except HawkFail as error:
            stale = getattr(error, "www_authenticate", "") or "Hawk"
            raise bottle.HTTPResponse({"message": type(error).__name__}, 401, {"WWW-Authenticate": stale})
        return "inside"

    @app.get("/proof")
    def proof():
        if not bottle.request.headers.get("DPoP"):
            raise bottle.HTTPResponse({"error": "invalid_token"}, 401, {"WWW-Authenticate": 'DPoP algs="ES256", error="invalid_token"'})
        return "inside"

    serve(app, port)


def starlette(port):
    from starlette.applications import Starlette
    from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, SimpleUser
    from starlette.middleware import Middleware
    from starlette.middleware.authentication import AuthenticationMiddleware
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    class Backend(AuthenticationBackend):
        async def authenticate(self, connection):
            header = connection.headers.get("Authorization")
            if header is None:
                raise AuthenticationError("Not authenticated")
            if not basic_ok(header):
                raise AuthenticationError("Invalid basic auth credentials")
            return AuthCredentials(["authenticated"]), SimpleUser(USER)

    def on_error(_connection, error):
        return JSONResponse({"error": str(error)}, 401, {"WWW-Authenticate": 'Basic realm="starlette"'})

    app = Starlette(routes=[Route("/{path:path}", lambda request: JSONResponse({"ok": True}))],
                    middleware=[Middleware(AuthenticationMiddleware, backend=Backend(), on_error=on_error)])
    uvicorn_serve(app, port)


def tornado(port):
    import asyncio

    import tornado.web

    class Page(tornado.web.RequestHandler):
        def get_current_user(self):
            return self.get_secure_cookie("user")

        @tornado.web.authenticated
        def get(self, *_):
            self.write("inside")

    class Login(tornado.web.RequestHandler):
        def get(self):
            self.write("<form>Please log in: your password has expired</form>")

    class Soft(tornado.web.RequestHandler):
        def get(self):
            self.write({"error": "Unauthorized", "code": 401})

    async def main():
        tornado.web.Application([("/login", Login), ("/soft", Soft), ("/(.*)", Page)], cookie_secret=SECRET, login_url="/login").listen(port)
        await asyncio.Event().wait()

    asyncio.run(main())


def aiohttp(port):
    import jwt
    from aiohttp import web

    async def token(request):
        try:
            jwt.decode(split(request.headers.get("Authorization"))[1], SECRET, algorithms=["HS256"])
        except jwt.PyJWTError as error:
            raise web.HTTPUnauthorized(reason=None, text=f"Invalid authorization token, {error}", headers={"WWW-Authenticate": "Bearer"})
        return web.json_response({"ok": True})

    async def opaque(request):
        if split(request.headers.get("Authorization")) [1] not in TOKENS:
            raise web.HTTPUnauthorized()
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_get("/jwt", token)
    app.router.add_get("/opaque", opaque)
    web.run_app(app, host="0.0.0.0", port=port, print=None)


def fastapi(port):
    import jwt
    from typing import Annotated

    from fastapi import Depends, FastAPI, HTTPException, Security
    from fastapi.security import HTTPBasic, HTTPBasicCredentials, OAuth2PasswordBearer, SecurityScopes

    app = FastAPI()
    bearer = OAuth2PasswordBearer(tokenUrl="token", scopes={"items": "Read items."})

    def user(scopes: SecurityScopes, token: Annotated[str, Depends(bearer)]):
        challenge = f'Bearer scope="{scopes.scope_str}"' if scopes.scopes else "Bearer"
        try:
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False})
        except jwt.InvalidTokenError:
            raise HTTPException(401, "Could not validate credentials", {"WWW-Authenticate": challenge})
        if any(scope not in claims.get("scope", "").split() for scope in scopes.scopes):
            raise HTTPException(401, "Not enough permissions", {"WWW-Authenticate": challenge})
        return claims["sub"]

    @app.get("/me")
    def me(name: Annotated[str, Security(user)]):
        return {"user": name}

    @app.get("/items")
    def items(name: Annotated[str, Security(user, scopes=["items"])]):
        return [{"owner": name}]

    @app.get("/basic")
    def basic(given: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]):
        if (given.username, given.password) != (USER, PASSWORD):
            raise HTTPException(401, "Incorrect username or password", {"WWW-Authenticate": "Basic"})
        return "inside"

    uvicorn_serve(app, port)


def django(port):
    import django as package
    from django.conf import settings

    settings.configure(
        SECRET_KEY=SECRET, ROOT_URLCONF="django_urls", ALLOWED_HOSTS=["*"], DEBUG=False, USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "rest_framework.authtoken"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("EXAM_DB", "/tmp/exam-django.sqlite3")}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SIMPLE_JWT={"SIGNING_KEY": SECRET})
    package.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from rest_framework.authtoken.models import Token

    call_command("migrate", verbosity=0)
    users = get_user_model().objects
    if not users.filter(username=USER).exists():
        users.create_user(USER, password=PASSWORD)
        Token.objects.create(user=users.get(username=USER), key="0f1e2d3c4b5a69788796a5b4c3d2e1f001122334")
    serve(get_wsgi_application(), port)


def windows(port):
    """What IIS does with NTLM and Negotiate, as far as a server can without a domain: types 1 and 2, then a verdict."""
    import struct
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    name = "EXAM".encode("utf-16-le")
    info = struct.pack("<HH", 2, len(name)) + name + struct.pack("<HH", 0, 0)
    type2 = b"NTLMSSP\0" + struct.pack("<IHHII8s8sHHI", 2, len(name), len(name), 56, 0x628A8205, b"\x01#Eg\x89\xab\xcd\xef", b"", len(info), len(info), 56 + len(name))
    type2 = type2.ljust(56, b"\0") + name + info

    class Handler(BaseHTTPRequestHandler):
        protocol_version, server_version, step = "HTTP/1.1", "Microsoft-IIS/10.0", None

        def refuse(self, *challenges, body=b"<h2>401 - Unauthorized: Access is denied due to invalid credentials.</h2>"):
            self.send_response(401)
            for challenge in challenges:
                self.send_header("WWW-Authenticate", challenge)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            scheme, token = split(self.headers.get("Authorization"))
            if self.path.startswith("/negotiate"):
                return self.refuse("Negotiate")
            raw = base64.b64decode(token) if scheme == "ntlm" else b""
            if raw[8:9] == b"\x01":
                self.step = 2
                return self.refuse("NTLM " + base64.b64encode(type2).decode())
            if raw[8:9] == b"\x03" and self.step == 2 and not self.path.startswith("/refuse"):
                body = b"inside\n"
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                return self.wfile.write(body)
            self.refuse("NTLM", "Negotiate") if self.path.startswith("/both") else self.refuse("NTLM")

        do_POST = do_GET

        def log_message(self, *_):
            pass

    ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    globals()[sys.argv[1]](int(sys.argv[2]))
