//! Profiles of browsers: fresh, quiet, and trusting the lab's authority.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, json};
use tokio::sync::OnceCell;

use super::driver;
use super::process::run;

/// What keeps Chromium quiet, and lets it run as root and without a display.
const CHROMIUM_FLAGS: &[&str] = &[
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
const CHROMIUM_WITHOUT: &[&str] = &["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"];

/// The arguments of Chromium, which does without some features more.
pub fn chromium_flags(also_without: &[&str]) -> Vec<String> {
    // Of several flags of this name only one counts.
    let without = format!("--disable-features={}", [CHROMIUM_WITHOUT, also_without].concat().join(","));
    CHROMIUM_FLAGS.iter().map(|flag| (*flag).to_owned()).chain([without]).collect()
}

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

/// What a Firefox that has been started before has kept for this: the next start takes half the processor's time
/// (measured, Firefox 153). Nothing in it is about pages or networks.
const FIREFOX_START: &[&str] =
    &["addonStartup.json.lz4", "compatibility.ini", "extensions.json", "search.json.mozlz4"];

/// The same: the folder of its compiled scripts.
const STARTUP_CACHE: &str = "startupCache";

/// The profile of the one Firefox that this program has started for [`FIREFOX_START`].
static STARTED: OnceCell<PathBuf> = OnceCell::const_new();

/// Writes a Firefox profile that trusts the authority.
pub async fn firefox(profile: &Path, authority: &Path) {
    quiet(profile);
    trust(profile, authority);
    let started = STARTED.get_or_init(started).await;
    for name in FIREFOX_START {
        // Another version may keep other files, and takes its time.
        let _left_out = fs::copy(started.join(name), profile.join(name));
    }
    let (from, to) = (started.join(STARTUP_CACHE), profile.join(STARTUP_CACHE));
    fs::create_dir_all(&to).expect("the lab's folder is there");
    for file in fs::read_dir(from).into_iter().flatten().flatten() {
        fs::copy(file.path(), to.join(file.file_name())).expect("the lab's folder is there");
    }
}

/// Starts Firefox with a new profile, ends it as a user would, and hands back where the profile is.
async fn started() -> PathBuf {
    let name = format!("firefox-of-{}", env!("CARGO_CRATE_NAME"));
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let profile = home.join("profile");
    let _none = fs::remove_dir_all(&home);
    fs::create_dir_all(&profile).expect("the target folder can be written to");
    quiet(&profile);
    let folder = home.display().to_string();
    let options = json!({
        "binary": driver::firefox(),
        "args": ["-headless", "-profile", profile],
    });
    let (driver, client) = driver::start(
        &driver::geckodriver(),
        &[("HOME", folder.as_str()), ("TMPDIR", "/tmp")],
        &home.join("driver.log"),
        Map::from_iter([("moz:firefoxOptions".to_owned(), options)]),
    )
    .await;
    driver::end(driver, client).await;
    profile
}

fn quiet(profile: &Path) {
    let mut text = String::new();
    for (name, value) in FIREFOX_PREFERENCES {
        writeln!(text, "user_pref(\"{name}\", {value});").expect("a String takes everything");
    }
    fs::write(profile.join("user.js"), text).expect("the lab's folder is there");
    fs::create_dir_all(profile.join("chrome")).expect("the lab's folder is there");
    fs::write(profile.join("chrome/userChrome.css"), FIREFOX_STYLE).expect("the lab's folder is there");
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
