//! The page as one file that asks for nothing, so that it opens from a USB stick.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::compress::gzip;
use super::program::{Program, Reader};
use super::shell::{Filling, Shell};
use super::{html, script};

/// Decompresses where the browser cannot.
const INFLATE: &str = include_str!("../../../static/inflate.js");

/// Puts everything into the page.
pub fn assemble(shell: &Shell, program: &Program) -> Result<String> {
    let style = format!("<style>\n{}</style>", shell.style()?.replace("</", "<\\/"));
    let icon =
        format!("<link rel=\"icon\" href=\"data:image/svg+xml;base64,{}\">", BASE64.encode(shell.icon()));
    let module = format!(
        "{INFLATE}{}{}",
        program.glue.body,
        loader(&program.glue.start, &BASE64.encode(gzip(&program.wasm)?))
    );
    let page = shell.filled(Filling {
        style,
        icon,
        script: &|part| format!("<script>\n{}</script>", script::escape(&part.text)),
        program: format!("<script type=\"module\">\n{}</script>", script::escape(&module)),
    });
    html::insert_at_end_of_head(&page, &reader_elements(&program.reader)?)
}

/// The reader of captures, which the page unpacks when one is opened.
fn reader_elements(reader: &Reader) -> Result<String> {
    let mut elements = String::new();
    for (id, bytes) in [
        ("connector-check-capture-script", &reader.script),
        ("connector-check-capture-program", &reader.wasm),
    ] {
        let packed = BASE64.encode(gzip(bytes)?);
        elements += &["<script type=\"text/plain\" id=\"", id, "\">", &packed, "</script>\n"].concat();
    }
    Ok(elements)
}

/// Starts the program. Compiling happens in the background, so that the page can be seen meanwhile; what goes wrong
/// is shown in the page's own failure screen.
fn loader(start: &str, wasm: &str) -> String {
    format!(
        r#"try {{
    const compressed = Uint8Array.from(atob("{wasm}"), (character) => character.charCodeAt(0));
    const program = typeof DecompressionStream === "function"
        ? await new Response(new Blob([compressed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer()
        : connectorCheckInflate(compressed);
    const module = await WebAssembly.compile(program);
    await {start}({{ module_or_path: module }});
}} catch (error) {{
    console.error(error);
    globalThis.connectorCheckFailed?.(error);
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::html;
    use super::super::script::Glue;
    use super::super::shell::tests::{PAGE, folder};
    use super::*;

    fn assembled(test: &str) -> String {
        let folder = folder(test);
        let shell = Shell::read(PAGE, &folder).expect("a complete page");
        fs::remove_dir_all(&folder).expect("the temporary folder is ours");
        let glue = Glue { body: "a('</script>');\n".to_owned(), start: "go".to_owned() };
        assemble(&shell, &Program { glue, wasm: b"wasm".to_vec(), reader: Reader::default() })
            .expect("a complete program")
    }

    #[test]
    fn everything_is_inlined_once_and_the_same_each_time() {
        let first = assembled("first");
        let tags = html::tags(&first);
        let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["head", "script", "script", "style", "link", "script", "script", "body"]);
        assert!(tags[4].attribute("href").is_some_and(|href| href.starts_with("data:image/svg+xml;base64,")));
        assert!(first.contains("await go({ module_or_path: module });"));
        assert!(
            tags[5..7].iter().all(|tag| tag.attribute("type") == Some("text/plain")),
            "the reader waits packed"
        );
        assert!(first.ends_with("</head><body>text</body>"));
        assert_eq!(first, assembled("second"));
    }
}
