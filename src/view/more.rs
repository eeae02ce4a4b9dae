//! "More evidence": what a page cannot see, one panel for each way to bring it, and what can be handed to others.

mod answers;
mod capture_guide;
mod config;
mod handover;
mod host;

use yew::prelude::*;

use super::{Scene, capture};
use crate::app::Msg;
use crate::desk::Action;
use crate::state;

/// The section below the tables.
pub fn section(scene: Scene<'_>) -> Html {
    html! {
        <section class="limits evidence" aria-labelledby="more-title">
            <h2 id="more-title">{ scene.say("more-title") }</h2>
            { panel(scene, "host", host::panel(scene)) }
            { panel(scene, "config", config::panel(scene)) }
            { panel(scene, "answers", answers::panel(scene)) }
            { panel(scene, "handover", handover::panel(scene)) }
            { capture::panel(scene) }
            { panel(scene, "capture-guide", capture_guide::panel(scene)) }
        </section>
    }
}

fn panel(scene: Scene<'_>, id: &str, inside: Html) -> Html {
    html! {
        <details class="more" id={format!("panel-{id}")}>
            <summary>{ scene.say(&format!("{id}-title")) }</summary>
            <div class="panel">
                <p>{ scene.say(&format!("{id}-what")) }</p>
                { inside }
            </div>
        </details>
    }
}

/// Something that can be copied.
pub(super) fn command(scene: Scene<'_>, key: &str, text: &str) -> Html {
    html! {
        <div class="command">
            <pre tabindex="0" role="group" aria-label={scene.say("command")}><code>{ text.replace("\r\n", "\n") }</code></pre>
            { scene.copy_button(key.to_owned(), text.to_owned()) }
        </div>
    }
}

/// A button that hands out a file.
pub(super) fn save(scene: Scene<'_>, label: String, name: &str, bytes: Vec<u8>) -> Html {
    let name = name.to_owned();
    let onclick = scene.link.callback(move |_: MouseEvent| Msg::Save(name.clone(), bytes.clone()));
    html! { <button type="button" class="secondary" {onclick}>{ label }</button> }
}

fn act(action: Action) -> Msg {
    Msg::State(state::Message::Desk(action))
}

/// One of several, as radio buttons.
fn choices<T: Copy + PartialEq + 'static>(
    scene: Scene<'_>,
    name: &str,
    legend: String,
    options: &[(T, String)],
    chosen: Option<T>,
    pick: impl Fn(T) -> Action + Clone + 'static,
) -> Html {
    let option = |(value, label): &(T, String)| {
        let (value, pick) = (*value, pick.clone());
        let onchange = scene.link.callback(move |_: Event| act(pick(value)));
        html! {
            <label><input type="radio" name={name.to_owned()} checked={chosen == Some(value)} {onchange} />{ " " }{ label }</label>
        }
    };
    html! { <fieldset><legend>{ legend }</legend>{ for options.iter().map(option) }</fieldset> }
}
