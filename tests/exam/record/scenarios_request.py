"""Mistakes that the request alone proves: malformed headers, wrong headers, wrong encodings, wrong schemes."""

import base64
import sys

import httpx
import requests

from record import HOST, run, scenario


def basic(user, password, encoding="utf-8"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode(encoding)).decode()


@scenario("201-placeholder-undefined-axios", "axios sends `Bearer ${token}` before there is a token: fastify and koa", "fastify koa-jwt axios", "fastify koa")
def _(r):
    r.node("axios", "fastify", "/orders", headers={"Authorization": "Bearer undefined"})
    r.node("axios", "koa", "/debug/me", headers={"Authorization": "Bearer null"})
    r.node("superagent", "koa", "/me", headers={"Authorization": "Bearer [object Object]"})
    r.refused("GET", "/orders", "malformed", "Bearer", "placeholder-value")
    r.refused("GET", "/debug/me", "malformed", "Bearer", "placeholder-value")
    r.refused("GET", "/me", "malformed", "Bearer", "placeholder-value")


@scenario("202-placeholder-python", "Python: f\"Bearer {None}\", a bytes repr in Basic, f\"Token {token}\" of an unset setting", "falcon bottle django requests httpx", "falcon bottle django")
def _(r):
    requests.get(r.url("falcon", "/orders"), headers={"Authorization": f"Bearer {None}"})
    encoded = base64.b64encode(b"alice:secret-7")
    httpx.get(r.url("bottle", "/basic"), headers={"Authorization": f"Basic {encoded}"})
    requests.get(r.url("django", "/token-auth/"), headers={"Authorization": f"Token {None}"})
    r.refused("GET", "/orders", "malformed", "Bearer", "placeholder-value", challenges="Bearer")
    r.refused("GET", "/basic", "malformed", "Basic", "placeholder-value", challenges="Basic")
    r.refused("GET", "/token-auth/", "malformed", "Token", "placeholder-value", challenges="Token")


@scenario("203-unexpanded-variables", "Single quotes in a shell, a template, a Windows batch file, documentation copied as it is", "sanic hapi php curl", "sanic hapi php")
def _(r):
    r.curl("sanic", "/orders", "-H", "Authorization: Bearer $TOKEN")
    r.curl("hapi", "/orders", "-H", "Authorization: Bearer {{access_token}}")
    r.curl("php", "/api/list", "-H", "Authorization: Bearer %API_TOKEN%")
    r.curl("php", "/api/list", "-H", "Authorization: Bearer <your-token>")
    r.curl("php", "/admin/x", "-H", "Authorization: Basic ${BASIC_AUTH}")
    r.refused("GET", "/orders", "malformed", "Bearer", "unexpanded-variable", challenges="Bearer")
    r.refused("GET", "/orders", "malformed", "Bearer", "unexpanded-variable")
    r.refused("GET", "/api/list", "malformed", "Bearer", "unexpanded-variable", times=2)
    r.refused("GET", "/admin/x", "malformed", "Basic", "unexpanded-variable", challenges="Basic")


@scenario("204-doubled-scheme", "A library adds Bearer to a value that has it already; Basic inside Bearer", "restify express mojolicious got requests", "restify express mojolicious")
def _(r):
    token = r.jwt()
    r.node("got", "restify", "/orders", headers={"Authorization": f"Bearer Bearer {token}"})
    r.node("fetch", "express", "/api/x", headers={"Authorization": f"Bearer bearer {token}"})
    requests.get(r.url("mojolicious", "/x"), headers={"Authorization": "Bearer " + basic("alice", "secret-7")})
    r.refused("GET", "/orders", "malformed", "Bearer", "doubled-scheme")
    r.refused("GET", "/api/x", "malformed", "Bearer", "doubled-scheme")
    r.refused("GET", "/x", "malformed", "Bearer", "doubled-scheme", challenges="Bearer")


