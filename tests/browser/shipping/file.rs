//! The single file with an organisation's own things in it.

use std::fs;
use std::path::PathBuf;

use super::Ship;
use crate::lab::{Kind, Lab, in_both_browsers};
use crate::page::edit;

in_both_browsers!(file_of_an_organisation, file_in_an_old_browser, file_that_may_keep_nothing);

/// The single file that was made with the sample site file and its own catalogue.
fn baked() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/dist-baked");
    let folder = std::env::var_os("CONNECTOR_CHECK_BAKED").map_or_else(|| beside.into(), PathBuf::from);
    folder.join("connector-check.html")
}

async fn file_of_an_organisation(mut lab: Lab, kind: Kind) {
    let ship = Ship::launch(&mut lab, kind).await;
    ship.browser.goto(&format!("file://{}", baked().display())).await;
    ship.browser.report().await;
    ship.js("same(element.report.environment.page, 'file', 'where it came from');
             same(element.catalogue, 'example-connectors', 'the baked catalogue is the default');
             const text = shadow().textContent;
             for (const own of ['Example Ltd', 'Network desk, extension 4711', 'Ask for a firewall change']) assert(text.includes(own), own);
             const logo = shadow().querySelector('img.logo');
             assert(logo.complete && logo.naturalWidth > 0, 'the logo is drawn');
             same(performance.getEntriesByType('resource').filter(entry => !['fetch', 'other'].includes(entry.initiatorType) && !entry.name.startsWith('data:')).map(entry => entry.name), [], 'nothing is loaded');")
        .await;
    ship.browser.screenshot("file").await;
}

/// Browsers without what the page needs, as far as a newer one can play them.
async fn file_in_an_old_browser(mut lab: Lab, kind: Kind) {
    let ship = Ship::launch(&mut lab, kind).await;
    for (lacks, says) in [
        ("delete CSSStyleSheet.prototype.replaceSync", "too old"),
        ("delete HTMLScriptElement.prototype.noModule; delete window.customElements", "too old"),
        ("delete window.DecompressionStream", ""),
    ] {
        let file = lab.dir.join("old.html");
        fs::copy(baked(), &file).expect("it is built");
        edit(&file, "<head>", &format!("<head><script>{lacks}</script>"));
        ship.browser.goto(&format!("file://{}", file.display())).await;
        let script = "const start = document.getElementById('connector-check-start');
             await until(() => start.getAttribute('role') === 'alert' || shadow()?.querySelector('.cell'), 'a word or a page');
             return start.getAttribute('role') === 'alert' ? start.textContent : '';";
        let said = ship.js(script).await;
        let said = said.as_str().expect("words").to_owned();
        assert!(said.contains(says) && (says.is_empty() == said.is_empty()), "{lacks}: {said}");
    }
}

/// Where the browser denies storage, the page says so, and works.
async fn file_that_may_keep_nothing(mut lab: Lab, kind: Kind) {
    let ship = Ship::launch(&mut lab, kind).await;
    let file = lab.dir.join("denied.html");
    fs::copy(baked(), &file).expect("it is built");
    let deny = "for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
                    Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });";
    edit(&file, "<head>", &format!("<head><script>{deny}</script>"));
    ship.browser.goto(&format!("file://{}", file.display())).await;
    ship.browser.report().await;
    ship.js("const note = shadow().querySelector('.frame').textContent;
             for (const part of ['keep nothing', 'works all the same', 'site data']) assert(note.includes(part), note);
             same(element.state, 'done', 'the run');")
        .await;
}
