//! The custom element in somebody's page: a strict policy, styles both ways, several at once, and no leaks.

use std::path::PathBuf;

use serde_json::json;

use super::{PORTAL, Ship, put, site_file};
use crate::lab::nginx::{Served, Settings};
use crate::lab::{Kind, Lab, Nginx, in_both_browsers};
use crate::page::{SMALL, catalogue, copy};
use crate::product::dist;

in_both_browsers!(
    embed_under_a_strict_policy,
    embed_and_the_styles_around,
    embed_that_cannot_start,
    embed_leaves_nothing_behind,
);

/// No inline scripts, no inline styles, no stranger's anything, Trusted Types.
const STRICT: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
     connect-src 'self' https: http: wss: ws:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'";

/// A portal with the package and these pages, each under the policy.
async fn portal(lab: &mut Lab, kind: Kind, policy: &str, pages: &[(&str, &str)]) -> Ship {
    let mut ship = Ship::launch(lab, kind).await;
    let root: PathBuf = lab.dir.join("portal");
    copy(&dist().join("embed"), &root.join("check"));
    put(&root.join("own.json"), &catalogue("small", &SMALL).to_string());
    put(&root.join("site.json"), &site_file().to_string());
    for (name, text) in pages {
        put(&root.join(name), text);
    }
    let header = format!("add_header Content-Security-Policy \"{policy}\";");
    let served = Served { port: PORTAL, root, settings: Settings::Plain(&header) };
    ship.nginx = Some(Nginx::start(lab, &[served]).await);
    ship
}

fn url(page: &str) -> String {
    format!("http://127.0.0.1:{PORTAL}/{page}")
}