@scenario("205-scheme-missing", "The token alone, the scheme glued to it, a colon after it", "aiohttp quart hono httpie axios requests", "hono fastify sanic")
def _(r):
    token = r.jwt()
    run(["http", "--ignore-stdin", "GET", r.url("hono", "/orders"), f"Authorization:{token}"])
    r.node("axios", "fastify", "/orders?glued", headers={"Authorization": f"Bearer{token}"})
    requests.get(r.url("sanic", "/orders?colon"), headers={"Authorization": "Bearer:tok-alice-1f9x"})
    r.refused("GET", "/orders", "malformed", None, "scheme-missing", challenges="Bearer")
    r.refused("GET", "/orders?glued", "malformed", "Bearer", "scheme-missing")
    r.refused("GET", "/orders?colon", "malformed", "Bearer", "scheme-missing", challenges="Bearer")


@scenario("206-empty", "An empty variable after Bearer, an empty header, curl -u : ", "sanic mojolicious lighttpd curl", "sanic mojolicious lighttpd")
def _(r):
    r.curl("sanic", "/orders", "-H", "Authorization: Bearer ")
    r.curl("mojolicious", "/a", "-H", "Authorization;")
    r.curl("lighttpd", "/basic/data.txt", "-u", ":")
    r.refused("GET", "/orders", "malformed", "Bearer", "empty-credentials", challenges="Bearer")
    r.refused("GET", "/a", "malformed", None, "empty-credentials", challenges="Bearer")
    r.refused("GET", "/basic/data.txt", "present", "Basic", "empty-credentials", "wrong-password", challenges="Basic")


@scenario("207-stray-characters", "Quotes around the token, a word too many, a control character", "mojolicious fastify express curl got", "mojolicious fastify express")
def _(r):
    token = r.jwt()
    r.curl("mojolicious", "/q", "-H", 'Authorization: Bearer "tok-alice-1f9c"')
    r.node("got", "fastify", "/orders", headers={"Authorization": f"Bearer '{token}'"})
    r.curl("express", "/api/words", "-H", f"Authorization: Bearer {token} expires soon")
    r.curl("mojolicious", "/esc", "-H", "Authorization: Bearer tok%alice;1f9c")
    r.refused("GET", "/q", "malformed", "Bearer", "stray-characters", challenges="Bearer")
    r.refused("GET", "/orders", "malformed", "Bearer", "stray-characters")
    r.refused("GET", "/api/words", "malformed", "Bearer", "stray-characters")
    r.refused("GET", "/esc", "malformed", "Bearer", "stray-characters", challenges="Bearer")


@scenario("208-basic-not-base64", "Basic with the plain login, cut short, with another alphabet's octets", "caddy sinatra starlette curl", "caddy pyramid starlette")
def _(r):
    r.curl("caddy", "/basic/data.txt", "-H", "Authorization: Basic alice:secret-7")
    r.curl("pyramid", "/x", "-H", "Authorization: Basic YWxpY2U6c2VjcmV0L")
    r.curl("starlette", "/x", "-H", "Authorization: Basic %YWxpY2U6%c2VjcmV0")
    r.refused("GET", "/basic/data.txt", "malformed", "Basic", "basic-bad-base64", challenges="Basic")
    r.refused("GET", "/x", "malformed", "Basic", "basic-bad-base64", challenges="Basic")
    r.refused("GET", "/x", "malformed", "Basic", "basic-bad-base64", challenges="Basic")


@scenario("209-basic-no-colon", "Only the password encoded; encoded twice", "php hapi requests", "php bottle")
def _(r):
    twice = base64.b64encode(base64.b64encode(b"alice:secret-7")).decode()
    requests.get(r.url("php", "/admin/a"), headers={"Authorization": "Basic " + base64.b64encode(b"secret-7-of-alice").decode()})
    requests.get(r.url("bottle", "/basic"), headers={"Authorization": "Basic " + twice})
    r.refused("GET", "/admin/a", "malformed", "Basic", "basic-missing-colon", challenges="Basic")
    r.refused("GET", "/basic", "malformed", "Basic", "basic-missing-colon", challenges="Basic")


