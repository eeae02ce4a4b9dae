//! What the page around, or the browser, keeps from this page, and who can change it.

use connector_check_diagnosis::text::Message as Text;
use yew::prelude::*;

use super::Scene;
use crate::frame::Note;

/// The notes, where there are any.
pub fn notes(scene: Scene<'_>) -> Html {
    if scene.state.frame.is_empty() {
        return html! {};
    }
    html! {
        <section class="limits frame" part="frame" aria-labelledby="frame-title">
            <h2 id="frame-title">{ scene.say("frame-title") }</h2>
            <ul>{ for scene.state.frame.iter().map(|note| html! { <li>{ scene.tell(&text(note)) }</li> }) }</ul>
        </section>
    }
}

fn text(note: &Note) -> Text {
    match note {
        Note::Sandboxed => Text::new("frame-sandboxed"),
        Note::NoLocalNetwork => Text::new("frame-no-local-network"),
        Note::NoOrigins => Text::new("frame-no-origins"),
        Note::Untrusted(origin) => Text::new("frame-untrusted").text("origin", origin.clone()),
        Note::NoStorage => Text::new("frame-no-storage"),
    }
}
