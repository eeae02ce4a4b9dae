//! The connections of a capture: which are shown, the table of them, and what happened on each.

use connector_check_capture::facts::{CaptureFacts, Connection, Opening, Tls};
use connector_check_diagnosis::text::Message as Text;
use web_sys::{HtmlInputElement, InputEvent};
use yew::prelude::*;

use super::Scene;
use crate::app::Msg;
use crate::connections::{self, Preset};

/// The columns behind the connection itself, by the ends of their messages.
const COLUMNS: [&str; 6] = ["opening", "connect", "tls", "again", "sent", "received"];

/// Filters and table.
pub fn section(scene: Scene<'_>, facts: &CaptureFacts) -> Html {
    let (preset, filter) = (scene.shown.capture.preset, scene.shown.capture.filter.as_str());
    let (rows, more) = connections::shown(facts, preset, filter);
    let oninput = scene.link.batch_callback(|event: InputEvent| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        Some(Msg::CaptureFilter(input.value()))
    });
    let count =
        Text::new("capture-shown").count("count", rows.len() + more).count("total", facts.connections.len());
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
            <p class="hint" role="status">{ scene.tell(&count) }</p>
            if !rows.is_empty() {
                <div class="scroll" tabindex="0" role="group" aria-label={scene.say("capture-connections")}>
                    <table class="connections">
                        <thead>
                            <tr>
                                <th scope="col">{ scene.say("capture-column-start") }</th>
                                <th scope="col">{ scene.say("capture-column-connection") }</th>
                                { for COLUMNS.iter().map(|column| html! { <th scope="col">{ scene.say(&format!("capture-column-{column}")) }</th> }) }
                            </tr>
                        </thead>
                        <tbody>{ for rows.into_iter().map(|connection| row(scene, connection)) }</tbody>
                    </table>
                </div>
            }
            { (more > 0).then(|| html! { <p>{ scene.tell(&Text::new("capture-more").count("count", more)) }</p> }) }
        </>
    }
}

fn row(scene: Scene<'_>, connection: &Connection) -> Html {
    let id = connection.id;
    let open = scene.shown.capture.connection == Some(id);
    let target = (!open).then_some(id);
    let onclick = scene.link.callback(move |_: MouseEvent| Msg::CaptureConnection(target));
    let (client, server) = (connections::end(connection.client), connections::end(connection.server));
    let host = connection.host().or_else(|| connection.names.first().map(String::as_str));
    let name = host.map_or_else(|| server.clone(), |host| format!("{host}:{}", connection.port()));
    let status = connection.connect().and_then(|exchange| exchange.status);
    let version = connection.tls.as_ref().and_then(Tls::version);
    let bad = match connection.opening {
        Opening::Unanswered | Opening::Refused | Opening::Unreachable => true,
        Opening::Answered | Opening::NotCaptured => false,
    };
    let cells: [(String, bool); COLUMNS.len()] = [
        (scene.say(connections::opening(connection)), bad),
        (number(status), status.is_some_and(|status| !(200..300).contains(&status))),
        (version.map(|version| version.to_string()).unwrap_or_default(), false),
        (number(Some(connection.syn_retransmissions).filter(|count| *count > 0)), false),
        (connection.sent.bytes.to_string(), false),
        (connection.received.bytes.to_string(), false),
    ];
    html! {
        <>
            <tr key={format!("{id}")} class="connection">
                <td>{ format!("{:.3}", connection.start_ms / 1000.0) }</td>
                <th scope="row">
                    <button type="button" class="plain" {onclick} aria-expanded={open.to_string()} aria-controls={open.then(|| format!("timeline-{id}"))}>
                        <span class="name">{ name }</span>
                    </button>
                    <span class="host">{ format!("{client} → {server}") }</span>
                </th>
                { for cells.into_iter().map(|(text, bad)| html! { <td class={bad.then_some("stands-out")}>{ text }</td> }) }
            </tr>
            if open {
                <tr key={format!("{id}-timeline")} class="details" id={format!("timeline-{id}")}>
                    <td colspan={(COLUMNS.len() + 2).to_string()}>
                        <ol class="timeline">
                            { for connections::timeline(connection).into_iter().map(|(at, text)| html! {
                                <li><code>{ format!("{at:.1} ms") }</code>{ " " }<span>{ scene.tell(&text) }</span></li>
                            }) }
                        </ol>
                    </td>
                </tr>
            }
        </>
    }
}

fn number<T: ToString>(number: Option<T>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}
