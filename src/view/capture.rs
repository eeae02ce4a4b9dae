//! The panel for network captures: a place to drop one, how far it is read, and its connections.

use std::sync::Arc;

use connector_check_capture::facts::{Connection, Warning};
use connector_check_diagnosis::supplements::Capture;
use connector_check_diagnosis::text::Message as Text;
use web_sys::{Event, HtmlInputElement, InputEvent};
use yew::prelude::*;

use super::Scene;
use crate::app::Msg;
use crate::connections::{self, Preset};
use crate::state::{self, CaptureMessage, CaptureReading};

/// Bytes of a megabyte, as networks count.
const MEGABYTE: f64 = 1e6;

/// The panel among the others of "More evidence"; it opens by itself when a capture is read.
pub fn panel(scene: Scene<'_>) -> Html {
    let capture = scene.state.supplements.capture.clone();
    let open = capture.is_some() || scene.state.reading != CaptureReading::Idle;
    let onchange = scene.link.batch_callback(|event: Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        let file = input.files().and_then(|files| files.get(0))?;
        input.set_value("");
        Some(Msg::Capture(file))
    });
    html! {
        <details class="more" id="panel-capture" {open}>
            <summary>{ scene.say("capture-title") }</summary>
            <div class="panel capture">
                <p>{ scene.say("capture-lead") }</p>
                <label class="file secondary">
                    { scene.say("capture-choose") }
                    <input type="file" class="capture-file unseen" {onchange} />
                </label>
                { reading(scene) }
                { capture.map(|capture| result(scene, &capture)) }
            </div>
        </details>
    }
}

fn reading(scene: Scene<'_>) -> Html {
    match &scene.state.reading {
        CaptureReading::Idle => html! {},
        CaptureReading::Failed(message) => {
            html! { <p class="capture-failed" role="alert">{ scene.tell(&Text::new("capture-failed").text("message", message.clone())) }</p> }
        }
        CaptureReading::Reading { name, size, read, packets, since_ms, now_ms } => {
            let seconds = (now_ms - since_ms) / 1000.0;
            let rate = if seconds > 0.0 { read / seconds } else { 0.0 };
            let left = if rate > 0.0 { (size - read) / rate } else { 0.0 };
            let text = Text::new("capture-progress")
                .text("name", name.clone())
                .text("read", format!("{:.0}", read / MEGABYTE))
                .text("size", format!("{:.0}", size / MEGABYTE))
                .text("packets", format!("{packets:.0}"))
                .text("rate", format!("{:.0}", rate / MEGABYTE))
                .text("left", format!("{left:.0}"));
            let onclick = scene
                .link
                .callback(|_: MouseEvent| Msg::State(state::Message::Capture(CaptureMessage::Cancelled)));
            html! {
                <div class="capture-progress">
                    <progress max={size.to_string()} value={read.to_string()} aria-label={scene.say("capture-title")} />
                    <p>{ scene.tell(&text) }</p>
                    <button type="button" {onclick}>{ scene.say("capture-cancel") }</button>
                </div>
            }
        }
    }
}

fn result(scene: Scene<'_>, capture: &Arc<Capture>) -> Html {
    let totals = &capture.facts.totals;
    let summary = Text::new("capture-summary")
        .text("name", capture.name.clone())
        .text("container", capture.facts.container.clone().unwrap_or_default())
        .text("packets", totals.packets.to_string())
        .text("connections", totals.connections.to_string());
    let onclick =
        scene.link.callback(|_: MouseEvent| Msg::State(state::Message::Capture(CaptureMessage::Closed)));
    html! {
        <>
            { (capture.facts.container.is_some()).then(|| html! { <p class="capture-summary">{ scene.tell(&summary) }</p> }) }
            { for capture.warnings.iter().map(|warning| html! { <p class="capture-warning">{ scene.tell(&warning_text(warning, &capture.name)) }{ commands(warning, &capture.name) }</p> }) }
            <button type="button" class="plain" {onclick}>{ scene.say("capture-close") }</button>
            { (totals.connections > 0).then(|| table(scene, capture)) }
        </>
    }
}

