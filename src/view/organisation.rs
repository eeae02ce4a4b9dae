//! What the organisation adds: whom to turn to, and where.

use connector_check_diagnosis::text::Message as Text;
use yew::prelude::*;

use super::Scene;

/// Contact and links, where the site file has any.
pub fn help(scene: Scene<'_>) -> Html {
    let site = &scene.state.site;
    if site.contact.is_none() && site.links.is_empty() {
        return html! {};
    }
    let title = match &site.organisation {
        Some(name) => scene.tell(&Text::new("site-title").text("organisation", name.clone())),
        None => scene.say("site-title-nobody"),
    };
    html! {
        <section class="limits organisation" part="organisation" aria-labelledby="organisation-title">
            <h2 id="organisation-title">{ title }</h2>
            if let Some(contact) = &site.contact { <p>{ contact }</p> }
            if !site.links.is_empty() {
                <ul>{ for site.links.iter().map(|link| html! {
                    <li><a href={link.url.clone()} target="_blank" rel="noopener noreferrer">{ &link.title }</a></li>
                }) }</ul>
            }
        </section>
    }
}
