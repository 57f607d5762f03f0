"""What happens on the way: proxies, redirects, caches, cookies, several backends, clocks."""

import httpx
import requests

from record import HOST, run, scenario
from requests.auth import HTTPDigestAuth


@scenario("301-stripped-nginx", "nginx removes Authorization on its way to Flask; both sides captured", "nginx flask curl", "nginx flask")
def _(r):
    r.curl("nginx", "/stripped/jwt/orders", "-H", f"Authorization: Bearer {r.jwt()}")
    r.refused("GET", "/stripped/jwt/orders", "present", "Bearer", "hop-stripped-auth")
    r.refused("GET", "/jwt/orders", "missing", None, "hop-stripped-auth", "no-credentials-sent")


@scenario("302-stripped-haproxy", "HAProxy deletes Authorization and adds X-Forwarded-For; both sides captured", "haproxy flask requests", "haproxy flask")
def _(r):
    requests.get(r.url("haproxy", "/bare/opaque"), headers={"Authorization": "Bearer tok-alice-1f9c"})
    r.refused("GET", "/bare/opaque", "present", "Bearer", "hop-stripped-auth", challenges="Bearer")
    r.refused("GET", "/opaque", "missing", None, "hop-stripped-auth", "no-credentials-sent", challenges="Bearer")


@scenario("303-stripped-node-proxy", "A Node reverse proxy deletes Authorization; both sides captured, the same path on both", "http-proxy fastify axios", "strip fastify")
def _(r):
    r.node("axios", "strip", "/orders", headers={"Authorization": f"Bearer {r.jwt()}"})
    r.refused("GET", "/orders", "present", "Bearer", "hop-stripped-auth")
    r.refused("GET", "/orders", "missing", None, "hop-stripped-auth", "no-credentials-sent")


@scenario("304-stripped-one-side", "The same nginx, only the client's side captured: the application says it saw nothing", "nginx flask curl", "nginx")
def _(r):
    r.curl("nginx", "/stripped/jwt/orders", "-H", f"Authorization: Bearer {r.jwt()}")
    r.refused("GET", "/stripped/jwt/orders", "present", "Bearer", "server-did-not-see-auth")


@scenario("305-cgi-apache", "Apache CGI without CGIPassAuth: the application never sees the header", "apache requests", "apache")
def _(r):
    requests.get(r.url("apache", "/app"), headers={"Authorization": f"Bearer {r.jwt()}"})
    r.refused("GET", "/app", "present", "Bearer", "server-did-not-see-auth", challenges="Bearer")


