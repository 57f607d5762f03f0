//! Packets as large as loopback's, of which little is read.

use std::sync::atomic::AtomicUsize;

use etherparse::PacketBuilder;

use super::*;
use crate::capture::writer::CaptureWriter;
use crate::capture::{Frame, Part, SourceSpec};

/// xorshift64*: reproducible from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// A body: letters, and now and then what looks like a message.
fn body(length: usize, random: &mut Random) -> Vec<u8> {
    let mut body = Vec::with_capacity(length + 64);
    while body.len() < length {
        let line: &[u8] = random.of(&[
            b"GET / HTTP/1.1\r\n",
            b"HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\n",
            b"\r\n0\r\n\r\n",
        ]);
        let letter = b'A' + random.below(58) as u8;
        let letters = if random.one_in(4) { 0 } else { random.below(9000) };
        body.extend(std::iter::repeat_n(letter, letters).chain(line.iter().copied()));
    }
    body.truncate(length);
    body
}

/// A message with a body of whatever framing; `start` has all fields but those.
fn message(start: &str, until_close: bool, random: &mut Random) -> Vec<u8> {
    let length = random.of(&[0, 20, 3000, 16_384, 40_000, 65_483, 200_000, 500_000]);
    let body = body(length + random.below(50), random);
    if until_close {
        return [format!("{start}\r\n").as_bytes(), &body].concat();
    }
    if random.one_in(2) {
        return [format!("{start}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), &body]
            .concat();
    }
    let mut message = format!("{start}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    let chunk = random.of(&[1000, 8192, 65_536, 1 << 20]);
    for part in body.chunks(chunk) {
        message.extend(format!("{:x}\r\n", part.len()).as_bytes());
        message.extend([part, b"\r\n"].concat());
    }
    message.extend(b"0\r\n\r\n");
    message
}

/// What the two sides of one connection say, in turn: the client first.
fn talk(random: &mut Random) -> Vec<[Vec<u8>; 2]> {
    if random.one_in(5) {
        // Something else.
        let turn = |random: &mut Random| body(random.of(&[100, 70_000, 300_000]), random);
        let mut turns: Vec<_> = (0..4).map(|_| [turn(random), turn(random)]).collect();
        turns[0][0].splice(..0, *b"\x16\x03\x01");
        return turns;
    }
    let (count, pipelined) = (1 + random.below(5), random.one_in(3));
    let mut turns = Vec::new();
    for number in 0..count {
        let request = match random.below(3) {
            0 => {
                let method = random.of(&["POST", "BREW"]);
                message(&format!("{method} /{number} HTTP/1.1\r\nHost: a\r\n"), false, random)
            }
            1 => format!("HEAD /{number} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes(),
            _ => format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes(),
        };
        let status = random.of(&[200, 200, 401, 404]);
        let start =
            format!("HTTP/1.1 {status} So\r\nWWW-Authenticate: Basic realm=\"{number}\"\r\n");
        let response = if request.starts_with(b"HEAD") {
            format!("{start}Content-Length: 100000\r\n\r\n").into_bytes()
        } else {
            message(&start, number + 1 == count && random.one_in(3), random)
        };
        turns.push([request, response]);
    }
    if pipelined {
        let all = |side: usize| turns.iter().flat_map(|turn| turn[side].clone()).collect();
        return vec![[all(0), all(1)]];
    }
    turns
}

/// One connection's segments, in order: who sends, sequence and acknowledgment numbers, what.
fn segments(random: &mut Random) -> Vec<(bool, u32, u32, Vec<u8>)> {
    let mut next = [u32::MAX - 100_000, 5000_u32];
    let mut segments = Vec::new();
    let (heads_alone, server_alone) = (random.one_in(2), random.one_in(4));
    let sizes = random.of(&[&[65_483][..], &[65_483, 1448, 20_000, 16_380, 300], &[32_768]]);
    for turn in talk(random) {
        for (side, octets) in turn.iter().enumerate() {
            let mut left = octets.as_slice();
            // A head alone, or with its body.
            let head = left.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4);
            let mut head = head.filter(|_| heads_alone);
            while !left.is_empty() {
                let size = head.take().unwrap_or_else(|| random.of(sizes));
                let (part, rest) = left.split_at(size.min(left.len()));
                segments.push((side == 0, next[side], next[1 - side], part.to_vec()));
                next[side] = next[side].wrapping_add(part.len() as u32);
                left = rest;
                if random.one_in(2) {
                    segments.push((side == 1, next[1 - side], next[side], Vec::new()));
                }
            }
        }
    }
    segments.retain(|(from_client, ..)| !(server_alone && *from_client));
    segments
}

/// Connections one beside the other, in order or not, with losses or not.
fn recording(seed: u64) -> Vec<u8> {
    let mut random = Random(seed * 2 + 1);
    let disorder = random.of(&[0, 0, 40, 10]);
    let mut packets = Vec::new();
    for port in 0..6_u16 {
        let handshake = !random.one_in(4);
        let ip_6 = random.one_in(3);
        let mut frames: Vec<Vec<u8>> = Vec::new();
        let mut frame = |from_client: bool, seq: u32, ack: Option<u32>, syn: bool, data: &[u8]| {
            let (from, to) = if from_client { (4000 + port, 80) } else { (80, 4000 + port) };
            let link = PacketBuilder::ethernet2([0; 6], [0; 6]);
            let ip = if ip_6 {
                let mut loopback = [0; 16];
                loopback[15] = 1;
                link.ipv6(loopback, loopback, 64)
            } else {
                link.ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
            };
            let tcp = ip.tcp(from, to, seq, 65_000);
            let tcp = if syn { tcp.syn() } else { tcp };
            let tcp = if let Some(ack) = ack { tcp.ack(ack) } else { tcp };
            let mut octets = Vec::new();
            tcp.write(&mut octets, data).unwrap();
            frames.push(octets);
        };
        if handshake {
            frame(true, u32::MAX - 100_001, None, true, b"");
            frame(false, 4999, Some(u32::MAX - 100_000), true, b"");
        }
        for (from_client, sequence, acknowledgment, octets) in segments(&mut random) {
            frame(from_client, sequence, Some(acknowledgment), false, &octets);
        }
        packets.push(frames);
    }
    let mut order = Vec::new();
    while packets.iter().any(|frames| !frames.is_empty()) {
        let frames = random.below(packets.len());
        let several = random.below(6).min(packets[frames].len());
        order.extend(packets[frames].drain(..several));
    }
    for at in 1..order.len() {
        match random.below(if disorder == 0 { usize::MAX } else { disorder }) {
            0 => order.swap(at - 1, at),
            1 => order[at] = order[at - 1].clone(),
            2 => order[at].truncate(40_000),
            3 => order[at].truncate(70),
            4 => order[at].extend([0; 9]),
            // More than there is, of IPv4.
            5 if order[at][12] == 8 => order[at][16..18].fill(0xff),
            _ => {}
        }
    }
    let mut file = long_recording(0);
    for (number, data) in (0_u32..).zip(order) {
        let length = data.len() as u32;
        // What was cut is said to be longer, and what is too long has a trailer.
        let original = if length == 40_000 || length == 70 { 60_000 } else { length };
        for word in [1_700_000_000 + number / 1000, number % 1000 * 1000, length, original] {
            file.extend(word.to_le_bytes());
        }
        file.extend(data);
    }
    file
}

fn saved(octets: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    std::fs::write(&path, octets).unwrap();
    (folder, path)
}

#[test]
fn what_is_not_read_of_large_packets_makes_no_difference() {
    for seed in 0..60 {
        let octets = recording(seed);
        let (_folder, path) = saved(&octets);
        assert!(ahead(&path) == on_one_thread(&path), "seed {seed}");
        let (_folder, path) = saved(&octets[..octets.len() - octets.len() / 3]);
        assert!(ahead(&path) == on_one_thread(&path), "seed {seed}, cut");
    }
}

/// Counts what is asked for.
struct Counting {
    source: Box<dyn Source + Send>,
    beginnings: Arc<AtomicUsize>,
    whole: Arc<AtomicUsize>,
}

impl Source for Counting {
    fn next(&mut self) -> Next<'_> {
        self.source.next()
    }

    fn next_part(&mut self) -> Part<'_> {
        let part = self.source.next_part();
        let beginning = matches!(part, Part::Beginning(_));
        self.beginnings.fetch_add(usize::from(beginning), Ordering::Relaxed);
        part
    }

    fn ready(&self) -> Option<Frame<'_>> {
        self.source.ready()
    }

    fn whole(&mut self) -> Next<'_> {
        self.whole.fetch_add(1, Ordering::Relaxed);
        self.source.whole()
    }

    fn interfaces(&self) -> &[Arc<str>] {
        self.source.interfaces()
    }

    fn offer(&mut self, helper: Box<dyn crate::capture::Blocks>) {
        self.source.offer(helper);
    }
}

