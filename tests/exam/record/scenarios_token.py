"""Tokens: expired, too early, for somebody else, signed by somebody else, of the wrong kind, revoked."""

import httpx
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from record import scenario

OTHER = "the-staging-secret-the-staging-secret"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@scenario("401-expired-node", "Expired at fastify, koa, jose behind polka, restify; four clients", "fastify koa-jwt jose restify axios got ky undici", "fastify koa polka restify")
def _(r):
    token = r.jwt(exp=-3700, iss="https://id.test")
    for library, server, path in (("axios", "fastify", "/orders?1"), ("got", "koa", "/debug/x"), ("ky", "polka", "/orders?3"), ("undici", "restify", "/orders?4")):
        r.node(library, server, path, headers=bearer(token))
    r.refused("GET", "/orders?1", "present", "Bearer", "token-expired")
    r.refused("GET", "/debug/x", "present", "Bearer", "token-expired")
    r.refused("GET", "/orders?3", "present", "Bearer", "token-expired", challenges="Bearer")
    r.refused("GET", "/orders?4", "present", "Bearer", "token-expired")


@scenario("402-expired-silent", "Expired, and the server does not say so: Falcon empty, Ninja and koa generic, hono, FastAPI", "falcon django-ninja koa-jwt hono fastapi requests", "falcon django koa hono fastapi")
def _(r):
    token = bearer(r.jwt(exp=-1800))
    for server, path, challenges in (("falcon", "/quiet", ""), ("django", "/ninja/orders", ""), ("koa", "/account", ""), ("hono", "/orders", "Bearer"), ("fastapi", "/me", "Bearer")):
        requests.get(r.url(server, path), headers=token)
        r.refused("GET", path, "present", "Bearer", "token-expired", "token-rejected", challenges=challenges)


@scenario("403-expired-hapi-simplejwt-falcon", "Expired at hapi-jwt, simplejwt, PyJWT behind Falcon and aiohttp", "jwt djangorestframework_simplejwt falcon aiohttp httpx", "hapi django falcon aiohttp")
def _(r):
    httpx.get(r.url("hapi", "/orders"), headers=bearer(r.jwt(exp=-90, aud="hapi-api", iss="https://id.test")))
    httpx.get(r.url("django", "/jwt/"), headers=bearer(r.jwt(exp=-90, token_type="access", user_id="1", jti="1")))
    httpx.get(r.url("falcon", "/orders?f"), headers=bearer(r.jwt(exp=-90, aud="falcon-api", iss="https://id.test")))
    httpx.get(r.url("aiohttp", "/jwt"), headers=bearer(r.jwt(exp=-90)))
    r.refused("GET", "/orders", "present", "Bearer", "token-expired")
    r.refused("GET", "/jwt/", "present", "Bearer", "token-expired", challenges="Bearer")
    r.refused("GET", "/orders?f", "present", "Bearer", "token-expired", challenges="Bearer")
    r.refused("GET", "/jwt", "present", "Bearer", "token-expired", challenges="Bearer")


@scenario("404-expired-while-used", "A token is accepted, runs out, is refused: nobody says why", "falcon curl", "falcon")
def _(r):
    token = r.jwt(exp=3)
    r.curl("falcon", "/quiet", "-H", f"Authorization: Bearer {token}")
    r.wait(4)
    r.curl("falcon", "/quiet", "-H", f"Authorization: Bearer {token}")
    r.saw("GET /quiet 200")
    r.refused("GET", "/quiet", "present", "Bearer", "token-expired")


@scenario("405-not-yet", "nbf five minutes ahead: jose, Falcon, express-jwt", "jose falcon express-jwt axios", "polka falcon express")
def _(r):
    import time

    token = r.jwt(nbf=int(time.time()) + 300, aud="falcon-api", iss="https://id.test")
    r.node("axios", "polka", "/orders", headers=bearer(token))
    r.node("axios", "falcon", "/orders?f", headers=bearer(token))
    r.node("axios", "express", "/api/x", headers=bearer(token))
    r.refused("GET", "/orders", "present", "Bearer", "jwt-not-yet-valid", challenges="Bearer")
    r.refused("GET", "/orders?f", "present", "Bearer", "jwt-not-yet-valid", challenges="Bearer")
    r.refused("GET", "/api/x", "present", "Bearer", "jwt-not-yet-valid")


@scenario("406-audience", "For another audience: Falcon and express-jwt say so, hapi says \"Invalid token audience\" or less", "falcon express-jwt jwt got", "falcon express hapi")
def _(r):
    token = r.jwt(aud="billing", iss="https://id.test")
    r.node("got", "falcon", "/orders", headers=bearer(token))
    r.node("got", "express", "/api/aud", headers=bearer(token))
    r.node("got", "hapi", "/orders?h", headers=bearer(token))
    r.refused("GET", "/orders", "present", "Bearer", "jwt-wrong-audience", challenges="Bearer")
    r.refused("GET", "/api/aud", "present", "Bearer", "jwt-wrong-audience")
    r.refused("GET", "/orders?h", "present", "Bearer", "jwt-wrong-audience")


