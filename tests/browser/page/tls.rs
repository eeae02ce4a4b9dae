//! The section on TLS: what it says of Windows' own, which this browser does not use.

use connector_check_range::SiteFile;
use serde_json::json;

use super::PRELUDE;
use super::evidence::SAVED;
use crate::lab::{Agent, Browser, Kind, Lab, Proxy, in_both_browsers};
use crate::product::serve;

in_both_browsers!(windows_that_needs_the_update_is_told_so, other_systems_are_left_alone);

/// A recorded run with checks over TLS; nothing is asked of a network.
const RECORDED: &str = "?scenario=all-open";

/// Looks at the section; the rest of a script finds `section`, `details` and `warning`.
const SECTION: &str = "
    await until(() => shadow().querySelector('.tls'), 'the section');
    const section = shadow().querySelector('.tls');
    const details = section.querySelector('details');
    const warning = section.querySelector('.old-windows');
    assert(section.textContent.includes('Schannel'), section.textContent);
    // Open or not, everything that leads on is in there.
    for (const part of ['TLS 1.2\\\\Client', 'SchUseStrongCrypto', 'KB2973337', 'TLS 1.2 is switched off', 'strong cryptography'])
        assert(details.textContent.includes(part), part);
    const script = [...details.querySelectorAll('button')].find(one => one.textContent.includes('Save the script'));
    const text = new TextDecoder().decode(await saved(script));
    assert(text.startsWith('#Requires') && text.includes('2973337'), text.slice(0, 80));
    const os = element.report.environment.os;";

/// Server 2012 R2 as the last browsers for it tell of it.
const OLD_CHROMIUM: Agent = Agent {
    text: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36",
    windows: "0.3.0",
};
const OLD_FIREFOX: Agent = Agent {
    text: "Mozilla/5.0 (Windows NT 6.3; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0",
    windows: "",
};

/// The same Chromium where the page is not to know of Windows.
const SILENT_CHROMIUM: Agent = Agent { windows: "", ..OLD_CHROMIUM };

async fn windows_that_needs_the_update_is_told_so(mut lab: Lab, kind: Kind) {
    lab.net.up().await;
    let site = serve(&SiteFile::new(None, Vec::new(), [].into()));
    let url = format!("{}{RECORDED}", site.url());
    let agent = match kind {
        Kind::Chromium => OLD_CHROMIUM,
        Kind::Firefox => OLD_FIREFOX,
    };
    let browser = Browser::start_as(&lab, kind, &agent).await;
    warned(&browser, &url, "This is Windows Server 2012 R2").await;
    if kind == Kind::Chromium {
        browser.pretend(&SILENT_CHROMIUM).await;
        warned(&browser, &url, "does not tell whether").await;
    }
}

async fn warned(browser: &Browser, url: &str, words: &str) {
    browser.goto(url).await;
    browser.report().await;
    let words = json!(words);
    let script = format!(
        "{PRELUDE}{SAVED}{SECTION}
         assert(warning.textContent.includes({words}), warning.textContent);
         same(warning.querySelector('a').href, 'https://support.microsoft.com/help/2973337', 'the update');
         same([details.open, os.includes('2012 R2')], [true, true], os);"
    );
    browser.js_async(&script).await;
}

async fn other_systems_are_left_alone(mut lab: Lab, kind: Kind) {
    lab.net.up().await;
    let site = serve(&SiteFile::new(None, Vec::new(), [].into()));
    let browser = Browser::start(&lab, kind, Proxy::Direct).await;
    browser.goto(&format!("{}{RECORDED}", site.url())).await;
    browser.report().await;
    let script = format!(
        "{PRELUDE}{SAVED}{SECTION}
         same([details.open, warning, os], [false, null, 'Linux'], 'nothing is said of Windows');"
    );
    browser.js_async(&script).await;
}
