//! The program of the single file: wasm-bindgen's module with everything that it loads put into it.

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Puts the modules that `glue` imports and the program into one module that starts by itself.
///
/// `glue` is what wasm-bindgen writes for `--target web`, `read` returns a file beside it, `wasm` is the program,
/// compressed by gzip and written in base64.
pub fn inline(glue: &str, read: impl Fn(&str) -> Result<String>, wasm: &str) -> Result<String> {
    let mut module = String::new();
    let mut start = None;
    for line in glue.lines() {
        if let Some(name) = default_export(line) {
            start = Some(name);
        } else if line.starts_with("import ") {
            module += &inline_import(line, &read)?;
            module.push('\n');
        } else {
            module += line;
            module.push('\n');
        }
    }
    let start = start
        .context("wasm-bindgen's module has no `export { …, NAME as default };`: has its form changed?")?;
    Ok(module + &loader(start, wasm))
}

/// Escapes what would end or hide a script element. The replacements mean the same in strings, templates and regular
/// expressions, and elsewhere in a module neither of the two can stand.
pub fn escape(script: &str) -> String {
    let mut escaped = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        escaped += before;
        let ends = |text: &str| from.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
        escaped += if ends("</script") || ends("<!--") { "\\x3C" } else { "<" };
        rest = &from[1..];
    }
    escaped + rest
}

/// `NAME` in `export { initSync, NAME as default };`.
fn default_export(line: &str) -> Option<&str> {
    let names = line.trim().strip_prefix("export {")?.strip_suffix("};")?;
    names.split(',').find_map(|name| name.trim().strip_suffix(" as default"))
}

fn inline_import(line: &str, read: &impl Fn(&str) -> Result<String>) -> Result<String> {
    let quoted = line.find(['\'', '"']).map(|at| &line[at..]);
    let address = quoted.and_then(|text| text[1..].split(&text[..1]).next());
    let address = address.with_context(|| format!("cannot read the import `{line}`"))?;
    let Some(file) = address.strip_prefix("./") else {
        bail!("the page imports {address}, which would be a request of the single file");
    };
    let text = read(file)?;
    if text.lines().any(|line| line.trim_start().starts_with("import ")) || text.contains("import.meta") {
        bail!("{file} imports other modules, and the single file has no place to load them from");
    }
    Ok(line.replace(address, &format!("data:text/javascript;base64,{}", BASE64.encode(text))))
}

/// Starts the program. Compiling happens in the background, so that the page can be seen meanwhile; what goes wrong
/// is shown in the page's own failure screen.
fn loader(start: &str, wasm: &str) -> String {
    format!(
        r#"try {{
    const compressed = Uint8Array.from(atob("{wasm}"), (character) => character.charCodeAt(0));
    const program = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const module = await WebAssembly.compile(await new Response(program).arrayBuffer());
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
    use super::*;

    const GLUE: &str = "import { a } from './snippets/x-1/a.js';\nimport * as b from \"./snippets/x-1/b.js\"\n\
                        let wasm;\nexport { initSync, __wbg_init as default };\n";

    /// Stands in for the file of that name.
    fn text_of(file: &str) -> String {
        format!("// {file}")
    }

    #[test]
    fn imports_become_data_and_the_export_becomes_a_start() {
        let module =
            inline(GLUE, |file| Ok(text_of(file)), "V0FTTQ==").expect("the form that wasm-bindgen writes");
        let lines: Vec<&str> = module.lines().collect();
        let expected = format!(
            "import {{ a }} from 'data:text/javascript;base64,{}';",
            BASE64.encode(text_of("snippets/x-1/a.js"))
        );
        assert_eq!(lines[0], expected);
        assert!(lines[1].starts_with("import * as b from \"data:text/javascript;base64,"));
        assert_eq!(lines[2], "let wasm;");
        assert!(module.contains("atob(\"V0FTTQ==\")"));
        assert!(module.contains("await __wbg_init({ module_or_path: module });"));
        assert!(!module.contains("export"));
    }

    #[test]
    fn what_would_be_a_request_is_refused() {
        let refused = |glue: &str| inline(glue, |file| Ok(text_of(file)), "").is_err();
        assert!(refused(&GLUE.replace("./snippets/x-1/a.js", "https://other.example/a.js")));
        assert!(refused("let wasm;\n"));
        assert!(inline(GLUE, |_| Ok("import x from './y.js'".to_owned()), "").is_err());
    }

    #[test]
    fn nothing_ends_the_script_early() {
        assert_eq!(
            escape("'</script>' + \"</SCRIPT\" + '<!--'"),
            r#"'\x3C/script>' + "\x3C/SCRIPT" + '\x3C!--'"#
        );
        assert_eq!(escape("a < b; c << 1; '<ä'; d <"), "a < b; c << 1; '<ä'; d <");
    }
}
