//! What the admin sets: the catalogue, the placeholders, a catalogue of their own; and what the page says of itself.

use std::collections::BTreeSet;

use connector_check_diagnosis::catalogue::{Catalogue, Placeholder};
use connector_check_diagnosis::evidence::PageKind;
use connector_check_diagnosis::plan::{FillValue, Plan};
use connector_check_diagnosis::text::Message as Text;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;
use yew::virtual_dom::VTag;

use super::{Scene, icon};
use crate::app::Msg;
use crate::state;

/// Name, picker, and the way to load one's own catalogue.
pub fn header(scene: Scene<'_>) -> Html {
    let state = scene.state;
    let chosen = state.catalogue();
    let onchange = scene.link.batch_callback(|event: Event| {
        let select: HtmlSelectElement = event.target_dyn_into()?;
        Some(Msg::State(state::Message::Choose(select.value())))
    });
    let onfile = scene.link.batch_callback(|event: Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        let file = input.files()?.get(0)?;
        // The same file may be chosen again after it was mended.
        input.set_value("");
        Some(Msg::File(file))
    });
    let explained = format!("catalogue-{}-explained", chosen.id);
    let known = scene.say(&explained);
    let explanation = if known == explained || state.foreign.contains(&chosen.id) {
        scene.say("catalogue-own-explained")
    } else {
        known
    };
    let dated = Text::new("catalogue-dated").text("date", chosen.updated.clone());
    html! {
        <header class="top" part="header">
            <div class="brand">
                if let Some(logo) = &state.site.logo {
                    <img class="logo" src={logo.clone()} alt={state.site.organisation.clone().unwrap_or_default()} />
                } else {
                    { icon::mark() }
                }
                <h1>{ scene.say("product") }</h1>
                if let (Some(name), None) = (&state.site.organisation, &state.site.logo) {
                    <span class="organisation-name">{ name }</span>
                }
            </div>
            <div class="picker">
                <label for="catalogue">{ scene.say("catalogue-label") }</label>
                <select id="catalogue" {onchange} aria-describedby="catalogue-explained">
                    { for state.catalogues.iter().map(|catalogue| option(catalogue, catalogue.id == chosen.id)) }
                </select>
                <label class="file secondary">{ scene.say("catalogue-load") }
                    <input type="file" accept=".json,application/json" class="unseen" onchange={onfile} />
                </label>
                <p id="catalogue-explained">{ explanation }{ " " }<span class="dated">{ scene.tell(&dated) }</span></p>
            </div>
        </header>
    }
}

/// As a property, which `html!` does not offer here: the attribute has no say any more once somebody has chosen.
fn option(catalogue: &Catalogue, selected: bool) -> Html {
    let mut option = VTag::new("option");
    option.key = Some(catalogue.id.clone().into());
    option.add_attribute("value", catalogue.id.clone());
    option.add_property("selected", selected);
    option.add_child(html! { &catalogue.title });
    option.into()
}

/// One field for each placeholder of the catalogue in use.
pub fn placeholders(scene: Scene<'_>) -> Html {
    let placeholders = &scene.state.catalogue().placeholders;
    if placeholders.is_empty() {
        return html! {};
    }
    let onsubmit = scene.link.callback(|event: SubmitEvent| {
        event.prevent_default();
        Msg::Start { only_failed: false }
    });
    html! {
        <form class="fills" part="fields" {onsubmit} aria-label={scene.say("fills-label")}>
            { for placeholders.iter().map(|placeholder| field(scene, placeholder)) }
            <button type="submit" class="secondary" disabled={scene.state.phase == state::Phase::Running}>
                { scene.say("fills-run") }
            </button>
        </form>
    }
}

fn field(scene: Scene<'_>, placeholder: &Placeholder) -> Html {
    let id = placeholder.id.clone();
    let value = scene.state.fill().get(&id).cloned().unwrap_or_default();
    let bad = if value.trim().is_empty() { None } else { FillValue::parse(&value).err() };
    let oninput = {
        let id = id.clone();
        scene.link.batch_callback(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_dyn_into()?;
            Some(Msg::State(state::Message::Fill { id: id.clone(), value: input.value() }))
        })
    };
    let error_id = format!("fill-{id}-error");
    html! {
        <div class="fill">
            <label for={format!("fill-{id}")}>{ &placeholder.title }</label>
            <input id={format!("fill-{id}")} type="text" {value} {oninput} autocomplete="off" spellcheck="false"
                   autocapitalize="off" aria-invalid={bad.is_some().to_string()}
                   aria-describedby={bad.is_some().then(|| error_id.clone())} />
            if let Some(error) = bad {
                <p class="error" id={error_id}>{ scene.tell(&Text::new("fill-error").text("message", error.to_string())) }</p>
            }
        </div>
    }
}

/// What a green cell does not mean, said once, and how to look from the services' side.
pub fn limits(scene: Scene<'_>) -> Html {
    let state = scene.state;
    let plan = Plan::new(state.catalogue(), state.fill(), "preview");
    let targets: BTreeSet<_> = plan
        .checks
        .iter()
        .filter(|planned| planned.canary.is_none())
        .filter_map(|planned| planned.endpoint())
        .map(|endpoint| (endpoint.host.clone(), endpoint.port))
        .collect();
    let commands: Vec<_> = targets
        .iter()
        .map(|(host, port)| format!("Test-NetConnection {host} -Port {port}"))
        .chain(["netsh winhttp show proxy".to_owned()])
        .collect();
    let commands = commands.join("\r\n");
    let onswitch = scene.link.batch_callback(|event: Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        Some(Msg::State(state::Message::WebRtc(input.checked())))
    });
    let page = match state.environment.page {
        PageKind::File => "limits-page-file",
        PageKind::Http => "limits-page-http",
        PageKind::Https => "limits-page-https",
    };
    html! {
        <section class="limits about" part="limits" aria-labelledby="limits-title">
            <h2 id="limits-title">{ scene.say("limits-title") }</h2>
            <ul>
                <li>{ scene.say("limits-route") }</li>
                <li>{ scene.say("limits-tls") }</li>
                <li>{ scene.say("limits-inspection") }</li>
                <li>{ scene.say("limits-reuse") }</li>
                <li>{ scene.say(page) }</li>
            </ul>
            <label class="switch">
                <input type="checkbox" checked={state.webrtc} onchange={onswitch} />{ " " }{ scene.say("limits-webrtc") }
            </label>
            <details class="more">
                <summary>{ scene.say("limits-commands") }</summary>
                <p>{ scene.say("limits-commands-how") }</p>
                <div class="command">
                    <pre tabindex="0" role="group" aria-label={scene.say("command")}><code>{ commands.replace("\r\n", "\n") }</code></pre>
                    { scene.copy_button("limits-commands".to_owned(), commands) }
                </div>
            </details>
        </section>
    }
}

/// Privacy, sources, version.
pub fn footer(scene: Scene<'_>) -> Html {
    let catalogue = scene.state.catalogue();
    let version = Text::new("footer-version").text("version", env!("CARGO_PKG_VERSION"));
    html! {
        <footer part="footer">
            <p>{ scene.say("footer-privacy") }</p>
            if !catalogue.sources.is_empty() {
                <details class="more">
                    <summary>{ scene.say("footer-sources") }</summary>
                    <ul>{ for catalogue.sources.iter().map(|source| html! {
                        <li><a href={source.url.clone()} target="_blank" rel="noopener noreferrer">{ &source.title }</a></li>
                    }) }</ul>
                </details>
            }
            <p class="version">{ scene.tell(&version) }</p>
        </footer>
    }
}
