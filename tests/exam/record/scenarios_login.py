"""Logins: nothing sent, wrong passwords, challenge round trips, handshakes, guessing, lockout."""

import base64
import subprocess
import sys
import tempfile
import urllib.request

import httpx
import requests
from requests.auth import HTTPDigestAuth

from record import HERE, HOST, NETWORK, run, scenario


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@scenario("101-missing-caddy-httpie", "Caddy basic_auth, httpie without credentials", "caddy httpie", "caddy")
def _(r):
    run(["http", "--ignore-stdin", "GET", r.url("caddy", "/basic/data.txt")])
    r.refused("GET", "/basic/data.txt", "missing", None, "no-credentials-sent", challenges="Basic")


@scenario("102-missing-haproxy-urllib", "HAProxy http-request auth, Python urllib without credentials, then curl HEAD", "haproxy curl", "haproxy")
def _(r):
    try:
        urllib.request.urlopen(r.url("haproxy", "/gate/by-address"))
    except OSError:
        pass
    r.curl("haproxy", "/gate/by-address", "-I")
    r.refused("GET", "/gate/by-address", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("HEAD", "/gate/by-address", "missing", None, "no-credentials-sent", challenges="Basic")


@scenario("103-missing-lighttpd-lwp", "lighttpd Basic and Digest areas, Perl LWP without credentials", "lighttpd perl", "lighttpd")
def _(r):
    for path in ("/basic/data.txt", "/write/data.txt"):
        run(["perl", "-MLWP::UserAgent", "-e", "LWP::UserAgent->new->get($ARGV[0])", r.url("lighttpd", path)])
    r.refused("GET", "/basic/data.txt", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("GET", "/write/data.txt", "missing", None, "no-credentials-sent", challenges="Digest")


@scenario("104-missing-node-frameworks", "No credentials at fastify, koa-jwt, hapi, hono and restify; got, ky, undici, superagent, needle", "fastify koa-jwt hapi hono restify got ky undici superagent needle", "fastify koa hapi hono restify")
def _(r):
    r.node("got", "fastify", "/orders?fastify")
    r.node("ky", "koa", "/orders?koa")
    r.node("undici", "hapi", "/orders?hapi")
    r.node("superagent", "hono", "/orders")
    r.node("needle", "restify", "/orders?restify")
    r.refused("GET", "/orders?fastify", "missing", None, "no-credentials-sent")
    r.refused("GET", "/orders?koa", "missing", None, "no-credentials-sent")
    r.refused("GET", "/orders?hapi", "missing", None, "no-credentials-sent")
    r.refused("GET", "/orders", "missing", None, "no-credentials-sent", challenges="Bearer")
    r.refused("GET", "/orders?restify", "missing", None, "no-credentials-sent")


@scenario("105-missing-php-sinatra-pyramid", "No credentials at PHP, Sinatra, Pyramid, Starlette; Ruby Net::HTTP, PHP streams, httpx", "php sinatra pyramid starlette ruby httpx", "php sinatra pyramid starlette")
def _(r):
    run(["ruby", "-rnet/http", "-e", "Net::HTTP.get_response(URI(ARGV[0]))", r.url("php", "/admin/users")])
    run(["php", "-r", "@file_get_contents($argv[1]);", r.url("sinatra", "/list")])
    httpx.get(r.url("pyramid", "/wiki"))
    httpx.post(r.url("starlette", "/form"), data={"a": "b"})
    r.changed_by(None)  # Starlette answers before the body has come, which tshark cannot pair.
    r.refused("GET", "/admin/users", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("GET", "/list", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("GET", "/wiki", "missing", None, "no-credentials-sent", challenges="Basic")
    r.refused("POST", "/form", "missing", None, "no-credentials-sent", challenges="Basic")


@scenario("110-wrongpw-caddy-curl", "Caddy, curl -u with a wrong password", "caddy curl", "caddy")
def _(r):
    r.curl("caddy", "/basic/data.txt", "-u", "alice:secret-8")
    r.refused("GET", "/basic/data.txt", "present", "Basic", "wrong-password", challenges="Basic")


@scenario("111-wrongpw-cherrypy-bottle-httpx", "CherryPy and Bottle Basic, httpx with wrong passwords", "cherrypy bottle httpx", "cherrypy bottle")
def _(r):
    httpx.get(r.url("cherrypy", "/basic/x"), auth=("alice", "nope"))
    httpx.get(r.url("bottle", "/basic"), auth=("allice", "secret-7"))
    r.refused("GET", "/basic/x", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("GET", "/basic", "present", "Basic", "wrong-password", challenges="Basic")


@scenario("112-wrongpw-digest-lighttpd-curl", "lighttpd Digest, curl --digest with a wrong password: asks first, then is refused", "lighttpd curl", "lighttpd")
def _(r):
    r.curl("lighttpd", "/write/data.txt", "--digest", "-u", "alice:wrong")
    r.refused("GET", "/write/data.txt", "missing", None, "no-credentials-sent", "challenge-roundtrip wrong-password", challenges="Digest", why="probe whose retry was refused")
    r.refused("GET", "/write/data.txt", "present", "Digest", "wrong-password", challenges="Digest")


@scenario("113-wrongpw-digest-express-requests", "passport Digest at Express, requests HTTPDigestAuth with a wrong password", "express passport-http requests", "express")
def _(r):
    requests.get(r.url("express", "/digest"), auth=HTTPDigestAuth("alice", "wrong"))
    r.refused("GET", "/digest", "missing", None, "no-credentials-sent", "challenge-roundtrip wrong-password", challenges="Digest")
    r.refused("GET", "/digest", "present", "Digest", "wrong-password", challenges="Digest")


@scenario("114-wrongpw-node-frameworks", "Wrong Basic passwords at fastify, koa, hapi, hono, passport; axios, got, fetch", "fastify koa-basic-auth hapi hono passport-http axios got", "fastify koa hapi hono express")
def _(r):
    wrong = {"Authorization": basic("alice", "password1")}
    for library, server, path in (("axios", "fastify", "/basic?f"), ("got", "koa", "/basic?k"), ("fetch", "hapi", "/basic?h"), ("needle", "hono", "/basic"), ("superagent", "express", "/basic?e")):
        r.node(library, server, path, headers=wrong)
        r.refused("GET", path, "present", "Basic", "wrong-password", challenges="" if server == "none" else "Basic")


@scenario("115-wrongpw-jdk", "JDK HttpServer with BasicAuthenticator; the JDK's HttpClient tries a wrong password several times", "java", "java")
def _(r):
    run(["java", f"{HERE}/servers/Client.java", r.url("java", "/inside"), "alice", "wrong"])
    r.refused("GET", "/inside", "missing", None, "no-credentials-sent", "challenge-roundtrip wrong-password", challenges="Basic")
    r.refused("GET", "/inside", "present", "Basic", "wrong-password", challenges="Basic", times=4)


@scenario("116-wrongpw-git", "git clone with a wrong password in the URL: asks first, then is refused", "apache git", "apache")
def _(r):
    with tempfile.TemporaryDirectory() as folder:
        run(["git", "-c", "credential.helper=", "clone", r.url("apache", "/reports/app.git", login="alice:wrong@"), folder + "/x"], env={"GIT_TERMINAL_PROMPT": "0", "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder})
    path = "/reports/app.git/info/refs?service=git-upload-pack"
    r.refused("GET", path, "missing", None, "no-credentials-sent", "challenge-roundtrip wrong-password", challenges="Basic")
    r.refused("GET", path, "present", "Basic", "wrong-password", challenges="Basic")


@scenario("117-missing-pip-pypiserver", "pip from a private index: with a wrong password this server says 403, without a login 401", "pypiserver pip", "pypiserver")
def _(r):
    for login in ("alice:wrong@", ""):
        with tempfile.TemporaryDirectory() as folder:
            run([sys.executable, "-m", "pip", "download", "--no-input", "--retries", "0", "--no-cache-dir", "--disable-pip-version-check", "-d", folder, "--index-url", r.url("pypiserver", "/simple/", login=login), "private-package"])
    r.refused("GET", "/simple/private-package/", "missing", None, "no-credentials-sent", challenges="Basic")
    r.saw("GET /simple/private-package/ 403")


@scenario("118-npm-verdaccio", "npm view from Verdaccio without a token", "verdaccio npm", "verdaccio")
def _(r):
    port = r.lab.port("verdaccio")
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/.npmrc", "w") as file:
            file.write(f"registry=http://127.0.0.1:{port}/\nfetch-retries=0\nupdate-notifier=false\n")
        run(["npm", "view", "private-package", "--userconfig", folder + "/.npmrc", "--cache", folder + "/c"], cwd=folder)
    r.refused("GET", "/private-package", "missing", None, "no-credentials-sent")


@scenario("119-wrongpw-then-right", "A person mistypes the password at Radicale, then types it right: not benign", "radicale requests", "radicale")
def _(r):
    requests.request("PROPFIND", r.url("radicale", "/alice/"), auth=("alice", "sceret-7"))
    r.wait(1)
    requests.request("PROPFIND", r.url("radicale", "/alice/"), auth=("alice", "secret-7"))
    r.refused("PROPFIND", "/alice/", "present", "Basic", "wrong-password", challenges="Basic")
    r.saw("PROPFIND /alice/ 207")


@scenario("120-wrongpw-perl-mojo-sinatra", "Wrong Basic at Sinatra and Radicale with Perl LWP and PHP streams", "sinatra radicale perl php", "sinatra radicale")
def _(r):
    run(["perl", "-MLWP::UserAgent", "-e", "my $u=LWP::UserAgent->new; $u->default_headers->authorization_basic('alice','bad'); $u->get($ARGV[0])", r.url("sinatra", "/report")])
    run(["php", "-r", "@file_get_contents($argv[1], false, stream_context_create(['http'=>['header'=>'Authorization: Basic '.base64_encode('bob:x')]]));", r.url("radicale", "/bob/cal.ics")])
    r.refused("GET", "/report", "present", "Basic", "wrong-password", challenges="Basic")
    r.refused("GET", "/bob/cal.ics", "present", "Basic", "wrong-password", challenges="Basic")


@scenario("130-roundtrip-wget", "nginx Basic, wget --user with the right password: asks first, then is let in", "nginx wget", "nginx")
def _(r):
    run(["wget", "-q", "-O", "/dev/null", "--no-proxy", "--user=alice", "--password=secret-7", r.url("nginx", "/basic/data.txt")])
    r.refused("GET", "/basic/data.txt", "missing", None, "challenge-roundtrip", benign=True, challenges="Basic")
    r.saw("GET /basic/data.txt 200")


@scenario("131-roundtrip-jdk", "The JDK's HttpClient with the right password", "java", "java")
def _(r):
    run(["java", f"{HERE}/servers/Client.java", r.url("java", "/inside"), "alice", "secret-7"])
    r.refused("GET", "/inside", "missing", None, "challenge-roundtrip", benign=True, challenges="Basic")
    r.saw("GET /inside 200")


@scenario("132-roundtrip-digest-requests", "lighttpd Digest, requests HTTPDigestAuth: one round trip, then it answers ahead", "lighttpd requests", "lighttpd")
def _(r):
    session = requests.Session()
    session.auth = HTTPDigestAuth("alice", "secret-7")
    for _ in range(3):
        session.get(r.url("lighttpd", "/write/data.txt"))
    r.refused("GET", "/write/data.txt", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw(*["GET /write/data.txt 200"] * 3)


@scenario("133-roundtrip-digest-httpx-cherrypy", "CherryPy Digest, httpx DigestAuth, POST with a body", "cherrypy httpx", "cherrypy")
def _(r):
    httpx.post(r.url("cherrypy", "/digest/form"), auth=httpx.DigestAuth("alice", "secret-7"), data={"a": "1"})
    r.refused("POST", "/digest/form", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw("POST /digest/form 200")


@scenario("134-roundtrip-anyauth", "lighttpd, curl --anyauth with the right password, twice on one connection", "lighttpd curl", "lighttpd")
def _(r):
    r.curl("lighttpd", "/basic/data.txt", "--anyauth", "-u", "alice:secret-7")
    r.refused("GET", "/basic/data.txt", "missing", None, "challenge-roundtrip", benign=True, challenges="Basic")
    r.saw("GET /basic/data.txt 200")


@scenario("135-handshake-ntlm-curl", "NTLM, curl --ntlm: type 1, type 2, type 3, let in", "curl", "windows")
def _(r):
    r.curl("windows", "/docs", "--ntlm", "-u", "EXAM\\alice:secret-7")
    r.refused("GET", "/docs", "present", "NTLM", "handshake-leg", benign=True, challenges="NTLM")
    r.saw("GET /docs 200")


@scenario("136-handshake-ntlm-express", "express-ntlm, httpntlm client: both legs on one connection", "express-ntlm httpntlm", "ntlm")
def _(r):
    r.node("httpntlm", "ntlm", "/whoami")
    r.refused("GET", "/whoami", "present", "NTLM", "handshake-leg", benign=True, challenges="NTLM")
    r.saw("GET /whoami 200")


@scenario("137-ntlm-refused", "NTLM, curl --ntlm, the server refuses the type 3", "curl", "windows")
def _(r):
    r.curl("windows", "/refuse/docs", "--ntlm", "-u", "EXAM\\alice:wrong")
    r.refused("GET", "/refuse/docs", "present", "NTLM", "handshake-leg", "wrong-password", challenges="NTLM", why="a leg whose handshake failed is not benign")
    r.refused("GET", "/refuse/docs", "present", "NTLM", "wrong-password", "kerberos-fallback token-rejected", challenges="NTLM")


@scenario("138-negotiate-gets-ntlm", "The server wants Kerberos; the client has no ticket and sends NTLM inside Negotiate", "requests", "windows")
def _(r):
    token = base64.b64encode(b"NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2" + bytes(24)).decode()
    requests.get(r.url("windows", "/negotiate/share"), headers={"Authorization": "Negotiate " + token})
    r.refused("GET", "/negotiate/share", "present", "Negotiate", "kerberos-fallback", challenges="Negotiate")


@scenario("139-nonce-refresh-apache", "Apache Digest with a nonce lifetime of 1 s: requests answers ahead with an old nonce, gets stale=true, tries again", "apache requests", "apache")
def _(r):
    session = requests.Session()
    session.auth = HTTPDigestAuth("alice", "secret-7")
    session.get(r.url("apache", "/short/data.txt"))
    r.wait(2.2)
    session.get(r.url("apache", "/short/data.txt"))
    r.refused("GET", "/short/data.txt", "missing", None, "challenge-roundtrip", benign=True, challenges="Digest")
    r.saw("GET /short/data.txt 200")
    r.refused("GET", "/short/data.txt", "present", "Digest", "nonce-refresh", benign=True, challenges="Digest")
    r.saw("GET /short/data.txt 200")


@scenario("140-guessing-hydra", "hydra tries twenty passwords for admin at PHP", "php hydra", "php")
def _(r):
    with tempfile.NamedTemporaryFile("w") as words:
        words.write("\n".join(f"letmein{i}" for i in range(20)) + "\n")
        words.flush()
        run(["hydra", "-l", "admin", "-P", words.name, "-t", "1", "-s", str(r.lab.port("php")), "127.0.0.1", "http-get", "/admin/"])
    # hydra asks once without credentials only where it must learn the realm.
    r.refused("GET", "/admin/", "present", "Basic", "wrong-password password-guessing", challenges="Basic", times=9)
    r.refused("GET", "/admin/", "present", "Basic", "password-guessing", "wrong-password", challenges="Basic", times=11)


@scenario("141-lockout-bottle", "Six wrong passwords, then the server says so: too many attempts", "bottle curl", "bottle")
def _(r):
    for password in ("a", "b", "c", "d", "e"):
        r.curl("bottle", "/mail", "-u", "bob:" + password)
    r.curl("bottle", "/mail", "-u", "bob:secret-9")
    r.refused("GET", "/mail", "present", "Basic", "wrong-password", challenges="Basic", times=5)
    r.refused("GET", "/mail", "present", "Basic", "lockout-or-throttle")


@scenario("142-privilege-apache", "Apache Require user bob: alice's password is right elsewhere, refused with 401 here", "apache curl", "apache")
def _(r):
    r.curl("apache", "/reports/data.txt", "-u", "alice:secret-7")
    r.curl("apache", "/board/data.txt", "-u", "bob:hunter-3")
    r.curl("apache", "/board/data.txt", "-u", "alice:secret-7")
    r.curl("apache", "/board/data.txt", "-u", "alice:secret-7")
    r.saw("GET /reports/data.txt 200", "GET /board/data.txt 200")
    r.refused("GET", "/board/data.txt", "present", "Basic", "insufficient-privilege", "works-elsewhere wrong-password", challenges="Basic", times=2)


@scenario("143-blocked-address", "One address is not allowed; the server says so", "flask curl", "flask")
def _(r):
    r.curl("flask", "/by-address", "--interface", NETWORK + "66", host=HOST)
    r.curl("flask", "/by-address", "--interface", NETWORK + "67", host=HOST)
    r.refused("GET", "/by-address", "missing", None, "blocked-by-security-rule")
    r.saw("GET /by-address 200")


@scenario("144-method-specific", "nginx limit_except GET: reading is free, writing needs a login", "nginx curl", "nginx")
def _(r):
    r.curl("nginx", "/write/data.txt")
    r.curl("nginx", "/write/data.txt", "-X", "DELETE")
    r.saw("GET /write/data.txt 200")
    r.refused("DELETE", "/write/data.txt", "missing", None, "method-specific-auth", "no-credentials-sent", challenges="Basic")


@scenario("145-works-elsewhere", "The same login works at nginx and is refused at Starlette on the next port", "nginx starlette curl", "nginx starlette")
def _(r):
    r.curl("nginx", "/basic/data.txt", "-u", "bob:hunter-3")
    r.curl("starlette", "/basic/data.txt", "-u", "bob:hunter-3")
    r.saw("GET /basic/data.txt 200")
    r.refused("GET", "/basic/data.txt", "present", "Basic", "works-elsewhere wrong-password", challenges="Basic")


@scenario("146-browser-loads-subresource", "A page was loaded with a login; the manifest is fetched without", "nginx chromium", "nginx")
def _(r):
    user_agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
    r.curl("nginx", "/basic/index.html", "-u", "alice:secret-7", "-A", user_agent)
    r.curl("nginx", "/basic/manifest.json", "-A", user_agent, "-H", "Sec-Fetch-Dest: manifest", "-H", "Sec-Fetch-Mode: cors", "-H", "Referer: " + r.url("nginx", "/basic/index.html"))
    r.saw("GET /basic/index.html 200")
    r.refused("GET", "/basic/manifest.json", "missing", None, "browser-cannot-send", "no-credentials-sent", benign=True, challenges="Basic", why="catalogue section 8, number 7: dimmed")


@scenario("147-storm", "A job repeats the same refused password for ever", "caddy curl", "caddy")
def _(r):
    for _ in range(15):
        r.curl("caddy", "/basic/feed.xml", "-u", "job:old-password")
    r.refused("GET", "/basic/feed.xml", "present", "Basic", "wrong-password", challenges="Basic", times=15)


@scenario("148-git-roundtrip", "git ls-remote of a dumb repository behind Basic with the right password", "apache git", "apache")
def _(r):
    with tempfile.TemporaryDirectory() as folder:
        run(["git", "-c", "credential.helper=", "ls-remote", r.url("apache", "/reports/app.git", login="alice:secret-7@")], env={"GIT_TERMINAL_PROMPT": "0", "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder})
    path = "/reports/app.git/info/refs?service=git-upload-pack"
    r.refused("GET", path, "missing", None, "challenge-roundtrip", benign=True, challenges="Basic")
    r.saw(f"GET {path} 404")
