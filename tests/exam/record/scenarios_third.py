"""The third set: servers and clients that the first two had not, recorded before the program was tried on them."""

import asyncio
import base64
import os
import shutil
import subprocess
import time

import aiohttp
import httpx
import requests
import urllib3
from requests.auth import HTTPDigestAuth

from record import HOST, LAB, NODE_MODULES, run, scenario
from scenarios_mixed import frames, unknown, write

OTHER = "the-staging-secret-the-staging-secret"
ISS, AUD = "https://id.test", "shop"
PROBE = "challenge-roundtrip wrong-password"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def pool(url, method="GET", **headers):
    return urllib3.PoolManager().request(method, url, headers={name.replace("_", "-"): value for name, value in headers.items()}, redirect=False, retries=False)


def aio(url, method="GET", **options):
    async def send():
        async with aiohttp.ClientSession() as session, session.request(method, url, **options) as answer:
            return await answer.text()

    return asyncio.run(send())


def treq(url, user=None, password=None):
    run(["python3", "-c", "import sys,treq;from twisted.internet import task\ntask.react(lambda r,u,*a: treq.get(u,auth=a or None,reactor=r).addCallback(lambda s: s.content()), sys.argv[1:])", url] + ([user, password] if user else []))


def rust(url, value=None):
    run([f"{LAB}/rs/target/debug/exam-rs", "get", url] + ([value] if value else []))


def faraday(url, *headers):
    run(["ruby", "-rfaraday", "-e", "Faraday.get(ARGV[0],nil,Hash[*ARGV[1..]])", url, *headers])


def mechanize(url, user, password):
    run(["python3", "-c", "import sys,mechanize\nb=mechanize.Browser();b.set_handle_robots(False);b.add_password(*sys.argv[1:4])\ntry: b.open(sys.argv[1])\nexcept Exception as e: print(e)", url, user, password])


def js(code, *arguments):
    run(["node", "--input-type=module", "-e", code, *arguments], env=dict(os.environ, NODE_PATH=NODE_MODULES), cwd=os.path.dirname(NODE_MODULES))


def ofetch(url, **headers):
    import json

    js("import {ofetch} from 'ofetch'; await ofetch(process.argv[1],{headers:JSON.parse(process.argv[2]),retry:0}).catch(()=>{})", url, json.dumps(headers))


def get(r, server, path, value=None, **headers):
    """One GET by requests, without looking into .netrc."""
    if value:
        headers["Authorization"] = value
    with requests.Session() as session:
        session.trust_env = False
        return session.get(r.url(server, path), headers=headers, allow_redirects=False)


@scenario("701-wrongpw-twisted-gin-chi-grape", "Wrong passwords at twisted.web.guard, gin, chi and Grape", "twisted treq urllib3 mechanize", "twisted gin chi grape")
def _(r):
    treq(r.url("twisted", "/basic/a"), "alice", "nope")
    pool(r.url("gin", "/basic"), authorization=basic("alice", "nope"))
    get(r, "chi", "/basic", basic("mallory", "secret-7"))
    faraday(r.url("grape", "/g/basic"), "Authorization", basic("alice", "secret-8"))
    for path in ("/basic/a", "/basic", "/basic", "/g/basic"):
        r.refused("GET", path, "present", "Basic", "wrong-password", challenges="Basic")


