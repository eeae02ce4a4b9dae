//! The doctor over a folder of files: what it says of each, and what it makes of each, byte for byte.
//!
//! A folder of `configs/` holds `input.config`, `expected.txt` with what is said, and, where the file can be mended,
//! `bypass.config` and `named.config`. `UPDATE_EXPECTED=1` writes the expectations anew, to be read before they are
//! kept.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use connector_check_diagnosis::config::{ConfigProblem, ProblemKind, ProxySetting, Weight};
use connector_check_host::doctor::{Choice, MAX_BYTES, ProxyAddress, examine, examine_text, mend, undo};

fn folders() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let mut folders: Vec<_> = fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn choices() -> [(&'static str, Choice); 2] {
    let proxy = ProxyAddress::parse("http://proxyserver:8080").unwrap();
    [("bypass", Choice::Bypass), ("named", Choice::Named(proxy))]
}

fn line(problem: &ConfigProblem) -> String {
    format!("{} {}:{} {}", problem.kind.as_str(), problem.line, problem.column, problem.detail)
}

/// What is said of a file, and what cannot be mended in it.
fn said(bytes: &[u8]) -> String {
    let file = examine("input.config", bytes);
    let mut text = match &file.setting {
        ProxySetting::Named(detail) | ProxySetting::Script(detail) => {
            format!("{} {detail}\n", file.setting.as_str())
        }
        ProxySetting::SystemDefault | ProxySetting::Bypass | ProxySetting::Unknown => {
            format!("{}\n", file.setting.as_str())
        }
    };
    for problem in &file.problems {
        writeln!(text, "- {}", line(problem)).unwrap();
    }
    for (name, choice) in choices() {
        match mend(bytes, &choice) {
            Err(problems) => writeln!(text, "{name}: cannot be mended: {}", line(&problems[0])).unwrap(),
            Ok(mended) if mended.edits.is_empty() => writeln!(text, "{name}: stays as it is").unwrap(),
            Ok(mended) => writeln!(text, "{name}: {} edits", mended.edits.len()).unwrap(),
        }
        for problem in mend(bytes, &choice).map_or(Vec::new(), |mended| mended.left) {
            writeln!(text, "{name} leaves: {}", line(&problem)).unwrap();
        }
    }
    text
}

fn expect(path: &Path, found: &[u8]) {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(path, found).unwrap();
        return;
    }
    let expected = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        expected == found,
        "{}:\n{}\nis expected, this was found:\n{}",
        path.display(),
        show(&expected),
        show(found)
    );
}

#[test]
fn every_file_is_told_and_mended_as_expected() {
    let folders = folders();
    assert!(folders.len() >= 40, "{} files", folders.len());
    for folder in folders {
        let bytes = fs::read(folder.join("input.config")).unwrap();
        expect(&folder.join("expected.txt"), said(&bytes).as_bytes());
        for (name, choice) in choices() {
            if let Ok(mended) = mend(&bytes, &choice) {
                expect(&folder.join(format!("{name}.config")), &mended.bytes);
            }
        }
    }
}

#[test]
fn what_was_mended_does_what_was_chosen_and_stays_as_it_is() {
    for folder in folders() {
        let bytes = fs::read(folder.join("input.config")).unwrap();
        for (name, choice) in choices() {
            let Ok(mended) = mend(&bytes, &choice) else { continue };
            let setting = examine("x", &mended.bytes).setting;
            let expected = match &choice {
                Choice::Bypass => ProxySetting::Bypass,
                Choice::Named(address) => ProxySetting::Named(address.as_str().to_owned()),
            };
            let place = format!("{} {name}", folder.display());
            assert_eq!(setting, expected, "{place}");
            let again = mend(&mended.bytes, &choice).unwrap();
            assert!(again.edits.is_empty() && again.bytes == mended.bytes, "{place}: mended twice");
            assert_eq!(
                undo(&mended.bytes, &mended.edits).as_deref(),
                Some(&bytes[..]),
                "{place}: taken back"
            );
        }
    }
}

#[test]
fn a_sound_file_only_grows() {
    let mut grown = 0;
    for folder in folders() {
        let bytes = fs::read(folder.join("input.config")).unwrap();
        let file = examine("x", &bytes);
        let text = String::from_utf8_lossy(&bytes).replace('\0', "");
        if !file.problems.is_empty() || text.contains("<defaultProxy") {
            continue;
        }
        grown += 1;
        for (name, choice) in choices() {
            let mended = mend(&bytes, &choice).unwrap();
            let place = format!("{} {name}", folder.display());
            assert_eq!(mended.edits.len(), 1, "{place}");
            let removed = String::from_utf8_lossy(&mended.edits[0].removed).replace('\0', "");
            // Only the slash of an element that had no end tag.
            assert!(["", "/>"].contains(&removed.as_str()), "{place}: {removed}");
        }
    }
    assert!(grown > 10, "{grown} files");
}

#[test]
fn huge_and_deep_files_are_refused_in_no_time() {
    let huge = format!("<configuration><!--{}--></configuration>", "x".repeat(MAX_BYTES));
    assert_eq!(examine("x", huge.as_bytes()).problems[0].kind, ProblemKind::TooLarge);
    let many = format!("<configuration>{}</configuration>", "<a/>".repeat(100_000));
    assert_eq!(examine("x", many.as_bytes()).problems[0].kind, ProblemKind::TooLarge);
    let deep = format!("<configuration>{}{}</configuration>", "<a>".repeat(40_000), "</a>".repeat(40_000));
    assert_eq!(examine("x", deep.as_bytes()).setting, ProxySetting::SystemDefault);
    let deeper = "<a>".repeat(300_000);
    assert!(matches!(
        examine("x", deeper.as_bytes()).problems[0].kind,
        ProblemKind::TooLarge | ProblemKind::Malformed
    ));
    let attributes: String = (0..40_000).fold(String::new(), |text, at| text + &format!(" a{at}=\"\""));
    let wide = format!("<configuration{attributes}/>");
    assert_eq!(examine("x", wide.as_bytes()).problems[0].kind, ProblemKind::TooLarge);
}

