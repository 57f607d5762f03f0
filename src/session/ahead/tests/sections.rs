//! Captures whose interfaces are described on the way.

use super::*;
use crate::capture::testing::{Little, enhanced, interface, section};

/// The demo's frames, each third of them behind the description of another interface, and each fiftieth in
/// another section, where those are numbered anew.
fn recording() -> Vec<u8> {
    let mut demo =
        FileSource::of_octets("demo", include_bytes!("../../../demo/demo.pcap")).unwrap();
    let (mut file, mut described, mut number) = (section(Little), 0, 0_u32);
    while let Next::Frame(frame) = demo.next() {
        if number % 50 == 49 {
            file.extend(section(Little));
            described = 0;
        }
        if described == 0 || number % 3 == 0 {
            let name = format!("card{number}");
            file.extend(interface(Little, 1, &[(2, name.as_bytes())]));
            described += 1;
        }
        let microseconds = (frame.timestamp.nanoseconds() / 1000) as u64;
        file.extend(enhanced(Little, described - 1, microseconds, frame.data));
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
