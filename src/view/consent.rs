//! A catalogue that came with a link: its hosts are named, and nothing runs before the admin agrees.

use std::collections::BTreeSet;

use connector_check_diagnosis::endpoint::Endpoint;
use connector_check_diagnosis::plan::Plan;
use connector_check_diagnosis::text::Message as Text;
use yew::prelude::*;

use super::Scene;
use crate::app::Msg;
use crate::state;

/// The question, while there is one.
pub fn question(scene: Scene<'_>) -> Html {
    let Some(catalogue) = &scene.state.offered else { return html! {} };
    // With what its fields would hold, so that no host hides behind a placeholder.
    let plan = Plan::new(catalogue, &state::defaults(catalogue), "preview");
    let hosts: BTreeSet<_> = plan
        .checks
        .iter()
        .filter(|planned| planned.canary.is_none())
        .map(|planned| planned.endpoint().map_or_else(|| planned.check.url.clone(), Endpoint::authority))
        .collect();
    let answer =
        |yes| scene.link.callback(move |_: MouseEvent| Msg::State(state::Message::LinkAnswered(yes)));
    let sentence =
        Text::new("consent-what").text("title", catalogue.title.clone()).count("count", hosts.len());
    html! {
        <section class="consent" part="consent" aria-labelledby="consent-title">
            <h2 id="consent-title">{ scene.say("consent-title") }</h2>
            <p>{ scene.tell(&sentence) }</p>
            <ul class="hosts" tabindex="0" aria-label={scene.say("consent-hosts")}>
                { for hosts.iter().map(|host| html! { <li><code>{ host }</code></li> }) }
            </ul>
            <p>{ scene.say("consent-why") }</p>
            <div class="actions">
                <button type="button" class="primary" onclick={answer(true)}>{ scene.say("consent-yes") }</button>
                <button type="button" class="secondary" onclick={answer(false)}>{ scene.say("consent-no") }</button>
            </div>
        </section>
    }
}
