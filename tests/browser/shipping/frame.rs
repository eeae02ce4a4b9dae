//! The page in a frame: messages to the right origin and to no other, and what a frame keeps from the page.

use std::fs;
use std::path::PathBuf;

use fantoccini::Locator;

use super::{BARE, PORTAL, SITE, STRANGER, Ship, folder_with, put, site_file};
use crate::lab::nginx::{Served, Settings};
use crate::lab::{Kind, Lab, Nginx, in_both_browsers};
use crate::page::copy;
use crate::product::dist;

in_both_browsers!(
    frame_of_a_trusted_page,
    frame_of_a_stranger,
    frame_takes_wishes_from_its_address,
    frame_in_a_sandbox,
    frame_without_scripts,
    frame_without_the_local_network,
);

/// A portal whose policy passes the local network on to nobody.
const JEALOUS: u16 = 9003;

/// What a frame is to pass on.
const ALLOW: &str = "allow='local-network; loopback-network; local-network-access; clipboard-write'";

/// A page with a frame; it keeps what it is told, and says so with the package's own helper.
const PAGE: &str = r#"<!doctype html><title>Portal</title>
<iframe id="check" src="ADDRESS" SANDBOX style="width: 60rem; height: 10px"></iframe>
<script type="module">
  import { connect } from "./frame.js";
  window.told = [];
  window.raw = [];
  addEventListener("message", (event) => raw.push({ origin: event.origin, data: event.data }));
  const keep = (type) => (payload) => told.push({ type, payload });
  window.check = connect(document.getElementById("check"), { ready: keep("ready"), progress: keep("progress"), report: keep("report"), error: keep("error") });
</script>"#;

/// The bare site, the hosted one, and portals with [`PAGE`] around an address.
async fn harbour(lab: &mut Lab, kind: Kind, address: &str, sandbox: &str) -> Ship {
    let mut ship = Ship::launch(lab, kind).await;
    let site = lab.dir.join("site");
    copy(&dist().join("site"), &site);
    put(&site.join("connector-check.site.json"), &site_file().to_string());
    let page = PAGE.replace("ADDRESS", address).replace("SANDBOX", sandbox);
    let helper = fs::read_to_string(dist().join("embed/frame.js")).expect("it is built");
    let portal =
        folder_with(lab, "portal", &[("index.html", &page), ("frame.js", &helper), ("evil.html", EVIL)]);
    let shipped = lab.dir.join("nginx-shipped.conf");
    let text = fs::read_to_string(dist().join("hosting/nginx.conf")).expect("it is built");
    // As it is when the site file is baked in.
    let listed = format!("frame-ancestors 'self' http://127.0.0.1:{PORTAL}");
    fs::write(&shipped, text.replace("frame-ancestors 'self'", &listed)).expect("the lab's folder is there");
    let plain = |port, root: &PathBuf| Served { port, root: root.clone(), settings: Settings::Plain("") };
    let hosted = Served { port: SITE, root: site.clone(), settings: Settings::Shipped(&shipped) };
    let jealous = Served {
        port: JEALOUS,
        root: portal.clone(),
        settings: Settings::Plain(
            "add_header Permissions-Policy \"local-network=(self), loopback-network=(self), local-network-access=(self)\";",
        ),
    };
    let servers = [hosted, plain(BARE, &site), plain(PORTAL, &portal), plain(STRANGER, &portal), jealous];
    ship.nginx = Some(Nginx::start(lab, &servers).await);
    ship
}

/// In a frame of its own, it commands the page in the frame beside it.
const EVIL: &str = r#"<!doctype html><script>
  setInterval(() => parent.frames[0].postMessage({ source: "connector-check", version: 1, type: "theme", payload: "dark" }, "*"), 50);
</script>"#;

impl Ship {
    /// Text in the frame, as its page shows it.
    async fn in_frame(&self, script: &str) -> serde_json::Value {
        self.browser.client().clone().enter_frame(0).await.expect("a frame");
        let seen = self.js(script).await;
        self.browser.client().clone().enter_parent_frame().await.expect("a page around");
        seen
    }
}

