//! The page as static files for any web server: hashed names, compressed forms, a manifest and a service worker.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::compress::{brotli, gzip};
use super::program::Program;
use super::shell::{Filling, Shell};
use super::{hosting, html};

/// The folder of everything whose name carries the hash of its bytes, so that it may be kept forever.
const ASSETS: &str = "assets";

/// Hexadecimal digits of a name; 40 bits tell any two builds apart.
const HASH_DIGITS: usize = 10;

/// Endings that are worth compressing.
const COMPRESSED: [&str; 7] = ["html", "js", "css", "wasm", "svg", "json", "webmanifest"];

/// What the service worker stands for before its list and version are put in.
const WORKER: &str = include_str!("../../../static/sw.js");

/// A file of the site: its path below the site's folder, and its bytes.
type Entry = (String, Vec<u8>);

/// Writes the site; `baked` goes to the end of the head, `policy` is its Content-Security-Policy.
pub fn write(folder: &Path, shell: &Shell, program: &Program, baked: &str, policy: &str) -> Result<()> {
    let mut files = Vec::new();
    let mut asset = |name: &str, ending: &str, bytes: &[u8]| {
        let path = hashed(name, ending, bytes);
        // Two scripts may be the same.
        if !files.iter().any(|(known, _): &Entry| *known == path) {
            files.push((path.clone(), bytes.to_vec()));
        }
        path
    };
    let style = asset("page", "css", shell.style()?.as_bytes());
    let icon = asset("icon", "svg", shell.icon().as_bytes());
    let wasm = asset("connector-check", "wasm", &program.wasm);
    let reader = [
        asset("capture-worker", "js", &program.reader.script),
        asset("capture-worker", "wasm", &program.reader.wasm),
    ];
    let module = format!(
        "{}{}",
        program.glue.body,
        start(&program.glue.start, file_name(&wasm), reader.each_ref().map(|path| file_name(path)))
    );
    let module = asset("connector-check", "js", module.as_bytes());
    let mut scripts = Vec::new();
    for part in shell.scripts() {
        scripts.push((part.name.clone(), asset(&part.name, "js", part.text.as_bytes())));
    }
    let script = |name: &str| {
        scripts.iter().find(|(known, _)| known == name).map(|(_, path)| path.as_str()).unwrap_or_default()
    };
    let page = shell.filled(Filling {
        style: format!("<link rel=\"stylesheet\" href=\"{style}\">"),
        icon: format!(
            "<link rel=\"icon\" href=\"{icon}\">\n<link rel=\"manifest\" href=\"manifest.webmanifest\">"
        ),
        script: &|part| format!("<script src=\"{}\"></script>", script(&part.name)),
        program: format!(
            "<link rel=\"preload\" href=\"{wasm}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n\
             <script type=\"module\" src=\"{module}\"></script>"
        ),
    });
    let page = html::insert_at_end_of_head(&page, baked)?;
    // The reader of captures is loaded when one is opened, and not before.
    let list: Vec<String> =
        files.iter().map(|(path, _)| path.clone()).filter(|path| !reader.contains(path)).collect();
    let worker = worker(&list, &page)?;
    files.push(("index.html".to_owned(), page.into_bytes()));
    files.push(("manifest.webmanifest".to_owned(), manifest(&icon).into_bytes()));
    files.push(("sw.js".to_owned(), worker.into_bytes()));
    files.extend(hosting::inside(policy)?);
    for (path, bytes) in &files {
        save(&folder.join(path), bytes)?;
        let ending = path.rsplit('.').next().unwrap_or_default();
        if COMPRESSED.contains(&ending) && !hosting::is_configuration(path) {
            save(&folder.join(format!("{path}.gz")), &gzip(bytes)?)?;
            save(&folder.join(format!("{path}.br")), &brotli(bytes)?)?;
        }
    }
    Ok(())
}

fn hashed(name: &str, ending: &str, bytes: &[u8]) -> String {
    let hash = format!("{:x}", Sha256::digest(bytes));
    format!("{ASSETS}/{name}.{}.{ending}", &hash[..HASH_DIGITS])
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Starts the program, and makes the page usable offline where the browser and the page around allow it.
fn start(start: &str, wasm: &str, [script, program]: [&str; 2]) -> String {
    format!(
        r#"globalThis.connectorCheckReader = {{
    script: new URL("./{script}", import.meta.url).href,
    program: new URL("./{program}", import.meta.url).href,
}};
try {{
    await {start}({{ module_or_path: new URL("./{wasm}", import.meta.url) }});
}} catch (error) {{
    console.error(error);
    globalThis.connectorCheckFailed?.(error);
}}
try {{
    // Not in a frame: there, the page around decides what is kept.
    if (window.top === window) await navigator.serviceWorker?.register("sw.js");
}} catch (error) {{
    console.info("not kept for use offline:", error);
}}
"#
    )
}

/// The service worker with its list of files; its version changes whenever one of them or the page does.
fn worker(assets: &[String], page: &str) -> Result<String> {
    let version = &format!("{:x}", Sha256::digest(page))[..HASH_DIGITS];
    let list = serde_json::to_string(assets)?;
    Ok(WORKER.replacen("\"VERSION\"", &format!("\"{version}\""), 1).replacen("[\"ASSETS\"]", &list, 1))
}

fn manifest(icon: &str) -> String {
    let manifest = serde_json::json!({
        "name": "Connector Check",
        "short_name": "Connector Check",
        "description": "Shows why a Microsoft Entra private network connector cannot get out, and what to do",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#f4f6f7",
        "theme_color": "#0f5c6e",
        "icons": [{ "src": icon, "sizes": "any", "type": "image/svg+xml", "purpose": "any" }],
    });
    format!("{manifest:#}\n")
}

fn save(file: &Path, bytes: &[u8]) -> Result<()> {
    let folder = file.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_its_bytes() {
        let [a, b] = ["one", "two"].map(|text| hashed("page", "css", text.as_bytes()));
        assert_ne!(a, b);
        assert_eq!(a, hashed("page", "css", b"one"));
        assert!(a.starts_with("assets/page.") && a.rsplit('.').next() == Some("css"));
    }

    /// What browsers ask for before they offer to install a page: a name, a start inside the scope, a display of its own,
    /// and an icon that is large enough; one for any size counts as such.
    #[test]
    fn the_manifest_makes_the_page_installable() {
        let manifest: serde_json::Value = serde_json::from_str(&manifest("assets/icon.0.svg")).expect("JSON");
        assert!(
            ["name", "short_name"]
                .iter()
                .all(|name| manifest[name].as_str().is_some_and(|it| !it.is_empty()))
        );
        assert_eq!((&manifest["start_url"], &manifest["scope"]), (&"./".into(), &"./".into()));
        assert_eq!(manifest["display"], "standalone");
        assert_eq!(manifest["prefer_related_applications"], serde_json::Value::Null);
        let icon = &manifest["icons"][0];
        assert_eq!((&icon["src"], &icon["sizes"]), (&"assets/icon.0.svg".into(), &"any".into()));
        assert_eq!((&icon["type"], &icon["purpose"]), (&"image/svg+xml".into(), &"any".into()));
    }

    #[test]
    fn the_worker_changes_with_the_page_and_has_its_list() {
        let list = ["assets/a.js".to_owned()];
        let [one, two] = ["<p>1", "<p>2"].map(|page| worker(&list, page).expect("a list is JSON"));
        assert_ne!(one, two);
        assert!(one.contains("[\"assets/a.js\"]") && !one.contains("\"VERSION\""), "{one}");
    }
}
