//! The program's JavaScript as one text: wasm-bindgen's module with everything that it imports put into it.
//!
//! One text serves all: as a module for the hosted site and the embed, inline in the single file, and as a classic
//! script.

use anyhow::{Context, Result, bail};

/// wasm-bindgen's module without imports and exports.
#[derive(Debug, PartialEq, Eq)]
pub struct Glue {
    /// To stand in a module, or in a function of its own.
    pub body: String,
    /// The function that starts the program.
    pub start: String,
}

/// Where the modern glue would look for the program by itself; every shipment says where it is instead.
const OWN_ADDRESS: &str = "import.meta.url";

/// Puts the modules that `glue` imports into it. `glue` is what wasm-bindgen writes for `--target web`, `read` returns
/// a file beside it.
pub fn merge(glue: &str, read: impl Fn(&str) -> Result<String>) -> Result<Glue> {
    let mut modules: Vec<(String, String)> = Vec::new();
    let mut lines = Vec::new();
    let mut start = None;
    for line in glue.lines() {
        if let Some(name) = default_export(line) {
            start = Some(name.to_owned());
        } else if line.starts_with("import ") {
            let file = imported_file(line)?;
            let module = match modules.iter().position(|(known, _)| *known == file) {
                Some(at) => at,
                None => {
                    modules.push((file.clone(), enclosed(&file, &read(&file)?, modules.len())?));
                    modules.len() - 1
                }
            };
            lines.push(binding(line, module)?);
        } else {
            lines.push(line.strip_prefix("export ").unwrap_or(line).to_owned());
        }
    }
    let start = start
        .context("wasm-bindgen's module has no `export { …, NAME as default };`: has its form changed?")?;
    let modules: Vec<_> = modules.into_iter().map(|(_, text)| text).collect();
    let body = format!("{}\n{}\n", modules.join("\n"), lines.join("\n"));
    // In a classic script the words themselves would be an error, even where they are never reached.
    Ok(Glue { body: body.replace(OWN_ADDRESS, "document.baseURI"), start })
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

/// The file in `import … from './file.js';`.
fn imported_file(line: &str) -> Result<String> {
    let quoted = line.find(['\'', '"']).map(|at| &line[at..]);
    let address = quoted.and_then(|text| text[1..].split(&text[..1]).next());
    let address = address.with_context(|| format!("cannot read the import `{line}`"))?;
    let Some(file) = address.strip_prefix("./") else {
        bail!("the page imports {address}, which would be one more request of every shipment");
    };
    Ok(file.to_owned())
}

/// The names that an import brings, taken from the module of that number.
fn binding(line: &str, module: usize) -> Result<String> {
    let names =
        line.strip_prefix("import ").and_then(|rest| rest.split(" from ").next()).unwrap_or_default().trim();
    if let Some(name) = names.strip_prefix("* as ") {
        return Ok(format!("const {} = module{module};", name.trim()));
    }
    if !(names.starts_with('{') && names.ends_with('}')) {
        bail!("cannot read the import `{line}`");
    }
    Ok(format!("const {} = module{module};", names.replace(" as ", ": ")))
}

/// A module as a value: its exports, with everything else out of sight.
fn enclosed(file: &str, text: &str, number: usize) -> Result<String> {
    let mut names = Vec::new();
    let mut body = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("import ") || line.contains("import.meta") {
            bail!("{file} imports other modules, and a shipment has no place to load them from");
        }
        let declaration = line.strip_prefix("export ");
        if let Some(declaration) = declaration {
            let rest = declaration.strip_prefix("async ").unwrap_or(declaration);
            let name = rest.strip_prefix("function ").and_then(|rest| rest.split('(').next());
            names.push(
                name.with_context(|| format!("{file}: only functions can be exported: `{line}`"))?
                    .trim()
                    .to_owned(),
            );
        }
        body += declaration.unwrap_or(line);
        body.push('\n');
    }
    Ok(format!("const module{number} = (() => {{\n{body}return {{ {} }};\n}})();", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLUE: &str = "import { a, b as c } from './snippets/x-1/a.js';\nimport * as d from \"./snippets/x-1/b.js\"\n\
                        export class M {}\nlet wasm = new URL('x.wasm', import.meta.url);\n\
                        export { initSync, __wbg_init as default };\n";

    fn text_of(file: &str) -> String {
        format!("// {file}\nconst hidden = 1;\nexport function a() {{}}\nexport async function b(x) {{}}")
    }

    #[test]
    fn imports_become_values_and_the_export_becomes_a_start() {
        let glue = merge(GLUE, |file| Ok(text_of(file))).expect("the form that wasm-bindgen writes");
        assert_eq!(glue.start, "__wbg_init");
        for part in [
            "const module0 = (() => {\n// snippets/x-1/a.js\nconst hidden = 1;\nfunction a() {}\nasync function b(x) {}\nreturn { a, b };\n})();",
            "const { a, b: c } = module0;",
            "const d = module1;",
            "\nclass M {}\n",
        ] {
            assert!(glue.body.contains(part), "no {part} in {}", glue.body);
        }
        assert!(!["import", "export"].iter().any(|word| glue.body.contains(word)), "{}", glue.body);
    }

    #[test]
    fn one_file_that_is_imported_twice_stays_one_module() {
        let glue = format!("import {{ b }} from './snippets/x-1/a.js';\n{GLUE}");
        let body = merge(&glue, |file| Ok(text_of(file))).expect("the form that wasm-bindgen writes").body;
        assert_eq!(body.matches("// snippets/x-1/a.js").count(), 1, "its state would be there twice");
        assert!(body.contains("const { b } = module0;\nconst { a, b: c } = module0;"), "{body}");
    }

    #[test]
    fn what_would_be_a_request_is_refused() {
        let refused = |glue: &str| merge(glue, |file| Ok(text_of(file))).is_err();
        assert!(refused(&GLUE.replace("./snippets/x-1/a.js", "https://other.example/a.js")));
        assert!(refused("let wasm;\n"));
        assert!(merge(GLUE, |_| Ok("import x from './y.js'".to_owned())).is_err());
        assert!(merge(GLUE, |_| Ok("export const x = 1;".to_owned())).is_err());
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
