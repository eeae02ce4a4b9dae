//! The package in pages that Vite made, with TypeScript, React and Vue; the guide's samples are in them.

use std::path::PathBuf;

use super::{PORTAL, Ship, put};
use crate::lab::nginx::{Served, Settings};
use crate::lab::{Kind, Lab, Nginx, in_both_browsers};
use crate::page::{SMALL, catalogue, copy};

in_both_browsers!(bundled_by_vite);

async fn bundled_by_vite(mut lab: Lab, kind: Kind) {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/target/embedders/dist");
    let built = std::env::var_os("CONNECTOR_CHECK_EMBEDDERS").map_or_else(|| beside.into(), PathBuf::from);
    if !built.join("index.html").exists() {
        println!("SKIPPED bundled_by_vite: {} was not built", built.display());
        return;
    }
    let mut ship = Ship::launch(&mut lab, kind).await;
    let root = lab.dir.join("portal");
    copy(&built, &root);
    put(&root.join("own.json"), &catalogue("small", &SMALL).to_string());
    ship.nginx =
        Some(Nginx::start(&lab, &[Served { port: PORTAL, root, settings: Settings::Plain("") }]).await);

    let open = async |page: &str| ship.browser.goto(&format!("http://127.0.0.1:{PORTAL}/{page}")).await;
    open("").await;
    ship.js("await until(() => document.querySelector('connector-check')?.shadowRoot?.querySelector('.cell'), 'a table');
             const own = document.querySelector('connector-check');
             same((await own.run()).verdict, 'blocked', 'the report');
             same(own.dataset.verdict, 'blocked', 'the event');
             assert(/^[0-9]+ of [0-9]+$/.test(own.dataset.seen), own.dataset.seen);
             const program = await fetch(own.dataset.program);
             same([program.ok, program.headers.get('content-type')], [true, 'application/wasm'], 'the program by its own name');")
        .await;
    for page in ["react.html", "vue.html"] {
        open(page).await;
        ship.js("await until(() => document.querySelector('connector-check')?.shadowRoot?.querySelector('.cell'), 'a table');
                 const own = document.querySelector('connector-check');
                 if (own.getAttribute('autorun') !== 'true') await own.run();
                 await until(() => document.body.dataset.verdict, 'a report for the component');
                 same(document.body.dataset.verdict, 'blocked', 'its verdict');
                 same(document.querySelectorAll('connector-check').length, 1, 'one element');
                 leave();
                 same(document.querySelector('connector-check'), null, 'it goes with its component');")
            .await;
    }
}