@scenario("407-issuer", "By another issuer: restify, Falcon, express-jwt (a missing slash), hapi", "restify falcon express-jwt jwt requests", "restify falcon express hapi")
def _(r):
    token = bearer(r.jwt(iss="http://keycloak:8080/realms/app", aud="falcon-api"))
    requests.get(r.url("restify", "/orders?r"), headers=token)
    requests.get(r.url("falcon", "/orders"), headers=token)
    requests.get(r.url("express", "/api/iss"), headers=bearer(r.jwt(iss="https://id.test")))
    requests.get(r.url("hapi", "/orders?h"), headers=bearer(r.jwt(iss="https://id.test.old", aud="hapi-api")))
    r.refused("GET", "/orders?r", "present", "Bearer", "jwt-wrong-issuer")
    r.refused("GET", "/orders", "present", "Bearer", "jwt-wrong-issuer", challenges="Bearer")
    r.refused("GET", "/api/iss", "present", "Bearer", "jwt-wrong-issuer")
    r.refused("GET", "/orders?h", "present", "Bearer", "jwt-wrong-issuer")


@scenario("408-signature", "Signed with another environment's secret: fastify, koa, aiohttp, jose; Ninja says nothing", "fastify koa-jwt aiohttp jose django-ninja axios", "fastify koa aiohttp polka django")
def _(r):
    token = bearer(r.jwt(secret=OTHER))
    for library, server, path in (("axios", "fastify", "/orders?1"), ("axios", "koa", "/debug/s"), ("got", "aiohttp", "/jwt"), ("ky", "polka", "/orders?4")):
        r.node(library, server, path, headers=token)
        r.refused("GET", path, "present", "Bearer", "jwt-signature-rejected", challenges="Bearer" if server in ("aiohttp", "polka") else "")
    r.node("fetch", "django", "/ninja/orders", headers=token)
    r.refused("GET", "/ninja/orders", "present", "Bearer", "token-rejected", "jwt-signature-rejected unexplained", why="nothing on the wire tells it from any other refusal")


@scenario("409-altered", "A token that worked, with its payload changed", "express-jwt requests", "express")
def _(r):
    token = r.jwt(sub="bob")
    requests.get(r.url("express", "/api/o"), headers=bearer(token))
    head, payload, signature = token.split(".")
    requests.get(r.url("express", "/api/o"), headers=bearer(".".join([head, r.jwt(sub="admin").split(".")[1], signature])))
    r.saw("GET /api/o 200")
    r.refused("GET", "/api/o", "present", "Bearer", "jwt-signature-rejected")


@scenario("410-refresh-token-sent", "simplejwt: the refresh token sent where the access token belongs", "djangorestframework_simplejwt httpx", "django")
def _(r):
    pair = httpx.post(r.url("django", "/token/"), json={"username": "alice", "password": "secret-7"}).json()
    httpx.get(r.url("django", "/jwt/"), headers=bearer(pair["refresh"]))
    r.saw("POST /token/ 200")
    r.refused("GET", "/jwt/", "present", "Bearer", "wrong-token-kind", challenges="Bearer")


@scenario("411-id-token-sent", "An ID token (nonce, at_hash) sent to an API", "falcon requests", "falcon")
def _(r):
    token = r.jwt(aud="spa-client", azp="spa-client", iss="https://id.test", nonce="n-0S6_WzA2Mj", at_hash="77QmUPtjPfzWtF2AnpK9RQ")
    requests.get(r.url("falcon", "/orders"), headers=bearer(token))
    r.refused("GET", "/orders", "present", "Bearer", "wrong-token-kind jwt-wrong-audience", challenges="Bearer")


@scenario("412-revoked-said", "Logged out, then used again: flask-jwt-extended says revoked; Mojolicious says so in its challenge", "Flask-JWT-Extended mojolicious requests", "flask mojolicious")
def _(r):
    token = requests.get(r.url("flask", "/jwt/login")).json()["access"]
    for method, path in (("GET", "/jwt/orders"), ("POST", "/jwt/logout"), ("GET", "/jwt/orders")):
        requests.request(method, r.url("flask", path), headers=bearer(token))
    requests.get(r.url("mojolicious", "/a"), headers=bearer("tok-old-0000"))
    r.saw("GET /jwt/login 200", "GET /jwt/orders 200", "POST /jwt/logout 200")
    r.refused("GET", "/jwt/orders", "present", "Bearer", "token-revoked")
    r.refused("GET", "/a", "present", "Bearer", "token-revoked", challenges="Bearer")


