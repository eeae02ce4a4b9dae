//! What `docs/embed.md` says to write, written so: the plain pages, the style sheet, the frame with its messages.

use std::fs;

use super::{PORTAL, SITE, Ship, put};
use crate::lab::nginx::{Served, Settings};
use crate::lab::{Kind, Lab, Nginx, in_both_browsers};
use crate::page::{SMALL, catalogue, copy};
use crate::product::dist;

in_both_browsers!(guide_to_the_element, guide_to_the_frame);

const GUIDE: &str = include_str!("../../../docs/embed.md");

/// The blocks of this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let start = format!("\n```{language}\n");
    GUIDE.split(&start).skip(1).map(|rest| rest.split("\n```").next().expect("the block ends")).collect()
}

async fn guide_to_the_element(mut lab: Lab, kind: Kind) {
    let mut ship = Ship::launch(&mut lab, kind).await;
    let root = lab.dir.join("portal");
    copy(&dist().join("embed"), &root.join("check"));
    let ([module, classic, _], [style]) = (&blocks("html")[..], &blocks("css")[..]) else {
        panic!("two pages and a frame, and a style sheet");
    };
    for (name, page) in [("module.html", module), ("classic.html", classic)] {
        put(&root.join(name), &format!("{page}\n<link rel=\"stylesheet\" href=\"portal.css\">"));
    }
    put(&root.join("portal.css"), style);
    ship.nginx =
        Some(Nginx::start(&lab, &[Served { port: PORTAL, root, settings: Settings::Plain("") }]).await);
    for page in ["module.html", "classic.html"] {
        ship.browser.goto(&format!("http://127.0.0.1:{PORTAL}/{page}")).await;
        ship.js("await until(() => shadow()?.querySelector('.cell'), 'a table');
                 same(element.catalogue, 'entra-connector', 'the list');
                 const button = getComputedStyle(await (async () => {
                     await until(() => shadow().querySelector('button.primary'), 'a button');
                     return shadow().querySelector('button.primary');
                 })());
                 same([button.backgroundColor, button.textTransform], ['rgb(91, 45, 142)', 'none'], 'the style sheet');")
            .await;
    }
}

async fn guide_to_the_frame(mut lab: Lab, kind: Kind) {
    let mut ship = Ship::launch(&mut lab, kind).await;
    let ([_, _, frame], [script], [site_file]) =
        (&blocks("html")[..], &blocks("js")[..], &blocks("json")[..])
    else {
        panic!("a frame, a script and a site file");
    };
    let origins = |text: &str| {
        text.replace("https://check.example", &format!("http://127.0.0.1:{SITE}"))
            .replace("https://portal.example", &format!("http://127.0.0.1:{PORTAL}"))
    };
    let site = lab.dir.join("site");
    copy(&dist().join("site"), &site);
    put(&site.join("connector-check.site.json"), &origins(site_file));
    put(&site.join("own.json"), &catalogue("small", &SMALL).to_string());
    let portal = lab.dir.join("portal");
    copy(&dist().join("embed"), &portal.join("check"));
    let own = origins(frame).replace("embed=1&amp;", "embed=1&amp;catalogue=own.json&amp;");
    // What the sample says to nobody but the console, the test hears.
    let page = format!(
        "<!doctype html><script>window.said = []; console.log = console.warn = (word) => said.push(word);</script>\n\
         {own}\n<script type=\"module\">\n{script}\nwindow.check = check;\n</script>"
    );
    put(&portal.join("index.html"), &page);
    let settings = lab.dir.join("nginx-shipped.conf");
    let text = fs::read_to_string(dist().join("hosting/nginx.conf")).expect("it is built");
    let listed = format!("frame-ancestors 'self' http://127.0.0.1:{PORTAL}");
    put(&settings, &text.replace("frame-ancestors 'self'", &listed));
    ship.nginx = Some(
        Nginx::start(
            &lab,
            &[
                Served { port: SITE, root: site, settings: Settings::Shipped(&settings) },
                Served { port: PORTAL, root: portal, settings: Settings::Plain("") },
            ],
        )
        .await,
    );
    ship.browser.goto(&format!("http://127.0.0.1:{PORTAL}/")).await;
    ship.js("const frame = document.getElementById('check');
             await until(() => frame.style.height !== '40rem', 'a height of its own');
             check.run();
             await until(() => said.includes('blocked'), 'the verdict: ' + said);")
        .await;
    ship.browser.client().clone().enter_frame(0).await.expect("a frame");
    ship.js("same(['theme', 'compact'].map(name => element.getAttribute(name)), ['dark', ''], 'what the sample asks for');").await;
}