@scenario("210-jwt-damaged", "A token without its end, without its signature, cut in its payload", "koa polka express aiohttp axios ky", "koa polka express aiohttp")
def _(r):
    token = r.jwt()
    head, payload, signature = token.split(".")
    r.node("axios", "koa", "/debug/cut", headers={"Authorization": f"Bearer {token[:-20]}"})
    r.node("ky", "polka", "/orders", headers={"Authorization": f"Bearer {head}.{payload}"})
    r.node("fetch", "express", "/api/half", headers={"Authorization": f"Bearer {head}.{payload[:17]}"})
    requests.get(r.url("aiohttp", "/jwt"), headers={"Authorization": f"Bearer {head}.{payload}."})
    requests.get(r.url("aiohttp", "/jwt"), headers={"Authorization": f"Bearer {head}.{payload[1:]}.{signature}"})
    r.refused("GET", "/debug/cut", "malformed", "Bearer", "jwt-malformed")
    r.refused("GET", "/orders", "malformed", "Bearer", "jwt-malformed", challenges="Bearer")
    r.refused("GET", "/api/half", "malformed", "Bearer", "jwt-malformed")
    r.refused("GET", "/jwt", "malformed", "Bearer", "jwt-malformed", challenges="Bearer", times=2)


@scenario("211-duplicate", "Two Authorization lines: a gateway adds its own; joined by a comma", "falcon sanic express curl", "falcon sanic express")
def _(r):
    token = r.jwt()
    r.curl("falcon", "/orders", "-H", f"Authorization: Bearer {token}", "-H", "Authorization: " + basic("svc", "x"))
    r.curl("sanic", "/orders", "-H", "Authorization: " + basic("svc", "x"), "-H", "Authorization: Bearer tok-alice-1f9c")
    r.curl("express", "/api/c", "-H", f"Authorization: Bearer {token}, {basic('svc', 'x')}")
    r.refused("GET", "/orders", "multiple", "Bearer", "duplicate-authorization", challenges="Bearer")
    r.refused("GET", "/orders", "multiple", "Basic", "duplicate-authorization", challenges="Bearer")
    r.refused("GET", "/api/c", "malformed", "Bearer", "duplicate-authorization")


@scenario("212-wrong-header", "X-Authorization, Authentication and a misspelt Authorisation instead of Authorization", "restify fastify php curl", "restify fastify php")
def _(r):
    token = r.jwt()
    r.curl("restify", "/orders", "-H", f"X-Authorization: Bearer {token}")
    r.curl("fastify", "/orders?a", "-H", f"Authorisation: Bearer {token}")
    r.curl("php", "/api/x", "-H", "Authentication: Bearer tok-alice-1f9c")
    r.refused("GET", "/orders", "missing", None, "wrong-header-name")
    r.refused("GET", "/orders?a", "missing", None, "wrong-header-name")
    r.refused("GET", "/api/x", "missing", None, "wrong-header-name", challenges="Bearer")


@scenario("213-proxy-credentials", "curl --proxy-user against a server that is no proxy", "nginx pyramid curl", "nginx pyramid")
def _(r):
    run(["curl", "-s", "-o", "/dev/null", "-x", r.url("nginx", ""), "-U", "alice:secret-7", "http://app.test/basic/data.txt"])
    r.curl("pyramid", "/w", "-H", "Proxy-Authorization: " + basic("alice", "secret-7"))
    r.refused("GET", "/basic/data.txt", "missing", None, "proxy-auth-confusion no-credentials-sent", challenges="Basic", why="absolute form: it could be a proxy that was satisfied")
    r.refused("GET", "/w", "missing", None, "proxy-auth-confusion", challenges="Basic")


