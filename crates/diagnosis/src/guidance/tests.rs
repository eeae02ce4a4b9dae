use super::check::language;
use super::parse::parse;
use super::*;

fn words() -> Words {
    serde_json::from_str(include_str!("../../../../guidance/en/words.json")).unwrap()
}

/// A guide whose one step holds this Markdown.
fn with_step(step: &str) -> String {
    format!("# Title\n\nLead.\n\n## Steps\n\n1. {}\n", step.replace('\n', "\n   "))
}

fn read_step(step: &str) -> Vec<Block> {
    parse(&with_step(step), &words()).unwrap().steps.remove(0)
}

fn filled_step(step: &str, context: &Context) -> Vec<Block> {
    let mut guide = parse(&with_step(step), &words()).unwrap();
    guide.words = words();
    guide.filled(context).steps.remove(0)
}

fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

fn code(blocks: &[Block]) -> &str {
    match blocks.last() {
        Some(Block::Code { text, repeat: Repeat::Once, .. }) => text,
        other => panic!("no filled code block: {other:?}"),
    }
}

fn context(endpoints: &[(&str, u16)]) -> Context {
    Context {
        endpoints: endpoints.iter().map(|(host, port)| ((*host).to_owned(), *port)).collect(),
        count: endpoints.len(),
        ..Context::default()
    }
}

#[track_caller]
fn refuses(markdown: &str, line: usize, message: &str) {
    let problem = parse(markdown, &words()).expect_err(markdown);
    assert_eq!((problem.line, problem.message.contains(message)), (line, true), "{problem}\n{markdown}");
}

#[test]
fn every_finding_code_has_a_guide_whatever_the_language_and_no_other_code_has() {
    for code in include_str!("../../finding-codes.txt").lines() {
        let guide = guide("en", code).unwrap_or_else(|| panic!("{code}"));
        assert!(guide.title.chars().count() <= 60, "{code}: the title is a short name of the cause");
        assert_eq!(guide.words, words());
    }
    assert_eq!(guide("xx", "all-reachable"), guide("en", "all-reachable"));
    assert_eq!(guide("en", "no-such-code"), None);
}

#[test]
fn filled_guides_have_no_placeholder_left_with_and_without_a_context() {
    let full = Context {
        rules: vec![Rule {
            allow: "*.svc.example".into(),
            ports: vec![443],
            purposes: vec!["Registration".into()],
        }],
        region: Some("Central US".into()),
        ..context(&[("a.svc.example", 443)])
    };
    for code in include_str!("../../finding-codes.txt").lines() {
        for context in [&Context::default(), &full] {
            let filled = guide("en", code).unwrap().filled(context);
            let json = serde_json::to_string(&filled).unwrap();
            for name in ["host", "hosts", "port", "ports", "rules", "region", "count", "allow", "purposes"] {
                assert!(!json.contains(&format!("{{{name}}}")), "{code}: {{{name}}} in {json}");
            }
            assert!(!json.contains("\"PerEndpoint\"") && !json.contains("\"PerRule\""), "{code}");
        }
    }
}

#[test]
fn blocks_and_inlines_are_read_as_structure() {
    assert_eq!(
        read_step("Open **Settings**, `a.b`\nand [the page](https://x.example/y).\n\n- one\n- two"),
        [
            Block::Paragraph(vec![
                text("Open "),
                Inline::Strong("Settings".into()),
                text(", "),
                Inline::Code("a.b".into()),
                text(" and "),
                Inline::Link { text: "the page".into(), url: "https://x.example/y".into() },
                text("."),
            ]),
            Block::Bullets(vec![
                vec![Block::Paragraph(vec![text("one")])],
                vec![Block::Paragraph(vec![text("two")])]
            ]),
        ]
    );
    assert_eq!(
        read_step("Add:\n\n```xml\n<a>\n  <b/>\n</a>\n```"),
        [
            Block::Paragraph(vec![text("Add:")]),
            Block::Code { language: "xml".into(), text: "<a>\n  <b/>\n</a>".into(), repeat: Repeat::Once },
        ]
    );
}

#[test]
fn sections_follow_the_steps() {
    let markdown = with_step("Do.") + "\n## Next\n\nText.\n\n1. First\n2. Second\n";
    let guide = parse(&markdown, &words()).unwrap();
    assert_eq!(guide.sections.len(), 1);
    assert_eq!(guide.sections[0].title, "Next");
    assert!(
        matches!(&guide.sections[0].blocks[..], [Block::Paragraph(_), Block::Numbered(items)] if items.len() == 2)
    );
}

