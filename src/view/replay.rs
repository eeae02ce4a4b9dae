//! Recorded observations: a banner that nobody can overlook, and the list of scenarios.

use connector_check_diagnosis::scenario::Scenario;
use connector_check_diagnosis::text::Message as Text;
use yew::prelude::*;

use super::{Scene, icon};
use crate::app::Msg;
use crate::state::{self, Replay};

/// The banner or the list; nothing while the page probes.
pub fn banner(scene: Scene<'_>) -> Html {
    let leave = scene.link.callback(|_: MouseEvent| Msg::State(state::Message::LeaveScenario));
    match &scene.state.replay {
        Replay::Off => html! {},
        Replay::Of(scenario) => {
            let sentence = Text::new("replay-banner").text("title", scenario.title.clone());
            html! {
                <div class="notice replay" role="note">
                    { icon::warning() }
                    <p>{ scene.tell(&sentence) }</p>
                    <a href="?scenario=">{ scene.say("replay-others") }</a>
                    <button type="button" class="plain" onclick={leave}>{ scene.say("replay-leave") }</button>
                </div>
            }
        }
        Replay::List => html! {
            <section class="consent" aria-labelledby="replay-title">
                <h2 id="replay-title">{ scene.say("replay-title") }</h2>
                <p>{ scene.say("replay-what") }</p>
                <ul class="scenarios">
                    { for Scenario::names().filter_map(|name| Some((name, Scenario::named(name)?))).map(|(name, scenario)| html! {
                        <li><a href={format!("?scenario={name}")}>{ scenario.title }</a>{ " " }<code>{ scenario.finds.join(", ") }</code></li>
                    }) }
                </ul>
                <div class="actions">
                    <button type="button" class="secondary" onclick={leave}>{ scene.say("replay-leave") }</button>
                </div>
            </section>
        },
    }
}
