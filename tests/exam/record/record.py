#!/usr/bin/env python3
"""Records the exam: real servers and clients on loopback, real mistakes, known causes.

    sudo ./install            once: the software, into /tmp/why401-exam
    sudo ./record             all scenarios, or those whose name contains an argument

Each scenario becomes ../NAME/capture.pcap and ../NAME/label.json. The label is written from what was set up, never
from what the wire suggests; tshark then only confirms that the exchanges took place as declared."""

import collections
import importlib.metadata
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import jwt as pyjwt

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.environ.get("EXAM_LAB", "/tmp/why401-exam")
SERVERS = os.path.join(HERE, "servers")
NODE_MODULES = os.path.join(LAB, "js", "node_modules")
SECRET = "exam-secret-exam-secret-exam-secret"
# Addresses on lo that are not 127.0.0.0/8: many clients, and servers that are not "localhost" to a cookie jar.
NETWORK, HOST = "10.40.0.", "10.40.0.1"
PYTHON = ["flask", "falcon", "sanic", "quart", "cherrypy", "pyramid", "bottle", "starlette", "tornado", "aiohttp", "fastapi", "django", "windows"]
NODE = ["fastify", "koa", "hapi", "express", "hono", "restify", "polka", "ntlm", "strip"]
MORE_PYTHON = ["litestar", "blacksheep", "knox", "apiflask", "authlib", "jose", "dav", "plain"]
MORE_NODE = ["httpauth", "bearer", "passport", "csrf", "hawk", "tutorial", "proxy"]
THIRD_PYTHON = ["twisted", "sanicjwt", "fusers", "microdot", "connexion", "praetorian", "quartjwt", "toolkit", "mess"]
THIRD_NODE = ["nest", "feathers", "oauth2", "h3", "ws", "moleculer", "webdav", "yoga", "apollo", "betterauth", "hand"]
SCENARIOS = []


def scenario(name, text, software, ports):
    """Declares a scenario: its folder, what is set up, whose versions to note, which servers' ports are captured."""

    def register(function):
        SCENARIOS.append((name, text, software.split(), ports.split(), function))
        return function

    return register


def run(command, **options):
    options.setdefault("timeout", 60)
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, **options)


