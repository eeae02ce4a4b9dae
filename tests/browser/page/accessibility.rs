//! axe-core finds nothing, whatever the page shows, light and dark, wide and narrow.

use std::path::PathBuf;
use std::{env, fs};

use serde_json::{Value, json};

use super::capture::golden;
use super::{ONE, Stage, catalogue};
use crate::lab::{Kind, Lab, in_both_browsers};

in_both_browsers!(axe_at_rest, axe_asking, axe_running, axe_done, axe_capture, axe_failed);

/// Everything that axe knows, best practices included. `incomplete` is what it could not decide.
const AXE: &str = "
    const { violations, incomplete } = await axe.run(document, { resultTypes: ['violations', 'incomplete'] });
    const brief = (found) => found.map(({ id, help, nodes }) => ({
        id, help, nodes: nodes.slice(0, 8).map(node => ({ at: node.target.flat().at(-1), why: node.failureSummary, html: node.html.slice(0, 300) })),
    }));
    return { violations: brief(violations), incomplete: incomplete.flatMap(({ id, nodes }) => nodes.map(node => `${id} ${node.any[0]?.data?.messageKey ?? ''} ${node.target.flat().at(-1)}`)).slice(0, 40) };";

async fn load_axe(stage: &Stage) {
    let file = env::var_os("CONNECTOR_CHECK_AXE").map_or_else(cached_axe, PathBuf::from);
    let axe = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` installs it", file.display()));
    let script = format!(
        "const script = document.createElement('script');
         script.textContent = {};
         document.head.append(script);
         assert(globalThis.axe, 'axe is there');",
        json!(axe)
    );
    stage.js(&script).await;
}

/// Where `cargo xtask test` puts it.
fn cached_axe() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map_or_else(|| PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache"), PathBuf::from);
    cache.join("connector-check/tools/axe-core-4.14.1/node_modules/axe-core/axe.min.js")
}

/// Asks axe in this look; what it finds is added to `found`.
async fn look(stage: &Stage, what: &str, theme: &str, width: u32, found: &mut Vec<Value>) {
    stage.js(&format!("element.setAttribute('theme', '{theme}')")).await;
    let answer = stage.js(AXE).await;
    eprintln!("{what}, {theme}, {width}: undecided {}", answer["incomplete"]);
    for violation in answer["violations"].as_array().expect("a list") {
        found.push(json!({ "what": what, "theme": theme, "width": width, "violation": violation }));
    }
}

/// Asks axe in every look.
async fn looks(stage: &Stage, what: &str, found: &mut Vec<Value>) {
    for (width, height) in [(1024, 768), (400, 800)] {
        stage.browser.viewport(width, height).await;
        for theme in ["light", "dark"] {
            look(stage, what, theme, width, found).await;
        }
        stage.browser.screenshot(&format!("{}-{width}", what.replace(' ', "-"))).await;
    }
}

fn assert_none(found: &[Value]) {
    assert!(found.is_empty(), "{}", serde_json::to_string_pretty(found).expect("it came as JSON"));
}

async fn axe_at_rest(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    load_axe(&stage).await;
    let mut found = Vec::new();
    looks(&stage, "idle", &mut found).await;
    // With fields to fill in, one of them wrongly.
    stage
        .js("element.catalogue = 'classic-connector';
             await until(() => shadow().querySelector('.fill input'), 'fields');
             const field = shadow().querySelector('.fill input');
             field.value = 'not a host';
             field.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
             await until(() => shadow().querySelector('.fill .error'), 'a complaint');")
        .await;
    looks(&stage, "idle with fields", &mut found).await;
    assert_none(&found);
}

async fn axe_asking(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    load_axe(&stage).await;
    let mut found = Vec::new();
    stage.js("element.catalogue = {}; await until(() => alertText(), 'a notice');").await;
    looks(&stage, "notice", &mut found).await;
    let offered = catalogue("offered", &[(ONE, 8021, connector_check_range::Behaviour::Answer)]);
    let link = format!(
        "location.hash = 'catalogue=' + btoa(JSON.stringify({offered})).replaceAll('+', '-').replaceAll('/', '_');
         await until(() => shadow().querySelector('.consent'), 'a question');"
    );
    stage.js(&link).await;
    looks(&stage, "notice and question", &mut found).await;
    assert_none(&found);
}

async fn axe_running(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    load_axe(&stage).await;
    let mut found = Vec::new();
    stage.js("element.catalogue = 'slow'; await until(() => element.catalogue === 'slow', 'slow');").await;
    for (width, height) in [(1024, 768), (400, 800)] {
        stage.browser.viewport(width, height).await;
        for theme in ["light", "dark"] {
            stage
                .js("element.run();
                     await until(() => shadow().querySelector('.cell.reachable, .cell.inconclusive, .cell.verifying'), 'one result');
                     await until(() => shadow().querySelector('.cell.running'), 'a cell under way');
                     shadow().querySelector('.cell').click();")
                .await;
            look(&stage, "running", theme, width, &mut found).await;
            let meanwhile = stage.js("const { state } = element; element.stop(); return state").await;
            assert_eq!(meanwhile, "running", "axe took longer than the run");
        }
    }
    stage.js("await until(() => element.state === 'stopped', 'stopped'); await unfold();").await;
    looks(&stage, "stopped", &mut found).await;
    assert_none(&found);
}

async fn axe_done(mut lab: Lab, kind: Kind) {
    let stage = Stage::practice(&mut lab, kind).await;
    load_axe(&stage).await;
    let mut found = Vec::new();
    stage.js("await unfold()").await;
    looks(&stage, "practice done", &mut found).await;
    // The default of a page without a site file, in a network that is dead but for its names.
    stage
        .js("element.catalogue = 'entra-connector'; await pause(50); await element.run(); await unfold();")
        .await;
    looks(&stage, "entra done", &mut found).await;
    assert_none(&found);
}

async fn axe_capture(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    load_axe(&stage).await;
    let mut found = Vec::new();
    stage.choose(&golden("proxy-407")).await;
    stage
        .js("await until(() => shadow().querySelector('.connection button'), 'a connection');
             shadow().querySelector('.connection button').click();
             await until(() => shadow().querySelector('.timeline'), 'its timeline');
             shadow().querySelector('#panel-capture').scrollIntoView();")
        .await;
    looks(&stage, "capture", &mut found).await;
    assert_none(&found);
}

async fn axe_failed(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    load_axe(&stage).await;
    let mut found = Vec::new();
    stage.js("element.fail('It failed', 'Something is wrong.', 'Copy', 'The text\\nof an error');").await;
    looks(&stage, "failed", &mut found).await;
    assert_none(&found);
}
