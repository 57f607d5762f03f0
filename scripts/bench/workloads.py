"""The workloads. Each is the same for the same size; a comment says what it is hard about."""

import math

from wire import ACK, PAGE, Connection, Exchange, Recording, address, credentials, request
from wire import response, seeded, udp


def many_flows(path, flows, loss=0.0, again=0.0, swapped=0.0, seed=1):
    """Short connections of one exchange each, ten thousand open at once; 5 % of the requests and of the
    response heads span two segments. With losses: packets that are not in the recording although the
    peer had them, that come again, or that are swapped with the next."""
    random, damage, recording = seeded(seed), seeded(seed + 1), Recording(path)
    gap = min(1000, max(1, flows // 20))
    slots = [[] for _ in range(24 * gap)]
    for turn in range(flows + len(slots)):
        if turn < flows:
            packets = flow(random, turn, recording, damage, loss, again, swapped)
            for step, octets in enumerate(packets):
                slots[(turn + min(step, 23) * gap) % len(slots)].append(octets)
        for octets in slots[turn % len(slots)]:
            recording.put(octets)
        slots[turn % len(slots)] = []
    recording.close()


def flow(random, number, recording, damage, loss, again, swapped):
    place, kind = number % 65521, random.random()
    client = address(10, place >> 8, place & 255, 1 + number % 3), 1024 + number * 37 % 60000
    server = address(192, 168, 1, 1 + number % 64), 80 if number % 10 else 8080
    connection = Connection(random, client, server)
    exchange = Exchange(random, number, cookie=kind < 0.05, long_head=kind > 0.95)
    packets = [(octets, False) for octets in connection.open()]
    packets += [(octets, True) for octets in connection.send(0, exchange.request)]
    packets.append((connection.acknowledge(1), False))
    head_segments = -(-len(exchange.head) // 1448)
    answer = connection.send(1, exchange.head + exchange.body)
    packets += [(octets, index < head_segments) for index, octets in enumerate(answer)]
    packets.append((connection.acknowledge(0), False))
    packets += [(octets, False) for octets in connection.close()]
    seen, late, visible = [], [], True
    for octets, needed in packets:
        chance = damage.random()
        if chance < loss:
            visible &= not needed
            continue
        if chance < loss + again:
            late.append((len(seen) + 2, octets))
        seen.append(octets)
    for index in range(len(seen) - 1):
        if damage.random() < swapped:
            seen[index], seen[index + 1] = seen[index + 1], seen[index]
    for index, octets in late:
        seen.insert(min(index, len(seen)), octets)
    if visible:
        note(recording, exchange)
    elif exchange.key:
        # Whole, without credentials or without its request.
        recording.unclear += [exchange.key, (exchange.target, ""), ("", "")]
    return seen


def note(recording, exchange):
    recording.exchanges += 1
    if exchange.key:
        recording.refused.append(exchange.key)


def lossy(path, flows):
    many_flows(path, flows, loss=0.005, again=0.02, swapped=0.02)


def noise(path, packets, seed=3):
    """One packet in twenty is HTTP, a tenth of that on ports of nobody; the others are TLS, binary protocols
    on HTTP's ports, and UDP, some of which says `HTTP/1.1 401`."""
    random, recording = seeded(seed), Recording(path, step=5)
    pool = random.randbytes(4 << 20)
    count, shown = [0, 0], 0

    def ends(port):
        count[0] += 1
        number = count[0]
        client = address(10, 2 + (number >> 16) % 200, number >> 8 & 255, number & 255)
        server = address(172, 16, random.randrange(256), random.randrange(1, 255))
        return (client, 1024 + random.randrange(60000)), (server, port)

    def octets(length):
        start = random.randrange(len(pool) - length)
        return pool[start : start + length]

    def binary(port, start):
        connection = Connection(random, *ends(port))
        yield from connection.open()
        for step in range(random.randrange(4, 120)):
            length = random.choice((60, 200, 517, 1443, 1443, 1443))
            payload = start + length.to_bytes(2, "big") + octets(length)
            side = random.random() >= 0.3
            yield connection.segment(side, ACK, payload)
            if side and step & 1:
                yield connection.acknowledge(0)
        yield from connection.close()

    def datagrams():
        (client, source_port), (server, port) = ends(443 if random.random() < 0.7 else 53)
        for step in range(random.randrange(2, 60) if port == 443 else 1):
            payload = octets(random.choice((80, 1200, 1250)))
            if random.random() < 0.001:
                payload = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n" + payload
            there = client, server, source_port, port
            back = server, client, port, source_port
            yield udp(*(back if step & 1 else there), payload)

    def http():
        odd = random.random() < 0.1
        port = random.choice((3000, 5000, 9999)) if odd else random.choice((80, 80, 80, 8080))
        connection = Connection(random, *ends(port))
        yield from connection.open()
        for _ in range(random.randrange(1, 20)):
            exchange = Exchange(random, count[1])
            count[1] += 1
            note(recording, exchange)
            yield from connection.send(0, exchange.request)
            yield from connection.send(1, exchange.head + exchange.body)
            yield connection.acknowledge(0)
        yield from connection.close()

    def other():
        kind = random.random()
        if kind < 0.55:
            return binary(443, b"\x17\x03\x03")
        if kind < 0.62:
            return binary(random.choice((80, 8080)), b"\xd2\x9a")
        return binary(random.randrange(10000, 60000), b"\xd2\x9a") if kind < 0.7 else datagrams()

    active, active_http = [], []
    while recording.packets < packets:
        active += [other() for _ in range(400 - len(active))]
        active_http += [http() for _ in range(30 - len(active_http))]
        is_http = shown < 0.05 * recording.packets
        which = active_http if is_http else active
        index = random.randrange(len(which))
        made = next(which[index], None)
        if made is None:
            which.pop(index)
        else:
            recording.put(made)
            shown += is_http
    for rest in active_http:
        for made in rest:
            recording.put(made)
    recording.close()


def big_bodies(path, octets, seed=2):
    """Downloads of 100 kB to 10 MB over forty connections that stay, a fifth of them chunked; every fourth
    request is refused, so that whoever loses his place in a body misses some."""
    random, recording = seeded(seed), Recording(path, step=3)
    pool = random.randbytes(16 << 20)
    number = [0]

    def downloads(which):
        client = address(10, 1, 0, 1 + which), 40000 + which
        connection = Connection(random, client, (address(192, 168, 2, 1 + which % 8), 80))
        for made in connection.open():
            recording.put(made)
        while recording.size < octets:
            turn, number[0] = number[0], number[0] + 1
            refused = turn % 4 == 3
            authorization = credentials(random, turn) if refused else ""
            target = "/big/%d/%08x" % (turn, random.getrandbits(32))
            size = int(math.exp(random.uniform(math.log(100e3), math.log(min(10e6, octets / 40)))))
            body, fields = pool[:size], [f"Content-Length: {size}"]
            if refused:
                body, fields = PAGE, [f"Content-Length: {len(PAGE)}"]
            elif turn % 5 == 0:
                fields = ["Transfer-Encoding: chunked"]
                parts = (body[at : at + 16384] for at in range(0, size, 16384))
                body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            head, body = response("401 Unauthorized" if refused else "200 OK", fields, body)
            recording.exchanges += 1
            if refused:
                recording.refused.append((target, authorization))
            for made in connection.send(0, request(turn, target, authorization)):
                recording.put(made)
            for index, made in enumerate(connection.send(1, head + body)):
                recording.put(made)
                if index & 1:
                    recording.put(connection.acknowledge(0))
                if index % 16 == 15:
                    yield
            recording.put(connection.acknowledge(0))
            yield
        for made in connection.close():
            recording.put(made)

    active = [downloads(which) for which in range(40)]
    while active:
        active = [one for one in active if next(one, active) is not active]
    recording.close()


def pathological(path, flows, seed=4):
    """Connections that never end: silent ones, heads that never end, holes behind and instead of heads. All
    within half a minute, so that no timeout frees anything."""
    random, recording = seeded(seed), Recording(path, step=max(1, 30_000_000 // (flows * 9)))
    pool = random.randbytes(1448)
    gap = max(1, flows // 15)
    slots = [[] for _ in range(13 * gap)]
    for turn in range(flows + len(slots)):
        if turn < flows:
            for step, octets in enumerate(unending(random, turn, recording, pool)):
                slots[(turn + step * gap) % len(slots)].append(octets)
        for octets in slots[turn % len(slots)]:
            recording.put(octets)
        slots[turn % len(slots)] = []
    recording.close()


def unending(random, number, recording, pool):
    client = address(10, 3 + (number >> 16), number >> 8 & 255, number & 255), 1024 + number * 37 % 60000
    connection = Connection(random, client, (address(192, 168, 4, 1 + number % 64), 80))
    kind = random.random()
    yield from connection.open()
    if kind < 0.4:
        exchange = Exchange(random, number)
        note(recording, exchange)
        yield from connection.send(0, exchange.request)
        yield from connection.send(1, exchange.head + exchange.body)
        yield connection.acknowledge(0)
        return
    if kind < 0.7:
        yield from connection.send(0, b"GET /slow HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 2700)
        return
    authorization = credentials(random, number)
    target = "/gap/%d/%08x" % (number, random.getrandbits(32))
    yield from connection.send(0, request(number, target, authorization))
    head, _ = response("401 Unauthorized", ["Content-Length: 1000000"], b"")
    if kind < 0.9:
        recording.exchanges += 1
        recording.refused.append((target, authorization))
        yield from connection.send(1, head)
    else:
        connection.lose(1, len(head))
    connection.lose(1, 1448)
    for _ in range(4):
        yield from connection.send(1, pool)