@scenario("413-key-rotated", "An API key is accepted, rotated on the server, refused", "sanic curl", "sanic")
def _(r):
    key = ["-H", "X-Api-Key: key-4f2a77c09b31"]
    r.curl("sanic", "/data", *key)
    r.curl("sanic", "/data", *key)
    r.curl("sanic", "/rotate?to=key-new", "-X", "POST")
    r.curl("sanic", "/data", *key)
    requests.post(r.url("sanic", "/rotate?to=key-4f2a77c09b31"))
    r.saw("GET /data 200", "GET /data 200", "POST /rotate?to=key-new 200", "POST /rotate?to=key-4f2a77c09b31 200")
    r.refused("GET", "/data", "missing", None, "token-revoked", "token-rejected")


@scenario("414-algorithms", "alg none, and RS256 where HS256 is expected", "aiohttp fastify jose requests", "aiohttp fastify polka")
def _(r):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    none, rs256 = bearer(r.jwt(secret=None, alg="none")), bearer(r.jwt(secret=pem, alg="RS256"))
    requests.get(r.url("aiohttp", "/jwt"), headers=none)
    requests.get(r.url("fastify", "/orders"), headers=none)
    requests.get(r.url("aiohttp", "/jwt?rs"), headers=rs256)
    requests.get(r.url("polka", "/orders?rs"), headers=rs256)
    r.refused("GET", "/jwt", "present", "Bearer", "jwt-unsupported-form", challenges="Bearer")
    r.refused("GET", "/orders", "present", "Bearer", "jwt-unsupported-form")
    r.refused("GET", "/jwt?rs", "present", "Bearer", "jwt-unsupported-form", challenges="Bearer")
    r.refused("GET", "/orders?rs", "present", "Bearer", "jwt-unsupported-form", challenges="Bearer")


@scenario("415-scope", "fastify answers insufficient_scope with 401, FastAPI \"Not enough permissions\"", "fastify fastapi requests", "fastify fastapi")
def _(r):
    token = bearer(r.jwt(scope="orders"))
    requests.get(r.url("fastify", "/refunds"), headers=token)
    requests.get(r.url("fastapi", "/me"), headers=token)
    requests.get(r.url("fastapi", "/items"), headers=token)
    r.saw("GET /me 200")
    r.refused("GET", "/refunds", "present", "Bearer", "insufficient-privilege", challenges="Bearer")
    r.refused("GET", "/items", "present", "Bearer", "insufficient-privilege", challenges="Bearer")


@scenario("416-opaque-refused", "Opaque tokens that nobody knows: passport bearer, hono, fastify bearer-auth, sanic, PHP, Mojolicious", "passport-http-bearer hono fastify sanic php requests", "express hono fastify sanic php")
def _(r):
    token = bearer("3c5a1f90-77aa-4b0e-9a55-2d7f1c0b6e21")
    for server, path, challenges in (("express", "/bearer", "Bearer"), ("hono", "/bearer", "Bearer"), ("fastify", "/keys", ""), ("sanic", "/orders", "Bearer"), ("php", "/api/a", "Bearer")):
        requests.get(r.url(server, path), headers=token)
        r.refused("GET", path, "present", "Bearer", "token-rejected", "unexplained", challenges=challenges)


@scenario("417-csrf", "flask-jwt-extended: the token in a cookie, POST without its CSRF header; then with a wrong one", "Flask-JWT-Extended requests", "flask")
def _(r):
    session = requests.Session()
    session.get(r.url("flask", "/jwt/cookie-login"))
    session.get(r.url("flask", "/jwt/orders"))
    session.post(r.url("flask", "/jwt/orders"))
    session.post(r.url("flask", "/jwt/orders"), headers={"X-CSRF-TOKEN": "stale"})
    r.saw("GET /jwt/cookie-login 200", "GET /jwt/orders 200")
    r.refused("POST", "/jwt/orders", "missing", None, "csrf-rejected", times=2)


@scenario("418-word-missing-drf", "REST framework: a bare JWT in Authorization; a wrong Token key", "djangorestframework requests", "django")
def _(r):
    requests.get(r.url("django", "/jwt/"), headers={"Authorization": r.jwt()})
    requests.get(r.url("django", "/token-auth/"), headers={"Authorization": "Token 0000000000000000000000000000000000000000"})
    requests.get(r.url("django", "/basic/"), auth=("alice", "nope"))
    r.refused("GET", "/jwt/", "malformed", None, "scheme-missing", challenges="Bearer")
    r.refused("GET", "/token-auth/", "present", "Token", "token-rejected", challenges="Token")
    r.refused("GET", "/basic/", "present", "Basic", "wrong-password", challenges="Basic")
