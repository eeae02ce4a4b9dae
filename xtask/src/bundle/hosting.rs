//! Ready settings for web servers, from the templates in `hosting/`, and the policy that all of them send.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Stands in every template for the Content-Security-Policy.
const POLICY: &str = "{policy}";

/// Settings that belong beside the page.
const INSIDE: [(&str, &str); 2] = [
    ("web.config", include_str!("../../../hosting/web.config")),
    ("staticwebapp.config.json", include_str!("../../../hosting/staticwebapp.config.json")),
];

/// Settings that belong elsewhere on the server.
const OUTSIDE: [(&str, &str); 3] = [
    ("nginx.conf", include_str!("../../../hosting/nginx.conf")),
    ("Caddyfile", include_str!("../../../hosting/Caddyfile")),
    ("Containerfile", include_str!("../../../hosting/Containerfile")),
];

/// The Content-Security-Policy of the hosted page. `connect` are the sources that it may ask, `None` for any;
/// `ancestors` the origins that may have it in a frame, beside its own.
pub fn policy(connect: Option<&[String]>, ancestors: &[String]) -> Result<String> {
    // An HTTPS page cannot ask plain HTTP whatever stands here; one served by HTTP needs it.
    let any = ["https:", "http:", "wss:", "ws:"].map(str::to_owned);
    let connect = connect.unwrap_or(&any).join(" ");
    let ancestors = [vec!["'self'".to_owned()], ancestors.to_vec()].concat().join(" ");
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self' {connect}; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors {ancestors}"
    );
    // It goes into five languages as it is.
    ensure!(
        !policy.contains(['"', '<', '>', '&', '\\', '$', '{', '}', '\n']),
        "the policy cannot be written down: {policy}"
    );
    Ok(policy)
}

/// The settings beside the page.
pub fn inside(policy: &str) -> Result<Vec<(String, Vec<u8>)>> {
    INSIDE
        .iter()
        .map(|(name, text)| Ok(((*name).to_owned(), with_policy(name, text, policy)?.into_bytes())))
        .collect()
}

/// Whether a file of the site is for the server and not for visitors.
pub fn is_configuration(path: &str) -> bool {
    INSIDE.iter().any(|(name, _)| *name == path)
}

