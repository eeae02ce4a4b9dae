//! The hosted site behind nginx, with the very settings that the bundle ships.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{BARE, SITE, Ship, put, site_file};
use crate::lab::nginx::{Served, Settings};
use crate::lab::process::Process;
use crate::lab::{Kind, Lab, Nginx, in_both_browsers};
use crate::page::{copy, edit};
use crate::product::dist;

in_both_browsers!(hosted_site, hosted_offline_and_updated, hosted_with_a_wrong_type);

/// The site at the root of a server and below a sub-path, with the tests' site file.
fn site(lab: &Lab) -> PathBuf {
    let root = lab.dir.join("root");
    for folder in [root.clone(), root.join("tools/check")] {
        copy(&dist().join("site"), &folder);
        put(&folder.join("connector-check.site.json"), &site_file().to_string());
    }
    root
}

async fn serve(lab: &Lab, root: &Path) -> Nginx {
    let shipped = dist().join("hosting/nginx.conf");
    let served = Served { port: SITE, root: root.to_owned(), settings: Settings::Shipped(&shipped) };
    Nginx::start(lab, &[served]).await
}

/// One request by hand: browsers hide what was encoded how.
async fn get(path: &str, accept: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", SITE)).await.expect("nginx listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {accept}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("nginx reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("nginx answers");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let body = answer.split_off(end + 4);
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let body = if head.contains("transfer-encoding: chunked") { joined(&body) } else { body };
    (head, body)
}

/// A body that came in chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|two| two == b"\r\n") {
        let size =
            std::str::from_utf8(&chunks[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.expect("a chunk begins with its size");
        body.extend_from_slice(&chunks[end + 2..end + 2 + size]);
        chunks = &chunks[end + 2 + size + 2..];
    }
    body
}

/// The other server that can be had here, with its own settings: what it sends is the same.
#[test]
fn hosted_by_caddy() {
    const NAME: &str = concat!(module_path!(), "::hosted_by_caddy");
    crate::lab::run(NAME, async |mut lab| {
        if Command::new("caddy").arg("version").output().is_err() {
            println!("SKIPPED {NAME}: caddy is not installed");
            return;
        }
        lab.net.up().await;
        let root = site(&lab);
        let shipped = fs::read_to_string(dist().join("hosting/Caddyfile")).expect("it is built");
        for part in ["\n:8080 {", "root * /srv"] {
            assert!(shipped.contains(part), "the Caddyfile has no {part}");
        }
        let settings = shipped
            .replace("\n:8080 {", &format!("\nhttp://127.0.0.1:{SITE}, http://localhost:{SITE} {{"))
            .replace("root * /srv", &format!("root * {}", root.display()));
        let file = lab.dir.join("Caddyfile");
        put(&file, &settings);
        let (file, home) = (file.display().to_string(), lab.dir.display().to_string());
        let mut caddy = Process::spawn(
            &["caddy", "run", "--config", &file, "--adapter", "caddyfile"],
            &[("HOME", &home), ("XDG_DATA_HOME", &home), ("XDG_CONFIG_HOME", &home)],
            &lab.dir.join("caddy.log"),
        );
        caddy.listening(SITE).await;
        for folder in ["/", "/tools/check/"] {
            check_headers(&root, folder).await;
        }
    });
}

async fn hosted_site(mut lab: Lab, kind: Kind) {
    let mut ship = Ship::launch(&mut lab, kind).await;
    let root = site(&lab);
    ship.nginx = Some(serve(&lab, &root).await);
    for folder in ["/", "/tools/check/"] {
        check_headers(&root, folder).await;
        ship.browser.goto(&format!("http://127.0.0.1:{SITE}{folder}?autorun=0")).await;
        ship.js("await until(() => shadow()?.querySelector('.cell'), 'a table');
                 const broken = [];
                 addEventListener('securitypolicyviolation', event => broken.push(event.violatedDirective + ' ' + event.blockedURI));
                 const report = await element.run();
                 same(broken, [], 'what the policy forbids');
                 same([report.catalogue.id, report.verdict], ['small', 'blocked'], 'the report');
                 const status = Object.fromEntries(report.checks.map(check => [check.id, check.status]));
                 same([status['region-2-8001'], status['region-3-8002']], ['reachable', 'unreachable'], 'statuses');
                 same(getComputedStyle(document.body).marginTop, '0px', 'the style sheet is there');
                 const text = shadow().textContent;
                 for (const own of ['Example Ltd', 'Network desk, 4711', 'Firewall form', 'Ask the network desk.', 'ticket 42']) {
                     assert(text.includes(own), own);
                 }")
            .await;
    }
    ship.browser.screenshot("hosted").await;
}

/// Types, compressed forms, how long to keep, and the policy, as the bundle's own settings give them.
async fn check_headers(root: &Path, folder: &str) {
    let site = root.join(folder.trim_start_matches('/'));
    let mut seen = 0;
    let mut files = vec![String::new(), "sw.js".to_owned(), "manifest.webmanifest".to_owned()];
    for entry in fs::read_dir(site.join("assets")).expect("it is built") {
        let name = entry.expect("readable").file_name().to_string_lossy().into_owned();
        let form = name.rsplit('.').next().unwrap_or_default();
        if !["gz", "br"].contains(&form) {
            files.push(format!("assets/{name}"));
        }
    }
    for file in &files {
        let kind = match file.rsplit('.').next().unwrap_or_default() {
            "js" => "text/javascript",
            "css" => "text/css",
            "wasm" => "application/wasm",
            "svg" => "image/svg+xml",
            "webmanifest" => "application/manifest+json",
            _ => "text/html",
        };
        let on_disk = if file.is_empty() { "index.html" } else { file };
        for (accept, encoding, ending) in
            [("br, gzip", "br", ".br"), ("gzip, deflate", "gzip", ".gz"), ("identity", "", "")]
        {
            let (head, body) = get(&format!("{folder}{file}"), accept).await;
            assert!(head.starts_with("http/1.1 200"), "{file}: {head}");
            assert!(head.contains(&format!("content-type: {kind}")), "{file}: {head}");
            let encoded = head.contains(&format!("content-encoding: {encoding}"));
            assert!(
                if encoding.is_empty() { !head.contains("content-encoding") } else { encoded },
                "{file}: {head}"
            );
            let bytes = fs::read(site.join(format!("{on_disk}{ending}"))).expect("it lies ready");
            assert_eq!(body.len(), bytes.len(), "{file} in {accept}");
            let keep = if file.starts_with("assets/") {
                "max-age=31536000, immutable"
            } else {
                "cache-control: no-cache"
            };
            assert!(head.contains(keep), "{file}: {head}");
            assert!(head.contains("script-src 'self' 'wasm-unsafe-eval'"), "{file}: {head}");
            assert!(
                !head.contains("unsafe-inline") && head.contains("x-content-type-options: nosniff"),
                "{head}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 24, "only {seen} answers were looked at");
    for hidden in ["web.config", "staticwebapp.config.json"] {
        let (head, _) = get(&format!("{folder}{hidden}"), "identity").await;
        assert!(head.starts_with("http/1.1 404"), "{hidden}: {head}");
    }
}

async fn hosted_offline_and_updated(mut lab: Lab, kind: Kind) {
    let mut ship = Ship::launch(&mut lab, kind).await;
    let root = site(&lab);
    let folder = root.join("tools/check");
    let url = format!("http://127.0.0.1:{SITE}/tools/check/?autorun=0");
    ship.nginx = Some(serve(&lab, &root).await);
    ship.browser.goto(&url).await;
    let ready = "await navigator.serviceWorker.ready;
                 await until(() => navigator.serviceWorker.controller, 'a worker in charge');
                 await until(() => shadow()?.querySelector('.cell'), 'a table');";
    ship.js(ready).await;
    ship.js("same((await element.run()).verdict, 'blocked', 'with the worker in charge, the same');").await;

    // The server is gone; the page is not, and its catalogue is the one of before.
    ship.nginx = None;
    ship.browser.goto(&url).await;
    ship.js("await until(() => shadow()?.querySelector('.cell'), 'a table without the server');
             same(element.catalogue, 'small', 'the catalogue of before');
             same((await element.run()).catalogue.id, 'small', 'it tests all the same');")
        .await;

    // The server is back with another catalogue and another page: both show at once.
    let text =
        site_file().to_string().replace("The small one", "The new one").replace("Example Ltd", "Other Ltd");
    put(&folder.join("connector-check.site.json"), &text);
    for form in ["index.html.gz", "index.html.br", "sw.js.gz", "sw.js.br"] {
        fs::remove_file(folder.join(form)).expect("it was there");
    }
    edit(&folder.join("index.html"), "<title>", "<title>New: ");
    let worker = fs::read_to_string(folder.join("sw.js")).expect("it is built");
    let version =
        worker.split("const VERSION = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a version");
    edit(&folder.join("sw.js"), version, "0123456789");
    ship.nginx = Some(serve(&lab, &root).await);
    ship.browser.goto(&url).await;
    ship.js("await until(() => shadow()?.querySelector('.cell'), 'a table');
             assert(document.title.startsWith('New: '), document.title);
             assert(shadow().textContent.includes('The new one'), 'the new catalogue');")
        .await;
    ship.js(&kept("list.includes('0123456789')")).await;
    // Chromium looks for a new worker a second after a visit, and not at all if the worker that served the page has been
    // replaced by then.
    ship.js("const registration = await navigator.serviceWorker.getRegistration();
             const settled = () => !registration.installing && !registration.waiting && registration.active?.state === 'activated';
             await until(settled, 'the new worker in charge');")
        .await;
    // And a third one: what the first one had is gone. Its length differs, because nginx tells files apart by their length
    // and the second in which they were written, and the second one may be that young.
    edit(&folder.join("sw.js"), "0123456789", "abcdef012345");
    ship.browser.goto(&url).await;
    ship.js(ready).await;
    ship.js(&kept("list.length === 2 && list.includes('0123456789') && list.includes('abcdef012345')")).await;
}

/// Waits until this holds for `list`, the versions that are kept.
fn kept(holds: &str) -> String {
    format!(
        "const versions = async () => (await caches.keys()).filter(name => name.includes('/tools/check/')).map(name => name.split(' ').at(-1));
         const begun = performance.now();
         let list = await versions();
         while (!({holds}) && performance.now() - begun < 60_000) {{
             await pause(100);
             list = await versions();
         }}
         assert({holds}, 'what is kept: ' + list);"
    )
}

/// A server that does not know what JavaScript or WebAssembly is.
async fn hosted_with_a_wrong_type(mut lab: Lab, kind: Kind) {
    let mut ship = Ship::launch(&mut lab, kind).await;
    let root = site(&lab);
    let script = Served {
        port: BARE,
        root: root.clone(),
        settings: Settings::Plain(
            "location ~ ^/assets/connector-check.*\\.js$ { types {} default_type text/plain; }",
        ),
    };
    let program = Served {
        port: SITE,
        root,
        settings: Settings::Plain("location ~ \\.wasm$ { types {} default_type application/octet-stream; }"),
    };
    ship.nginx = Some(Nginx::start(&lab, &[script, program]).await);
    ship.browser.goto(&format!("http://127.0.0.1:{BARE}/")).await;
    ship.js("const start = document.getElementById('connector-check-start');
             await until(() => start.getAttribute('role') === 'alert', 'an alert');
             assert(start.textContent.includes('wrong type') && start.textContent.includes('text/plain'), start.textContent);
             assert(start.textContent.includes('text/javascript'), 'what to do');")
        .await;
    // A program of a wrong type is compiled all the same, only more slowly.
    ship.browser.goto(&format!("http://127.0.0.1:{SITE}/?autorun=0")).await;
    ship.js("await until(() => shadow()?.querySelector('.cell'), 'a table');").await;
}
