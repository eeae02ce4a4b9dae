//! A guide, block by block: text stays text, and everything that an admin would copy has a button.

use connector_check_diagnosis::guidance::{Block, Guide, Inline};
use yew::prelude::*;

use super::Scene;

/// The guide below its title, which stands elsewhere. `key` tells its copy buttons from others'.
pub fn draw(scene: Scene<'_>, guide: &Guide, key: &str) -> Html {
    html! {
        <>
            { blocks(scene, &guide.lead, &format!("{key}-lead")) }
            <h3>{ scene.say("steps-title") }</h3>
            { steps(scene, guide, key) }
            { for guide.sections.iter().enumerate().map(|(at, section)| html! {
                <details class="more">
                    <summary>{ &section.title }</summary>
                    { blocks(scene, &section.blocks, &format!("{key}-more{at}")) }
                </details>
            }) }
        </>
    }
}

/// The steps alone; `key` as in [`draw`].
pub fn steps(scene: Scene<'_>, guide: &Guide, key: &str) -> Html {
    html! {
        <ol class="steps">
            { for guide.steps.iter().enumerate().map(|(at, step)| html! {
                <li>{ blocks(scene, step, &format!("{key}-step{at}")) }</li>
            }) }
        </ol>
    }
}

fn blocks(scene: Scene<'_>, blocks: &[Block], key: &str) -> Html {
    let items = |items: &[Vec<Block>]| -> Html {
        items
            .iter()
            .enumerate()
            .map(|(at, item)| html! { <li>{ self::blocks(scene, item, &format!("{key}-{at}")) }</li> })
            .collect()
    };
    blocks
        .iter()
        .enumerate()
        .map(|(at, block)| match block {
            Block::Paragraph(inlines) => html! { <p>{ for inlines.iter().map(inline) }</p> },
            Block::Bullets(list) => html! { <ul>{ items(list) }</ul> },
            Block::Numbered(list) => html! { <ol>{ items(list) }</ol> },
            Block::Code { text, language, .. } => code(scene, &format!("{key}-{at}"), text, language),
        })
        .collect()
}

/// Something to copy, with its button.
pub fn code(scene: Scene<'_>, key: &str, text: &str, language: &str) -> Html {
    html! {
        <div class="command">
            <pre tabindex="0" role="group" aria-label={scene.say("command")} data-language={language.to_owned()}><code>{ text }</code></pre>
            { scene.copy_button(key.to_owned(), text.to_owned()) }
        </div>
    }
}

fn inline(part: &Inline) -> Html {
    match part {
        Inline::Text(text) => html! { { text } },
        Inline::Code(text) => html! { <code>{ text }</code> },
        Inline::Strong(text) => html! { <strong>{ text }</strong> },
        Inline::Link { text, url } => html! {
            <a href={url.clone()} target="_blank" rel="noopener noreferrer">{ text }</a>
        },
    }
}