/// Writes the settings that belong elsewhere.
pub fn write(folder: &Path, policy: &str) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in OUTSIDE {
        let text = if name == "Containerfile" { text.to_owned() } else { with_policy(name, text, policy)? };
        let file = folder.join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn with_policy(name: &str, text: &str, policy: &str) -> Result<String> {
    ensure!(text.matches(POLICY).count() == 1, "hosting/{name} has no single place for the policy");
    Ok(text.replace(POLICY, policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_has_one_place_for_the_policy() {
        let policy = policy(None, &[]).expect("a policy");
        for (name, text) in INSIDE.iter().chain(&OUTSIDE).filter(|(name, _)| *name != "Containerfile") {
            let written = with_policy(name, text, &policy).expect(name);
            assert!(written.contains("'wasm-unsafe-eval'") && !written.contains("unsafe-inline"), "{name}");
        }
    }

    #[test]
    fn the_policy_is_as_narrow_as_it_is_told() {
        let all = policy(None, &[]).expect("a policy");
        assert!(
            all.contains("connect-src 'self' https: http: wss: ws:;")
                && all.ends_with("frame-ancestors 'self'"),
            "{all}"
        );
        let connect = ["https://a.example".to_owned()];
        let narrow = policy(Some(&connect), &["https://portal.example".to_owned()]).expect("a policy");
        assert!(narrow.contains("connect-src 'self' https://a.example;"), "{narrow}");
        assert!(narrow.ends_with("frame-ancestors 'self' https://portal.example"), "{narrow}");
        assert!(policy(Some(&["https://a.example\"".to_owned()]), &[]).is_err());
    }

    #[test]
    fn settings_are_well_formed() {
        let written = inside(&policy(None, &[]).expect("a policy")).expect("settings");
        let text = |name: &str| {
            let (_, bytes) = written.iter().find(|(known, _)| known == name).expect(name);
            String::from_utf8(bytes.clone()).expect("text")
        };
        let azure: serde_json::Value = serde_json::from_str(&text("staticwebapp.config.json")).expect("JSON");
        assert_eq!(azure["mimeTypes"][".wasm"], "application/wasm");
        let iis = text("web.config");
        let document = roxmltree::Document::parse(&iis).expect("XML");
        let wasm = document
            .descendants()
            .find(|node| node.has_tag_name("mimeMap") && node.attribute("fileExtension") == Some(".wasm"));
        assert_eq!(wasm.and_then(|node| node.attribute("mimeType")), Some("application/wasm"));
        let policies =
            document.descendants().filter(|node| node.attribute("name") == Some("Content-Security-Policy"));
        assert_eq!(policies.count(), 1);
    }

    /// Neither IIS nor Azure can be run here. What they do not know, the one answers with an error page for every file,
    /// and the other refuses to deploy; so nothing may stand there that their references do not have.
    #[test]
    fn settings_hold_only_what_their_servers_know() {
        let (_, iis) = INSIDE[0];
        let document = roxmltree::Document::parse(iis).expect("XML");
        let known = [
            ("configuration", &["system.webServer", "location"][..]),
            ("location", &["system.webServer"]),
            ("system.webServer", &["staticContent", "httpProtocol", "defaultDocument"]),
            ("staticContent", &["remove", "mimeMap"]),
            ("httpProtocol", &["customHeaders"]),
            ("customHeaders", &["remove", "add"]),
            ("defaultDocument", &["files"]),
            ("files", &["clear", "add"]),
        ];
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            let name = node.tag_name().name();
            let inside = known.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, inside)| inside);
            for child in node.children().filter(roxmltree::Node::is_element) {
                assert!(inside.contains(&child.tag_name().name()), "{name} holds {:?}", child.tag_name());
            }
            let attributes = match name {
                "location" => &["path"][..],
                "mimeMap" => &["fileExtension", "mimeType"],
                "add" => &["name", "value"],
                "remove" => &["name", "fileExtension"],
                _ => &[],
            };
            for attribute in node.attributes() {
                assert!(attributes.contains(&attribute.name()), "{name} has {attribute:?}");
            }
            // What is added twice is an error: each addition takes away what the server has already.
            if name == "mimeMap" {
                let before = node.prev_sibling_element().expect("a removal");
                assert_eq!(before.attribute("fileExtension"), node.attribute("fileExtension"));
            }
        }

        let azure: serde_json::Value = serde_json::from_str(INSIDE[1].1).expect("JSON");
        let keys = |value: &serde_json::Value| -> Vec<String> {
            value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
        };
        assert!(
            keys(&azure).iter().all(|key| ["globalHeaders", "mimeTypes", "routes"].contains(&key.as_str()))
        );
        for route in azure["routes"].as_array().expect("a list") {
            let known = ["route", "headers", "statusCode"];
            assert!(keys(route).iter().all(|key| known.contains(&key.as_str())), "{route}");
            assert!(route["route"].as_str().is_some_and(|path| path.starts_with('/')), "{route}");
        }
    }

    #[test]
    fn the_container_takes_what_the_bundle_writes_to_where_its_server_looks() {
        let [(_, nginx), _, (_, container)] = OUTSIDE;
        let copies: Vec<(&str, &str)> =
            container.lines().filter_map(|line| line.strip_prefix("COPY ")?.split_once(' ')).collect();
        assert_eq!(
            copies,
            [("hosting/nginx.conf", "/etc/nginx/conf.d/default.conf"), ("site/", "/usr/share/nginx/html/")]
        );
        assert!(nginx.contains("root /usr/share/nginx/html;"));
        let port = container.lines().find_map(|line| line.strip_prefix("EXPOSE ")).expect("a port");
        assert!(nginx.contains(&format!("listen {port};")));
    }
}
