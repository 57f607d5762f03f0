"""The second set: other servers and clients, recorded before the program was tried on them."""

import os
import subprocess
import time

import httpx
import requests
from requests.auth import HTTPDigestAuth

from record import LAB, run, scenario

OTHER = "the-staging-secret-the-staging-secret"
ISS, AUD = "https://id.test", "shop"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def go(url, *credentials):
    run([f"{LAB}/exam-go", "get", url, *credentials])


def ruby(url, *headers):
    run(["ruby", "-rnet/http", "-e", "u=URI(ARGV[0]); q=Net::HTTP::Get.new(u); ARGV[1..].each_slice(2){|k,v| q[k]=v}; Net::HTTP.start(u.host,u.port){|h| h.request(q)}", url, *headers])


def perl(url, *headers):
    run(["perl", "-MHTTP::Tiny", "-e", "my ($u,%h)=@ARGV; HTTP::Tiny->new->get($u,{headers=>\\%h})", url, *headers])


def php(url, *headers):
    run(["php", "-r", "file_get_contents($argv[1], false, stream_context_create(['http'=>['header'=>array_slice($argv,2),'ignore_errors'=>true]]));", url, *headers])


@scenario("601-wrongpw-go-ruby-perl-php", "Wrong passwords at Echo, WEBrick, Plack and PHP, by clients of the same languages", "echo webrick plack php", "echo webrick plack php2")
def _(r):
    go(r.url("echo", "/basic"), "alice", "nope")
    ruby(r.url("webrick", "/basic"), "Authorization", "Basic YWxpY2U6bm9wZQ==")
    perl(r.url("plack", "/", login="alice:nope@"))
    php(r.url("php2", "/admin"), "Authorization: Basic YWxpY2U6bm9wZQ==")
    for path in ("/basic", "/basic", "/", "/admin"):
        r.refused("GET", path, "present", "Basic", "wrong-password", challenges="Basic")


@scenario("602-missing-go-ruby-php-exporter", "Nothing sent to Echo, WEBrick, PHP and node_exporter", "echo webrick php curl", "echo webrick php2 exporter")
def _(r):
    go(r.url("echo", "/basic"))
    ruby(r.url("webrick", "/basic?1"))
    php(r.url("php2", "/admin"))
    r.curl("exporter", "/metrics")
    for path in ("/basic", "/basic?1", "/admin", "/metrics"):
        r.refused("GET", path, "missing", None, "no-credentials-sent", challenges="Basic")


