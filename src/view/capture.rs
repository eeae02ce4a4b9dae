//! The panel for network captures: a place to drop one, how far it is read, and what it is.

use std::sync::Arc;

use connector_check_capture::facts::Warning;
use connector_check_diagnosis::supplements::Capture;
use connector_check_diagnosis::text::Message as Text;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::{Scene, connections, more};
use crate::app::Msg;
use crate::state::{self, CaptureMessage, CaptureReading, Replay};

/// Bytes of a megabyte, as networks count.
const MEGABYTE: f64 = 1e6;

/// The panel among the others of "More evidence"; it opens by itself when a capture is read.
pub fn panel(scene: Scene<'_>) -> Html {
    let capture = capture(scene);
    let open = is_open(scene);
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
                <div class="capture-actions">
                    <label class="file secondary">
                        { scene.say("capture-choose") }
                        <input type="file" class="capture-file unseen" {onchange} />
                    </label>
                    if let Some(capture) = &capture { { actions(scene, capture) } }
                </div>
                { reading(scene) }
                { capture.map(|capture| result(scene, &capture)) }
            </div>
        </details>
    }
}

/// Whether there is something to be seen in the panel.
pub fn is_open(scene: Scene<'_>) -> bool {
    capture(scene).is_some() || scene.state.reading != CaptureReading::Idle
}

/// The capture that was read, or that of the recorded run that is shown.
fn capture(scene: Scene<'_>) -> Option<Arc<Capture>> {
    let recorded = scene.state.run.as_ref().filter(|_| scene.state.replay != Replay::Off);
    let own = scene.state.supplements.capture.clone();
    own.or_else(|| recorded?.evidence.supplements.capture.clone())
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

/// What can be done with a capture that was read.
fn actions(scene: Scene<'_>, capture: &Arc<Capture>) -> Html {
    let own = scene.state.supplements.capture.as_ref().is_some_and(|own| Arc::ptr_eq(own, capture));
    let close =
        scene.link.callback(|_: MouseEvent| Msg::State(state::Message::Capture(CaptureMessage::Closed)));
    // The panel is the last on the page, and what follows from it stands near the top.
    let onclick = Callback::from(|event: MouseEvent| {
        let pressed: Option<Element> = event.target_dyn_into();
        let page = pressed.and_then(|pressed| pressed.closest("main").ok().flatten());
        let first = page.and_then(|page| page.query_selector(".findings .finding > summary").ok().flatten());
        if let Some(first) = first.and_then(|first| first.dyn_into::<HtmlElement>().ok()) {
            // The focus takes the view with it.
            let _ = first.focus();
        }
    });
    html! {
        <>
            if capture.facts.container.is_some() {
                <button type="button" class="secondary to-findings" {onclick}>{ scene.say("capture-to-findings") }</button>
            }
            if own { <button type="button" class="plain" onclick={close}>{ scene.say("capture-close") }</button> }
        </>
    }
}

fn result(scene: Scene<'_>, capture: &Arc<Capture>) -> Html {
    let totals = &capture.facts.totals;
    let summary = Text::new("capture-summary")
        .text("name", capture.name.clone())
        .text("container", capture.facts.container.clone().unwrap_or_default())
        .count("packets", usize::try_from(totals.packets).unwrap_or(usize::MAX))
        .count("connections", usize::try_from(totals.connections).unwrap_or(usize::MAX));
    html! {
        <>
            { (capture.facts.container.is_some()).then(|| html! { <p class="capture-summary">{ scene.tell(&summary) }</p> }) }
            { for capture.warnings.iter().map(|warning| html! { <div class="capture-warning"><p>{ scene.tell(&warning_text(warning, &capture.name)) }</p>{ commands(scene, warning, &capture.name) }</div> }) }
            { (totals.connections > 0).then(|| connections::section(scene, &capture.facts)) }
        </>
    }
}

fn warning_text(warning: &Warning, name: &str) -> Text {
    match warning {
        Warning::Empty => Text::new("capture-warning-empty"),
        Warning::NotACapture { seems: Some(what), convert } => {
            let id = if convert.is_empty() { "capture-warning-other" } else { "capture-warning-seems" };
            Text::new(id).text("name", name).text("what", what.clone())
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
fn commands(scene: Scene<'_>, warning: &Warning, name: &str) -> Html {
    let Warning::NotACapture { convert, .. } = warning else { return html! {} };
    let quoted = format!("\"{name}");
    html! { { for convert.iter().map(|command| {
        let command = command.replace("FILE.pcapng", &format!("{quoted}.pcapng\"")).replace("FILE", &format!("{quoted}\""));
        html! { <div class="capture-convert">{ more::command(scene, &command, &command) }</div> }
    }) } }
}
