//! Which browser, on which system: short words for a report, and the family that decides behaviour.

use wasm_bindgen::JsValue;

use crate::js;

/// A browser and the system that it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The engine's family.
    pub family: Family,
    /// Name and major version, such as `Firefox 153`; empty where the browser does not tell.
    pub browser: String,
    /// Name alone, such as `Windows`; empty where the browser does not tell.
    pub os: String,
}

/// Browsers that behave alike towards the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Chromium, Chrome, Edge and their kin.
    Chromium,
    /// Firefox.
    Firefox,
    /// Safari, and every browser on iOS.
    WebKit,
    /// Not known.
    Other,
}

/// What `navigator.userAgentData` says without being asked for more; empty outside Chromium's family and
/// outside secure contexts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints {
    /// Brand and major version, in the browser's deliberately shuffled order.
    pub brands: Vec<(String, String)>,
    /// Such as `Windows`; possibly empty.
    pub platform: String,
}

/// Brand names as browsers give them, and as an admin says them; the first that matches wins.
const BRANDS: [(&str, &str); 5] = [
    ("Microsoft Edge", "Edge"),
    ("Brave", "Brave"),
    ("Opera", "Opera"),
    ("Google Chrome", "Chrome"),
    ("Chromium", "Chromium"),
];

/// Marks in a user-agent text; the order matters, because each browser also names those it descends from.
const MARKS: [(&str, &str, Family); 9] = [
    ("Edg/", "Edge", Family::Chromium),
    ("EdgiOS/", "Edge", Family::WebKit),
    ("OPR/", "Opera", Family::Chromium),
    ("FxiOS/", "Firefox", Family::WebKit),
    ("CriOS/", "Chrome", Family::WebKit),
    ("Firefox/", "Firefox", Family::Firefox),
    ("HeadlessChrome/", "Chromium", Family::Chromium),
    ("Chrome/", "Chrome", Family::Chromium),
    ("Version/", "Safari", Family::WebKit),
];

/// Marks of systems in a user-agent text; Android also says Linux, iOS also says Mac OS X.
const SYSTEMS: [(&str, &str); 8] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("CrOS", "Chrome OS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
    ("BSD", "BSD"),
];

impl Agent {
    /// Prefers the hints: the user-agent text of a browser may be that of another.
    pub fn of(user_agent: &str, hints: &Hints) -> Self {
        let by_mark = MARKS.into_iter().find_map(|(mark, name, family)| {
            let version = user_agent.split_once(mark)?.1;
            Some((family, named(name, version)))
        });
        let by_brand = BRANDS.into_iter().find_map(|(brand, name)| {
            let (_, version) = hints.brands.iter().find(|(given, _)| given == brand)?;
            Some((Family::Chromium, named(name, version)))
        });
        let (family, browser) = by_brand.or(by_mark).unwrap_or((Family::Other, String::new()));
        let os = if hints.platform.is_empty() {
            SYSTEMS.iter().find(|(mark, _)| user_agent.contains(mark)).map_or("", |(_, name)| name)
        } else {
            &hints.platform
        };
        Self { family, browser, os: os.to_owned() }
    }
}

/// `Name 123`; the name alone where no number follows.
fn named(name: &str, version: &str) -> String {
    let major: String = version.chars().take_while(char::is_ascii_digit).collect();
    if major.is_empty() { name.to_owned() } else { format!("{name} {major}") }
}

/// Reads `navigator.userAgentData`.
pub(super) fn hints(navigator: &JsValue) -> Hints {
    let data = js::get(navigator, "userAgentData");
    let brands = js::get(&data, "brands");
    let brands =
        if js_sys::Array::is_array(&brands) { js_sys::Array::from(&brands) } else { js_sys::Array::new() };
    Hints {
        brands: brands.iter().map(|brand| (js::text(&brand, "brand"), js::text(&brand, "version"))).collect(),
        platform: js::text(&data, "platform"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_an_admin_would() {
        let no = Hints::default();
        for (user_agent, family, browser, os) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
                Family::Firefox,
                "Firefox 153",
                "Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                Family::Chromium,
                "Edge 140",
                "Windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 HeadlessChrome/156.0.0.0 Safari/537.36",
                Family::Chromium,
                "Chromium 156",
                "Linux",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.4 Safari/605.1.15",
                Family::WebKit,
                "Safari 18",
                "macOS",
            ),
            ("curl/8", Family::Other, "", ""),
            ("Firefox/", Family::Firefox, "Firefox", ""),
        ] {
            let expected = Agent { family, browser: browser.to_owned(), os: os.to_owned() };
            assert_eq!(Agent::of(user_agent, &no), expected, "{user_agent}");
        }
    }

    #[test]
    fn brands_outrank_the_user_agent_and_made_up_brands_are_ignored() {
        let hints = Hints {
            brands: [("Not;A=Brand", "8"), ("Chromium", "140"), ("Microsoft Edge", "141")]
                .map(|(brand, version)| (brand.to_owned(), version.to_owned()))
                .into(),
            platform: "Windows".to_owned(),
        };
        let agent = Agent::of("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36", &hints);
        assert_eq!((agent.browser.as_str(), agent.os.as_str()), ("Edge 141", "Windows"));
    }
}
