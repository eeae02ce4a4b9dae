//! Files that are not read here: what they seem to be, and what turns them into one that is.

use super::Order;

/// Wireshark's converter, which reads nearly everything.
const EDITCAP: &str = "editcap -F pcapng FILE FILE.pcapng";

/// What a file seems to be, and the commands that convert it, the likeliest first. `FILE` stands for its name.
pub fn describe(start: &[u8], name: &str) -> (Option<&'static str>, Vec<&'static str>) {
    let ending = name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase());
    if is_etl(start) || ending == "etl" {
        // The first converts `netsh trace`, the second `pktmon`.
        let convert = vec!["etl2pcapng.exe FILE FILE.pcapng", "pktmon etl2pcap FILE --out FILE.pcapng"];
        return (Some("a Windows event trace (.etl)"), convert);
    }
    let known = BEGINNINGS.iter().find(|(beginning, ..)| start.starts_with(beginning));
    if let Some((_, what, convert)) = known {
        return (Some(what), Some(*convert).filter(|convert| !convert.is_empty()).into_iter().collect());
    }
    let text = std::str::from_utf8(start).is_ok_and(|text| !text.contains('\0'));
    if text && !start.is_empty() {
        // Text has no packets, whatever it tells of them.
        return (Some("text"), Vec::new());
    }
    (None, vec![EDITCAP])
}

/// How files begin, what they are, and the command that makes a capture of one; empty where nothing does.
const BEGINNINGS: &[(&[u8], &str, &str)] = &[
    (b"snoop\0\0\0", "a capture of Sun snoop", EDITCAP),
    (b"TRSNIFF data    \x1a", "a capture of Sniffer (DOS)", EDITCAP),
    (b"XCP\0", "a capture of Sniffer (Windows)", EDITCAP),
    (b"VL\0\0", "a capture of NetXray", EDITCAP),
    (b"btsnoop\0", "a Bluetooth log", EDITCAP),
    (b"\x05VNF", "a capture of Visual Networks", EDITCAP),
    (b"\xaa\xaa\xaa\xaa", "a capture of InfoVista 5View", EDITCAP),
    (b"ObserverPktBuffe", "a capture of Viavi Observer", EDITCAP),
    (b"EyeSDN", "a trace of EyeSDN", EDITCAP),
    (b"\x54\x00\x4d\x85", "a trace of HP-UX nettl", EDITCAP),
    (b"\x54\x52\x00\x64\x00", "a trace of HP-UX nettl", EDITCAP),
    (b"\x00\x00\x02\x00\x12\x05\x00\x10", "a trace of Tektronix K12xx", EDITCAP),
    (b"\x7fELF", "a program", ""),
    (b"PK\x03\x04", "a ZIP archive", "Expand-Archive FILE"),
    (b"MSCF", "a cabinet, as netsh trace writes beside its .etl", "expand.exe -F:* FILE ."),
    (b"\x28\xb5\x2f\xfd", "a file compressed by zstd", "zstd -d FILE"),
    (b"\x04\x22\x4d\x18", "a file compressed by LZ4", "lz4 -d FILE"),
    (b"\xfd7zXZ\0", "a file compressed by xz", "xz -d FILE"),
    (b"BZh", "a file compressed by bzip2", "bzip2 -d FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "7z x FILE"),
];

/// An event trace begins with a buffer, 72 bytes of header and then a system header with a marker of its own.
fn is_etl(start: &[u8]) -> bool {
    let le = Order::Little;
    let (Some(size), Some(marker)) = (le.u32(start, 0), le.u32(start, 72)) else {
        return false;
    };
    size.is_power_of_two() && (1 << 10..=1 << 24).contains(&size) && matches!(marker >> 16, 0xc001 | 0xc002)
}
