//! Whatever goes wrong, the page says it: no script, no WebAssembly, damaged files, a broken program.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Stage, edit};
use crate::lab::{Kind, Lab, in_both_browsers};
use crate::product::{World, dist};

in_both_browsers!(
    scripts_off,
    webassembly_missing,
    webassembly_forbidden,
    program_damaged,
    program_missing,
    glue_missing,
    program_panicked,
    single_file_asks_for_nothing,
);

async fn scripts_off(mut lab: Lab, kind: Kind) {
    let stage = Stage::furnished(&mut lab, kind, |_| ()).await;
    stage.open("").await;
    let single = fs::read_to_string(dist().join("connector-check.html")).expect("it is built");
    let served = stage.js("return await (await fetch('.')).text()").await;
    for text in [single.as_str(), served.as_str().expect("a page")] {
        let (_, notice) = text.split_once("<noscript>").expect("a word to those without scripts");
        let (notice, _) = notice.split_once("</noscript>").expect("an end");
        for part in ["Scripts are switched off", "JavaScript", "WebAssembly"] {
            assert!(notice.contains(part), "{notice}");
        }
    }
}

/// The page says this in an alert, and a text to pass on stands below.
async fn assert_says(stage: &Stage, words: &[&str]) {
    let script = "
        const start = document.getElementById('connector-check-start');
        await until(() => start.getAttribute('role') === 'alert', 'an alert');
        await pause(300);
        assert(start.checkVisibility(), 'it is seen');
        assert(start.querySelector('pre').textContent.includes(navigator.userAgent), 'a text to pass on');
        return [start.querySelector('h1').textContent, start.querySelector('p').textContent, start.querySelector('pre').textContent];";
    let said = stage.js(script).await;
    stage.browser.screenshot("failure").await;
    eprintln!("{said}");
    for word in words {
        assert!(said.to_string().contains(word), "no {word} in {said}");
    }
}

const NO_WEBASSEMBLY: &str = "<head><script>delete globalThis.WebAssembly</script>";

async fn webassembly_missing(mut lab: Lab, kind: Kind) {
    let stage = Stage::furnished(&mut lab, kind, |site| {
        edit(&site.join("index.html"), "<head>", NO_WEBASSEMBLY);
    })
    .await;
    stage.browser.goto(&stage.site.url()).await;
    assert_says(&stage, &["no WebAssembly", "Edge"]).await;

    let single = lab.dir.join("without.html");
    fs::copy(dist().join("connector-check.html"), &single).expect("it is built");
    edit(&single, "<head>", NO_WEBASSEMBLY);
    stage.browser.goto(&format!("file://{}", single.display())).await;
    assert_says(&stage, &["no WebAssembly", "Edge"]).await;
}

async fn webassembly_forbidden(mut lab: Lab, kind: Kind) {
    let policy =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'self' 'unsafe-inline'\">";
    let stage = Stage::furnished(&mut lab, kind, |site| {
        edit(&site.join("index.html"), "<head>", &format!("<head>{policy}"));
    })
    .await;
    stage.browser.goto(&stage.site.url()).await;
    assert_says(&stage, &["security policy", "wasm-unsafe-eval"]).await;
}

/// The file `connector-check.<hash>.<ending>` of a site.
pub fn program(site: &Path, ending: &str) -> PathBuf {
    let files =
        fs::read_dir(site.join("assets")).expect("it is built").map(|entry| entry.expect("readable").path());
    let wanted = |file: &PathBuf| {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("connector-check.") && name.ends_with(&format!(".{ending}"))
    };
    files.into_iter().find(wanted).unwrap_or_else(|| panic!("no connector-check.*.{ending}"))
}

/// The page with one of its files changed.
async fn with_file(lab: &mut Lab, kind: Kind, ending: &str, change: impl FnOnce(&Path)) -> Stage {
    let stage = Stage::furnished(lab, kind, |site| change(&program(site, ending))).await;
    stage.browser.goto(&stage.site.url()).await;
    stage
}

async fn program_damaged(mut lab: Lab, kind: Kind) {
    let damage = |file: &Path| fs::write(file, "no program").expect("the lab's folder is there");
    let stage = with_file(&mut lab, kind, "wasm", damage).await;
    assert_says(&stage, &["damaged", "unchanged"]).await;
}

async fn program_missing(mut lab: Lab, kind: Kind) {
    let remove = |file: &Path| fs::remove_file(file).expect("it is built");
    let stage = with_file(&mut lab, kind, "wasm", remove).await;
    // Firefox looks at the type before the status.
    assert_says(&stage, &["all", "files"]).await;
}