fn table(scene: Scene<'_>, capture: &Capture) -> Html {
    let (preset, filter) = (scene.shown.capture_preset, scene.shown.capture_filter.as_str());
    let (rows, more) = connections::shown(&capture.facts, preset, filter);
    let oninput = scene.link.batch_callback(|event: InputEvent| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        Some(Msg::CaptureFilter(input.value()))
    });
    html! {
        <>
            <div class="capture-filters">
                { for Preset::ALL.iter().map(|one| {
                    let one = *one;
                    let onclick = scene.link.callback(move |_: MouseEvent| Msg::CapturePreset(one));
                    html! { <button type="button" class={one.id()} aria-pressed={(one == preset).to_string()} {onclick}>{ scene.say(one.id()) }</button> }
                }) }
                <label>{ scene.say("capture-filter") }<input type="search" class="capture-filter" value={filter.to_owned()} {oninput} /></label>
            </div>
            <ol class="capture-connections">
                { for rows.into_iter().map(|connection| row(scene, connection)) }
            </ol>
            { (more > 0).then(|| html! { <p>{ scene.tell(&Text::new("capture-more").count("count", more)) }</p> }) }
        </>
    }
}

fn row(scene: Scene<'_>, connection: &Connection) -> Html {
    let host = connection.host().or_else(|| connection.names.first().map(String::as_str));
    let place = host.map_or_else(String::new, |host| format!("{host}:{}", connection.port()));
    let status = connection.connect().and_then(|exchange| exchange.status);
    let version = connection.tls.as_ref().and_then(connector_check_capture::facts::Tls::version);
    html! {
        <li key={connection.id.to_string()}>
            <details>
                <summary>
                    <code>{ connections::end(connection.client) }{ " → " }{ connections::end(connection.server) }</code>
                    { " " }<strong>{ place }</strong>
                    { " " }{ scene.say(connections::opening(connection)) }
                    { status.map(|status| format!(", CONNECT {status}")) }
                    { version.map(|version| format!(", {version}")) }
                    { (connection.syn_retransmissions > 0).then(|| format!(", SYN +{}", connection.syn_retransmissions)) }
                </summary>
                <ol class="timeline">
                    { for connections::timeline(connection).into_iter().map(|(at, text)| html! {
                        <li><code>{ format!("{at:.1} ms") }</code>{ " " }{ scene.tell(&text) }</li>
                    }) }
                </ol>
            </details>
        </li>
    }
}

fn warning_text(warning: &Warning, name: &str) -> Text {
    match warning {
        Warning::Empty => Text::new("capture-warning-empty"),
        Warning::NotACapture { seems: Some(what), .. } => {
            Text::new("capture-warning-seems").text("name", name).text("what", what.clone())
        }
        Warning::NotACapture { seems: None, .. } => Text::new("capture-warning-unknown").text("name", name),
        Warning::Truncated => Text::new("capture-warning-truncated"),
        Warning::Damaged { at, what } => {
            Text::new("capture-warning-damaged").text("at", at.to_string()).text("what", what.clone())
        }
        Warning::UnknownLink { link, packets } => Text::new("capture-warning-link")
            .text("link", link.to_string())
            .text("packets", packets.to_string()),
        Warning::CutPackets { packets } => {
            Text::new("capture-warning-cut").text("packets", packets.to_string())
        }
        Warning::DetailsLeftOut { times } => {
            Text::new("capture-warning-left-out").text("times", times.to_string())
        }
    }
}

/// The commands that convert a file, with its name filled in.
fn commands(warning: &Warning, name: &str) -> Html {
    let Warning::NotACapture { convert, .. } = warning else { return html! {} };
    let quoted = format!("\"{name}");
    html! { { for convert.iter().map(|command| {
        let command = command.replace("FILE.pcapng", &format!("{quoted}.pcapng\"")).replace("FILE", &format!("{quoted}\""));
        html! { <pre class="capture-convert"><code>{ command }</code></pre> }
    }) } }
}
