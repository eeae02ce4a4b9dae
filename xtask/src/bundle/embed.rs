//! The custom element for other people's pages: an ES module, a classic script, types, and an npm package around them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use super::program::Program;

/// The name of the npm package.
const PACKAGE: &str = "connector-check";

/// Explains why the program could not be started; the hosted page has the same.
const EXPLAIN: &str = include_str!("../../../static/explain.js");

/// Starts the program, and stands in for the element where that fails.
const AROUND: &str = include_str!("../../../static/embed.js");

/// What goes into the package as it is: name, text.
const FILES: [(&str, &str); 5] = [
    ("connector-check.d.ts", include_str!("../../../embed/connector-check.d.ts")),
    ("frame.js", include_str!("../../../embed/frame.js")),
    ("frame.d.ts", include_str!("../../../embed/frame.d.ts")),
    ("LICENSE-MIT", include_str!("../../../LICENSE-MIT")),
    ("LICENSE-APACHE", include_str!("../../../LICENSE-APACHE")),
];

/// Writes the package; `root` is the repository.
pub fn write(folder: &Path, program: &Program, root: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let save = |name: &str, bytes: &[u8]| {
        let file = folder.join(name);
        fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))
    };
    save("connector-check.wasm", &program.wasm)?;
    save("capture-worker.js", &program.reader.script)?;
    save("capture-worker.wasm", &program.reader.wasm)?;
    save("connector-check.js", module(program).as_bytes())?;
    save("connector-check.classic.js", classic(program).as_bytes())?;
    for (name, text) in FILES {
        save(name, text.as_bytes())?;
    }
    let guide = root.join("docs/embed.md");
    save("README.md", &fs::read(&guide).with_context(|| format!("cannot read {}", guide.display()))?)?;
    save("package.json", format!("{:#}\n", package()).as_bytes())
}

/// For `<script type="module">` and for bundlers, which find the program by its address.
fn module(program: &Program) -> String {
    format!(
        "{EXPLAIN}{AROUND}{}\nObject.defineProperty(globalThis, \"connectorCheckReader\", {{ configurable: true, value: {{\n  script: new URL(\"./capture-worker.js\", import.meta.url).href,\n  program: new URL(\"./capture-worker.wasm\", import.meta.url).href,\n}} }});\nexport const ready = connectorCheckBegin({}, new URL(\"./connector-check.wasm\", import.meta.url));\n\
         // Each element says it; whoever wants to know waits for `ready`.\nready.catch(() => {{}});\n",
        program.glue.body, program.glue.start
    )
}

/// For `<script>`: the program lies beside the script.
fn classic(program: &Program) -> String {
    format!(
        "(() => {{\n\"use strict\";\nconst address = new URL(\"connector-check.wasm\", document.currentScript.src);\n\
         {EXPLAIN}{AROUND}{}\nObject.defineProperty(globalThis, \"connectorCheckReader\", {{ configurable: true, value: {{\n  script: new URL(\"capture-worker.js\", address).href,\n  program: new URL(\"capture-worker.wasm\", address).href,\n}} }});\nconnectorCheckBegin({}, address).catch(() => {{}});\n}})();\n",
        program.glue.body, program.glue.start
    )
}

fn package() -> serde_json::Value {
    json!({
        "name": PACKAGE,
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Shows why a Microsoft Entra private network connector cannot get out, and what to do: a custom element",
        "license": "MIT OR Apache-2.0",
        "type": "module",
        "types": "./connector-check.d.ts",
        "exports": {
            ".": { "types": "./connector-check.d.ts", "default": "./connector-check.js" },
            "./classic": "./connector-check.classic.js",
            "./frame": { "types": "./frame.d.ts", "default": "./frame.js" },
            "./connector-check.wasm": "./connector-check.wasm",
            "./capture-worker.js": "./capture-worker.js",
            "./capture-worker.wasm": "./capture-worker.wasm"
        },
        "files": [
            "connector-check.js", "connector-check.classic.js", "connector-check.wasm", "capture-worker.js",
            "capture-worker.wasm", "connector-check.d.ts", "frame.js",
            "frame.d.ts", "LICENSE-MIT", "LICENSE-APACHE"
        ],
        // Importing it registers the element.
        "sideEffects": true
    })
}

#[cfg(test)]
mod tests {
    use super::super::program::Reader;
    use super::super::script::Glue;
    use super::*;

    #[test]
    fn the_classic_script_has_no_words_of_modules() {
        let glue = Glue { body: "let wasm;\n".to_owned(), start: "go".to_owned() };
        let program = Program { glue, wasm: Vec::new(), reader: Reader::default() };
        let script = classic(&program);
        assert!(
            !script.contains("import.meta") && !script.contains("\nexport ") && !script.contains("\nimport ")
        );
        assert!(script.contains("connectorCheckBegin(go, address)"), "{script}");
        assert!(module(&program).contains("new URL(\"./connector-check.wasm\", import.meta.url)"));
    }

    #[test]
    fn every_exported_file_is_in_the_package() {
        let package = package();
        let files: Vec<_> =
            package["files"].as_array().expect("a list").iter().filter_map(|file| file.as_str()).collect();
        let exported =
            ["connector-check.js", "connector-check.classic.js", "frame.js", "connector-check.wasm"];
        assert!(
            exported.iter().all(|file| files.contains(file) && package["exports"].to_string().contains(file))
        );
    }
}