@scenario("214-bound-token", "A token bound to a key (cnf.jkt) without its DPoP proof", "bottle fastapi httpx", "bottle fastapi")
def _(r):
    token = r.jwt(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}, secret="another-issuer-another-issuer-another")
    httpx.get(r.url("bottle", "/proof"), headers={"Authorization": f"DPoP {token}"})
    httpx.get(r.url("fastapi", "/me"), headers={"Authorization": f"Bearer {token}"})
    r.refused("GET", "/proof", "present", "DPoP", "sender-constrained-token", challenges="DPoP")
    r.refused("GET", "/me", "present", "Bearer", "sender-constrained-token", "jwt-signature-rejected token-rejected", challenges="Bearer")


@scenario("220-mismatch-basic-for-bearer", "Basic where Bearer is wanted, Bearer where Basic is wanted", "falcon php caddy cherrypy requests httpx", "falcon php caddy cherrypy")
def _(r):
    requests.get(r.url("falcon", "/orders"), auth=("alice", "secret-7"))
    httpx.get(r.url("php", "/api/list"), auth=("alice", "secret-7"))
    httpx.get(r.url("caddy", "/basic/data.txt"), headers={"Authorization": "Bearer " + r.jwt()})
    requests.get(r.url("cherrypy", "/digest/x"), auth=("alice", "secret-7"))
    r.refused("GET", "/orders", "present", "Basic", "scheme-mismatch", challenges="Bearer")
    r.refused("GET", "/api/list", "present", "Basic", "scheme-mismatch", challenges="Bearer")
    r.refused("GET", "/basic/data.txt", "present", "Bearer", "scheme-mismatch", challenges="Basic")
    r.refused("GET", "/digest/x", "present", "Basic", "scheme-mismatch", challenges="Digest")


@scenario("221-mismatch-token-word", "REST framework wants the word Token, the client says Bearer; Ninja the other way round", "djangorestframework django-ninja got requests", "django")
def _(r):
    key = "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"
    r.node("got", "django", "/token-auth/", headers={"Authorization": f"Bearer {key}"})
    requests.get(r.url("django", "/ninja/orders"), headers={"Authorization": "Token " + r.jwt()})
    requests.get(r.url("django", "/jwt/"), headers={"Authorization": "JWT " + r.jwt()})
    r.refused("GET", "/token-auth/", "present", "Bearer", "scheme-mismatch", challenges="Token")
    r.refused("GET", "/ninja/orders", "present", "Token", "scheme-mismatch", "token-rejected unexplained no-credentials-sent")
    r.refused("GET", "/jwt/", "present", "JWT", "scheme-mismatch", challenges="Bearer")


@scenario("222-hidden-newline", "echo alice:secret-7 | base64: a newline inside the password", "nginx radicale curl", "nginx bottle")
def _(r):
    value = base64.b64encode(b"alice:secret-7\n").decode()
    r.curl("nginx", "/basic/data.txt", "-H", f"Authorization: Basic {value}")
    r.curl("bottle", "/basic", "-H", "Authorization: " + basic("alice", " secret-7"))
    r.refused("GET", "/basic/data.txt", "present", "Basic", "basic-hidden-whitespace", challenges="Basic")
    r.refused("GET", "/basic", "present", "Basic", "basic-hidden-whitespace", "wrong-password", challenges="Basic")


@scenario("223-percent-encoded", "A password taken from a URL without decoding it: p%40ss", "starlette requests", "starlette")
def _(r):
    requests.get(r.url("starlette", "/a"), headers={"Authorization": basic("alice", "p%40ss-7")})
    r.refused("GET", "/a", "present", "Basic", "basic-percent-encoded", "wrong-password", challenges="Basic")


@scenario("224-charset", "A user name with an umlaut: nginx's file is UTF-8, the client sends Latin-1", "nginx requests", "nginx")
def _(r):
    requests.get(r.url("nginx", "/basic/data.txt"), headers={"Authorization": basic("sören", "geheim", "latin-1")})
    r.refused("GET", "/basic/data.txt", "present", "Basic", "basic-charset", "wrong-password", challenges="Basic")