async fn embed_under_a_strict_policy(mut lab: Lab, kind: Kind) {
    let body = "<body><connector-check catalogue=\"own.json\"></connector-check><connector-check catalogue=\"us-government\"></connector-check>";
    let pages = [
        (
            "module.html",
            format!(
                "<!doctype html><script src=\"watch.js\"></script><script type=\"module\" src=\"check/connector-check.js\"></script>{body}"
            ),
        ),
        (
            "classic.html",
            format!(
                "<!doctype html><script src=\"watch.js\"></script><script src=\"check/connector-check.classic.js\" defer></script>{body}"
            ),
        ),
        // Both at once, as happens on portals: the second one does nothing.
        (
            "both.html",
            format!(
                "<!doctype html><script src=\"watch.js\"></script><script src=\"check/connector-check.classic.js\"></script><script type=\"module\" src=\"check/connector-check.js\"></script>{body}"
            ),
        ),
    ];
    let watch = "window.problems = [];
        addEventListener('securitypolicyviolation', (event) => problems.push(event.violatedDirective + ' ' + event.blockedURI));
        addEventListener('error', (event) => problems.push(event.message));
        addEventListener('unhandledrejection', (event) => problems.push(String(event.reason)));
        window.names = Object.keys(window);";
    let mut files: Vec<(&str, &str)> = pages.iter().map(|(name, text)| (*name, text.as_str())).collect();
    files.push(("watch.js", watch));
    let ship = portal(&mut lab, kind, STRICT, &files).await;
    for page in ["module.html", "classic.html", "both.html"] {
        ship.browser.goto(&url(page)).await;
        ship.js("const [first, second] = document.querySelectorAll('connector-check');
                 await until(() => first.catalogue === 'small' && second.catalogue === 'us-government', 'two lists');
                 const report = await first.run();
                 same([report.catalogue.id, report.verdict], ['small', 'blocked'], 'the report');
                 same([second.state, second.report], ['idle', null], 'the other one has no part in it');
                 await until(() => !first.dataset.closer, 'closer looks are over');
                 same(problems, [], 'problems');
                 const added = Object.keys(window).filter(name => !names.includes(name) && name !== 'names');
                 same(added, [], 'names in the page around');")
            .await;
    }
}

async fn embed_and_the_styles_around(mut lab: Lab, kind: Kind) {
    let page = "<!doctype html><link rel=\"stylesheet\" href=\"portal.css\">
        <script type=\"module\" src=\"check/connector-check.js\"></script>
        <body><p class=\"cell\">of the portal</p><connector-check catalogue=\"own.json\" autorun=\"true\"></connector-check>";
    let css = "* { letter-spacing: 9px !important; text-transform: uppercase !important; font-size: 40px !important; color: red; line-height: 3; text-align: right; }
        div { display: none !important; } :root { --ink: red; --bad: lime; }
        connector-check { --connector-check-accent: rgb(1, 2, 3); --connector-check-radius: 17px; --connector-check-paper: rgb(9, 9, 9); --connector-check-font: monospace; }
        connector-check::part(primary-button) { border-radius: 13px; }
        connector-check::part(verdict-blocked) { border-width: 7px; }";
    let ship = portal(&mut lab, kind, STRICT, &[("index.html", page), ("portal.css", css)]).await;
    ship.browser.goto(&url("")).await;
    ship.js("await until(() => element.state === 'done', 'a run');
             const style = (selector) => getComputedStyle(shadow().querySelector(selector));
             // What the portal sets on everything ends at the element.
             const page = style('.page');
             same([page.letterSpacing, page.textTransform, page.display, page.textAlign], ['normal', 'none', 'block', 'start'], 'the page');
             same(page.fontSize, '15px', 'the size of letters');
             assert(page.color !== 'rgb(255, 0, 0)', page.color);
             assert(style('.verdict h2').color !== 'rgb(0, 255, 0)', 'a name of our own');
             // What it is offered, it may set.
             same(style('button.primary').backgroundColor, 'rgb(1, 2, 3)', '--connector-check-accent');
             same(style('.findings').borderRadius, '17px', '--connector-check-radius');
             same(style('.findings').backgroundColor, 'rgb(9, 9, 9)', '--connector-check-paper');
             assert(page.fontFamily.includes('monospace'), '--connector-check-font');
             same(style('button.primary').borderRadius, '13px', '::part(primary-button)');
             same(style('.verdict').borderTopWidth, '7px', '::part(verdict-blocked)');
             // And it is left alone itself.
             const own = getComputedStyle(document.querySelector('p.cell'));
             same([own.letterSpacing, own.color, own.display], ['9px', 'rgb(255, 0, 0)', 'block'], 'of the portal');
             const parts = new Set([...shadow().querySelectorAll('[part]')].flatMap(one => [...one.part]));
             for (const part of ['page', 'header', 'verdict', 'verdict-blocked', 'button', 'primary-button', 'findings', 'finding', 'finding-blocking', 'table', 'cell', 'cell-reachable', 'limits', 'footer']) {
                 assert(parts.has(part), part);
             }")
        .await;
    ship.browser.screenshot("styled").await;
}

async fn embed_that_cannot_start(mut lab: Lab, kind: Kind) {
    let page = |script: &str| {
        format!(
            "<!doctype html>{script}<body><connector-check></connector-check><connector-check></connector-check>"
        )
    };
    let module = page("<script type=\"module\" src=\"check/connector-check.js\"></script>");
    let classic = page("<script src=\"check/connector-check.classic.js\" defer></script>");
    let policy = STRICT.replace(" 'wasm-unsafe-eval'", "");
    let ship = portal(&mut lab, kind, &policy, &[("module.html", &module), ("classic.html", &classic)]).await;
    for page in ["module.html", "classic.html"] {
        ship.browser.goto(&url(page)).await;
        ship.js("await customElements.whenDefined('connector-check');
                 for (const one of document.querySelectorAll('connector-check')) {
                     same([one.state, one.report], ['failed', null], 'state');
                     const box = one.shadowRoot.querySelector('.failure[role=alert][part=failure]');
                     for (const part of ['security policy', 'wasm-unsafe-eval', navigator.userAgent]) assert(box.textContent.includes(part), box.textContent);
                     assert(box.checkVisibility() && box.clientHeight > 50, 'it is seen');
                     assert(await one.run().then(() => false, error => String(error).includes('security policy')), 'run() says why');
                     one.stop();
                     one.catalogue = 'us-government';
                 }
                 const heard = next('connector-check:error');
                 document.body.append(document.createElement('connector-check'));
                 assert((await heard).detail.message.includes('security policy'), 'an event');")
            .await;
    }
    ship.browser.screenshot("cannot-start").await;
}

/// Counts what is left when elements have come and gone, in the page and in the program.
const COUNTING: &str = "
    window.kept = { listeners: 0, timers: 0, workers: 0 };
    const add = EventTarget.prototype.addEventListener, remove = EventTarget.prototype.removeEventListener;
    const global = (target) => target === window || target === document || target instanceof MediaQueryList;
    const known = new Map();
    EventTarget.prototype.addEventListener = function (name, heard, options) {
      if (global(this ?? window) && heard) { known.set(heard, (known.get(heard) ?? 0) + 1); kept.listeners++; }
      return add.call(this, name, heard, options);
    };
    EventTarget.prototype.removeEventListener = function (name, heard, options) {
      if (global(this ?? window) && known.get(heard)) { known.set(heard, known.get(heard) - 1); kept.listeners--; }
      return remove.call(this, name, heard, options);
    };
    const timers = new Set(), set = setTimeout, clear = clearTimeout;
    window.setTimeout = (call, ...rest) => { const id = set(() => { timers.delete(id); kept.timers = timers.size; typeof call === 'function' && call(); }, ...rest); timers.add(id); kept.timers = timers.size; return id; };
    window.clearTimeout = (id) => { timers.delete(id); kept.timers = timers.size; clear(id); };
    const repeat = setInterval;
    window.setInterval = (...all) => { kept.timers += 1000; return repeat(...all); };
    window.Worker = class extends Worker { constructor(...all) { super(...all); kept.workers++; } terminate() { kept.workers--; super.terminate(); } };
    window.programs = [];
    for (const name of ['instantiateStreaming', 'instantiate']) {
      const original = WebAssembly[name];
      WebAssembly[name] = async (...all) => { const made = await original(...all); programs.push((made.instance ?? made).exports); return made; };
    }";

async fn embed_leaves_nothing_behind(mut lab: Lab, kind: Kind) {
    let page = "<!doctype html><script src=\"count.js\"></script><script type=\"module\" src=\"check/connector-check.js\"></script><body><div id=\"here\"></div>";
    let ship = portal(&mut lab, kind, STRICT, &[("index.html", page), ("count.js", COUNTING)]).await;
    ship.browser.goto(&url("")).await;
    let own = json!(catalogue("small", &SMALL[..2])).to_string();
    let round = async |times: usize| {
        // In small parts: a script of a driver may take 30 seconds.
        for _ in 0..times / 10 {
            let script = format!(
                "await customElements.whenDefined('connector-check');
                 for (let at = 0; at < 10; at++) {{
                     const one = document.createElement('connector-check');
                     one.catalogue = {own};
                     if (at % 4 === 0) one.setAttribute('autorun', 'true');
                     document.getElementById('here').append(one);
                     await until(() => one.shadowRoot?.querySelector('.cell'), `number ${{at}}`);
                     if (at === 0) await one.run();
                     one.remove();
                     await pause(0);
                 }}"
            );
            ship.js(&script).await;
        }
        // Whatever was under way is given the time to end.
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        ship.js("return { ...kept, programs: programs.length, bytes: programs[0].memory.buffer.byteLength }")
            .await
    };
    let (before, after, again) = (round(20).await, round(100).await, round(100).await);
    println!("after 20, 120 and 220 elements: {before}, {after}, {again}");
    for what in ["listeners", "timers", "workers", "programs"] {
        assert_eq!((&before[what], &after[what]), (&after[what], &again[what]), "{what}");
    }
    let bytes = |seen: &serde_json::Value| seen["bytes"].as_u64().expect("a number");
    // To the byte this is measured in `tests/probe/element.rs`. Here the allocator takes whole pages of 64 KiB, more at a
    // time where a buffer is large; what every element left behind would be another matter.
    assert!(bytes(&again) <= bytes(&after) + 4 * 65_536, "the program's memory grows: {after}, {again}");
}