/// How many large packets came as beginnings, and how many of these were needed whole.
fn reads(octets: &[u8], save: Option<CaptureWriter>) -> (usize, usize) {
    let (_folder, path) = saved(octets);
    let spec = SourceSpec::File { path: path.clone(), follow: false };
    let mut input = Input::open(&spec, None).unwrap();
    let (beginnings, whole) = (Arc::default(), Arc::default());
    input.source = Box::new(Counting {
        source: input.source,
        beginnings: Arc::clone(&beginnings),
        whole: Arc::clone(&whole),
    });
    let mut engine = Engine::new(Limits::default(), FingerprintKey::from_bytes(&[1; 32]));
    let (wire, explainer) = engine.halves();
    let mut reading = Reading::new(input, save, None);
    let stop = AtomicBool::new(false);
    let end = read(&mut reading, wire, explainer, &stop, |_| true, |_| Ok(()));
    assert_eq!(end.unwrap().unwrap(), End::Complete);
    reading.flush_saved();
    assert_eq!(reading.save_error, None);
    (beginnings.load(Ordering::Relaxed), whole.load(Ordering::Relaxed))
}

/// A request, and its answer in packets of at most 65,000 octets.
fn answered(request: &[u8], response: &[&[u8]]) -> Vec<u8> {
    let mut file = long_recording(0);
    let mut sequence = 1_u32;
    let response = response.iter().flat_map(|part| part.chunks(65_000));
    let all = std::iter::once((true, request)).chain(response.map(|octets| (false, octets)));
    for (from_client, octets) in all {
        let (seq, ack) = if from_client { (1, 1) } else { (sequence, 1 + request.len() as u32) };
        file.extend(record(from_client, seq, ack, octets));
        sequence += if from_client { 0 } else { octets.len() as u32 };
    }
    file
}