#[test]
fn what_is_no_guide_is_refused_with_its_line() {
    refuses("", 1, "begins with # Title");
    refuses("Text.\n", 1, "begins with # Title");
    refuses("# T\n\n## Steps\n\n1. Do.\n", 3, "between the title and the steps");
    refuses("# T\n\nLead.\n", 3, "must be ## Steps");
    refuses("# T\n\nLead.\n\n## Other\n\n1. Do.\n", 5, "must be ## Steps");
    refuses("# T\n\nLead.\n\n## Steps\n", 5, "nothing stands under");
    refuses("# T\n\nLead.\n\n## Steps\n\nDo.\n", 5, "one numbered list");
    refuses("# T\n\nLead.\n\n## Steps\n\n- Do.\n", 5, "one numbered list");
    refuses("# T\n\nLead.\n\n## Steps\n\n2. Do.\n", 7, "begins with 1");
    refuses("# T\n\nLead.\n\n## Steps\n\n1. Do.\n\nMore.\n", 5, "one numbered list");
    refuses("# T\n\nLead.\n\n### Deep\n\n1. Do.\n", 5, "a heading of this level");
    refuses("# T\n\nLead.\n\n# Again\n\n1. Do.\n", 5, "a heading of this level");
    refuses("# *T*\n\nLead.\n", 1, "emphasis");
}

#[test]
fn constructs_that_the_page_does_not_draw_are_refused_with_their_line() {
    for (step, line, message) in [
        ("A <b>bold</b> move", 7, "raw HTML"),
        ("Do.\n\n<div>x</div>", 9, "raw HTML"),
        ("An *italic* word", 7, "emphasis"),
        ("![x](https://x.example/y.png)", 7, "an image"),
        ("Do.\n\n> quoted", 9, "a quotation"),
        ("Do.\n\n---", 9, "a rule"),
        ("one  \ntwo", 7, "forced line break"),
        ("[x](http://x.example/)", 7, "no complete https address"),
        ("[x](javascript:alert)", 7, "no complete https address"),
        ("[x](https://{hosts}/)", 7, "no complete https address"),
        ("Do.\n\n    indented", 9, "not indented"),
        ("Do.\n\n```\nx\n```", 9, "no language"),
        ("Do.\n\n```bash\nx\n```", 9, "no language"),
        ("Do.\n\n```text\n```", 9, "empty"),
        ("Do.\n\n```text twice\nx\n```", 9, "\"twice\" is unknown"),
    ] {
        refuses(&with_step(step), line, message);
    }
}

#[test]
fn placeholders_are_refused_where_they_cannot_be_filled_or_are_not_safe() {
    for (step, line, message) in [
        ("Ask {host}.", 7, "{host} cannot stand here"),
        ("Ask {hostss}.", 7, "{hostss} cannot stand here"),
        ("Ask `{port}`.", 7, "{port} cannot stand here"),
        ("Do.\n\n```powershell\nTest {host}\n```", 9, "{host} cannot stand here"),
        ("Do.\n\n```powershell\nTest {region}\n```", 9, "{region} cannot stand here"),
        ("Do.\n\n```powershell\nTest {rules}\n```", 9, "{rules} cannot stand here"),
        ("Do.\n\n```powershell per-rule\nTest {allow}\n```", 9, "free text"),
        ("Do.\n\n```text per-rule\n{allow} {host}\n```", 9, "{host} cannot stand here"),
        ("Do.\n\n```text per-endpoint\nnothing\n```", 9, "never uses {host}"),
        ("Do.\n\n```text per-rule\nnothing\n```", 9, "never uses {allow}"),
    ] {
        refuses(&with_step(step), line, message);
    }
    // Braces of PowerShell and curl are none of ours.
    read_step(
        "Do.\n\n```powershell\nGet-X | Where-Object { $_.A } ; ${name} ; curl.exe -w '%{http_code}'\n```",
    );
}

#[test]
fn a_language_needs_every_guide_and_nothing_else() {
    let words = include_str!("../../../../guidance/en/words.json").to_owned();
    let files = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
        list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    let good = with_step("Do.");
    let found = language(&files(&[("words.json", &words), ("a.md", &good)]), &["a"]).unwrap();
    assert_eq!(found.guides.keys().collect::<Vec<_>>(), ["a"]);

    let bad = files(&[("words.json", &words), ("a.md", "Text."), ("c.md", &good), ("notes.txt", "")]);
    let problems = language(&bad, &["a", "b"]).unwrap_err();
    assert_eq!(problems.len(), 4, "{problems:?}");
    for (problem, start) in
        problems.iter().zip(["a.md:1: ", "c.md:1: no f", "notes.txt:1: ", "b.md:1: missing"])
    {
        assert!(problem.starts_with(start), "{problem}");
    }

    let blank = words.replacen("\"Steps\"", "\" \"", 1);
    for (words, message) in [
        (None, "words.json:1: missing"),
        (Some("{\n}"), "words.json:2: missing field"),
        (Some(blank.as_str()), "words.json:1: \"steps\" is empty"),
    ] {
        let list: Vec<_> = words.map(|words| ("words.json", words)).into_iter().collect();
        let problems = language(&files(&list), &[]).unwrap_err();
        assert!(problems[0].starts_with(message), "{problems:?}");
    }
}