class Lab:
    """Servers that were started, by name, and where they listen. `name@variant` is another instance of `name`."""

    def __init__(self):
        self.ports, self.children = {}, []
        self.scratch = os.path.join(LAB, "run")
        shutil.rmtree(self.scratch, ignore_errors=True)
        os.makedirs(self.scratch)
        os.chmod(LAB, 0o755)
        run(["ip", "address", "add", HOST + "/24", "dev", "lo"])

    def port(self, name):
        if name not in self.ports:
            self.ports[name] = 8301 + len(self.ports)
            self.start(name, self.ports[name])
        return self.ports[name]

    def start(self, name, port):
        base, _, variant = name.partition("@")
        environment = dict(os.environ, NODE_PATH=NODE_MODULES)
        if base in PYTHON:
            if variant.startswith("key"):
                environment.update(EXAM_FLASK_SECRET=variant * 9, EXAM_DIGEST_KEY=variant)
            command = [sys.executable, f"{SERVERS}/python_apps.py", base, str(port)]
            if variant.startswith("clock"):
                command = ["faketime", "-f", variant[5:]] + command
        elif base in NODE:
            if base == "strip":
                environment["EXAM_TARGET"] = f"http://127.0.0.1:{self.port('fastify')}"
            command = ["node", f"{SERVERS}/node_apps.js", base, str(port)]
        elif base in MORE_PYTHON:
            command = [sys.executable, f"{SERVERS}/more_apps.py", base, str(port)]
            if variant.startswith("clock"):
                command = ["faketime", "-f", variant[5:]] + command
        elif base in MORE_NODE:
            if base == "proxy":
                environment["EXAM_TARGET"] = f"http://127.0.0.1:{self.port('tutorial')}"
            command = ["node", f"{SERVERS}/more_apps.js", base, str(port)]
        elif base in THIRD_PYTHON + THIRD_NODE:
            python = base in THIRD_PYTHON
            environment.update(dict(part.split("=") for part in variant.split(",") if "=" in part))
            command = [sys.executable if python else "node", f"{SERVERS}/third_apps.{'py' if python else 'js'}", base, str(port)]
            if variant.startswith("clock"):
                command = ["faketime", "-f", variant[5:]] + command
        else:
            command = self.product(base, port)
        log = open(os.path.join(self.scratch, name.replace("/", "_") + ".log"), "wb")
        self.children.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True, cwd=self.scratch))
        deadline = time.time() + 40
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.5).close()
                return time.sleep(0.2)
            except OSError:
                if time.time() > deadline or self.children[-1].poll() is not None:
                    sys.exit(f"{name} does not start: see {log.name}")
                time.sleep(0.1)

    def product(self, name, port):
        """The command of a server that is configured by a file in servers/."""
        commands = {
            "nginx": ("nginx.conf", ["nginx", "-c", "{file}", "-p", "{dir}", "-e", "stderr"]),
            "apache": ("apache.conf", ["apache2", "-X", "-f", "{file}"]),
            "haproxy": ("haproxy.cfg", ["haproxy", "-db", "-f", "{file}"]),
            "lighttpd": ("lighttpd.conf", ["lighttpd", "-D", "-f", "{file}"]),
            "caddy": ("Caddyfile", ["caddy", "run", "--adapter", "caddyfile", "--config", "{file}"]),
            "squid": ("squid.conf", ["squid", "-N", "-f", "{file}"]),
            "varnish": ("varnish.vcl", ["varnishd", "-F", "-a", f"0.0.0.0:{port}", "-f", "{file}", "-n", "{dir}/varnish"]),
            "php": ("index.php", ["php", "-S", f"0.0.0.0:{port}", "{file}"]),
            "sinatra": ("app.rb", ["ruby", "{file}"]),
            "mojolicious": ("app.pl", ["perl", "{file}", "daemon", "-l", f"http://*:{port}"]),
            "java": ("Server.java", ["java", "{file}", str(port)]),
            "verdaccio": ("verdaccio.yaml", ["node", f"{NODE_MODULES}/verdaccio/bin/verdaccio", "-c", "{file}", "-l", f"0.0.0.0:{port}"]),
            "echo": ("main.go", [f"{LAB}/exam-go", "echo", str(port)]),
            "mux": ("main.go", [f"{LAB}/exam-go", "mux", str(port)]),
            "plack": ("more.psgi", ["plackup", "-p", str(port), "{file}"]),
            "webrick": ("more.rb", ["ruby", "{file}", str(port)]),
            "php2": ("more.php", ["php", "-S", f"0.0.0.0:{port}", "{file}"]),
            "tomcat": ("tomcat-server.xml", ["env", "CATALINA_BASE={dir}", "/usr/share/tomcat10/bin/catalina.sh", "run", "-config", "{file}"]),
            "rclone": ("htpasswd", ["rclone", "serve", "webdav", "{dir}", "--addr", f":{port}", "--user", "alice", "--pass", "secret-7"]),
            "registry": ("registry.yaml", ["docker-registry", "serve", "{file}"]),
            "exporter": ("exporter.yml", ["prometheus-node-exporter", "--web.config.file={file}", f"--web.listen-address=:{port}"]),
            "icecast": ("icecast.xml", ["icecast2", "-c", "{file}"]),
            "radicale": ("radicale.ini", [sys.executable, "-m", "radicale", "--config", "{file}"]),
            "monit": ("third_monit.conf", ["monit", "-I", "-c", "{file}"]),
            "grape": ("third.rb", ["ruby", "{file}", str(port)]),
            "dancer": ("third.psgi", ["plackup", "-E", "deployment", "-p", str(port), "{file}"]),
            "sabre": ("third_dav.php", ["php", "-S", f"0.0.0.0:{port}", "{file}"]),
            "gin": ("third.go", [f"{LAB}/exam-go3", "gin", str(port)]),
            "chi": ("third.go", [f"{LAB}/exam-go3", "chi", str(port)]),
            "actix": ("third.rs", [f"{LAB}/rs/target/debug/exam-rs", "actix", str(port)]),
            "poem": ("third.rs", [f"{LAB}/rs/target/debug/exam-rs", "poem", str(port)]),
            "axum": ("third.rs", [f"{LAB}/rs/target/debug/exam-rs", "axum", str(port)]),
            "busybox": ("third_httpd.conf", ["busybox", "httpd", "-f", "-p", str(port), "-c", "{file}", "-h", "{dir}/packages"]),
            "supervisor": ("third_supervisor.conf", ["supervisord", "-n", "-c", "{file}"]),
            "flower": ("third_flower.py", [sys.executable, "{file}", str(port)]),
            "transmission": ("third_nothing.conf", ["transmission-daemon", "-f", "-g", "{dir}", "--auth", "-u", "alice", "-v", "secret-7", "-p", str(port), "-r", "0.0.0.0", "-a", "*.*.*.*"]),
            "jetty": ("third_nothing.conf", ["java", "-cp", "/usr/share/java/jetty9-*:/usr/share/java/*", f"{SERVERS}/ThirdJetty.java", str(port)]),
            "tinyproxy": ("third_tinyproxy.conf", ["tinyproxy", "-d", "-c", "{file}"]),
            "reverse": ("third_squid.conf", ["squid", "-N", "-f", "{file}"]),
            "nghttpx": ("third_nothing.conf", ["nghttpx", f"-f0.0.0.0,{port};no-tls", f"-b127.0.0.1,{self.ports.get('mess', 0)}", "--workers=1", "--add-x-forwarded-for"]),
            "svn": ("third_apache.conf", ["apache2", "-X", "-f", "{file}"]),
            "gateway": ("third_nginx.conf", ["nginx", "-c", "{file}", "-p", "{dir}", "-e", "stderr"]),
            "pypiserver": ("htpasswd", ["pypi-server", "run", "-p", str(port), "-a", "update,download,list", "-P", "{file}", "{dir}/packages"]),
        }
        template, command = commands[name]
        folder = os.path.join(self.scratch, name)
        os.makedirs(os.path.join(folder, "packages"), exist_ok=True)
        if name == "tomcat":
            site = os.path.join(folder, "webapps", "ROOT")
            os.makedirs(os.path.join(site, "WEB-INF"))
            shutil.copytree("/etc/tomcat10", os.path.join(folder, "conf"))
            shutil.copy(f"{SERVERS}/tomcat-web.xml", os.path.join(site, "WEB-INF", "web.xml"))
            shutil.copy(f"{SERVERS}/site/basic/data.txt", site)
        if name == "svn":
            run(["svnadmin", "create", f"{folder}/repository"])
            run(["chown", "-R", "www-data", f"{folder}/repository"])
        os.chmod(folder, 0o777)
        with open(os.path.join(SERVERS, template)) as source:
            text = source.read()
        fill = {"PORT": lambda _: str(port), "DIR": lambda _: folder, "HERE": lambda _: SERVERS, "P": lambda m: str(self.port(m.group(2)))}
        text = re.sub(r"@(PORT|DIR|HERE|P):?([\w@]*)@", lambda m: fill[m.group(1)](m), text)
        file = os.path.join(folder, template)
        with open(file, "w") as target:
            target.write(text)
        os.chmod(file, 0o600 if name == "monit" else 0o644)
        return [part.format(file=file, dir=folder) for part in command]

    def close(self):
        for child in self.children:
            try:
                os.killpg(child.pid, signal.SIGTERM)
                child.wait(5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                child.kill()


class Recording:
    """What a scenario says: what to send, and what was meant to happen."""

    def __init__(self, lab):
        self.lab, self.expect, self.exchanges, self.count = lab, [], [], collections.Counter()
        self.transform, self.loss = None, False

    # What to send

    def url(self, server, path="/", host="127.0.0.1", login=""):
        return f"http://{login}{host}:{self.lab.port(server)}{path}"

    def curl(self, server, path, *arguments, host="127.0.0.1"):
        """One curl; arguments may name other URLs of the same connection."""
        run(["curl", "-s", "-o", "/dev/null", "-m", "20", "--noproxy", "*", *arguments, self.url(server, path, host)])

    def node(self, library, server, path, method="GET", headers=None, body=None):
        command = ["node", f"{SERVERS}/node_client.js", library, method, self.url(server, path), json.dumps(headers or {})]
        run(command + ([body] if body else []), env=dict(os.environ, NODE_PATH=NODE_MODULES))

    def raw(self, server, text):
        """Octets as they are; returns what came back."""
        with socket.create_connection(("127.0.0.1", self.lab.port(server)), 5) as connection:
            connection.sendall(text.replace("\n", "\r\n").encode("latin-1"))
            connection.settimeout(1)
            answer = b""
            try:
                while chunk := connection.recv(65536):
                    answer += chunk
            except TimeoutError:
                pass
            return answer

    @staticmethod
    def jwt(exp=900, secret=SECRET, alg="HS256", headers=None, **claims):
        now = int(time.time())
        payload = {"sub": "alice", "iat": now - 60, **claims}
        if exp is not None:
            payload["exp"] = now + exp
        return pyjwt.encode(payload, secret, alg, headers)

    wait = staticmethod(time.sleep)

    # What was meant to happen

    def refused(self, method, path, state, scheme, accept, tolerate="", benign=False, challenges="", why="", times=1):
        """A 401, and what an expert who set it up would accept as its cause."""
        for _ in range(times):
            self.exchanges.append([method, path, 401])
            self.count[method, path] += 1
            expectation = {
                "match": {"method": method, "path": path, "nth": self.count[method, path]}, "status": 401,
                "auth_state": state, "scheme": scheme, "accept": accept.split(), "tolerate": tolerate.split(),
                "benign": benign, "challenges": challenges.split()}
            self.expect.append({**expectation, "why": why} if why else expectation)

    def saw(self, *exchanges):
        """Exchanges that are no 401: "GET /path 200"."""
        for exchange in exchanges:
            method, path, status = exchange.split(" ")
            self.exchanges.append([method, path, int(status)])

    def changed_by(self, transform, loss=True):
        """What happens to the capture afterwards: transform(source, target). With loss, tshark cannot confirm it."""
        self.transform, self.loss = transform, loss


def versions(names):
    return [f"{name} {version(name)}".strip() for name in names]


def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
    for package in (name, "@" + name, "@hapi/" + name):
        file = os.path.join(NODE_MODULES, package, "package.json")
        if os.path.exists(file):
            with open(file) as text:
                return json.load(text)["version"]
    command = {"apache": ["apache2", "-v"], "nginx": ["nginx", "-v"], "squid": ["squid", "-v"], "haproxy": ["haproxy", "-v"], "perl": ["perl", "-e", "print $^V"],
               "lighttpd": ["lighttpd", "-v"], "caddy": ["caddy", "version"], "varnish": ["varnishd", "-V"], "java": ["java", "-version"], "hydra": ["hydra", "-h"]}
    try:
        result = subprocess.run(command.get(name, [name, "--version"]), capture_output=True, text=True, timeout=20)
    except OSError:
        return ""
    found = re.search(r"\d+\.\d+[.\w]*", result.stdout + result.stderr)
    return found.group() if found else ""


def confirm(capture, ports):
    """The exchanges as tshark sees them: target and status."""
    command = ["tshark", "-r", capture, "-Y", "http.response", "-T", "fields"]
    for port in ports:
        command += ["-d", f"tcp.port=={port},http"]
    command += ["-e", "http.response_for.uri", "-e", "http.response.code"]
    lines = [line.split("\t") for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines()]
    return [(path_of(target), int(status)) for target, status in lines if not status.startswith("1")]


def path_of(target):
    return re.sub(r"^[a-z]+://[^/]*", "", target) or "/"


def record(lab, name, text, software, ports, function):
    numbers = [lab.port(port) for port in ports]
    folder = os.path.join(HERE, "..", name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    raw, capture = os.path.join(lab.scratch, "raw.pcap"), os.path.join(folder, "capture.pcap")
    recording = Recording(lab)
    expression = " or ".join(f"tcp port {number}" for number in numbers)
    tcpdump = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "-B", "8192", "--immediate-mode", "-Z", "root", "-w", raw, expression], stderr=subprocess.PIPE, text=True)
    tcpdump.stderr.readline()
    time.sleep(0.15)
    try:
        function(recording)
    finally:
        time.sleep(0.4)
        tcpdump.send_signal(signal.SIGINT)
        tcpdump.wait()
    (recording.transform or shutil.copy)(raw, capture)
    label = {"scenario": text, "software": versions(software), "expect": recording.expect,
             "also_no_401_false_alarms": True, "exchanges": recording.exchanges}
    with open(os.path.join(folder, "label.json"), "w") as target:
        json.dump(label, target, indent=1, ensure_ascii=False)
        target.write("\n")
    declared = collections.Counter((path_of(target), status) for _, target, status in recording.exchanges)
    real = collections.Counter(confirm(raw if recording.loss else capture, numbers))
    size = os.path.getsize(capture)
    if recording.loss or declared == real:
        print(f"{name}: {sum(declared.values())} exchanges, {len(recording.expect)} refused, {size} octets")
        return True
    print(f"{name}: NOT AS DECLARED\n   missing {dict(declared - real)}\n   surplus {dict(real - declared)}")
    return False


def main():
    lab, wanted, good = Lab(), sys.argv[1:], True
    try:
        for name, text, software, ports, function in SCENARIOS:
            if not wanted or any(part in name for part in wanted):
                good &= record(lab, name, text, software, ports, function)
    finally:
        lab.close()
        shutil.rmtree(lab.scratch, ignore_errors=bool(good))
    sys.exit(0 if good else 1)
