//! Captures that somebody wrote in their own way: what can be read of them is read.

use super::*;

#[test]
fn in_version_2_3_the_larger_length_is_the_one_on_the_wire() {
    let mut file = classic(Little, 0xa1b2_c3d4);
    file[6] = 3;
    for lengths in [[4, 100], [100, 4]] {
        file.extend(words(Little, &[1, 0, lengths[0], lengths[1]]));
        file.extend(b"data");
    }
    let (frames, end) = read(&file);
    assert_eq!((frames.len(), end), (2, End::Complete));
    for frame in frames {
        assert_eq!((frame.data.as_slice(), frame.original), (b"data".as_slice(), 100));
    }
}

/// One described interface, `before`, and a packet.
fn around(order: Order, options: &[u8], before: &[u8]) -> Vec<u8> {
    let body = [&order.u16(1)[..], &[0, 0], &order.u32(0), options].concat();
    [section(order), block(order, 1, &body), before.to_vec(), enhanced(order, 0, 1, b"packet")]
        .concat()
}

#[test]
fn options_that_are_ill_formed_do_not_cost_the_packets() {
    for order in [Little, Big] {
        let too_long = [&order.u16(2)[..], &order.u16(400), b"eth0"].concat();
        let no_end = [&order.u16(2)[..], &order.u16(4), b"eth0"].concat();
        let empty_resolution = options(order, &[(9, &[])]);
        let long_resolution = options(order, &[(9, &[6, 0, 0, 0])]);
        let short_offset = options(order, &[(14, &[1, 0, 0, 0])]);
        let half_a_header = [&no_end[..], &[1, 0]].concat();
        for given in
            [too_long, no_end, empty_resolution, long_resolution, short_offset, half_a_header]
        {
            let (frames, end) = read(&around(order, &given, b""));
            assert_eq!(end, End::Complete, "{given:02x?}");
            let seen: Vec<_> =
                frames.iter().map(|frame| (frame.nanoseconds, frame.data.as_slice())).collect();
            assert_eq!(seen, [(1000, b"packet".as_slice())], "{given:02x?}");
        }
    }
}

#[test]
fn a_packets_own_options_are_passed_over() {
    for order in [Little, Big] {
        let length = 6;
        let mut body = words(order, &[0, 0, 1, length, length]);
        body.extend(b"packet\0\0");
        body.extend(options(order, &[(1, b"a comment"), (2, &[0, 0, 0, 1]), (4, &[0; 8])]));
        let before = block(order, 6, &body);
        let data: Vec<_> =
            read(&around(order, b"", &before)).0.into_iter().map(|frame| frame.data).collect();
        assert_eq!(data, [b"packet", b"packet"]);
    }
}

#[test]
fn statistics_that_say_nothing_are_passed_over() {
    for order in [Little, Big] {
        let of_nobody = words(order, &[9, 0, 0]);
        let mut too_long = words(order, &[0, 0, 0]);
        too_long.extend([order.u16(4), order.u16(500)].concat());
        for body in [vec![], of_nobody, too_long] {
            let (frames, end) = read(&around(order, b"", &block(order, 5, &body)));
            assert_eq!((frames.len(), end), (1, End::Complete), "{body:02x?}");
        }
    }
}

#[test]
fn a_simple_packet_is_cut_at_its_interfaces_snap_length() {
    let mut body = [Big.u16(1), [0, 0]].concat();
    body.extend(Big.u32(5));
    let mut file = [section(Big), block(Big, 1, &body)].concat();
    file.extend(block(Big, 3, &[&Big.u32(90)[..], b"cut off at five"].concat()));
    let (frames, _) = read(&file);
    assert_eq!((frames[0].data.as_slice(), frames[0].original), (b"cut o".as_slice(), 90));
}

#[test]
fn what_follows_a_compressed_capture_is_said_and_costs_nothing() {
    for trailer in [b"\0\0\0\0\0\0\0\0".as_slice(), b"left over"] {
        let (frames, end) = read(&[&gzip(&many_packets()), trailer].concat());
        assert_eq!(frames.len(), 2000);
        assert!(matches!(end, End::Damaged(_)), "{end:?}");
    }
}

#[test]
fn a_file_cut_anywhere_gives_the_packets_before_the_cut_and_no_others() {
    for order in [Little, Big] {
        let mut classic_file = classic(order, 0xa1b2_3c4d);
        let mut file = section(order);
        file.extend(interface(order, 1, &[(2, b"eth0")]));
        let (mut classic_ends, mut ends) = (vec![], vec![]);
        for number in 0..5u32 {
            let data = vec![number as u8; 9 + number as usize];
            classic_file.extend(record(order, number, 0, &data));
            classic_ends.push(classic_file.len());
            file.extend(enhanced(order, 0, u64::from(number), &data));
            ends.push(file.len());
        }
        for (file, ends, header) in [(&classic_file, &classic_ends, 24), (&file, &ends, 12)] {
            for cut in header..=file.len() {
                let (frames, end) = read(&file[..cut]);
                assert_eq!(frames.len(), ends.iter().filter(|&&end| end <= cut).count());
                let between = cut == header && header == 24 || ends.contains(&cut);
                if between {
                    assert_eq!(end, End::Complete, "cut at {cut}");
                }
            }
        }
    }
}