@scenario("306-proxy-passes", "nginx passes everything on; the password is wrong on both legs", "nginx flask curl", "nginx flask")
def _(r):
    r.curl("nginx", "/kept/basic", "-u", "alice:wrong")
    r.refused("GET", "/kept/basic", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("GET", "/basic", "present", "Basic", "wrong-password", challenges="Basic")


@scenario("307-auth-request", "nginx auth_request asks Flask and answers with its challenge", "nginx flask httpx", "nginx")
def _(r):
    httpx.get(r.url("nginx", "/checked/data.txt"))
    httpx.get(r.url("nginx", "/checked/data.txt?x"), headers={"Authorization": "Bearer tok-mallory"})
    r.refused("GET", "/checked/data.txt", "missing", None, "no-credentials-sent", challenges="Bearer")
    r.refused("GET", "/checked/data.txt?x", "present", "Bearer", "token-rejected", "unexplained", challenges="Bearer")


@scenario("310-redirect-port-curl", "curl -L is redirected to another port and leaves its header behind", "flask fastify curl", "flask fastify")
def _(r):
    path = "/moved?to=" + r.url("fastify", "/orders")
    r.curl("flask", path, "-L", "-H", f"Authorization: Bearer {r.jwt()}")
    r.saw(f"GET {path} 302")
    r.refused("GET", "/orders", "missing", None, "redirect-dropped-auth")


@scenario("311-redirect-host-curl", "curl -L is redirected from one host name to another on the same machine and drops its login", "flask caddy curl", "flask caddy")
def _(r):
    names = [("old.shop.test", r.lab.port("flask")), ("new.shop.test", r.lab.port("caddy"))]
    resolve = [part for name, port in names for part in ("--resolve", f"{name}:{port}:{HOST}")]
    path = "/moved?to=" + r.url("caddy", "/basic/data.txt", host="new.shop.test")
    r.curl("flask", path, "-L", "-u", "alice:secret-7", *resolve, host="old.shop.test")
    r.saw(f"GET {path} 302")
    r.refused("GET", "/basic/data.txt", "missing", None, "redirect-dropped-auth", challenges="Basic")


@scenario("312-redirect-same-origin", "A redirect within one origin keeps the header; the token is good", "flask curl", "flask")
def _(r):
    token = requests.get(r.url("flask", "/jwt/login")).json()["access"]
    r.curl("flask", "/old/orders", "-L", "-H", f"Authorization: Bearer {token}")
    r.saw("GET /jwt/login 200", "GET /old/orders 302", "GET /jwt/orders 200")


@scenario("320-secure-cookie-over-http", "A Secure cookie over plain http to a host that is not loopback", "flask requests", "flask")
def _(r):
    session = requests.Session()
    session.get(r.url("flask", "/secure-login", host=HOST))
    session.get(r.url("flask", "/secure-me", host=HOST))
    r.saw("GET /secure-login 200")
    r.refused("GET", "/secure-me", "missing", None, "cookie-not-returned")


@scenario("321-session-expired-said", "A session runs out; the server says so and deletes its cookie", "flask requests", "flask")
def _(r):
    session = requests.Session()
    session.get(r.url("flask", "/expiring-login"))
    session.get(r.url("flask", "/expiring-me"))
    cookies = dict(session.cookies)
    r.wait(1.8)
    requests.get(r.url("flask", "/expiring-me"), cookies=cookies)
    r.saw("GET /expiring-login 200", "GET /expiring-me 200")
    r.refused("GET", "/expiring-me", "missing", None, "session-expired")


@scenario("322-session-ended-elsewhere", "PHP: the session was destroyed from another tab; the cookie is still sent", "php curl", "php")
def _(r):
    session = requests.Session()
    session.get(r.url("php", "/login"))
    cookie = "PHPSESSID=" + session.cookies["PHPSESSID"]
    r.curl("php", "/member", "-b", cookie)
    r.curl("php", "/end", "-b", cookie)
    r.curl("php", "/member", "-b", cookie)
    r.saw("GET /login 200", "GET /member 200", "GET /end 200")
    r.refused("GET", "/member", "missing", None, "session-expired token-revoked", why="a session that was accepted a moment ago: both names are right")


@scenario("323-hapi-session", "hapi cookie session that has run out", "cookie requests", "hapi")
def _(r):
    session = requests.Session()
    session.post(r.url("hapi", "/login?ms=800"))
    session.get(r.url("hapi", "/session"))
    r.wait(1.2)
    session.get(r.url("hapi", "/session"))
    r.saw("POST /login?ms=800 200", "GET /session 200")
    r.refused("GET", "/session", "missing", None, "session-expired token-revoked", why="the server does not say which")


@scenario("324-no-session-cookie", "One client has a session, another calls the same page without one: Quart, express-session, flask-login", "quart-auth express-session Flask-Login requests httpx", "quart express flask")
def _(r):
    for server, login, page in (("quart", "/login", "/profile"), ("express", "/web/login", "/web/me"), ("flask", "/login", "/me")):
        session = requests.Session()
        session.post(r.url(server, login), data={"password": "secret-7"})
        session.get(r.url(server, page))
        httpx.get(r.url(server, page))
        r.saw(f"POST {login} 200", f"GET {page} 200")
        r.refused("GET", page, "missing", None, "session-cookie-missing", "no-credentials-sent")


@scenario("330-cached-nginx", "nginx caches a 401 and answers a good token with it", "nginx flask requests", "nginx")
def _(r):
    token = requests.get(r.url("flask", "/jwt/login")).json()["access"]
    requests.get(r.url("nginx", "/cached/jwt/orders"))
    r.wait(1.2)
    requests.get(r.url("nginx", "/cached/jwt/orders"), headers={"Authorization": f"Bearer {token}"})
    r.refused("GET", "/cached/jwt/orders", "missing", None, "no-credentials-sent")
    r.refused("GET", "/cached/jwt/orders", "present", "Bearer", "cached-401")


@scenario("331-cached-varnish", "Varnish was told to cache everything, 401s too", "varnish flask curl", "varnish")
def _(r):
    r.curl("varnish", "/basic")
    r.wait(2.2)
    r.curl("varnish", "/basic", "-u", "alice:secret-7")
    r.refused("GET", "/basic", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("GET", "/basic", "present", "Basic", "cached-401", challenges="Basic")


@scenario("340-ntlm-through-proxy", "NTLM through nginx, which gives every request its own connection to the server; both sides captured", "nginx curl", "nginx windows")
def _(r):
    r.curl("nginx", "/ntlm/docs", "--ntlm", "-u", "EXAM\\alice:secret-7")
    legs = "handshake-leg ntlm-connection-broken"
    broken = "wrong-password handshake-leg"
    r.refused("GET", "/ntlm/docs", "present", "NTLM", legs, "wrong-password", challenges="NTLM", why="type 1, client's side")
    r.refused("GET", "/ntlm/docs", "present", "NTLM", legs, "wrong-password", challenges="NTLM", why="type 1, server's side")
    r.refused("GET", "/ntlm/docs", "present", "NTLM", "ntlm-connection-broken", broken, challenges="NTLM", why="type 3, client's side")
    r.refused("GET", "/ntlm/docs", "present", "NTLM", "ntlm-connection-broken", broken, challenges="NTLM", why="type 3, on another connection")


@scenario("342-nonces-not-shared", "Two CherryPy nodes behind nginx do not share their Digest key; the password is right", "nginx cherrypy requests", "nginx")
def _(r):
    requests.get(r.url("nginx", "/digest/x"), auth=HTTPDigestAuth("alice", "secret-7"))
    r.refused("GET", "/digest/x", "missing", None, "no-credentials-sent", "challenge-roundtrip digest-nonce-loop", challenges="Digest")
    r.refused("GET", "/digest/x", "present", "Digest", "digest-nonce-loop wrong-password", "backends-disagree digest-parameter-mismatch", challenges="Digest", why="without stale=true the wire cannot tell it from a wrong password")


@scenario("343-backends-disagree", "Two nodes behind nginx, one of which does not know the key yet", "nginx sanic curl", "nginx")
def _(r):
    requests.post(f"http://127.0.0.1:{r.lab.port('sanic@key2')}/rotate?to=key-new")
    for _ in range(6):
        r.curl("nginx", "/data", "-H", "X-Api-Key: key-4f2a77c09b31")
        r.wait(0.3)
    r.saw(*["GET /data 200"] * 3)
    r.refused("GET", "/data", "missing", None, "backends-disagree", "token-revoked token-rejected", times=3)


@scenario("350-two-layers", "nginx asks for Basic, the application behind it for a Bearer token: one header cannot be both", "nginx flask requests", "nginx")
def _(r):
    requests.get(r.url("nginx", "/layered/opaque"))
    requests.get(r.url("nginx", "/layered/jwt/orders"), auth=("alice", "secret-7"))
    r.refused("GET", "/layered/opaque", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("GET", "/layered/jwt/orders", "present", "Basic", "two-auth-layers", "scheme-mismatch server-did-not-see-auth")


@scenario("360-registry", "Registry protocol: refused, token fetched from the realm, accepted", "flask httpx", "flask")
def _(r):
    with httpx.Client() as client:
        path = "/v2/app/manifests/latest"
        client.get(r.url("flask", path))
        token = client.get(r.url("flask", "/token?service=registry.test&scope=repository:app:pull")).text
        assert "tok-" in token, token
        client.get(r.url("flask", path), headers={"Authorization": "Bearer tok-alice-1f9c"})
    r.refused("GET", path, "missing", None, "token-service-flow", "challenge-roundtrip", benign=True, challenges="Bearer")
    r.saw("GET /token?service=registry.test&scope=repository:app:pull 200", f"GET {path} 200")


@scenario("361-renewed-axios", "axios with the usual interceptor: expired, renewed, accepted", "fastify axios", "fastify")
def _(r):
    r.node("axios-renew", "fastify", "/orders", headers={"Authorization": f"Bearer {r.jwt(exp=-400)}"}, body=r.url("fastify", "/refresh"))
    r.refused("GET", "/orders", "present", "Bearer", "refreshed-and-retried", benign=True)
    r.saw("POST /refresh 200", "GET /orders 200")


@scenario("362-renewed-simplejwt", "simplejwt: the access token is used up, the client posts its refresh token and goes on", "djangorestframework_simplejwt httpx", "django")
def _(r):
    with httpx.Client() as client:
        pair = client.post(r.url("django", "/token/"), json={"username": "alice", "password": "secret-7"}).json()
        old = r.jwt(exp=-30, token_type="access", user_id="1", jti="5ad1")
        client.get(r.url("django", "/jwt/"), headers={"Authorization": f"Bearer {old}"})
        new = client.post(r.url("django", "/token/refresh/"), json={"refresh": pair["refresh"]}).json()["access"]
        client.get(r.url("django", "/jwt/"), headers={"Authorization": f"Bearer {new}"})
    r.saw("POST /token/ 200")
    r.refused("GET", "/jwt/", "present", "Bearer", "refreshed-and-retried", benign=True, challenges="Bearer")
    r.saw("POST /token/refresh/ 200", "GET /jwt/ 200")


@scenario("370-clock-ahead", "The server's clock is ten minutes ahead: a token with five minutes left is refused", "flask curl faketime", "flask@clock+10m")
def _(r):
    server = "flask@clock+10m"
    for _ in range(4):
        r.curl(server, "/jwt/login")
    claims = {"jti": "1", "type": "access", "fresh": False}
    r.curl(server, "/jwt/orders", "-H", f"Authorization: Bearer {r.jwt(exp=300, **claims)}")
    r.saw(*["GET /jwt/login 200"] * 4)
    r.refused("GET", "/jwt/orders", "present", "Bearer", "clock-skew", "token-expired")


@scenario("371-milliseconds", "iat in milliseconds: PyJWT says too early, Falcon says nothing", "aiohttp falcon requests", "aiohttp falcon")
def _(r):
    token = r.jwt(exp=None, iat=1_800_000_000_000, nbf=1_800_000_000_000)
    requests.get(r.url("aiohttp", "/jwt"), headers={"Authorization": f"Bearer {token}"})
    requests.get(r.url("falcon", "/quiet"), headers={"Authorization": f"Bearer {token}"})
    r.refused("GET", "/jwt", "present", "Bearer", "jwt-time-unit", "jwt-not-yet-valid", challenges="Bearer")
    r.refused("GET", "/quiet", "present", "Bearer", "jwt-time-unit", "jwt-not-yet-valid")
