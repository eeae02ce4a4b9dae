//! Where things stand: nothing wider than the window, and the whole story on the first screen.

use serde_json::Value;

use super::Stage;
use crate::lab::{Kind, Lab, in_both_browsers};

in_both_browsers!(nothing_is_wider_than_the_window, first_screen);

/// The parts that stick out, with how far, so that a failure says what to mend.
const TOO_WIDE: &str = "
    const page = document.scrollingElement;
    const inner = page.clientWidth;
    // What is clipped cannot be scrolled to, and is too wide all the same.
    const scrolls = (at) => at && at !== shadow() && (!['visible', 'clip'].includes(getComputedStyle(at).overflowX) || scrolls(at.parentElement));
    // What is folded away keeps the boxes of its last layout in Firefox.
    const wide = [...shadow().querySelectorAll('*')].filter(at => at.checkVisibility() && at.getBoundingClientRect().right > inner + 1 && !scrolls(at.parentElement));
    if (page.scrollWidth <= inner && !wide.length) return [];
    return [`${page.scrollWidth} > ${inner}`, ...wide.slice(0, 12).map(at => `${at.localName}.${at.className.baseVal ?? at.className} to ${Math.round(at.getBoundingClientRect().right)}: ${at.textContent.trim().slice(0, 40)}`)];";

async fn nothing_is_wider_than_the_window(mut lab: Lab, kind: Kind) {
    let stage = Stage::practice(&mut lab, kind).await;
    let mut wide = Vec::new();
    for catalogue in ["practice", "classic-connector", "entra-connector", "us-government"] {
        if catalogue != "practice" {
            stage
                .js(&format!(
                    "element.catalogue = '{catalogue}'; await until(() => element.state === 'idle', 'idle')"
                ))
                .await;
        }
        for ran in [false, true] {
            if ran {
                stage.js("if (element.state !== 'done') await element.run(); await unfold();").await;
            }
            for (width, height) in [(400, 800), (320, 640), (1024, 768)] {
                stage.browser.viewport(width, height).await;
                let parts = stage.js(TOO_WIDE).await;
                if parts != Value::Array(Vec::new()) {
                    wide.push(format!("{catalogue}, {width} px, ran: {ran}: {parts}"));
                }
            }
        }
        stage.browser.viewport(400, 800).await;
        stage.browser.screenshot(&format!("{catalogue}-400")).await;
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

/// What must be seen without scrolling, by where it ends; `matrix` is the first table with all of its rows.
const STORY: &str = "
    scrollTo(0, 0);
    const bottom = (at) => { const part = shadow().querySelector(at); assert(part, at); return Math.round(part.getBoundingClientRect().bottom); };
    return { verdict: bottom('.verdict'), matrix: bottom('.results .scroll'), title: bottom('.finding .title'),
             step: bottom('.finding .steps > li > *') };";

async fn first_screen(mut lab: Lab, kind: Kind) {
    let stage = Stage::practice(&mut lab, kind).await;
    let mut below = Vec::new();
    for (catalogue, parts) in [
        ("practice", ["verdict", "matrix", "title", "step"].as_slice()),
        ("entra-connector", &["verdict", "matrix", "title", "step"]),
        // Its sign-in pages have a table of their own below.
        ("classic-connector", &["verdict", "matrix", "title"]),
    ] {
        stage.js(&format!("element.catalogue = '{catalogue}'; await pause(50); await element.run()")).await;
        stage.browser.viewport(1024, 768).await;
        let story = stage.js(STORY).await;
        stage.browser.screenshot(&format!("first-screen-{catalogue}")).await;
        eprintln!("{catalogue}: {story}");
        for part in parts {
            let bottom = &story[part];
            if bottom.as_f64().is_none_or(|bottom| bottom > 768.0) {
                below.push(format!("{catalogue}: {part} ends at {bottom}"));
            }
        }
    }
    assert!(below.is_empty(), "{}", below.join("\n"));
}