@scenario("603-tomcat-digest", "Tomcat Digest: right password, then a wrong one, curl", "tomcat curl", "tomcat")
def _(r):
    r.curl("tomcat", "/data.txt", "--digest", "-u", "alice:secret-7")
    r.curl("tomcat", "/data.txt?w", "--digest", "-u", "alice:wrong")
    r.refused("GET", "/data.txt", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw("GET /data.txt 200")
    r.refused("GET", "/data.txt?w", "missing", None, "no-credentials-sent", "challenge-roundtrip wrong-password", challenges="Digest")
    r.refused("GET", "/data.txt?w", "present", "Digest", "wrong-password", challenges="Digest")


@scenario("604-digest-go-webrick-http-auth", "Digest elsewhere: abbot's Go library wrong, WEBrick right, the http-auth package wrong", "webrick http-auth requests curl", "mux webrick httpauth")
def _(r):
    r.curl("mux", "/digest", "--digest", "-u", "alice:wrong")
    r.refused("GET", "/digest", "missing", None, "no-credentials-sent", "challenge-roundtrip wrong-password", challenges="Digest")
    r.refused("GET", "/digest", "present", "Digest", "wrong-password", challenges="Digest")
    requests.get(r.url("webrick", "/digest"), auth=HTTPDigestAuth("alice", "secret-7"))
    r.refused("GET", "/digest", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw("GET /digest 200")
    httpx.get(r.url("httpauth", "/vault"), auth=httpx.DigestAuth("alice", "wrong"))
    r.refused("GET", "/vault", "missing", None, "no-credentials-sent", "challenge-roundtrip wrong-password", challenges="Digest")
    r.refused("GET", "/vault", "present", "Digest", "wrong-password", challenges="Digest")


@scenario("605-rclone-webdav", "rclone serves WebDAV: cadaver-like PROPFIND with right and wrong passwords by rclone and curl", "rclone curl", "rclone")
def _(r):
    r.curl("rclone", "/", "-X", "PROPFIND", "-u", "alice:secret-7")
    r.curl("rclone", "/", "-X", "PROPFIND", "-u", "alice:secret-8")
    r.curl("rclone", "/new.txt", "-X", "PUT", "-d", "new")
    r.saw("PROPFIND / 207")
    r.refused("PROPFIND", "/", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("PUT", "/new.txt", "missing", None, "no-credentials-sent", challenges="Basic")


@scenario("606-wsgidav-digest", "WsgiDAV Digest, requests with the right password", "wsgidav cheroot requests", "dav")
def _(r):
    requests.request("PROPFIND", r.url("dav", "/"), auth=HTTPDigestAuth("alice", "secret-7"), headers={"Depth": "0"})
    r.refused("PROPFIND", "/", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw("PROPFIND / 207")


@scenario("607-docker-registry", "Debian's docker-registry with htpasswd: nothing sent, a wrong password", "curl", "registry")
def _(r):
    r.curl("registry", "/v2/")
    r.curl("registry", "/v2/_catalog", "-u", "alice:wrong")
    r.refused("GET", "/v2/", "missing", None, "no-credentials-sent token-service-flow", challenges="Basic")
    r.refused("GET", "/v2/_catalog", "present", "Basic", "wrong-password", challenges="Basic")


@scenario("608-icecast-admin", "Icecast's admin pages: nothing sent by wget, a wrong password", "icecast2 wget curl", "icecast")
def _(r):
    run(["wget", "-q", "-O", "/dev/null", "-t", "1", r.url("icecast", "/admin/stats")])
    r.curl("icecast", "/admin/stats?1", "-u", "admin:hackme")
    r.refused("GET", "/admin/stats", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("GET", "/admin/stats?1", "present", "Basic", "wrong-password", challenges="Basic")


@scenario("610-expired-litestar-go-ruby-jose", "Expired at Litestar, Echo, golang-jwt, ruby-jwt and python-jose", "litestar python-jose httpx", "litestar echo mux webrick jose")
def _(r):
    token = r.jwt(exp=-2000, iss=ISS, aud=AUD)
    httpx.get(r.url("litestar", "/x"), headers=bearer(token))
    go(r.url("echo", "/jwt"), f"Bearer {token}")
    go(r.url("mux", "/orders"), f"Bearer {token}")
    ruby(r.url("webrick", "/jwt?r"), "Authorization", f"Bearer {token}")
    httpx.get(r.url("jose", "/told"), headers=bearer(token))
    httpx.get(r.url("jose", "/silent"), headers=bearer(token))
    r.refused("GET", "/x", "present", "Bearer", "token-expired", "token-rejected")
    r.refused("GET", "/jwt", "present", "Bearer", "token-expired", "token-rejected")
    r.refused("GET", "/orders", "present", "Bearer", "token-expired")
    r.refused("GET", "/jwt?r", "present", "Bearer", "token-expired")
    r.refused("GET", "/told", "present", "Bearer", "token-expired", challenges="Bearer")
    r.refused("GET", "/silent", "present", "Bearer", "token-expired", "token-rejected", challenges="Bearer")


@scenario("611-signature-go-ruby-jose-node", "Signed with another secret: golang-jwt, ruby-jwt, python-jose, express-oauth2-jwt-bearer, a tutorial", "python-jose express-oauth2-jwt-bearer got", "mux webrick jose bearer tutorial")
def _(r):
    token = r.jwt(secret=OTHER, iss=ISS, aud=AUD)
    go(r.url("mux", "/orders"), f"Bearer {token}")
    ruby(r.url("webrick", "/jwt"), "Authorization", f"Bearer {token}")
    requests.get(r.url("jose", "/told"), headers=bearer(token))
    requests.get(r.url("bearer", "/items"), headers=bearer(token))
    requests.get(r.url("tutorial", "/posts"), headers=bearer(token))
    requests.get(r.url("tutorial", "/told?s"), headers=bearer(token))
    r.refused("GET", "/orders", "present", "Bearer", "jwt-signature-rejected")
    r.refused("GET", "/jwt", "present", "Bearer", "jwt-signature-rejected")
    r.refused("GET", "/told", "present", "Bearer", "jwt-signature-rejected", challenges="Bearer")
    r.refused("GET", "/items", "present", "Bearer", "jwt-signature-rejected", challenges="Bearer")
    r.refused("GET", "/posts", "present", "Bearer", "token-rejected", "jwt-signature-rejected")
    r.refused("GET", "/told?s", "present", "Bearer", "jwt-signature-rejected")


@scenario("612-signature-after-good", "A token is accepted; the same header and payload signed by another key is refused without a word", "express requests", "tutorial")
def _(r):
    now = int(time.time())
    good, bad = (r.jwt(secret=s, iat=now - 60) for s in ("exam-secret-exam-secret-exam-secret", OTHER))
    requests.get(r.url("tutorial", "/posts"), headers=bearer(good))
    requests.get(r.url("tutorial", "/posts"), headers=bearer(bad))
    r.saw("GET /posts 200")
    r.refused("GET", "/posts", "present", "Bearer", "jwt-signature-rejected")


@scenario("613-audience-issuer", "For another service, by another issuer: python-jose, ruby-jwt, jsonwebtoken, express-oauth2-jwt-bearer", "python-jose express-oauth2-jwt-bearer jsonwebtoken", "jose webrick tutorial bearer")
def _(r):
    wrong = bearer(r.jwt(iss=ISS, aud="billing"))
    for server, path in (("jose", "/told"), ("webrick", "/jwt"), ("tutorial", "/told?a"), ("bearer", "/items")):
        requests.get(r.url(server, path), headers=wrong)
        r.refused("GET", path, "present", "Bearer", "jwt-wrong-audience", challenges="Bearer" if server in ("jose", "bearer") else "")
    wrong = bearer(r.jwt(iss="https://login.test", aud=AUD))
    for server, path in (("jose", "/told?i"), ("webrick", "/jwt?i"), ("tutorial", "/told?i&"), ("bearer", "/items?i")):
        requests.get(r.url(server, path), headers=wrong)
        r.refused("GET", path, "present", "Bearer", "jwt-wrong-issuer", challenges="Bearer" if server in ("jose", "bearer") else "")


@scenario("614-not-yet", "nbf ahead: golang-jwt, ruby-jwt, jsonwebtoken, python-jose; silent python-jose", "python-jose jsonwebtoken", "mux webrick tutorial jose")
def _(r):
    token = r.jwt(iss=ISS, aud=AUD, nbf=int(time.time()) + 600)
    go(r.url("mux", "/orders"), f"Bearer {token}")
    for server, path in (("webrick", "/jwt"), ("tutorial", "/told"), ("jose", "/told?j"), ("jose", "/silent")):
        requests.get(r.url(server, path), headers=bearer(token))
    r.refused("GET", "/orders", "present", "Bearer", "jwt-not-yet-valid")
    r.refused("GET", "/jwt", "present", "Bearer", "jwt-not-yet-valid")
    r.refused("GET", "/told", "present", "Bearer", "jwt-not-yet-valid")
    r.refused("GET", "/told?j", "present", "Bearer", "jwt-not-yet-valid", challenges="Bearer")
    r.refused("GET", "/silent", "present", "Bearer", "jwt-not-yet-valid", "token-rejected", challenges="Bearer")


@scenario("615-authlib", "Authlib: an expired, a revoked and an unknown opaque token, and a scope that is missing (403)", "authlib requests", "authlib")
def _(r):
    for token, path in (("at-old", "/me?1"), ("at-revoked", "/me?2"), ("at-unknown", "/me?3"), ("at-fresh", "/me"), ("at-fresh", "/admin")):
        requests.get(r.url("authlib", path), headers=bearer(token))
    r.refused("GET", "/me?1", "present", "Bearer", "token-expired token-rejected", "token-revoked", why="Authlib names all causes at once")
    r.refused("GET", "/me?2", "present", "Bearer", "token-revoked token-rejected", "token-expired")
    r.refused("GET", "/me?3", "present", "Bearer", "token-rejected", "token-expired token-revoked")
    r.saw("GET /me 200", "GET /admin 403")


@scenario("616-knox-logout", "Knox: log in with Basic, use the token, log out, use it again; another token runs out", "django-rest-knox httpx", "knox")
def _(r):
    def login():
        return {"Authorization": "Token " + httpx.post(r.url("knox", "/login/"), auth=("alice", "secret-7")).json()["token"]}
    token = login()
    httpx.get(r.url("knox", "/notes/"), headers=token)
    httpx.post(r.url("knox", "/logout/"), headers=token)
    httpx.get(r.url("knox", "/notes/"), headers=token)
    token = login()
    httpx.get(r.url("knox", "/notes/?2"), headers=token)
    r.wait(4)
    httpx.get(r.url("knox", "/notes/?2"), headers=token)
    r.saw("POST /login/ 200", "GET /notes/ 200", "POST /logout/ 204", "POST /login/ 200", "GET /notes/?2 200")
    r.refused("GET", "/notes/", "present", "Token", "token-revoked", challenges="Token")
    r.refused("GET", "/notes/?2", "present", "Token", "token-revoked token-expired", "token-rejected", challenges="Token", why="an opaque token that ran out: the wire shows that it worked")


@scenario("617-password-changed", "APIFlask: a login is accepted, the password is changed, the old one is refused; Token scheme refused", "apiflask httpx curl", "apiflask")
def _(r):
    r.curl("apiflask", "/basic", "-u", "alice:secret-7")
    httpx.post(r.url("apiflask", "/change"))
    r.curl("apiflask", "/basic", "-u", "alice:secret-7")
    r.curl("apiflask", "/token", "-H", "Authorization: Bearer tok-0000")
    r.saw("GET /basic 200", "POST /change 200")
    r.refused("GET", "/basic", "present", "Basic", "token-revoked wrong-password", challenges="Basic")
    r.refused("GET", "/token", "present", "Bearer", "token-rejected", challenges="Bearer")


@scenario("618-locked", "JSON logins: wrong three times, then locked; at another server \"Too many login attempts\"", "apiflask passport requests", "apiflask passport")
def _(r):
    for path, server, times in (("/login", "apiflask", 3), ("/auth/login", "passport", 4)):
        for attempt in range(times):
            requests.post(r.url(server, path), json={"username": "alice", "email": "alice@example.test", "password": f"guess-{attempt}"})
            r.refused("POST", path, "missing", None, "wrong-password", "password-guessing")
        requests.post(r.url(server, path), json={"username": "alice", "email": "alice@example.test", "password": "secret-7"})
        r.refused("POST", path, "missing", None, "lockout-or-throttle")


@scenario("619-sessions", "No cookie, a cookie that ended: PHP sessions, FastAPI, APIFlask", "php fastapi apiflask requests", "php2 jose apiflask")
def _(r):
    client = requests.Session()
    client.get(r.url("php2", "/account?0"))
    client.get(r.url("php2", "/login"))
    client.get(r.url("php2", "/account"))
    client.get(r.url("php2", "/logout"))
    client.get(r.url("php2", "/account"))
    r.refused("GET", "/account?0", "missing", None, "session-cookie-missing no-credentials-sent")
    r.saw("GET /login 200", "GET /account 200", "GET /logout 200")
    r.refused("GET", "/account", "missing", None, "session-expired", "token-revoked")
    requests.get(r.url("jose", "/api/session"), cookies={"sid": "s-old"})
    r.refused("GET", "/api/session", "missing", None, "session-expired")
    requests.get(r.url("jose", "/api/session?2"))
    r.refused("GET", "/api/session?2", "missing", None, "session-cookie-missing no-credentials-sent")


@scenario("620-csrf", "express-session with csurf, whose error is answered 401", "express csurf requests", "csrf")
def _(r):
    client = requests.Session()
    client.get(r.url("csrf", "/form"))
    client.post(r.url("csrf", "/form"), json={"a": 1})
    r.saw("GET /form 200")
    r.refused("POST", "/form", "missing", None, "csrf-rejected")


@scenario("621-keys", "API keys missing and wrong: Litestar, passport-headerapikey, APIFlask (query), PHP (X-Auth-Token), FastAPI (x-access-token), Echo (KeyAuth)", "litestar passport-headerapikey apiflask php fastapi", "litestar passport apiflask php2 jose echo")
def _(r):
    requests.get(r.url("litestar", "/key"))
    r.refused("GET", "/key", "missing", None, "api-key-missing", "no-credentials-sent")
    requests.get(r.url("litestar", "/key"), headers={"x-api-key": "k-9"})
    r.refused("GET", "/key", "missing", None, "token-rejected")
    requests.get(r.url("passport", "/key?p"), headers={"X-Api-Key": "k-9"})
    r.refused("GET", "/key?p", "missing", None, "token-rejected")
    requests.get(r.url("apiflask", "/machine?apikey=k-8"))
    r.refused("GET", "/machine?apikey=k-8", "missing", None, "token-rejected")
    requests.get(r.url("php2", "/api"))
    r.refused("GET", "/api", "missing", None, "api-key-missing no-credentials-sent")
    requests.get(r.url("php2", "/api"), headers={"X-Auth-Token": "t-0"})
    r.refused("GET", "/api", "missing", None, "token-rejected")
    requests.get(r.url("jose", "/api/tenant"), headers={"x-access-token": "t-0"})
    r.refused("GET", "/api/tenant", "missing", None, "token-rejected")
    requests.get(r.url("echo", "/key?e"), headers=bearer("k-6"))
    r.refused("GET", "/key?e", "present", "Bearer", "token-rejected")


@scenario("622-cookie-jwt", "A JWT in a cookie: expired, and none at all", "express requests", "tutorial")
def _(r):
    requests.get(r.url("tutorial", "/cookie"), cookies={"jwt": r.jwt(exp=-9000)})
    requests.get(r.url("tutorial", "/cookie?2"))
    r.refused("GET", "/cookie", "missing", None, "session-expired token-expired", "token-rejected")
    r.refused("GET", "/cookie?2", "missing", None, "no-credentials-sent session-cookie-missing")


@scenario("623-hawk", "Hapi with Hawk: a clock ten minutes behind, a wrong key, an unknown id", "@hapi/hawk mohawk", "hawk")
def _(r):
    import mohawk

    key = "werxhqb98rpaxn39848xrunpaw3489ruxnpa98w4rxn"
    for path, identity, secret, timestamp in (("/resource?1", "dh37", key, int(time.time()) - 600), ("/resource?2", "dh37", "another", None), ("/resource?3", "nobody", key, None)):
        url = r.url("hawk", path)
        sender = mohawk.Sender({"id": identity, "key": secret, "algorithm": "sha256"}, url, "GET", content="", content_type="", _timestamp=timestamp)
        requests.get(url, headers={"Authorization": sender.request_header})
    r.refused("GET", "/resource?1", "present", "Hawk", "signature-auth-rejected clock-skew", challenges="Hawk")
    r.refused("GET", "/resource?2", "present", "Hawk", "signature-auth-rejected", challenges="Hawk")
    r.refused("GET", "/resource?3", "present", "Hawk", "signature-auth-rejected token-rejected", challenges="Hawk")


@scenario("624-malformed", "Malformed headers at servers that say little: lower-case nonsense, colon, quotes, doubled, empty, placeholders", "express fastapi echo curl", "tutorial jose plain")
def _(r):
    rows = (
        ("plain", "/case?1", "Bearer: tok-good", "malformed", "Bearer", "scheme-missing"),
        ("plain", "/case?2", "tok-good-41f0a9c2d8e7b6a5", "malformed", None, "scheme-missing"),
        ("plain", "/case?3", 'Bearer "tok-good"', "malformed", "Bearer", "stray-characters"),
        ("plain", "/case?4", "Bearer Bearer tok-good", "malformed", "Bearer", "doubled-scheme"),
        ("plain", "/case?5", "Bearer null", "malformed", "Bearer", "placeholder-value"),
        ("plain", "/case?6", "Bearer ${API_TOKEN}", "malformed", "Bearer", "unexpanded-variable"),
        ("plain", "/case?7", "Bearer <your token>", "malformed", "Bearer", "unexpanded-variable placeholder-value"),
        ("plain", "/case?8", "Bearer [object Promise]", "malformed", "Bearer", "placeholder-value"),
        ("plain", "/metrics?1", "Basic alice:secret-7", "malformed", "Basic", "basic-bad-base64"),
        ("plain", "/metrics?2", "Basic YWxpY2U=", "malformed", "Basic", "basic-missing-colon"),
        ("plain", "/metrics?3", "Basic Og==", "present", "Basic", "empty-credentials"),
        ("plain", "/metrics?4", "Basic YWxpY2U6c2VjcmV0LTcK", "present", "Basic", "basic-hidden-whitespace"),
        ("plain", "/metrics?5", "Bearer tok-good", "present", "Bearer", "scheme-mismatch"),
        ("plain", "/case?9", "Basic YWxpY2U6c2VjcmV0LTc=", "present", "Basic", "scheme-mismatch unexplained wrong-password"),
        ("jose", "/silent", "Token abcdef0123456789", "present", "Token", "scheme-mismatch"),
        ("jose", "/silent?2", "JWT " + r.jwt(), "present", "JWT", "scheme-mismatch"),
        ("plain", "/case?10", "Bearer " + r.jwt().rsplit(".", 1)[0], "malformed", "Bearer", "jwt-malformed"),
    )
    for server, path, value, state, scheme, accept in rows:
        r.curl(server, path, "-H", f"Authorization: {value}")
        r.refused("GET", path, state, scheme, accept)


@scenario("630-redirect-slash-port", "Redirects: a slash is added (header kept), another port (header dropped by requests)", "express requests curl", "plain tutorial")
def _(r):
    r.curl("plain", "/slash/a", "-L", "-u", "alice:secret-7")
    target = r.url("plain", "/metrics")
    requests.get(r.url("tutorial", "/go?to=" + target), auth=("alice", "secret-7"))
    r.saw("GET /slash/a 200", "GET /go?to=" + target + " 307", )
    r.refused("GET", "/metrics", "missing", None, "redirect-dropped-auth", "no-credentials-sent", challenges="Basic")


@scenario("631-stripped-http-proxy-middleware", "http-proxy-middleware drops Authorization on one route and passes it on another", "http-proxy-middleware express httpx", "proxy tutorial")
def _(r):
    token = r.jwt()
    httpx.get(r.url("proxy", "/drop/posts"), headers=bearer(token))
    r.refused("GET", "/drop/posts", "present", "Bearer", "hop-stripped-auth", "server-did-not-see-auth")
    r.refused("GET", "/posts", "missing", None, "hop-stripped-auth", "no-credentials-sent")
    httpx.get(r.url("proxy", "/keep/posts"), headers=bearer(token))
    r.saw("GET /keep/posts 200", "GET /posts 200")


@scenario("632-clock-ahead", "The server's clock is an hour ahead: a fresh token is expired for it", "fastapi python-jose requests", "jose@clock+1h")
def _(r):
    token = r.jwt(exp=900, iss=ISS, aud=AUD)
    for path in ("/docs", "/openapi.json", "/docs?2", "/docs?3"):
        requests.get(r.url("jose@clock+1h", path))
        r.saw(f"GET {path} 200")
    requests.get(r.url("jose@clock+1h", "/told"), headers=bearer(token))
    r.refused("GET", "/told", "present", "Bearer", "clock-skew", "token-expired", challenges="Bearer")
    requests.get(r.url("jose@clock+1h", "/silent"), headers=bearer(token))
    r.refused("GET", "/silent", "present", "Bearer", "clock-skew", "token-expired", challenges="Bearer")


@scenario("633-probes", "Health checks and scrapers without a login; a text browser; aria2 with a wrong password", "lynx aria2c", "plain")
def _(r):
    r.curl("plain", "/health", "-A", "kube-probe/1.29")
    r.curl("plain", "/metrics", "-A", "Prometheus/2.48.0")
    run(["lynx", "-dump", "-auth=alice:nope", r.url("plain", "/metrics?lynx")])
    run(["aria2c", "-q", "-d", "/tmp", "-o", "aria.out", "--allow-overwrite=true", "--http-user=alice", "--http-passwd=nope", "--no-conf", "--max-tries=1", "--dry-run=false", r.url("plain", "/metrics?aria")])
    r.refused("GET", "/health", "missing", None, "no-credentials-sent")
    r.refused("GET", "/metrics", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("GET", "/metrics?lynx", "missing", None, "no-credentials-sent", "challenge-roundtrip wrong-password", challenges="Basic")
    r.refused("GET", "/metrics?lynx", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("GET", "/metrics?aria", "present", "Basic", "wrong-password", challenges="Basic")


@scenario("634-negatives", "No 401: 403, a 200 with an error, redirects", "apiflask requests", "apiflask")
def _(r):
    for path, status in (("/forbidden", 403), ("/soft", 200), ("/nowhere", 404)):
        requests.get(r.url("apiflask", path), headers=bearer("tok-9d1f"))
        r.saw(f"GET {path} {status}")
    requests.get(r.url("apiflask", "/token"), headers=bearer("tok-9d1f"))
    r.saw("GET /token 200")


@scenario("635-auth0", "express-oauth2-jwt-bearer: nothing, expired, and no scope (403)", "express-oauth2-jwt-bearer requests", "bearer")
def _(r):
    requests.get(r.url("bearer", "/items"))
    requests.get(r.url("bearer", "/items?2"), headers=bearer(r.jwt(exp=-900, iss=ISS, aud=AUD)))
    requests.get(r.url("bearer", "/admin"), headers=bearer(r.jwt(iss=ISS, aud=AUD, scope="read")))
    r.refused("GET", "/items", "missing", None, "no-credentials-sent", challenges="Bearer")
    r.refused("GET", "/items?2", "present", "Bearer", "token-expired", challenges="Bearer")
    r.saw("GET /admin 403")


@scenario("636-blacksheep", "BlackSheep says nothing but Bearer: expired, another audience, nothing sent", "blacksheep httpx", "blacksheep")
def _(r):
    httpx.get(r.url("blacksheep", "/items"))
    httpx.get(r.url("blacksheep", "/items?1"), headers=bearer(r.jwt(exp=-5000, iss=ISS, aud=AUD)))
    httpx.get(r.url("blacksheep", "/items?2"), headers=bearer(r.jwt(iss=ISS, aud=AUD)))
    httpx.get(r.url("blacksheep", "/items?3"), headers=bearer(r.jwt(iss=ISS, aud="other")))
    r.refused("GET", "/items", "missing", None, "no-credentials-sent", challenges="Bearer")
    r.refused("GET", "/items?1", "present", "Bearer", "token-expired", challenges="Bearer")
    r.saw("GET /items?2 200")
    r.refused("GET", "/items?3", "present", "Bearer", "jwt-wrong-audience", "token-rejected", challenges="Bearer")
