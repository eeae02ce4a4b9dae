//! Profiles of browsers: fresh, quiet, and trusting the lab's authority.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::process::run;

/// What keeps Chromium quiet, and lets it run as root and without a display.
pub const CHROMIUM_FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-dev-shm-usage",
    // Without a graphics card every turn of a spinner is painted by the processor that the network is made of, too.
    "--force-prefers-reduced-motion",
];

/// What Chromium does without: for the address bar of each window it keeps two more pages, which take half of the
/// processor's time (measured, Chromium 156).
pub const CHROMIUM_WITHOUT: &str = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup";

/// What keeps Firefox quiet. What changes how it treats pages and networks is left as users have it.
const FIREFOX_PREFERENCES: &[(&str, &str)] = &[
    // The automation's own recommendations change the rules for file: pages, among others.
    ("remote.prefs.recommended", "false"),
    ("app.normandy.enabled", "false"),
    ("app.shield.optoutstudies.enabled", "false"),
    ("app.update.enabled", "false"),
    ("app.update.disabledForTesting", "true"),
    ("browser.aboutwelcome.enabled", "false"),
    ("browser.contentblocking.report.hide_vpn_banner", "true"),
    ("browser.discovery.enabled", "false"),
    ("browser.newtabpage.activity-stream.feeds.system.topstories", "false"),
    ("browser.newtabpage.enabled", "false"),
    ("browser.ping-centre.telemetry", "false"),
    ("browser.region.update.enabled", "false"),
    ("browser.safebrowsing.blockedURIs.enabled", "false"),
    ("browser.safebrowsing.downloads.enabled", "false"),
    ("browser.safebrowsing.malware.enabled", "false"),
    ("browser.safebrowsing.phishing.enabled", "false"),
    ("browser.safebrowsing.update.enabled", "false"),
    ("browser.search.update", "false"),
    ("browser.shell.checkDefaultBrowser", "false"),
    ("browser.startup.homepage", "\"about:blank\""),
    ("browser.startup.homepage_override.mstone", "\"ignore\""),
    ("browser.startup.page", "0"),
    ("browser.topsites.contile.enabled", "false"),
    ("datareporting.healthreport.uploadEnabled", "false"),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    ("datareporting.usage.uploadEnabled", "false"),
    // The driver chooses a file on the user's behalf.
    ("dom.file.createInChild", "true"),
    ("dom.push.connection.enabled", "false"),
    ("extensions.getAddons.cache.enabled", "false"),
    ("extensions.systemAddon.update.enabled", "false"),
    ("extensions.update.enabled", "false"),
    ("geo.provider.network.url", "\"\""),
    ("media.gmp-manager.updateEnabled", "false"),
    ("messaging-system.rsexperimentloader.enabled", "false"),
    ("network.captive-portal-service.enabled", "false"),
    ("network.connectivity-service.enabled", "false"),
    ("network.dns.disablePrefetch", "true"),
    ("network.http.speculative-parallel-limit", "0"),
    ("network.prefetch-next", "false"),
    ("network.trr.mode", "5"),
    ("security.OCSP.enabled", "0"),
    ("security.remote_settings.crlite_filters.enabled", "false"),
    ("security.remote_settings.intermediates.enabled", "false"),
    ("services.settings.server", "\"data:,#remote-settings-dummy/v1\""),
    ("signon.rememberSignons", "false"),
    ("termsofuse.bypassNotification", "true"),
    ("toolkit.legacyUserProfileCustomizations.stylesheets", "true"),
    ("toolkit.telemetry.enabled", "false"),
    ("toolkit.telemetry.server", "\"https://telemetry.invalid\""),
    ("toolkit.telemetry.unified", "false"),
    ("trailhead.firstrun.didSeeAboutWelcome", "true"),
    ("ui.prefersReducedMotion", "1"),
];

/// Its window takes any width: by itself it is never narrower than 500 pixels, and phones are.
const FIREFOX_STYLE: &str = ":root, body { min-width: 0 !important; }";

/// Writes a Firefox profile that trusts the authority.
pub fn firefox(profile: &Path, authority: &Path) {
    let mut text = String::new();
    for (name, value) in FIREFOX_PREFERENCES {
        writeln!(text, "user_pref(\"{name}\", {value});").expect("a String takes everything");
    }
    fs::write(profile.join("user.js"), text).expect("the lab's folder is there");
    fs::create_dir_all(profile.join("chrome")).expect("the lab's folder is there");
    fs::write(profile.join("chrome/userChrome.css"), FIREFOX_STYLE).expect("the lab's folder is there");
    trust(profile, authority);
}

/// Makes the authority trusted by Chromium with this home folder.
pub fn chromium(home: &Path, authority: &Path) {
    let database = home.join(".pki/nssdb");
    fs::create_dir_all(&database).expect("the lab's folder is there");
    trust(&database, authority);
}

/// Both browsers keep what the user trusts in the database of NSS.
fn trust(database: &Path, authority: &Path) {
    let database = format!("sql:{}", database.display());
    let file = authority.display().to_string();
    run(&["certutil", "-d", &database, "-N", "--empty-password"], "");
    run(&["certutil", "-d", &database, "-A", "-n", "lab", "-t", "C,,", "-i", &file], "");
}
