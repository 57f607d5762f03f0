//! Captures whose interfaces are described on the way.

use super::*;

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padding = body.len().next_multiple_of(4) - body.len();
    let length = (body.len() + padding + 12) as u32;
    let framed = [kind.to_le_bytes(), length.to_le_bytes()].concat();
    [&framed, body, &vec![0; padding], &length.to_le_bytes()].concat()
}

fn section() -> Vec<u8> {
    let body = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    block(0x0a0d_0d0a, &body)
}

/// An Ethernet interface of this name.
fn interface(name: &str) -> Vec<u8> {
    let option = [2_u16.to_le_bytes(), (name.len() as u16).to_le_bytes()].concat();
    let padding = vec![0; name.len().next_multiple_of(4) - name.len() + 4];
    block(1, &[&[1, 0, 0, 0, 0, 0, 4, 0], &option[..], name.as_bytes(), &padding].concat())
}

fn packet(interface: u32, frame: &Frame<'_>) -> Vec<u8> {
    let microseconds = (frame.timestamp.nanoseconds() / 1000) as u64;
    let (high, low) = ((microseconds >> 32) as u32, microseconds as u32);
    let words = [interface, high, low, frame.data.len() as u32, frame.original_length];
    block(6, &[words.map(u32::to_le_bytes).concat(), frame.data.to_vec()].concat())
}

/// The demo's frames, each third of them behind the description of another interface, and each fiftieth in
/// another section, where those are numbered anew.
fn recording() -> Vec<u8> {
    let mut demo =
        FileSource::of_octets("demo", include_bytes!("../../../demo/demo.pcap")).unwrap();
    let (mut file, mut described, mut number) = (section(), 0, 0_u32);
    while let Next::Frame(frame) = demo.next() {
        if number % 50 == 49 {
            file.extend(section());
            described = 0;
        }
        if described == 0 || number % 3 == 0 {
            file.extend(interface(&format!("card{number}")));
            described += 1;
        }
        file.extend(packet(described - 1, &frame));
        number += 1;
    }
    file
}

#[test]
fn exchanges_on_interfaces_described_on_the_way_have_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    std::fs::write(&path, recording()).unwrap();
    let expected = on_one_thread(&path);
    assert!(expected.iter().filter(|line| line.contains("interface: \"card")).count() > 20);
    assert!(!expected.iter().any(|line| line.contains("interface: \"\"")));
    assert_eq!(ahead(&path), expected);
}