#[test]
fn ports_become_ranges() {
    for (ports, expected) in [
        (vec![], ""),
        (vec![443], "443"),
        (vec![9091, 443, 9090, 443], "443, 9090, 9091"),
        ((10100..=10120).chain([443, 9090]).collect(), "443, 9090, 10100-10120"),
        (vec![65534, 65535, 65533, 1], "1, 65533-65535"),
    ] {
        assert_eq!(port_list(&ports), expected);
    }
}

#[test]
fn text_is_filled_and_falls_back_to_neutral_words() {
    let step = "At {hosts} open {ports} for {rules} in {region} ({count}).";
    let run = Context {
        rules: vec![Rule { allow: "*.svc.example".into(), ..Rule::default() }],
        region: Some("Central US".into()),
        ..context(&[("a.example", 9090), ("a.example", 9091), ("b.example", 9090)])
    };
    assert_eq!(
        filled_step(step, &run),
        [Block::Paragraph(vec![text(
            "At a.example, b.example open 9090, 9091 for *.svc.example in Central US (3)."
        )])]
    );
    let words = words();
    assert_eq!(
        filled_step(step, &Context::default()),
        [Block::Paragraph(vec![text(&format!(
            "At {} open {} for {} in {} (0).",
            words.hosts, words.ports, words.rules, words.region
        ))])]
    );
}

#[test]
fn per_endpoint_lines_stand_once_for_each_endpoint_that_makes_them_differ() {
    let step = "Do.\n\n```powershell per-endpoint\n# names\nResolve-DnsName {host}\nTest-NetConnection {host} -Port {port}\n```";
    let run = context(&[("a.example", 443), ("a.example", 9090), ("b.example", 443), ("a.example", 443)]);
    assert_eq!(
        code(&filled_step(step, &run)),
        "# names\nResolve-DnsName a.example\nResolve-DnsName b.example\nTest-NetConnection a.example -Port 443\n\
         Test-NetConnection a.example -Port 9090\nTest-NetConnection b.example -Port 443"
    );
    assert!(
        code(&filled_step(step, &Context::default())).ends_with("Test-NetConnection <host> -Port <port>")
    );
}

#[test]
fn per_rule_lines_stand_once_for_each_rule() {
    let step = "Do.\n\n```text per-rule\nPlease allow:\n  {allow}  TCP {ports}  ({purposes})\n```";
    let rule = |allow: &str, ports: &[u16], purposes: &[&str]| Rule {
        allow: allow.to_owned(),
        ports: ports.to_vec(),
        purposes: purposes.iter().map(|&purpose| purpose.to_owned()).collect(),
    };
    let rules = vec![
        rule("*.svc.example", &[443, 9090], &["A", "B", "A"]),
        rule("", &[443], &[]),
        rule("crl.example", &[80], &[]),
    ];
    let filled = filled_step(step, &Context { rules, ..Context::default() });
    let expected = format!(
        "Please allow:\n  *.svc.example  TCP 443, 9090  (A; B)\n  crl.example  TCP 80  ({})",
        words().purposes
    );
    assert_eq!(code(&filled), expected);
}

#[test]
fn what_a_catalogue_says_is_text_on_one_line_and_never_filled_again() {
    let step = "**{region}** in {rules}\n\n```text per-rule\n{allow} ({purposes})\n```";
    let run = Context {
        rules: vec![Rule {
            allow: "x.example/{region}".into(),
            ports: vec![],
            purposes: vec!["a\nformat C:\u{202e}".into()],
        }],
        region: Some("[x](javascript:y) <b>{count}</b>".into()),
        ..Context::default()
    };
    let blocks = filled_step(step, &run);
    assert_eq!(
        blocks[0],
        Block::Paragraph(vec![
            Inline::Strong("[x](javascript:y) <b>{count}</b>".into()),
            text(" in x.example/{region}")
        ])
    );
    assert_eq!(code(&blocks), "x.example/{region} (a format C: )");
}