@scenario("702-wrongpw-rust", "Wrong passwords at actix-web-httpauth, tower-http and Poem, which sends no challenge; ureq", "curl", "actix axum poem")
def _(r):
    rust(r.url("actix", "/basic"), basic("alice", "wrong"))
    rust(r.url("axum", "/tower"), basic("alice", "wrong"))
    rust(r.url("poem", "/basic?w"), basic("alice", "wrong"))
    r.refused("GET", "/basic", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("GET", "/tower", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("GET", "/basic?w", "present", "Basic", "wrong-password")


@scenario("703-missing-many", "Nothing sent: Twisted, gin, actix, tower-http, Microdot, supervisord; w3m asks Monit again with nothing to say", "twisted microdot curl", "twisted gin actix axum microdot monit supervisor")
def _(r):
    r.curl("twisted", "/basic/b")
    pool(r.url("gin", "/basic?1"))
    rust(r.url("actix", "/basic?2"))
    rust(r.url("axum", "/tower?3"))
    aio(r.url("microdot", "/basic?4"))
    run(["w3m", "-dump", r.url("monit", "/")], stdin=subprocess.DEVNULL)
    ofetch(r.url("supervisor", "/?5"))
    r.refused("GET", "/", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("GET", "/", "present", "Basic", "empty-credentials", "wrong-password", challenges="Basic", why="w3m asked for a user, its standard input gave nothing")
    for path in ("/basic/b", "/basic?1", "/basic?2", "/tower?3", "/basic?4", "/?5"):
        r.refused("GET", path, "missing", None, "no-credentials-sent", challenges="Basic")


@scenario("704-wrongpw-daemons", "Wrong passwords at Monit, supervisord (XML-RPC), busybox httpd, Flower, Transmission", "supervisor flower curl", "monit supervisor busybox flower transmission")
def _(r):
    r.curl("monit", "/_status", "-u", "alice:wrong")
    run(["supervisorctl", "-s", r.url("supervisor", ""), "-u", "alice", "-p", "wrong", "status"], stdin=subprocess.DEVNULL)
    r.curl("busybox", "/b", "-u", "alice:wrong")
    pool(r.url("flower", "/api/workers"), authorization=basic("alice", "wrong"))
    r.curl("transmission", "/transmission/rpc", "-u", "alice:wrong")
    r.refused("GET", "/_status", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("POST", "/RPC2", "present", "Basic", "wrong-password", challenges="Basic", times=2)
    for path in ("/b", "/api/workers", "/transmission/rpc"):
        r.refused("GET", path, "present", "Basic", "wrong-password", challenges="Basic")


@scenario("705-digest-twisted-jetty-sabre", "Digest: Twisted right, Jetty wrong, sabre/dav right", "twisted requests httpx curl", "twisted jetty sabre")
def _(r):
    requests.get(r.url("twisted", "/digest/a"), auth=HTTPDigestAuth("alice", "secret-7"))
    r.refused("GET", "/digest/a", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw("GET /digest/a 200")
    r.curl("jetty", "/digest/x", "--digest", "-u", "alice:wrong")
    r.refused("GET", "/digest/x", "missing", None, "no-credentials-sent", PROBE, challenges="Digest")
    r.refused("GET", "/digest/x", "present", "Digest", "wrong-password", challenges="Digest")
    httpx.request("PROPFIND", r.url("sabre", "/digest/"), auth=httpx.DigestAuth("alice", "secret-7"), headers={"Depth": "0"})
    r.refused("PROPFIND", "/digest/", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw("PROPFIND /digest/ 207")


@scenario("706-digest-webdav-server", "webdav-server for Node: Digest, right and wrong, curl PROPFIND", "webdav-server curl", "webdav")
def _(r):
    r.curl("webdav", "/", "-X", "PROPFIND", "--digest", "-u", "alice:secret-7")
    r.curl("webdav", "/?w", "-X", "PROPFIND", "--digest", "-u", "alice:wrong")
    r.refused("PROPFIND", "/", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw("PROPFIND / 207")
    r.refused("PROPFIND", "/?w", "missing", None, "no-credentials-sent", PROBE, challenges="Digest")
    r.refused("PROPFIND", "/?w", "present", "Digest", "wrong-password", challenges="Digest")


@scenario("707-digest-rewritten-path", "nginx puts Twisted's Digest behind another path: Twisted does not compare uri, and accepts", "nginx twisted requests", "gateway twisted")
def _(r):
    requests.get(r.url("gateway", "/dav/a"), auth=HTTPDigestAuth("alice", "secret-7"))
    r.refused("GET", "/dav/a", "missing", None, "challenge-roundtrip no-credentials-sent", benign=True, challenges="Digest")
    r.refused("GET", "/digest/a", "missing", None, "challenge-roundtrip no-credentials-sent", benign=True, challenges="Digest")
    r.saw("GET /dav/a 200", "GET /digest/a 200")


@scenario("708-nonce-refresh-apache", "Apache's Digest nonce lives two seconds: requests keeps its old one", "apache requests", "svn")
def _(r):
    session = requests.Session()
    session.auth = HTTPDigestAuth("alice", "digest-pass")
    session.get(r.url("svn", "/checked/data.txt"))
    r.wait(3)
    session.get(r.url("svn", "/checked/data.txt"))
    r.refused("GET", "/checked/data.txt", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw("GET /checked/data.txt 200")
    r.refused("GET", "/checked/data.txt", "present", "Digest", "nonce-refresh", benign=True, challenges="Digest")
    r.saw("GET /checked/data.txt 200")


@scenario("709-svn-commit", "Subversion: reading is free, committing asks; the wrong password, then the right one", "apache", "svn")
def _(r):
    url = r.url("svn", "/svn")
    common = ["svn", "mkdir", "-m", "x", "--non-interactive", "--no-auth-cache", "--username", "alice"]
    run(common + ["--password", "wrong", url + "/w"])
    r.wait(0.5)
    run(common + ["--password", "secret-7", url + "/r"])
    me = ("POST", "/svn/!svn/me")
    r.saw(*["OPTIONS /svn 200"] * 4)
    r.refused(*me, "missing", None, "no-credentials-sent", PROBE, challenges="Basic")
    r.refused(*me, "present", "Basic", "wrong-password", challenges="Basic", times=2)
    r.refused(*me, "missing", None, "challenge-roundtrip", benign=True, challenges="Basic")
    r.saw("POST /svn/!svn/me 201", "MERGE /svn 200")
    r.changed_by(shutil.copy)


@scenario("711-expired-many", "Expired: actix (silent challenge), Poem, axum, gin, chi, Grape", "curl requests urllib3", "actix poem axum gin chi grape")
def _(r):
    token = r.jwt(exp=-2000, aud=AUD)
    rust(r.url("actix", "/bearer"), f"Bearer {token}")
    rust(r.url("poem", "/jwt"), f"Bearer {token}")
    pool(r.url("axum", "/protected"), authorization=f"Bearer {token}")
    ofetch(r.url("gin", "/jwt?g"), authorization=f"Bearer {token}")
    requests.get(r.url("gin", "/quiet"), headers=bearer(token))
    requests.get(r.url("chi", "/jwt?c"), headers=bearer(token))
    faraday(r.url("grape", "/t/jwt"), "Authorization", f"Bearer {token}")
    r.refused("GET", "/bearer", "present", "Bearer", "token-expired", "token-rejected", challenges="Bearer")
    r.refused("GET", "/jwt", "present", "Bearer", "token-expired")
    r.refused("GET", "/protected", "present", "Bearer", "token-expired", "token-rejected")
    r.refused("GET", "/jwt?g", "present", "Bearer", "token-expired")
    r.refused("GET", "/quiet", "present", "Bearer", "token-expired", "token-rejected")
    r.refused("GET", "/jwt?c", "present", "Bearer", "token-expired", "token-rejected")
    r.refused("GET", "/t/jwt", "present", "Bearer", "token-expired")


@scenario("712-expired-node-python", "Expired: NestJS guards, Feathers, Yoga, sanic-jwt, connexion, praetorian, quart-jwt-extended", "requests ofetch aiohttp", "nest feathers yoga sanicjwt connexion praetorian quartjwt")
def _(r):
    token = r.jwt(exp=-3000)
    shop = r.jwt(exp=-3000, aud=AUD, iss=ISS)
    get(r, "nest", "/orders", f"Bearer {token}")
    ofetch(r.url("nest", "/documented"), authorization=f"Bearer {token}")
    get(r, "feathers", "/orders?f", f"Bearer {r.jwt(exp=-3000, aud='https://shop.test', iss='feathers', headers={'typ': 'access'})}")
    aio(r.url("yoga", "/graphql"), "POST", json={"query": "{me}"}, headers=bearer(shop))
    get(r, "sanicjwt", "/things", f"Bearer {r.jwt(exp=-3000, user_id=1)}")
    get(r, "connexion", "/jwt", f"Bearer {shop}")
    get(r, "praetorian", "/protected", f"Bearer {r.jwt(exp=-3000, jti='1', id=1, rf_exp=int(time.time()) + 9999, rls='user')}")
    get(r, "quartjwt", "/orders?q", f"Bearer {r.jwt(exp=-3000, identity='alice', fresh=False, type='access', jti='1')}")
    r.refused("GET", "/orders", "present", "Bearer", "token-expired", "token-rejected")
    r.refused("GET", "/documented", "present", "Bearer", "token-expired", "token-rejected")
    r.refused("GET", "/orders?f", "present", "Bearer", "token-expired")
    r.refused("POST", "/graphql", "present", "Bearer", "token-expired", "token-rejected")
    r.refused("GET", "/things", "present", "Bearer", "token-expired")
    r.refused("GET", "/jwt", "present", "Bearer", "token-expired", "token-rejected")
    r.refused("GET", "/protected", "present", "Bearer", "token-expired")
    r.refused("GET", "/orders?q", "present", "Bearer", "token-expired")


@scenario("713-signature-many", "Signed with another secret: NestJS, sanic-jwt, Poem, gin, Grape, praetorian, a home-made answer", "requests", "nest sanicjwt poem gin grape praetorian hand mess")
def _(r):
    token = r.jwt(secret=OTHER, user_id=1, aud=AUD, iss=ISS)
    for server, path, silent in (("nest", "/documented", True), ("sanicjwt", "/things", False), ("poem", "/jwt", False), ("gin", "/jwt?g", False), ("grape", "/t/jwt", False), ("praetorian", "/protected", False), ("hand", "/short", True), ("mess", "/problem", False)):
        get(r, server, path, f"Bearer {token}")
        r.refused("GET", path, "present", "Bearer", "jwt-signature-rejected token-rejected" if silent else "jwt-signature-rejected", "" if silent else "token-rejected", challenges="Bearer" if server == "mess" else "")


@scenario("714-signature-after-good", "NestJS accepts a token; the same content signed by another key is refused with \"Unauthorized\"", "requests", "nest")
def _(r):
    get(r, "nest", "/documented", f"Bearer {r.jwt(iat=1_790_000_000, exp=3600)}")
    now = int(time.time())
    good = r.jwt(iat=now - 50)
    bad = r.jwt(iat=now - 50, secret=OTHER)
    get(r, "nest", "/orders", f"Bearer {good}")
    get(r, "nest", "/orders", f"Bearer {bad}")
    r.saw("GET /documented 200", "GET /orders 200")
    r.refused("GET", "/orders", "present", "Bearer", "jwt-signature-rejected", "token-rejected")


@scenario("715-audience-issuer-third", "For another service, from another issuer: Feathers, Grape behind Warden, connexion, problem+json, jsonwebtoken", "requests aiohttp", "feathers grape connexion mess yoga hand")
def _(r):
    wrong = r.jwt(aud="billing", iss=ISS)
    get(r, "feathers", "/orders", f"Bearer {r.jwt(aud='billing', iss='feathers', headers={'typ': 'access'})}")
    get(r, "grape", "/t/jwt", f"Bearer {wrong}")
    get(r, "connexion", "/jwt", f"Bearer {wrong}")
    get(r, "mess", "/problem", f"Bearer {wrong}")
    get(r, "hand", "/aud", f"Bearer {wrong}")
    for path in ("/orders", "/t/jwt", "/jwt", "/problem", "/aud"):
        r.refused("GET", path, "present", "Bearer", "jwt-wrong-audience", "token-rejected" if path == "/t/jwt" else "", challenges="Bearer" if path == "/problem" else "", why="Warden replaces the answer of any 401 behind it" if path == "/t/jwt" else "")
    issuer = r.jwt(aud=AUD, iss="http://keycloak:8080/realms/shop")
    get(r, "mess", "/problem?i", f"Bearer {issuer}")
    get(r, "hand", "/aud?i", f"Bearer {issuer}")
    for path in ("/problem?i", "/aud?i"):
        r.refused("GET", path, "present", "Bearer", "jwt-wrong-issuer", challenges="Bearer" if path == "/problem?i" else "")


@scenario("716-audience-silent-after-good", "A handler that says nothing: tokens for the shop are accepted, one for billing is not, one by another issuer is not", "requests", "mess")
def _(r):
    for sub in ("alice", "bob"):
        get(r, "mess", "/mute", f"Bearer {r.jwt(sub=sub, aud=AUD, iss=ISS)}")
    get(r, "mess", "/mute?a", f"Bearer {r.jwt(aud='billing', iss=ISS)}")
    get(r, "mess", "/mute?i", f"Bearer {r.jwt(aud=AUD, iss='https://id.test/')}")
    get(r, "mess", "/mute?e", f"Bearer {r.jwt(exp=-900, aud=AUD, iss=ISS)}")
    r.saw("GET /mute 200", "GET /mute 200")
    r.refused("GET", "/mute?a", "present", "Bearer", "jwt-wrong-audience", "token-rejected", challenges="Bearer")
    r.refused("GET", "/mute?i", "present", "Bearer", "jwt-wrong-issuer", "token-rejected", challenges="Bearer")
    r.refused("GET", "/mute?e", "present", "Bearer", "token-expired", "token-rejected", challenges="Bearer")


@scenario("717-not-yet-third", "Not yet valid: a handler's own words, problem+json, quart-jwt-extended, Grape, gin", "requests", "hand mess quartjwt grape gin")
def _(r):
    token = r.jwt(nbf=int(time.time()) + 600, aud=AUD, iss=ISS, exp=4000)
    get(r, "hand", "/short", f"Bearer {token}")
    get(r, "mess", "/problem", f"Bearer {token}")
    get(r, "quartjwt", "/orders", f"Bearer {r.jwt(nbf=int(time.time()) + 600, exp=4000, identity='alice', fresh=False, type='access', jti='1')}")
    get(r, "grape", "/t/jwt", f"Bearer {token}")
    get(r, "gin", "/quiet", f"Bearer {token}")
    for path in ("/short", "/problem"):
        r.refused("GET", path, "present", "Bearer", "jwt-not-yet-valid", "clock-skew", challenges="Bearer" if path == "/problem" else "")
    r.saw("GET /orders 422")
    r.refused("GET", "/t/jwt", "present", "Bearer", "jwt-not-yet-valid", "clock-skew")
    r.refused("GET", "/quiet", "present", "Bearer", "jwt-not-yet-valid", "clock-skew token-rejected")


@scenario("718-malformed-third", "Mistakes in the header: undefined, ${TOKEN}, doubled word, no word, quotes, cut off, at NestJS, sanic-jwt, praetorian, connexion, actix, Microdot, chi", "requests", "nest sanicjwt praetorian connexion actix microdot chi moleculer gin feathers")
def _(r):
    good = r.jwt()
    for server, path, value, state, scheme, accept, challenge in (
            ("nest", "/orders", "Bearer undefined", "malformed", "Bearer", "placeholder-value", ""),
            ("sanicjwt", "/things", "Bearer ${ACCESS_TOKEN}", "malformed", "Bearer", "unexpanded-variable", ""),
            ("praetorian", "/protected", f"Bearer Bearer {good}", "malformed", "Bearer", "doubled-scheme", ""),
            ("connexion", "/jwt", good, "malformed", None, "scheme-missing", ""),
            ("actix", "/bearer", f'Bearer "{good}"', "malformed", "Bearer", "stray-characters", "Bearer"),
            ("microdot", "/token", "Bearer", "malformed", "Bearer", "empty-credentials", ""),
            ("chi", "/jwt", f"Bearer {good[:-12]}", "malformed", "Bearer", "jwt-malformed", ""),
            ("moleculer", "/things", "Bearer null", "malformed", "Bearer", "placeholder-value", ""),
            ("gin", "/jwt", f"Bearer {good.rpartition('.')[0]}", "malformed", "Bearer", "jwt-malformed", ""),
            ("nest", "/documented", "Bearer {{jwt}}", "malformed", "Bearer", "unexpanded-variable", ""),
            ("feathers", "/orders", "Bearer [object Object]", "malformed", "Bearer", "placeholder-value", ""),
            ("chi", "/basic", "Basic alice:secret-7", "malformed", "Basic", "basic-bad-base64", "Basic"),
            ("gin", "/basic", "Basic " + base64.b64encode(b"alice").decode(), "malformed", "Basic", "basic-missing-colon", "Basic"),
            ("actix", "/basic", "Basic " + base64.b64encode(b"YWxpY2U6c2VjcmV0LTc=").decode(), "malformed", "Basic", "basic-missing-colon", "Basic"),
            ("microdot", "/basic", "Basic " + base64.b64encode(b"alice:secret-7\n").decode(), "present", "Basic", "basic-hidden-whitespace", "Basic"),
            ("chi", "/basic?p", basic("alice", "s%40cret"), "present", "Basic", "basic-percent-encoded", "Basic"),
            ("gin", "/basic?u", basic("alice", "geh\u00e9im"), "present", "Basic", "basic-charset", "Basic")):
        get(r, server, path, value)
        if (server, path) != ("microdot", "/token") and server != "connexion" and server != "moleculer":
            r.refused("GET", path, state, scheme, accept, "wrong-password" if accept.startswith("basic-p") or accept.startswith("basic-c") else "", challenges=challenge)
        elif server == "microdot":
            r.refused("GET", path, state, scheme, accept)
        else:
            r.refused("GET", path, state, scheme, accept)


@scenario("719-opaque-tokens", "Opaque tokens that are unknown: oauth2-server, Microdot, moleculer, Dancer, tower-http, Apollo, h3, django-oauth-toolkit", "requests", "oauth2 microdot moleculer dancer axum apollo h3 toolkit")
def _(r):
    for server, path, challenge, tolerate in (("oauth2", "/orders", "Bearer", ""), ("microdot", "/token", "", ""), ("moleculer", "/things", "", ""), ("dancer", "/dancer", "Bearer", ""), ("axum", "/opaque", "", "unexplained"), ("h3", "/token", "", ""), ("toolkit", "/things/", "Bearer", "")):
        get(r, server, path, "Bearer " + "q7Hh2Kz0" * 3)
        r.refused("GET", path, "present", "Bearer", "token-rejected", tolerate, challenges=challenge)
    aio(r.url("apollo", "/"), "POST", json={"query": "{me}"}, headers=bearer("q7Hh2Kz0q7Hh2Kz0"))
    r.refused("POST", "/", "present", "Bearer", "token-rejected", "server-did-not-see-auth")


@scenario("720-oauth2-server", "oauth2-server: an expired opaque token, a wrong client secret at the token endpoint, nothing sent", "@node-oauth/oauth2-server requests", "oauth2")
def _(r):
    get(r, "oauth2", "/orders", "Bearer at-old-77aa12")
    requests.post(r.url("oauth2", "/token"), data={"grant_type": "client_credentials"}, auth=("shop", "wrong"))
    get(r, "oauth2", "/orders?n")
    r.refused("GET", "/orders", "present", "Bearer", "token-expired", challenges="Bearer")
    r.refused("POST", "/token", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("GET", "/orders?n", "missing", None, "no-credentials-sent", challenges="Bearer")


@scenario("721-revoked-opaque", "An opaque token is deleted at the server while a client uses it", "@node-oauth/oauth2-server requests", "oauth2")
def _(r):
    get(r, "oauth2", "/orders", "Bearer at-live-8f21c0")
    requests.delete(r.url("oauth2", "/revoke?t=at-live-8f21c0"))
    get(r, "oauth2", "/orders", "Bearer at-live-8f21c0")
    r.saw("GET /orders 200", "DELETE /revoke?t=at-live-8f21c0 200")
    r.refused("GET", "/orders", "present", "Bearer", "token-revoked", "token-rejected", challenges="Bearer")


@scenario("722-denylist", "A JWT is put on a deny list by its owner's logout; it has not expired", "jsonwebtoken requests", "hand")
def _(r):
    token = bearer(r.jwt())
    requests.get(r.url("hand", "/denylist"), headers=token)
    requests.post(r.url("hand", "/logout"), headers=token)
    requests.get(r.url("hand", "/denylist"), headers=token)
    r.saw("GET /denylist 200", "POST /logout 200")
    r.refused("GET", "/denylist", "present", "Bearer", "token-revoked")


@scenario("723-key-rotated-third", "An API key works, is rotated, and the old one gets \"Forbidden\" with a 401", "httpx", "mess")
def _(r):
    with httpx.Client() as client:
        client.get(r.url("mess", "/keyed"), headers={"X-Api-Key": "m-key-1"})
        client.post(r.url("mess", "/rotate"))
        client.get(r.url("mess", "/keyed"), headers={"X-Api-Key": "m-key-1"})
        client.get(r.url("mess", "/keyed"), headers={"X-Api-Key": "m-key-2"})
    r.saw("GET /keyed 200", "POST /rotate 204", "GET /keyed 200")
    r.refused("GET", "/keyed", "missing", None, "token-revoked", "token-rejected")


@scenario("724-keys-third", "API keys: none and a wrong one at connexion, a home-made server, Ninja; a key in the query", "requests", "connexion hand toolkit")
def _(r):
    get(r, "connexion", "/key")
    get(r, "connexion", "/key?w", X_Auth="x", **{"X-Auth": "cx-000000000"})
    get(r, "hand", "/key")
    get(r, "hand", "/key?w", **{"X-Service-Key": "sk_live_deadbeef"})
    get(r, "hand", "/key?apikey=sk_live_deadbeef")
    get(r, "toolkit", "/api/key")
    get(r, "toolkit", "/api/key?w", **{"X-Ninja": "ninja-00"})
    r.refused("GET", "/key", "missing", None, "no-credentials-sent api-key-missing")
    r.refused("GET", "/key?w", "missing", None, "token-rejected wrong-header-name", "unexplained no-credentials-sent")
    r.refused("GET", "/key", "missing", None, "api-key-missing")
    r.refused("GET", "/key?w", "missing", None, "token-rejected")
    r.refused("GET", "/key?apikey=sk_live_deadbeef", "missing", None, "token-rejected")
    r.refused("GET", "/api/key", "missing", None, "no-credentials-sent api-key-missing")
    r.refused("GET", "/api/key?w", "missing", None, "token-rejected", "no-credentials-sent unexplained api-key-missing")


@scenario("725-scheme-words", "The wrong word: Rails-like Token gets Bearer, Basic where Bearer is wanted (actix), Bearer where Basic is wanted (gin, Monit)", "requests", "grape actix oauth2 gin monit")
def _(r):
    get(r, "grape", "/t/rails", "Bearer rb-771a")
    get(r, "actix", "/bearer", basic("alice", "secret-7"))
    get(r, "gin", "/basic", "Bearer " + "q7Hh2Kz0" * 3)
    get(r, "monit", "/", f"Bearer {r.jwt()}")
    r.refused("GET", "/t/rails", "present", "Bearer", "scheme-mismatch", "token-rejected", why="Warden replaces the answer of any 401 behind it")
    r.refused("GET", "/bearer", "present", "Basic", "scheme-mismatch", challenges="Bearer")
    r.refused("GET", "/basic", "present", "Bearer", "scheme-mismatch", challenges="Basic")
    r.refused("GET", "/", "present", "Bearer", "scheme-mismatch", challenges="Basic")


@scenario("726-login-posts", "Login forms and JSON, wrong passwords: NestJS, sanic-jwt, praetorian, a home-made error, Warden, better-auth", "requests", "nest sanicjwt praetorian hand grape betterauth")
def _(r):
    requests.post(r.url("nest", "/auth/login"), json={"username": "alice", "password": "wrong"})
    requests.post(r.url("sanicjwt", "/auth"), json={"username": "alice", "password": "wrong"})
    requests.post(r.url("praetorian", "/login"), json={"username": "alice", "password": "wrong"})
    requests.post(r.url("hand", "/signin"), json={"user": "alice", "password": "wrong"})
    requests.post(r.url("grape", "/w"), data={"word": "wrong"})
    requests.post(r.url("betterauth", "/api/auth/sign-in/email"), json={"email": "alice@exam.test", "password": "wrong-word-9"})
    for path in ("/auth/login", "/auth", "/login", "/signin"):
        r.refused("POST", path, "missing", None, "wrong-password")
    r.refused("POST", "/w", "missing", None, "wrong-password", "no-credentials-sent unexplained")
    r.refused("POST", "/api/auth/sign-in/email", "missing", None, "wrong-password")


@scenario("727-fastapi-users", "fastapi-users: a bearer token runs out after two seconds; its cookie twin is Secure over http", "fastapi-users httpx", "fusers fusers@EXAM_SECURE=1")
def _(r):
    person = {"email": "alice@example.com", "password": "secret-7"}
    for server in ("fusers", "fusers@EXAM_SECURE=1"):
        httpx.post(r.url(server, "/auth/register"), json=person)
    r.saw(*["POST /auth/register 201"] * 2)
    token = httpx.post(r.url("fusers", "/auth/jwt/login"), data={"username": person["email"], "password": "secret-7"}).json()["access_token"]
    httpx.get(r.url("fusers", "/me"), headers=bearer(token))
    r.wait(3.5)
    httpx.get(r.url("fusers", "/me"), headers=bearer(token))
    r.saw("POST /auth/jwt/login 200", "GET /me 200")
    r.refused("GET", "/me", "present", "Bearer", "token-expired", "token-rejected token-revoked")
    session = requests.Session()
    where = "fusers@EXAM_SECURE=1"
    session.post(r.url(where, "/auth/cookie/login", HOST), data={"username": person["email"], "password": "secret-7"})
    session.get(r.url(where, "/me?c", HOST))
    r.saw("POST /auth/cookie/login 204")
    r.refused("GET", "/me?c", "missing", None, "cookie-not-returned")


@scenario("728-cookie-path", "cookie-session set for /app only: the page outside of it is not logged in", "cookie-session requests", "hand@EXAM_COOKIE_PATH=/app")
def _(r):
    session = requests.Session()
    server = "hand@EXAM_COOKIE_PATH=/app"
    session.post(r.url(server, "/signin", HOST), json={"user": "alice", "password": "secret-7"})
    session.get(r.url(server, "/account", HOST))
    r.saw("POST /signin 200")
    r.refused("GET", "/account", "missing", None, "cookie-not-returned", "session-cookie-missing")


@scenario("729-sessions-third", "Sessions: a page without the cookie of another client, a PHP session destroyed, better-auth signed out", "cookie-session better-auth requests", "hand sabre betterauth")
def _(r):
    session = requests.Session()
    session.post(r.url("hand", "/signin"), json={"user": "alice", "password": "secret-7"})
    session.get(r.url("hand", "/account"))
    requests.get(r.url("hand", "/account"))
    r.saw("POST /signin 200", "GET /account 200")
    r.refused("GET", "/account", "missing", None, "session-cookie-missing", "no-credentials-sent")
    session = requests.Session()
    session.get(r.url("sabre", "/enter"))
    session.get(r.url("sabre", "/form"))
    cookie = {"Cookie": "PHPSESSID=" + session.cookies["PHPSESSID"]}
    requests.get(r.url("sabre", "/leave"), headers=cookie)
    requests.get(r.url("sabre", "/form"), headers=cookie)
    r.saw("GET /enter 200", "GET /form 200", "GET /leave 200")
    r.refused("GET", "/form", "missing", None, "session-expired token-revoked")
    with httpx.Client(headers={"Origin": r.url("betterauth", "")}) as client:
        client.post(r.url("betterauth", "/api/auth/sign-up/email"), json={"email": "al@exam.test", "password": "long-secret-7", "name": "al"})
        client.get(r.url("betterauth", "/me"))
        kept = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
        client.post(r.url("betterauth", "/api/auth/sign-out"), json={})
    httpx.get(r.url("betterauth", "/me"), headers={"Cookie": kept})
    r.saw("POST /api/auth/sign-up/email 200", "GET /me 200", "POST /api/auth/sign-out 200")
    r.refused("GET", "/me", "missing", None, "token-revoked session-expired", "token-rejected")


@scenario("730-csrf-silent", "A session and an XSRF cookie, a POST without the header: \"Unauthorized\" is all it says", "requests", "mess")
def _(r):
    session = requests.Session()
    session.get(r.url("mess", "/csrf"))
    session.get(r.url("mess", "/csrf"))
    session.post(r.url("mess", "/csrf"), json={"x": 1})
    r.saw("GET /csrf 200", "GET /csrf 200")
    r.refused("POST", "/csrf", "missing", None, "csrf-rejected", "token-rejected method-specific-auth")


@scenario("731-privilege-third", "Logged in, not allowed: insufficient_scope and a step-up", "requests", "sanicjwt toolkit mess")
def _(r):
    get(r, "mess", "/scope", f"Bearer {r.jwt()}")
    get(r, "mess", "/stepup", f"Bearer {r.jwt()}")
    r.refused("GET", "/scope", "present", "Bearer", "insufficient-privilege", challenges="Bearer")
    r.refused("GET", "/stepup", "present", "Bearer", "insufficient-privilege", challenges="Bearer")


@scenario("732-limits-third", "Throttled: express-rate-limit made to say 401, then a till that answers 429 after five refusals", "express-rate-limit requests", "hand mess")
def _(r):
    for _ in range(6):
        get(r, "hand", "/limited", "Bearer l-2")
    r.refused("GET", "/limited", "present", "Bearer", "token-rejected", "lockout-or-throttle", times=4)
    r.refused("GET", "/limited", "present", "Bearer", "lockout-or-throttle", times=2)
    for _ in range(6):
        get(r, "mess", "/locked", basic("cash", "wrong"))
    r.refused("GET", "/locked", "present", "Basic", "wrong-password", "lockout-or-throttle", challenges="Basic", times=5)
    r.saw("GET /locked 429")


@scenario("733-disabled-mfa-network", "The server says why: account deactivated, second factor wanted, network not permitted", "requests", "mess")
def _(r):
    get(r, "mess", "/disabled", basic("alice", "secret-7"))
    get(r, "mess", "/mfa", basic("alice", "secret-7"))
    with requests.Session() as session:
        session.trust_env = False
        session.get(r.url("mess", "/geo"))
        session.get(r.url("mess", "/geo", HOST))
    r.refused("GET", "/disabled", "present", "Basic", "wrong-password", "insufficient-privilege lockout-or-throttle")
    r.refused("GET", "/mfa", "present", "Basic", "wrong-password", "insufficient-privilege token-rejected")
    r.saw("GET /geo 200")
    r.refused("GET", "/geo", "missing", None, "blocked-by-security-rule", "no-credentials-sent")


@scenario("734-hmac-home-made", "A home-made HMAC scheme: the clock, then the key, then nothing at all", "requests", "hand")
def _(r):
    old = int(time.time()) - 900
    get(r, "hand", "/hmac", f"HMAC shop:{old}:" + "ab" * 32)
    get(r, "hand", "/hmac?k", f"HMAC shop:{int(time.time())}:" + "ab" * 32)
    get(r, "hand", "/hmac?n")
    r.refused("GET", "/hmac", "present", "hmac", "signature-auth-rejected clock-skew")
    r.refused("GET", "/hmac?k", "present", "hmac", "signature-auth-rejected")
    r.refused("GET", "/hmac?n", "missing", None, "no-credentials-sent", "signature-auth-rejected")


@scenario("735-message-signatures", "RFC 9421: nothing signed, an old signature, a wrong one", "http-message-signatures requests", "mess")
def _(r):
    def sign(age):
        created = int(time.time()) - age
        return {"Signature-Input": f'sig1=("@method" "@target-uri");created={created};keyid="k1";alg="hmac-sha256"', "Signature": "sig1=:" + base64.b64encode(b"0" * 32).decode() + ":"}

    get(r, "mess", "/signed")
    get(r, "mess", "/signed?o", **sign(3600))
    get(r, "mess", "/signed?w", **sign(0))
    r.refused("GET", "/signed", "missing", None, "no-credentials-sent signature-auth-rejected")
    r.refused("GET", "/signed?o", "missing", None, "signature-auth-rejected", "clock-skew")
    r.refused("GET", "/signed?w", "missing", None, "signature-auth-rejected")


@scenario("736-hops-third", "Through nghttpx and tinyproxy wrong credentials arrive; squid as accelerator keeps them to itself; both sides captured", "squid requests", "nghttpx tinyproxy reverse mess nest")
def _(r):
    r.lab.port("mess")
    get(r, "nghttpx", "/keyed-basic?g", basic("alice", "wrong"))
    get(r, "tinyproxy", "/mess/keyed-basic?t", basic("alice", "wrong"))
    get(r, "reverse", "/keyed-basic?s", basic("alice", "wrong"))
    r.refused("GET", "/keyed-basic?g", "present", "Basic", "wrong-password", challenges="Basic", times=2)
    r.refused("GET", "/mess/keyed-basic?t", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("GET", "/keyed-basic?t", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("GET", "/keyed-basic?s", "present", "Basic", "hop-stripped-auth", challenges="Basic", why="squid keeps Authorization to itself unless its peer says login=PASS")
    r.refused("GET", "/keyed-basic?s", "missing", None, "hop-stripped-auth", challenges="Basic")


@scenario("737-stripped-gateway", "nginx empties Authorization before the application; both sides captured", "nginx requests", "gateway mess")
def _(r):
    token = f"Bearer {r.jwt(aud=AUD, iss=ISS)}"
    get(r, "gateway", "/bare/mute", token)
    get(r, "gateway", "/plain/mute", token)
    r.refused("GET", "/bare/mute", "present", "Bearer", "hop-stripped-auth", challenges="Bearer")
    r.refused("GET", "/mute", "missing", None, "hop-stripped-auth", challenges="Bearer")
    r.saw("GET /plain/mute 200", "GET /mute 200")


@scenario("738-auth-request-third", "nginx auth_request with both sides captured: nothing sent, an expired token, a good one", "nginx requests", "gateway mess")
def _(r):
    get(r, "gateway", "/authed/csrf")
    get(r, "gateway", "/authed/csrf?e", f"Bearer {r.jwt(exp=-3000, aud=AUD, iss=ISS)}")
    get(r, "gateway", "/authed/csrf?g", f"Bearer {r.jwt(aud=AUD, iss=ISS)}")
    r.refused("GET", "/authed/csrf", "missing", None, "no-credentials-sent", challenges="Bearer")
    r.refused("GET", "/mute", "missing", None, "no-credentials-sent", challenges="Bearer")
    r.refused("GET", "/authed/csrf?e", "present", "Bearer", "token-expired", "token-rejected", challenges="Bearer")
    r.refused("GET", "/mute", "present", "Bearer", "token-expired", "token-rejected", challenges="Bearer")
    r.saw("GET /mute 200", "GET /csrf?g 200", "GET /authed/csrf?g 200")


@scenario("739-two-layers-third", "nginx's Basic in front, an application that wants Bearer behind it; both sides captured", "nginx requests", "gateway mess")
def _(r):
    get(r, "gateway", "/double/mute")
    get(r, "gateway", "/double/mute?b", basic("alice", "secret-7"))
    r.refused("GET", "/double/mute", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("GET", "/double/mute?b", "present", "Basic", "two-auth-layers", "scheme-mismatch", challenges="Bearer")
    r.refused("GET", "/mute?b", "present", "Basic", "two-auth-layers scheme-mismatch", challenges="Bearer")


@scenario("740-underscore-header", "service_key with an underscore: nginx drops it; both sides captured", "nginx requests", "gateway hand")
def _(r):
    get(r, "gateway", "/keys/key", x_service_key="sk_live_51c0ffee")
    r.refused("GET", "/keys/key", "missing", None, "api-key-missing hop-stripped-auth")
    r.refused("GET", "/key", "missing", None, "hop-stripped-auth api-key-missing")


@scenario("741-redirect-third", "Redirected to another host of the same machine: requests drops the login", "requests aiohttp", "mess")
def _(r):
    with requests.Session() as session:
        session.trust_env = False
        session.get(r.url("mess", "/moved"), headers={"Authorization": basic("alice", "secret-7")})
    r.saw("GET /moved 307")
    r.refused("GET", "/keyed-basic", "missing", None, "redirect-dropped-auth", challenges="Basic")


@scenario("742-mcp-discovery", "An MCP-like client: refused, resource metadata fetched, accepted", "httpx", "mess")
def _(r):
    with httpx.Client() as client:
        client.post(r.url("mess", "/mcp"), json={"jsonrpc": "2.0"})
        client.get(r.url("mess", "/.well-known/oauth-protected-resource"))
        client.post(r.url("mess", "/mcp"), json={"jsonrpc": "2.0"}, headers=bearer("mcp-1"))
    r.refused("POST", "/mcp", "missing", None, "token-service-flow challenge-roundtrip", benign=True, challenges="Bearer")
    r.saw("GET /.well-known/oauth-protected-resource 200", "POST /mcp 200")


@scenario("743-refreshed-third", "sanic-jwt: the token ran out, the client logs in again and goes on", "requests", "sanicjwt")
def _(r):
    with requests.Session() as session:
        login = {"username": "alice", "password": "secret-7"}
        first = session.post(r.url("sanicjwt", "/auth"), json=login).json()["access_token"]
        session.get(r.url("sanicjwt", "/things"), headers=bearer(first))
        r.wait(3)
        session.get(r.url("sanicjwt", "/things"), headers=bearer(first))
        second = session.post(r.url("sanicjwt", "/auth"), json=login).json()["access_token"]
        session.get(r.url("sanicjwt", "/things"), headers=bearer(second))
    r.saw("POST /auth 200", "GET /things 200", "POST /auth 200", "GET /things 200")
    r.refused("GET", "/things", "present", "Bearer", "refreshed-and-retried", benign=True)


@scenario("744-websocket-third", "A WebSocket without its ticket from a page that is logged in; another from a script that is not", "ws", "ws")
def _(r):
    page = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
    requests.get(r.url("ws", "/"), headers={"User-Agent": page, "Authorization": basic("alice", "secret-7")})
    host = f"127.0.0.1:{r.lab.port('ws')}"
    upgrade = "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
    r.raw("ws", f"GET /chat HTTP/1.1\nHost: {host}\nOrigin: http://{host}\nUser-Agent: {page}\n{upgrade}\n")
    r.saw("GET / 200")
    r.refused("GET", "/chat", "missing", None, "browser-cannot-send", "no-credentials-sent")


@scenario("745-preflight-third", "A preflight, and a plain OPTIONS", "requests", "mess")
def _(r):
    session = requests.Session()
    session.trust_env = False
    session.options(r.url("mess", "/keyed-basic"), headers={"Origin": "http://app.test", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"})
    session.options(r.url("mess", "/keyed-basic?dav"))
    r.refused("OPTIONS", "/keyed-basic", "missing", None, "cors-preflight-rejected", challenges="Basic")
    r.refused("OPTIONS", "/keyed-basic?dav", "missing", None, "no-credentials-sent", challenges="Basic")


@scenario("746-login-page-401", "A 401 that is an HTML login page and deletes the session cookie", "requests", "mess")
def _(r):
    get(r, "mess", "/html", Cookie="JSESSIONID=5AC6268DD8D4")
    get(r, "mess", "/html?n")
    r.refused("GET", "/html", "missing", None, "session-expired")
    r.refused("GET", "/html?n", "missing", None, "session-cookie-missing", "no-credentials-sent")


@scenario("747-negatives-third", "No 401: gRPC-web 16, GraphQL errors with 200, an HTML login page with 200", "requests", "hand yoga")
def _(r):
    get(r, "hand", "/grpc")
    get(r, "hand", "/body")
    get(r, "hand", "/page")
    requests.post(r.url("yoga", "/soft"), json={"query": "{me}"})
    r.saw("GET /grpc 200", "GET /body 200", "GET /page 200", "POST /soft 200")


@scenario("748-sabre-dav", "sabre/dav: curl --anyauth with the right password, Basic with a wrong one", "curl", "sabre")
def _(r):
    r.curl("sabre", "/basic/", "-X", "PROPFIND", "-H", "Depth: 0", "--anyauth", "-u", "alice:secret-7")
    r.curl("sabre", "/basic/?w", "-X", "PROPFIND", "-H", "Depth: 0", "-u", "alice:wrong")
    r.refused("PROPFIND", "/basic/", "missing", None, "challenge-roundtrip", benign=True, challenges="Basic")
    r.saw("PROPFIND /basic/ 207")
    r.refused("PROPFIND", "/basic/?w", "present", "Basic", "wrong-password", challenges="Basic")


@scenario("749-guessing-third", "Twelve passwords for one account against Flower within seconds", "flower requests", "flower")
def _(r):
    for word in ("a", "b", "c", "123456", "qwerty", "letmein", "dragon", "monkey", "abc123", "iloveyou", "admin", "welcome"):
        get(r, "flower", "/api/tasks", basic("alice", word))
    r.refused("GET", "/api/tasks", "present", "Basic", "password-guessing", "wrong-password", challenges="Basic", times=12)


@scenario("751-key-elsewhere-third", "The key of one service is sent to another, under the wrong name and under the right one", "requests", "mess hand")
def _(r):
    for _ in range(2):
        get(r, "mess", "/keyed", **{"X-Api-Key": "m-key-1"})
    get(r, "hand", "/key", **{"X-Api-Key": "m-key-1"})
    get(r, "hand", "/key?s", **{"X-Service-Key": "m-key-1"})
    r.saw("GET /keyed 200", "GET /keyed 200")
    r.refused("GET", "/key", "missing", None, "api-key-missing works-elsewhere")
    r.refused("GET", "/key?s", "missing", None, "works-elsewhere token-rejected")


@scenario("752-clock-third", "The server's clock is half an hour behind: a fresh token is not valid yet for it", "requests faketime", "mess@clock-30m")
def _(r):
    server = "mess@clock-30m"
    for _ in range(4):
        get(r, server, "/csrf")
    get(r, server, "/mute", f"Bearer {r.jwt(aud=AUD, iss=ISS)}")
    r.saw(*["GET /csrf 200"] * 4)
    r.refused("GET", "/mute", "present", "Bearer", "clock-skew jwt-not-yet-valid", challenges="Bearer")


@scenario("753-kinds-third", "An ID token and a refresh token at a silent API", "requests", "mess")
def _(r):
    get(r, "mess", "/mute", f"Bearer {r.jwt(aud='shop-web', iss=ISS, azp='shop-web', nonce='n-1', at_hash='x1y2', email='a@b.test')}")
    get(r, "mess", "/mute?r", f"Bearer {r.jwt(aud='x', iss=ISS, typ='Refresh')}")
    r.refused("GET", "/mute", "present", "Bearer", "wrong-token-kind", "jwt-wrong-audience", challenges="Bearer")
    r.refused("GET", "/mute?r", "present", "Bearer", "wrong-token-kind", "jwt-wrong-audience", challenges="Bearer")


@scenario("754-bound-third", "A DPoP-bound token sent as Bearer; a certificate-bound one over plain http", "requests", "mess")
def _(r):
    get(r, "mess", "/mute", f"Bearer {r.jwt(aud=AUD + 'x', iss=ISS, cnf={'jkt': '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'})}")
    get(r, "mess", "/mute?m", f"Bearer {r.jwt(aud=AUD + 'x', iss=ISS, cnf={'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'})}")
    for path in ("/mute", "/mute?m"):
        r.refused("GET", path, "present", "Bearer", "sender-constrained-token", challenges="Bearer")


@scenario("755-forms-third", "alg none, two Authorization lines, a token in X-Access-Token, Proxy-Authorization to a server, an opaque reference where a JWT is wanted", "requests curl", "mess gin hand")
def _(r):
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    body = base64.urlsafe_b64encode(b'{"sub":"alice","aud":"shop"}').decode().rstrip("=")
    get(r, "mess", "/problem", f"Bearer {head}.{body}.")
    host = f"127.0.0.1:{r.lab.port('mess')}"
    r.raw("mess", f"GET /mute HTTP/1.1\nHost: {host}\nAuthorization: {basic('alice', 'secret-7')}\nAuthorization: Bearer {r.jwt(aud=AUD, iss=ISS)}\nConnection: close\n\n")
    get(r, "mess", "/mute?h", **{"X-Access-Token": r.jwt(aud=AUD, iss=ISS)})
    get(r, "gin", "/basic", **{"Proxy-Authorization": basic("alice", "secret-7")})
    r.refused("GET", "/problem", "present", "Bearer", "jwt-unsupported-form", challenges="Bearer")
    r.refused("GET", "/mute", "multiple", "Basic", "duplicate-authorization", challenges="Bearer")
    r.refused("GET", "/mute?h", "missing", None, "wrong-header-name", challenges="Bearer")
    r.refused("GET", "/basic", "missing", None, "proxy-auth-confusion", challenges="Basic")


@scenario("756-loading-third", "A page that loaded with Basic; its manifest, icon and picture come without", "requests", "mess")
def _(r):
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"
    session = requests.Session()
    session.trust_env = False
    session.get(r.url("mess", "/keyed-basic"), headers={"User-Agent": agent, "Authorization": basic("alice", "secret-7")})
    session.get(r.url("mess", "/site.webmanifest"), headers={"User-Agent": agent, "Accept": "application/manifest+json"})
    session.get(r.url("mess", "/favicon.ico"), headers={"User-Agent": agent, "Accept": "image/avif,image/webp,*/*"})
    r.saw("GET /keyed-basic 200")
    for path in ("/site.webmanifest", "/favicon.ico"):
        r.refused("GET", path, "missing", None, "browser-cannot-send", benign=True, challenges="Basic")


@scenario("757-snap-96-third", "Snap length 96: NestJS's answers and requests are cut in their headers", "requests", "nest")
def _(r):
    get(r, "nest", "/orders", f"Bearer {r.jwt(exp=-3000)}")

    def transform(source, target):
        header, found = frames(source)
        write(target, header, found, cut=96)

    r.changed_by(transform)
    r.count["GET", "/orders"] += 1
    r.expect.append({"match": {"method": "GET", "path": "/orders", "nth": 1}, "status": 401, "auth_state": "unknown", "scheme": None, "accept": ["unexplained"], "tolerate": ["token-rejected"], "benign": False, "challenges": [], "why": "only 30 octets of each message were kept"})


@scenario("758-response-only-third", "Only the server's half of gin and an Express handler", "requests", "gin hand")
def _(r):
    ports = {r.lab.port("gin"), r.lab.port("hand")}
    get(r, "gin", "/basic", basic("alice", "wrong"))
    get(r, "hand", "/aud", f"Bearer {r.jwt(exp=-3000)}")

    def transform(source, target):
        import struct

        header, found = frames(source)
        write(target, header, [(t, f) for t, f in found if struct.unpack_from(">H", f, 34)[0] in ports])

    r.changed_by(transform)
    unknown(r, "Basic", "unexplained wrong-password", "half of it")
    unknown(r, "", "unexplained token-expired", "the server says it expired")


@scenario("759-mixed-third", "Ten clients at four servers, 120 exchanges, six kinds of refusal", "requests", "nest oauth2 gin mess")
def _(r):
    from requests_toolbelt.adapters.source import SourceAddressAdapter

    good = r.jwt(aud=AUD, iss=ISS)
    for number in range(10):
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", SourceAddressAdapter(f"127.0.0.{20 + number}"))
        for turn in range(4):
            session.get(r.url("nest", "/orders"), headers=bearer(good))
            session.get(r.url("gin", "/basic"), headers={"Authorization": basic("alice", "secret-7")})
            session.get(r.url("mess", "/mute"), headers=bearer(good))
        r.saw(*["GET /orders 200", "GET /basic 200", "GET /mute 200"] * 4)
        if number == 1:
            session.get(r.url("nest", "/orders?1"), headers=bearer(r.jwt(exp=-4000)))
            r.refused("GET", "/orders?1", "present", "Bearer", "token-expired", "token-rejected")
        if number == 3:
            session.get(r.url("gin", "/basic?3"), headers={"Authorization": basic("alice", "wrong")})
            r.refused("GET", "/basic?3", "present", "Basic", "wrong-password", challenges="Basic")
        if number == 4:
            session.get(r.url("mess", "/mute?4"))
            r.refused("GET", "/mute?4", "missing", None, "no-credentials-sent", challenges="Bearer")
        if number == 5:
            session.get(r.url("mess", "/mute?5"), headers=bearer(r.jwt(aud="billing", iss=ISS)))
            r.refused("GET", "/mute?5", "present", "Bearer", "jwt-wrong-audience", "token-rejected", challenges="Bearer")
        if number == 7:
            session.get(r.url("oauth2", "/orders?7"), headers=bearer("undefined"))
            r.refused("GET", "/orders?7", "malformed", "Bearer", "placeholder-value", challenges="Bearer")
        if number == 8:
            session.get(r.url("mess", "/mute?8"), headers={"Authorization": basic("alice", "secret-7")})
            r.refused("GET", "/mute?8", "present", "Basic", "scheme-mismatch", challenges="Bearer")