async fn frame_of_a_trusted_page(mut lab: Lab, kind: Kind) {
    let address = format!("http://127.0.0.1:{SITE}/?embed=1&autorun=0");
    let ship = harbour(&mut lab, kind, &address, ALLOW).await;
    ship.browser.goto(&format!("http://127.0.0.1:{PORTAL}/")).await;
    ship.js("const of = (type) => told.filter(one => one.type === type);
             const frame = document.getElementById('check');
             await until(() => of('ready').length, 'ready');
             same(of('ready')[0].payload, { state: 'idle', catalogue: 'small' }, 'ready');
             await until(() => frame.clientHeight > 200, 'a height');
             check.run();
             await until(() => of('report').length, 'a report');
             same([of('report')[0].payload.format, of('report')[0].payload.environment.embedded], ['connector-check/report@1', true], 'the report');
             assert(of('progress').at(-1).payload.total > 3, 'progress');
             same([...new Set(raw.map(one => one.origin))], ['http://127.0.0.1:8080'], 'who speaks');
             same([...new Set(raw.map(one => one.data.source + one.data.version))], ['connector-check1'], 'how');
             await until(() => of('report').length >= 2, 'the refined report');
             await pause(300);
             const before = frame.clientHeight;
             frame.style.width = '20rem';
             await until(() => frame.clientHeight > before, 'narrower is higher');
             frame.style.width = '60rem';
             await until(() => frame.clientHeight < before + 20, 'and back');

             // A wrong version and an unknown command are answered; a command of a frame beside is not heard.
             frame.contentWindow.postMessage({ source: 'connector-check', version: 2, type: 'run' }, '*');
             check.catalogue('nowhere');
             frame.contentWindow.postMessage({ source: 'connector-check', version: 1, type: 'toString' }, '*');
             await until(() => of('error').length >= 3, 'errors');
             const errors = of('error').map(one => one.payload.message).join();
             for (const part of ['version 2', 'nowhere', 'toString']) assert(errors.includes(part), errors);
             const evil = document.createElement('iframe');
             evil.src = 'http://127.0.0.1:9002/evil.html';
             document.body.append(evil);
             await pause(1000);")
        .await;
    let theme =
        ship.in_frame("return [element.getAttribute('theme'), !!shadow().querySelector('.frame')]").await;
    assert_eq!(theme, serde_json::json!([null, false]), "a stranger's command, or a note where all is well");
    ship.js("check.theme('dark'); await pause(300);").await;
    assert_eq!(ship.in_frame("return element.getAttribute('theme')").await, "dark");
    ship.browser.screenshot("frame").await;
}

async fn frame_of_a_stranger(mut lab: Lab, kind: Kind) {
    let address = format!("http://127.0.0.1:{BARE}/?embed=1");
    let ship = harbour(&mut lab, kind, &address, "").await;
    ship.browser.goto(&format!("http://127.0.0.1:{STRANGER}/")).await;
    let note = ship
        .in_frame(
            "await until(() => element.state === 'done', 'a run of its own');
             return shadow().querySelector('.frame').textContent;",
        )
        .await;
    let note = note.as_str().expect("a note").to_owned();
    assert!(
        note.contains(&format!("http://127.0.0.1:{STRANGER}")) && note.contains("embed-origins"),
        "{note}"
    );
    ship.js("check.run(); check.theme('dark'); await pause(1500);
             same(raw, [], 'not a word to a stranger');")
        .await;
    assert_eq!(ship.in_frame("return element.getAttribute('theme')").await, serde_json::Value::Null);
    // The hosted site itself does not even show in it.
    ship.js(&format!(
        "document.getElementById('check').src = 'http://127.0.0.1:{SITE}/'; await pause(1500);"
    ))
    .await;
    assert_eq!(ship.in_frame("return !!document.querySelector('connector-check')").await, false);
}

async fn frame_takes_wishes_from_its_address(mut lab: Lab, kind: Kind) {
    let address = format!(
        "http://127.0.0.1:{SITE}/?embed=1&compact=1&theme=dark&lang=en&catalogue=us-government&autorun=0"
    );
    let ship = harbour(&mut lab, kind, &address, "").await;
    ship.browser.goto(&format!("http://127.0.0.1:{PORTAL}/")).await;
    let look = "await until(() => shadow()?.querySelector('.page'), 'a page');
         same(['theme', 'lang', 'compact'].map(name => element.getAttribute(name)), ['dark', 'en', ''], 'attributes');
         same([element.catalogue, element.state], ['us-government', 'idle'], 'catalogue');
         assert(shadow().querySelector('details.folded table') && !shadow().querySelector('details.folded').open, 'tables are folded');
         same(getComputedStyle(shadow().querySelector('.about')).display, 'none', 'little room');";
    ship.in_frame(look).await;
    // A list of the same server is taken; one from elsewhere is asked for, and nothing runs before.
    let away = format!(
        "location.href = 'http://127.0.0.1:{SITE}/?autorun=1&catalogue=' + encodeURIComponent('http://127.0.0.1:{PORTAL}/own.json');"
    );
    ship.in_frame(&away).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let asked = ship
        .in_frame("await until(() => shadow()?.querySelector('.notice, .consent'), 'a word'); return [element.state, shadow().querySelector('.notice, .consent').textContent]")
        .await;
    assert_eq!(asked[0], "idle", "{asked}");
    assert!(asked[1].as_str().is_some_and(|text| text.contains("own.json")), "{asked}");
}

async fn frame_in_a_sandbox(mut lab: Lab, kind: Kind) {
    // A server without the header that lets strangers load scripts: the page says what keeps it from starting.
    let address = format!("http://127.0.0.1:{BARE}/");
    let ship = harbour(&mut lab, kind, &address, "sandbox=\"allow-scripts\"").await;
    ship.browser.goto(&format!("http://127.0.0.1:{PORTAL}/")).await;
    let said = ship
        .in_frame(
            "const start = document.getElementById('connector-check-start');
             await until(() => start.getAttribute('role') === 'alert', 'an alert');
             return start.textContent;",
        )
        .await;
    let said = said.as_str().expect("words").to_owned();
    assert!(said.contains("sandbox") && said.contains("allow-same-origin"), "{said}");

    // With the shipped settings it works, and says what the sandbox costs.
    ship.js(&format!(
        "document.getElementById('check').src = 'http://127.0.0.1:{SITE}/?autorun=0'; await pause(500);"
    ))
    .await;
    let note = ship
        .in_frame("await until(() => shadow()?.querySelector('.frame'), 'a note'); return [origin, shadow().querySelector('.frame').textContent]")
        .await;
    assert_eq!(note[0], "null", "the frame is sandboxed");
    assert!(note[1].as_str().is_some_and(|text| text.contains("allow-downloads")), "{note}");
}

async fn frame_without_scripts(mut lab: Lab, kind: Kind) {
    let ship = harbour(&mut lab, kind, &format!("http://127.0.0.1:{BARE}/"), "sandbox=\"\"").await;
    ship.browser.goto(&format!("http://127.0.0.1:{PORTAL}/")).await;
    ship.browser.client().clone().enter_frame(0).await.expect("a frame");
    let notice =
        ship.browser.client().find(Locator::Css("noscript")).await.expect("a word to those without scripts");
    let text = notice.text().await.expect("it is read as it is shown");
    assert!(text.contains("Scripts are switched off.") && text.contains("Allow scripts"), "{text}");
    ship.browser.screenshot("no-scripts").await;
}

/// The parent's policy overrules `allow`; only Chromium asks for this permission.
async fn frame_without_the_local_network(mut lab: Lab, kind: Kind) {
    let ship = harbour(&mut lab, kind, &format!("http://127.0.0.1:{BARE}/?autorun=0"), ALLOW).await;
    for (port, is_kept) in [(PORTAL, false), (JEALOUS, true)] {
        ship.browser.goto(&format!("http://127.0.0.1:{port}/")).await;
        let note = ship
            .in_frame(
                "await until(() => shadow()?.querySelector('.cell'), 'a table');
                 await pause(500);
                 return shadow().querySelector('.frame')?.textContent ?? '';",
            )
            .await;
        let said = note.as_str().is_some_and(|note| note.contains("Permissions-Policy"));
        assert_eq!(said, is_kept && kind == Kind::Chromium, "{port}: {note}");
    }
}