async fn glue_missing(mut lab: Lab, kind: Kind) {
    let remove = |file: &Path| fs::remove_file(file).expect("it is built");
    let stage = with_file(&mut lab, kind, "js", remove).await;
    assert_says(&stage, &["could not be loaded", "all files of the page"]).await;
}

/// Keeps what the program is given and what it is, for [`program_panicked`].
const PROGRAM_KEPT: &str = "<head><script>
    const original = WebAssembly.instantiateStreaming;
    WebAssembly.instantiateStreaming = async (source, imports) => {
        const made = await original(source, imports);
        window.program = { imports, exports: made.instance.exports };
        return made;
    };
    </script>";

/// The program's own way out, called as its panic hook calls it: with texts in the program's memory.
async fn program_panicked(mut lab: Lab, kind: Kind) {
    let stage =
        Stage::furnished(&mut lab, kind, |site| edit(&site.join("index.html"), "<head>", PROGRAM_KEPT)).await;
    stage.open("").await;
    stage
        .js("const { imports, exports } = window.program;
         const given = Object.assign({}, ...Object.values(imports));
         const hook = Object.keys(given).find(name => name.startsWith('__wbg_panicked_'));
         const panicked = (...words) => given[hook](...words.flatMap(word => {
             const bytes = new TextEncoder().encode(word);
             const at = exports.__wbindgen_malloc(bytes.length, 1);
             new Uint8Array(exports.memory.buffer).set(bytes, at);
             return [at, bytes.length];
         }));
         const second = document.body.appendChild(document.createElement('connector-check'));
         await until(() => second.shadowRoot?.querySelector('.cell'), 'a second one');
         const told = [];
         addEventListener('connector-check:error', event => told.push(event.detail.message));
         panicked('It has stopped', 'What happened', 'Copy', 'panicked at <b>src/here.rs</b>');
         for (const one of [element, second]) {
             const box = one.shadowRoot.querySelector('.failure[role=alert]');
             for (const part of ['It has stopped', 'What happened', 'panicked at <b>src/here.rs</b>', navigator.userAgent]) {
                 assert(box.textContent.includes(part), part);
             }
             assert(!one.shadowRoot.querySelector('b, .cell'), 'nothing else is left');
             same(one.state, 'failed', 'state');
             assert(await one.run().then(() => false, error => String(error).includes('src/here.rs')), 'run() fails with the reason');
             one.stop();
         }
         same(told.length, 2, 'errors');
         // Copying is offered, and does not throw.
         shadow().querySelector('.failure button').click();
         const late = document.body.appendChild(document.createElement('connector-check'));
         same([late.state, late.report], ['failed', null], 'one that comes later');
         await pause(200);
         assert(late.shadowRoot?.querySelector('.failure'), 'one that comes later says it, too');")
        .await;
    stage.browser.screenshot("failure").await;
}

/// The host in an address.
fn host(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split(['/', ':']).next()
}

async fn single_file_asks_for_nothing(mut lab: Lab, kind: Kind) {
    let stage = Stage::furnished(&mut lab, kind, |_| ()).await;
    stage.browser.goto(&format!("file://{}", dist().join("connector-check.html").display())).await;
    stage.browser.report().await;
    let listed: Vec<_> = World::entra()
        .catalogue
        .checks
        .iter()
        .filter_map(|check| host(&check.url).map(str::to_owned))
        .collect();
    let script = "same([element.report.environment.page, element.catalogue], ['file', 'entra-connector'], 'the report');
             const sent = performance.getEntriesByType('resource').map(entry => ({ name: entry.name, by: entry.initiatorType }));
             // Event streams are `other`; what is loaded has a type of its own.
             same(sent.filter(({ by }) => !['fetch', 'other'].includes(by)), [], 'nothing is loaded');
             same(sent.filter(({ name }) => !name.startsWith('http')), [], 'no file beside it');
             // The list's hosts, and names that cannot exist.
             const listed = {listed};
             const asked = [...new Set(sent.map(({ name }) => new URL(name).hostname))];
             assert(asked.filter(host => listed.includes(host)).length > 3, 'its probes are among them');
             same(asked.filter(host => !listed.includes(host) && !host.includes('connector-check-')), [], 'other hosts');"
        .replace("{listed}", &json!(listed).to_string());
    stage.js(&script).await;
}
