//! Writes Network Monitor files, because nothing else writes versions 2.1 to 2.3.

/// Ethernet packets (seconds, microseconds, data) in the given version; `shuffled`: the frames lie in the file in
/// another order than the table names them, with holes between.
pub fn write(major: u8, minor: u8, packets: &[(u32, u32, &[u8])], shuffled: bool) -> Vec<u8> {
    let mut file = vec![0; 128];
    file[..4].copy_from_slice(if major == 1 { b"RTSS" } else { b"GMBU" });
    file[4..8].copy_from_slice(&[minor, major, 1, 0]);
    // The start: 2026-11-21 (a Saturday), 00:00:00.000.
    for (index, number) in [2026_u16, 11, 6, 21, 0, 0, 0, 0].into_iter().enumerate() {
        file[8 + 2 * index..10 + 2 * index].copy_from_slice(&number.to_le_bytes());
    }
    let first = micros(packets[0]);
    let mut offsets = vec![0_u32; packets.len()];
    let mut order: Vec<usize> = (0..packets.len()).collect();
    if shuffled {
        order.reverse();
    }
    for index in order {
        if shuffled {
            file.extend([0xee; 5]);
        }
        offsets[index] = u32::try_from(file.len()).unwrap();
        let (packet, length) = (packets[index].2, u32::try_from(packets[index].2.len()).unwrap());
        let delta = micros(packets[index]) - first;
        if major == 1 {
            file.extend(u32::try_from(delta / 1000).unwrap().to_le_bytes());
            let length = u16::try_from(length).unwrap();
            file.extend([length.to_le_bytes(), length.to_le_bytes()].concat());
        } else {
            file.extend(delta.to_le_bytes());
            file.extend([length.to_le_bytes(), length.to_le_bytes()].concat());
        }
        file.extend(packet);
        if major == 2 && minor >= 1 {
            file.extend(1_u16.to_le_bytes());
        }
        if major == 2 && minor >= 2 {
            file.extend(u32::MAX.to_le_bytes());
        }
        if major == 2 && minor >= 3 {
            file.extend((micros(packets[index]) * 10 + 116_444_736_000_000_000).to_le_bytes());
            file.push(0);
        }
    }
    let table = u32::try_from(file.len()).unwrap();
    file.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
    file[24..28].copy_from_slice(&table.to_le_bytes());
    file[28..32].copy_from_slice(&u32::try_from(4 * packets.len()).unwrap().to_le_bytes());
    file
}

fn micros((seconds, fraction, _): (u32, u32, &[u8])) -> u64 {
    u64::from(seconds) * 1_000_000 + u64::from(fraction)
}
