//! What is known of TLS: what test hosts of one's own saw, and what this browser's TLS says of Windows' own.

use std::collections::BTreeMap;

use connector_check_diagnosis::evidence::Evidence;
use connector_check_diagnosis::guidance;
use connector_check_diagnosis::responder::compare::compare;
use connector_check_diagnosis::responder::{Look, Phases, names};
use connector_check_diagnosis::text::Message as Text;
use connector_check_host::script::{COMMAND, FILE_NAME, script};
use yew::prelude::*;

use super::{Scene, guide, more};
use crate::environment::{OLD_WINDOWS, PERHAPS_OLD_WINDOWS};
use crate::state::Phase;

/// Places shown; a list of every port of a region would say the same many times.
const MAX_ROWS: usize = 40;

/// What every script or administrator can check on the server itself.
const CHECK_SCHANNEL: &str = "\
Get-HotFix -Id KB2973337 -ErrorAction SilentlyContinue
Get-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Client' -ErrorAction SilentlyContinue
Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319' -Name SchUseStrongCrypto -ErrorAction SilentlyContinue";

/// Microsoft's page about the update for SHA-512.
const UPDATE: &str = "https://support.microsoft.com/help/2973337";

/// The findings about Windows' own TLS, in the order in which [`CHECK_SCHANNEL`] looks. Only their steps are shown here:
/// that one of them is the case is not known.
const SERVER_GUIDES: [&str; 3] =
    ["sha512-update-missing", "schannel-tls12-disabled", "strong-crypto-missing"];

/// The section, once a run has ended that asked anything over TLS.
pub fn section(scene: Scene<'_>) -> Html {
    let run = scene.state.run.as_ref().filter(|_| scene.state.phase != Phase::Running);
    let Some(run) = run else { return html! {} };
    let tls = |check: &connector_check_diagnosis::evidence::CheckEvidence| {
        check.endpoint().is_some_and(|endpoint| endpoint.scheme.is_tls())
    };
    if !run.evidence.checks.iter().any(tls) {
        return html! {};
    }
    let looks = looks(&run.evidence);
    let old = match scene.state.environment.os.as_str() {
        OLD_WINDOWS => Some("tls-old-windows"),
        PERHAPS_OLD_WINDOWS => Some("tls-perhaps-old-windows"),
        _ => None,
    };
    html! {
        <section class="findings tls" aria-labelledby="tls-title">
            <h2 id="tls-title">{ scene.say("tls-title") }</h2>
            { readings(scene, &looks) }
            <p>{ scene.say("tls-schannel") }</p>
            if let Some(old) = old {
                <p class="old-windows">
                    <strong>{ scene.say(old) }</strong>{ " " }
                    <a href={UPDATE} target="_blank" rel="noopener noreferrer">{ scene.say("tls-update") }</a>
                </p>
            }
            <details open={old.is_some()}>
                <summary>{ scene.say("tls-server") }</summary>
                { server(scene) }
            </details>
        </section>
    }
}

/// How Windows' own TLS is looked at: by the host script, or by hand; and what to do about what shows.
fn server(scene: Scene<'_>) -> Html {
    let made = script(scene.state.catalogue(), scene.state.fill());
    let guides = SERVER_GUIDES.iter().filter_map(|code| {
        let guide = guidance::guide(scene.state.texts.language(), code)?;
        Some((code, guide))
    });
    html! {
        <>
            <p>
                { scene.say("tls-script") }{ " " }
                { more::save(scene, scene.say("host-save"), FILE_NAME, made.text.into_bytes()) }
            </p>
            { guide::code(scene, "tls-script", COMMAND, "powershell") }
            <p>{ scene.say("tls-server-explained") }</p>
            { guide::code(scene, "tls-schannel", CHECK_SCHANNEL, "powershell") }
            <p>{ scene.say("tls-server-steps") }</p>
            { for guides.map(|(code, found)| html! {
                <details class="more">
                    <summary>{ &found.title }</summary>
                    { guide::steps(scene, found, &format!("tls-{code}")) }
                </details>
            }) }
        </>
    }
}

/// The readings by place.
fn looks(evidence: &Evidence) -> BTreeMap<String, Look> {
    let mut looks = BTreeMap::new();
    for check in &evidence.checks {
        let Some(endpoint) = check.endpoint().filter(|endpoint| endpoint.scheme.is_tls()) else { continue };
        if let Some(look) = check.observations().iter().rev().find_map(Look::of) {
            looks.insert(endpoint.authority(), look);
        }
    }
    looks
}

fn readings(scene: Scene<'_>, looks: &BTreeMap<String, Look>) -> Html {
    if looks.is_empty() {
        return html! { <p>{ scene.say("tls-no-readings") }</p> };
    }
    let columns =
        ["tls-place", "tls-version", "tls-cipher", "tls-signature", "tls-sha512", "tls-times", "tls-same"];
    html! {
        <div class="scroll" tabindex="0" role="region" aria-labelledby="tls-title">
            <table>
                <thead><tr>{ for columns.iter().map(|id| html! { <th scope="col">{ scene.say(id) }</th> }) }</tr></thead>
                <tbody>{ for looks.iter().take(MAX_ROWS).map(|(place, look)| row(scene, place, look)) }</tbody>
            </table>
        </div>
    }
}

fn row(scene: Scene<'_>, place: &str, look: &Look) -> Html {
    let unknown = || scene.say("tls-unknown");
    let yes_no = |yes: bool| scene.say(if yes { "tls-yes" } else { "tls-no" });
    let Some(tls) = &look.reading.tls else {
        return html! { <tr><th scope="row">{ place }</th><td colspan="6">{ scene.say("tls-ended-before") }</td></tr> };
    };
    let hello = tls.hello.as_ref();
    let algorithms = hello.map(|hello| {
        let real = hello.signature_algorithms.iter().filter(|number| !number.is_grease());
        real.map(|number| names::signature_algorithm(*number)).collect::<Vec<_>>().join(", ")
    });
    let same = if compare(look).is_empty() { "tls-same-yes" } else { "tls-same-no" };
    html! {
        <tr>
            <th scope="row">{ place }</th>
            <td>{ names::version(tls.version) }</td>
            <td>
                { names::cipher_suite(tls.cipher_suite) }
                { tls.group.map(|group| format!(", {}", names::group(group))).unwrap_or_default() }
            </td>
            <td>{ tls.certificate_signature.clone().unwrap_or_else(unknown) }</td>
            <td title={algorithms}>{ hello.map_or_else(unknown, |hello| yes_no(hello.sha512)) }</td>
            <td>{ look.phases.map_or_else(unknown, |phases| times(scene, phases)) }</td>
            <td>{ scene.say(same) }</td>
        </tr>
    }
}

fn times(scene: Scene<'_>, phases: Phases) -> String {
    // Browsers round, and nothing takes no time at all.
    let ms = |ms: f64| if ms < 1.0 { scene.say("tls-times-short") } else { format!("{ms:.0}") };
    if !phases.is_fresh() {
        return scene.tell(&Text::new("tls-times-reused").text("http", ms(phases.http)));
    }
    let text = Text::new("tls-times-fresh").text("dns", ms(phases.dns)).text("tcp", ms(phases.tcp));
    scene.tell(&text.text("tls", ms(phases.tls)).text("http", ms(phases.http)))
}