#[test]
fn a_text_that_was_read_already_is_in_no_wrong_encoding() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs/utf16le");
    let bytes = fs::read(folder.join("input.config")).unwrap();
    let units: Vec<_> =
        bytes[2..].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).unwrap();
    assert!(text.contains("encoding=\"utf-16\""), "{text}");
    assert_eq!(examine("x", text.as_bytes()).problems[0].kind, ProblemKind::EncodingContradicts);
    assert_eq!(examine_text("x", &text), examine("x", &bytes));
    // Everything else is said as of the file itself.
    let wrong = "<configuration><defaultProxy/></configuration>";
    assert_eq!(examine_text("x", wrong), examine("x", wrong.as_bytes()));
}

#[test]
fn entities_are_not_even_looked_at() {
    for folder in ["entity-bomb", "external-entity", "external-dtd"] {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(folder).join("input.config");
        let file = examine("x", &fs::read(path).unwrap());
        assert_eq!(file.setting, ProxySetting::Unknown, "{folder}");
        assert_eq!(file.problems[0].kind, ProblemKind::DocumentType, "{folder}");
        assert_eq!(file.problems[0].kind.weight(), Weight::Breaks, "{folder}");
    }
}

mod properties {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// Pieces of which files are made, good and bad, opened and closed at random.
    const PIECES: &[&str] = &[
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
        "<configuration>",
        "</configuration>",
        "<system.net>",
        "</system.net>",
        "<system.net/>",
        "<System.Net>",
        "<defaultProxy>",
        "<defaultProxy enabled=\"false\">",
        "<defaultProxy enabled='maybe' useDefaultCredentials=\"true\">",
        "<defaultProxy/>",
        "</defaultProxy>",
        "<DefaultProxy/>",
        "<proxy proxyaddress=\"proxy:8080\"/>",
        "<proxy usesystemdefault=\"True\" proxyaddress=\"http://proxyserver:8080\"></proxy>",
        "<proxy proxyAddress='http://a>b:1'/>",
        "<bypasslist><add address=\"x\"/></bypasslist>",
        "<configSections><section name=\"a\"/></configSections>",
        "<runtime>",
        "</runtime>",
        "<settings/>",
        "<!-- note -->",
        "<![CDATA[<x>]]>",
        "text",
        "&amp;",
        "\u{e9}",
        "\r\n",
        "\n  ",
        "\t",
    ];

    /// Well-formed more often than not: inner sections nested at random inside a root.
    fn nested() -> impl Strategy<Value = String> {
        let leaf = select(PIECES).prop_filter("closed", |piece| {
            !piece.starts_with('<')
                || piece.ends_with("/>")
                || piece.contains("</")
                || piece.starts_with("<!")
        });
        let leaf =
            leaf.prop_filter("no declaration", |piece| !piece.starts_with("</")).prop_map(str::to_owned);
        let names = vec!["system.net", "defaultProxy", "runtime", "System.Net", "defaultproxy", "proxy"];
        let inner = leaf.prop_recursive(4, 30, 4, move |inner| {
            (
                select(names.clone()),
                select(vec!["", " enabled=\"false\"", " x=\"1\""]),
                prop::collection::vec(inner, 0..4),
            )
                .prop_map(|(name, attributes, parts)| {
                    format!("<{name}{attributes}>{}</{name}>", parts.concat())
                })
        });
        prop::collection::vec(inner, 0..6).prop_map(|parts| {
            format!("<?xml version=\"1.0\"?>\r\n<configuration>{}</configuration>", parts.concat())
        })
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => nested(),
            1 => prop::collection::vec(select(PIECES), 0..20).prop_map(|parts| parts.concat()),
        ]
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let wide = |text: String, mark: [u8; 2], little: bool| {
            let units = text
                .encode_utf16()
                .flat_map(move |unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() });
            mark.into_iter().chain(units).collect::<Vec<_>>()
        };
        prop_oneof![
            4 => text().prop_map(String::into_bytes),
            1 => text().prop_map(|text| [b"\xef\xbb\xbf", text.as_bytes()].concat()),
            1 => text().prop_map(move |text| wide(text, [0xff, 0xfe], true)),
            1 => text().prop_map(move |text| wide(text, [0xfe, 0xff], false)),
            1 => prop::collection::vec(any::<u8>(), 0..200),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_can_be_mended_is_mended_once_and_can_be_taken_back(bytes in bytes()) {
            let _ = examine("x", &bytes);
            for (_, choice) in choices() {
                let Ok(mended) = mend(&bytes, &choice) else { continue };
                prop_assert_eq!(undo(&mended.bytes, &mended.edits), Some(bytes.clone()));
                let again = mend(&mended.bytes, &choice);
                prop_assert!(again.is_ok(), "what was mended cannot be read: {}", String::from_utf8_lossy(&mended.bytes));
                let again = again.map(|again| again.bytes).unwrap_or_default();
                prop_assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&mended.bytes));
                let expected = match &choice {
                    Choice::Bypass => ProxySetting::Bypass,
                    Choice::Named(address) => ProxySetting::Named(address.as_str().to_owned()),
                };
                prop_assert_eq!(examine("x", &mended.bytes).setting, expected, "{}", String::from_utf8_lossy(&mended.bytes));
            }
        }
    }
}