/// A packet of the one connection, as it stands in a file.
pub(super) fn record(from_client: bool, seq: u32, ack: u32, octets: &[u8]) -> Vec<u8> {
    let (from, to) = if from_client { (4000, 80) } else { (80, 4000) };
    let packet = PacketBuilder::ethernet2([0; 6], [0; 6])
        .ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
        .tcp(from, to, seq, 65_000)
        .ack(ack);
    let mut data = Vec::new();
    packet.write(&mut data, octets).unwrap();
    let words = [1_700_000_000, 0, data.len() as u32, data.len() as u32];
    [&words.map(u32::to_le_bytes).concat(), &*data].concat()
}

#[test]
fn of_a_large_body_only_the_first_packet_is_read_whole() {
    let get: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    // All of it fills fifty packets.
    let all = 50 * 65_000;
    let heads = [
        "HTTP/1.1 200 OK\r\nContent-Length: 3249956\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n319768\r\n",
    ];
    for head in heads {
        let mut response = head.as_bytes().to_vec();
        response.resize(all, b'x');
        assert_eq!(reads(&answered(get, &[&response]), None), (49, 0), "{head}");
    }
    let other = answered(b"\x16\x03\x01 hello", &[&vec![b'x'; all]]);
    // Where its stream begins becomes clear after a few.
    assert_eq!(reads(&other, None), (49, 8), "not HTTP");
}

#[test]
fn what_is_saved_is_whole() {
    let get: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let octets = answered(get, &[b"HTTP/1.1 200 OK\r\n\r\n", &*vec![b'x'; 1_000_000]]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved");
    let writer = CaptureWriter::create(&path, None).unwrap();
    let (beginnings, whole) = reads(&octets, Some(writer));
    assert_eq!((beginnings, whole), (15, 15));
    let mut source = FileSource::open(&path, false, None).unwrap();
    let mut length = 0;
    while let Next::Frame(Frame { data, .. }) = source.next() {
        length += data.len();
    }
    assert_eq!(length, octets.len() - 24 - 18 * 16);
}

#[test]
fn a_body_that_may_be_none_is_read_whole() {
    let get: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let body = vec![b'x'; 65_000];
    let length = b"HTTP/1.1 200 OK\r\nContent-Length: 65000\r\n\r\n";
    // What it answers was not captured: it may be HEAD, and then messages follow.
    let messages = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n".repeat(1000);
    let octets = answered(get, &[length, &body, length, &messages]);
    assert_eq!(reads(&octets, None), (1, 1));
    let (_folder, path) = saved(&octets);
    assert!(ahead(&path) == on_one_thread(&path));
}
