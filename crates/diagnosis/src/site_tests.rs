//! Site files: what is taken, what is refused and where, and that the schema says the same.

use super::*;

const FULL: &str = include_str!("../../../docs/samples/connector-check.site.json");
const SCHEMA: &str = include_str!("../../../docs/connector-check.site.schema.json");

fn with(field: &str, value: &str) -> String {
    format!(r#"{{"format":"{FORMAT}","{field}":{value}}}"#)
}

#[test]
fn the_sample_is_read_and_written_again_the_same() {
    let site = Site::parse(FULL).expect("the sample of the documents");
    assert_eq!(site.organisation.as_deref(), Some("Example Ltd"));
    assert_eq!(site.steps_for(FindingCode::PortDropped, "en").count(), 1);
    assert_eq!(site.steps_for(FindingCode::NoInternet, "en").count(), 0);
    let again = serde_json::to_string(&site).expect("it is JSON");
    assert_eq!(Site::parse(&again), Ok(site));
}

#[test]
fn nothing_but_the_format_is_needed() {
    let site = Site::parse(&format!(r#"{{"format":"{FORMAT}"}}"#)).expect("the smallest one");
    assert_eq!(site, Site { format: FORMAT, ..Site::default() });
}

/// Fields and values that are refused, and what the error must name.
const REFUSED: &[(&str, &str, &str)] = &[
    ("colour", "\"red\"", "colour"),
    ("catalogues", "[{}]", "catalogues[0]"),
    ("only-own", "true", "only-own"),
    ("organisation", "\"two\\nlines\"", "organisation"),
    ("contact", "\"\"", "contact"),
    ("links", r#"[{"title":"a","url":"javascript:alert(1)"}]"#, "links[0]"),
    ("links", r#"[{"title":"","url":"https://a.example/"}]"#, "title"),
    ("links", r#"[{"title":"a","url":"data:text/html,x"}]"#, "links[0]"),
    ("logo", "\"https://a.example/logo.png\"", "logo"),
    ("logo", "\"data:text/html;base64,PGI+\"", "text/html"),
    ("logo", "\"data:image/png;base64,<b>\"", "base64"),
    ("steps", r#"{"no-such-code":[]}"#, "no-such-code"),
    ("steps", r#"{"port-dropped":[{"text":""}]}"#, "steps.port-dropped[0]"),
    ("steps", r#"{"port-dropped":[{"text":"a","html":"<b>"}]}"#, "html"),
    ("languages", r#"["xx"]"#, "languages[0]"),
    ("embed-origins", r#"["*"]"#, "embed-origins[0]"),
    ("embed-origins", r#"["null"]"#, "embed-origins[0]"),
    ("embed-origins", r#"["https://portal.example/path"]"#, "embed-origins[0]"),
    ("embed-origins", r#"["https://*.example"]"#, "embed-origins[0]"),
    ("embed-origins", r#"["portal.example"]"#, "embed-origins[0]"),
];

#[test]
fn what_is_wrong_is_refused_by_name() {
    for (field, value, named) in REFUSED {
        let error = Site::parse(&with(field, value)).expect_err(value).to_string();
        assert!(error.contains(named), "{field} {value}: {error}");
    }
    let other = Site::parse(r#"{"format":"connector-check/site@2"}"#).expect_err("another format");
    assert!(other.to_string().contains("site@2"), "{other}");
    assert!(Site::parse("{").is_err());
}

#[test]
fn origins_are_written_as_browsers_do() {
    for (text, written) in [
        ("https://Portal.example", "https://portal.example"),
        ("https://portal.example:443", "https://portal.example"),
        ("https://portal.example/", ""),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("wss://portal.example", ""),
    ] {
        let read = origin(text).unwrap_or_default();
        assert_eq!(read, written, "{text}");
    }
}

#[test]
fn a_language_that_is_not_listed_gives_way_to_the_first() {
    let site = Site { languages: vec!["en".to_owned()], ..Site::default() };
    assert_eq!(site.language("eo-XX"), "en");
    assert_eq!(site.language("en-GB"), "en");
    assert_eq!(Site::default().language("en-GB"), "en-GB");
}

#[test]
fn the_schema_takes_and_refuses_the_same() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("site.json", schema).expect("the schema has a name");
    let index = compiler.compile("site.json", &mut schemas).expect("the schema is one");
    let valid = |text: &str| {
        let value: Value = serde_json::from_str(text).expect("JSON");
        schemas.validate(&value, index).is_ok()
    };
    assert!(valid(FULL), "the sample");
    assert!(valid(&format!(r#"{{"format":"{FORMAT}"}}"#)));
    for (field, value, _) in REFUSED {
        // What takes knowledge of the program is beyond a schema: the inside of a catalogue, codes, languages.
        let beyond = matches!(*field, "catalogues" | "languages") || value.contains("no-such-code");
        assert!(beyond || !valid(&with(field, value)), "{field} {value} passes the schema");
    }
    assert!(!valid("{}") && !valid(r#"{"format":"connector-check/site@2"}"#));
}