@scenario("225-api-key-missing", "No key at Flask and sanic", "flask sanic curl axios", "flask sanic")
def _(r):
    r.curl("flask", "/key")
    r.node("axios", "sanic", "/data")
    r.refused("GET", "/key", "missing", None, "api-key-missing")
    r.refused("GET", "/data", "missing", None, "api-key-missing")


@scenario("226-api-key-wrong", "A key that the server does not know, in the header and in the query", "flask sanic requests", "flask sanic")
def _(r):
    requests.get(r.url("flask", "/key"), headers={"X-Api-Key": "key-000000000000"})
    requests.get(r.url("sanic", "/data?apikey=key-000000000000"))
    r.refused("GET", "/key", "missing", None, "token-rejected")
    r.refused("GET", "/data?apikey=key-000000000000", "missing", None, "token-rejected")


@scenario("227-preflight-chromium-koa", "koa-jwt guards OPTIONS too; the preflight of a page in Chromium is refused", "koa-jwt express chromium", "koa")
def _(r):
    page = f"http://{HOST}:{r.lab.port('express')}/page?to=http://{HOST}:{r.lab.port('koa')}/orders"
    run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--disable-features=BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights,LocalNetworkAccessChecks",
         "--user-data-dir=" + r.lab.scratch + "/chromium", "--virtual-time-budget=4000", "--dump-dom", page])
    r.refused("OPTIONS", "/orders", "missing", None, "cors-preflight-rejected")


@scenario("228-preflight-nginx-basic", "A preflight at nginx Basic and at Caddy", "nginx caddy curl", "nginx caddy")
def _(r):
    headers = ["-X", "OPTIONS", "-H", "Origin: http://app.test", "-H", "Access-Control-Request-Method: PUT", "-H", "Access-Control-Request-Headers: authorization"]
    r.curl("nginx", "/basic/data.txt", *headers)
    r.curl("caddy", "/basic/data.txt", *headers)
    r.refused("OPTIONS", "/basic/data.txt", "missing", None, "cors-preflight-rejected", challenges="Basic", times=2)


@scenario("229-signature-clock", "Hawk: the client's clock is ten minutes behind", "mohawk bottle", "bottle")
def _(r):
    from mohawk import Sender
    import time

    url = r.url("bottle", "/hawk")
    credentials = {"id": "exam", "key": "exam-secret-exam-secret-exam-secret", "algorithm": "sha256"}
    sender = Sender(credentials, url, "GET", content="", content_type="", _timestamp=int(time.time()) - 600)
    requests.get(url, headers={"Authorization": sender.request_header})
    r.refused("GET", "/hawk", "present", "Hawk", "signature-auth-rejected clock-skew", challenges="Hawk")


@scenario("230-signature-wrong-key", "An AWS signature with another secret; Hawk with another key", "mohawk requests-aws4auth falcon bottle", "falcon bottle")
def _(r):
    from mohawk import Sender
    from requests_aws4auth import AWS4Auth

    requests.get(r.url("falcon", "/signed"), auth=AWS4Auth("AKIAEXAMPLE", "wrong", "eu-west-1", "execute-api"))
    url = r.url("bottle", "/hawk")
    sender = Sender({"id": "exam", "key": "not-the-key", "algorithm": "sha256"}, url, "GET", content="", content_type="")
    requests.get(url, headers={"Authorization": sender.request_header})
    r.refused("GET", "/signed", "present", "AWS4-HMAC-SHA256", "signature-auth-rejected")
    r.refused("GET", "/hawk", "present", "Hawk", "signature-auth-rejected", challenges="Hawk")


@scenario("231-unexplained", "A scheme of one's own and a server that says nothing", "falcon curl", "falcon")
def _(r):
    r.curl("falcon", "/quiet", "-X", "POST", "-H", "Authorization: Acme-Signed k=1")
    r.refused("POST", "/quiet", "present", "Acme-Signed", "unexplained", "token-rejected signature-auth-rejected")
