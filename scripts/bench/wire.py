"""Packets, conversations and what is known of them, for the workloads. Python's own library only."""

import base64
import json
import random
import struct

RECORD = struct.Struct("<IIII").pack
IP = struct.Struct(">BBHHHBBHII").pack
TCP = struct.Struct(">HHIIHHHH").pack
UDP = struct.Struct(">HHHH").pack
ETHERNET = bytes.fromhex("020000000001 020000000002 0800")
MSS_OPTION = bytes.fromhex("020405b4 04020101")
TIMESTAMP_OPTION = bytes.fromhex("0101080a 00000001 00000001")
FIN, SYN, PSH, ACK = 1, 2, 8, 16
START = 1_700_000_000
MSS = 1448


def address(a, b, c, d):
    return a << 24 | b << 16 | c << 8 | d


def octet_sum(octets):
    """The sum of 16-bit words that checksums are made of (RFC 1071); 2**16 is 1 modulo 65535."""
    return int.from_bytes(octets + b"\0" * (len(octets) & 1), "big") % 65535


def checksum(total):
    return (65535 - total % 65535).to_bytes(2, "big")


def packet(source, destination, protocol, transport):
    header = IP(0x45, 0, 20 + len(transport), 0, 0x4000, 64, protocol, 0, source, destination)
    return ETHERNET + header[:10] + checksum(octet_sum(header)) + header[12:] + transport


def pseudo_sum(source, destination, protocol, length):
    words = (source >> 16, source & 65535, destination >> 16, destination & 65535)
    return sum(words) + protocol + length


def udp(source, destination, source_port, port, payload):
    header = UDP(source_port, port, 8 + len(payload), 0)
    total = pseudo_sum(source, destination, 17, 8 + len(payload)) + octet_sum(header + payload)
    return packet(source, destination, 17, header[:6] + checksum(total) + payload)


class Recording:
    """A pcap file, and beside it what is true of it."""

    def __init__(self, path, step=4):
        self.path, self.step, self.microseconds, self.packets = path, step, 0, 0
        self.file = open(path, "wb", buffering=8 << 20)
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        self.size, self.exchanges, self.refused, self.unclear = 24, 0, [], []

    def put(self, octets):
        seconds, rest = divmod(self.microseconds, 1_000_000)
        self.file.write(RECORD(START + seconds, rest, len(octets), len(octets)) + octets)
        self.microseconds += self.step
        self.packets += 1
        self.size += 16 + len(octets)

    def close(self):
        self.file.close()
        save_truth(self.path, self.exchanges, self.refused, self.unclear)


def save_truth(path, exchanges, refused, unclear=()):
    """How many exchanges can be seen, target and credentials of each 401 among them, and of those of which a
    head was lost in part: they may be found or not."""
    truth = {"exchanges": exchanges, "refused": sorted(refused), "unclear": sorted(unclear)}
    with open(f"{path}.truth.json", "w") as file:
        json.dump(truth, file)


class Connection:
    """Makes the packets of one connection. `client` and `server` are (address, port)."""

    def __init__(self, random, client, server):
        self.ends = client, server
        self.next = [random.getrandbits(32), random.getrandbits(32)]

    def segment(self, side, flags, payload=b""):
        (source, source_port), (destination, port) = self.ends[side], self.ends[1 - side]
        options = MSS_OPTION if flags & SYN else TIMESTAMP_OPTION
        words = (20 + len(options)) // 4 << 12 | flags
        sequence, received = (number & 0xFFFFFFFF for number in (self.next[side], self.next[1 - side]))
        acknowledgment = received if flags & ACK else 0
        header = TCP(source_port, port, sequence, acknowledgment, words, 512, 0, 0) + options
        length = len(header) + len(payload)
        total = pseudo_sum(source, destination, 6, length) + octet_sum(header) + octet_sum(payload)
        self.next[side] += len(payload) + bool(flags & (SYN | FIN))
        transport = header[:16] + checksum(total) + header[18:] + payload
        return packet(source, destination, 6, transport)

    def open(self):
        return [self.segment(0, SYN), self.segment(1, SYN | ACK), self.segment(0, ACK)]

    def send(self, side, octets, size=MSS):
        for start in range(0, len(octets), size):
            yield self.segment(side, PSH | ACK, octets[start : start + size])

    def acknowledge(self, side):
        return self.segment(side, ACK)

    def lose(self, side, length):
        """So many octets are sent that are not in the recording."""
        self.next[side] += length

    def close(self):
        return [self.segment(0, FIN | ACK), self.segment(1, FIN | ACK), self.segment(0, ACK)]


AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "curl/8.5.0", "okhttp/4.12.0", "python-requests/2.31")
CONTENT = b'{"status":"ok","items":[1,2,3,4,5,6,7,8],"note":"' + b"lorem ipsum dolor sit amet " * 40
PAGE = (
    b"<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body>\r\n"
    b"<center><h1>401 Authorization Required</h1></center>\r\n<hr></body>\r\n</html>\r\n"
)


def credentials(random, number):
    kind = random.random()
    if kind < 0.45:
        login = b"user%d:pw%d" % (number, random.randrange(10**6))
        return "Basic " + base64.b64encode(login).decode()
    if kind < 0.70:
        return "Bearer %032x" % random.getrandbits(128)
    if kind < 0.75:
        values = (number, random.getrandbits(64), number, random.getrandbits(128))
        return 'Digest username="u%d", realm="r", nonce="%x", uri="/f/%d", response="%032x"' % values
    return ""


def request(number, target, authorization, cookie=""):
    fields = [f"GET {target} HTTP/1.1", f"Host: h{number % 997}.example.test"]
    fields += [f"User-Agent: {AGENTS[number % 4]}", "Accept: */*"]
    fields += [f"Cookie: {cookie}"] if cookie else []
    fields += [f"Authorization: {authorization}"] if authorization else []
    return ("\r\n".join(fields) + "\r\n\r\n").encode()


def response(status, fields, body):
    lines = [f"HTTP/1.1 {status}", "Server: bench/1", "Date: Tue, 14 Nov 2023 22:13:20 GMT", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), body


class Exchange:
    """One exchange; three in ten are refused."""

    def __init__(self, random, number, cookie=False, long_head=False):
        refused = random.random() < 0.3
        self.authorization = credentials(random, number) if refused or random.random() < 0.5 else ""
        self.target = "/f/%d/%08x" % (number, random.getrandbits(32))
        cookie = "sid=%x" % random.getrandbits(64) + "a" * 1800 if cookie else ""
        self.request = request(number, self.target, self.authorization, cookie)
        padding = ["X-Pad: " + "p" * 1600] if long_head else []
        body = PAGE if refused else CONTENT[: random.randrange(40, 700)]
        fields = [f"Content-Length: {len(body)}", *padding, "Connection: keep-alive"]
        if refused:
            fields += ["Content-Type: text/html", 'WWW-Authenticate: Basic realm="lab"']
        else:
            fields += ["Content-Type: application/json", 'ETag: "%x"' % random.getrandbits(48)]
        self.head, self.body = response("401 Unauthorized" if refused else "200 OK", fields, body)
        self.key = (self.target, self.authorization) if refused else None


def seeded(seed):
    return random.Random(seed)
