//! What the page shows. Views draw a state and send messages; they decide nothing.

use connector_check_diagnosis::text::Message as Text;
use web_sys::{DragEvent, HtmlElement};
use yew::html::Scope;
use yew::prelude::*;

use crate::app::{App, Msg};
use crate::connections::Preset;
use crate::state::{self, State};

mod capture;
mod connections;
mod consent;
mod controls;
mod findings;
mod frame;
mod guide;
mod icon;
mod more;
mod organisation;
mod replay;
mod table;
mod tls;
mod verdict;

/// What is open or pressed on the page; nothing of it outlives the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The cell whose details are open.
    pub details: Option<String>,
    /// The copy button that was pressed last, while it says so.
    pub copied: Option<String>,
    /// What is seen of a capture.
    pub capture: ShownCapture,
    /// Whether a file hovers over the page.
    pub dragging: bool,
    /// Whether there is little room: tables are folded, and what is not needed is left out.
    pub compact: bool,
}

/// What is seen of a capture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownCapture {
    /// Which connections are shown.
    pub preset: Preset,
    /// What is typed to find some of them.
    pub filter: String,
    /// The connection whose timeline is open, by its number in the capture.
    pub connection: Option<u64>,
}

/// Everything that a view draws from.
#[derive(Clone, Copy)]
struct Scene<'a> {
    state: &'a State,
    shown: &'a Shown,
    link: &'a Scope<App>,
}

impl Scene<'_> {
    fn say(&self, id: &str) -> String {
        self.state.texts.get(id)
    }

    fn tell(&self, text: &Text) -> String {
        self.state.texts.say(text)
    }

    /// A button that copies a text and says so.
    fn copy_button(&self, key: String, text: String) -> Html {
        let copied = self.shown.copied.as_deref() == Some(key.as_str());
        let label = if copied { self.say("copied") } else { self.say("copy") };
        let onclick =
            self.link.callback(move |_: MouseEvent| Msg::Copy { key: key.clone(), text: text.clone() });
        html! {
            <button type="button" class={classes!("copy", copied.then_some("done"))} {onclick}>
                { icon::copy(copied) }<span>{ label }</span>
            </button>
        }
    }
}

/// The whole page.
pub fn page(state: &State, shown: &Shown, link: &Scope<App>) -> Html {
    let scene = Scene { state, shown, link };
    let ondragover = link.batch_callback(|event: DragEvent| {
        event.prevent_default();
        Some(Msg::Dragging(true))
    });
    let ondragleave = link.batch_callback(|event: DragEvent| {
        // Moving over a child leaves its parent: only leaving the page itself counts.
        let target: Option<HtmlElement> = event.target_dyn_into();
        target.filter(|element| element.class_list().contains("page")).map(|_| Msg::Dragging(false))
    });
    let ondrop = link.batch_callback(|event: DragEvent| {
        event.prevent_default();
        let files = event.data_transfer().and_then(|data| data.files());
        let mut messages = vec![Msg::Dragging(false)];
        if let Some(files) = files {
            messages.extend((0..files.length()).filter_map(|at| files.get(at)).map(Msg::File));
        }
        messages
    });
    html! {
        <div class={classes!("page", shown.dragging.then_some("dragging"), shown.compact.then_some("compact"))} part="page"
             {ondragover} {ondragleave} {ondrop} lang={state.texts.language()}>
            { controls::header(scene) }
            <main>
                { replay::banner(scene) }
                { notice(scene) }
                { consent::question(scene) }
                { verdict::banner(scene) }
                { controls::placeholders(scene) }
                if shown.compact {
                    { findings::list(scene) }
                    { organisation::help(scene) }
                    <details class="more folded" part="tables">
                        <summary>{ scene.say("tables-folded") }</summary>
                        { table::matrix(scene) }
                        { table::others(scene) }
                    </details>
                } else {
                    { table::matrix(scene) }
                    { findings::list(scene) }
                    { organisation::help(scene) }
                    { table::others(scene) }
                }
                if shown.compact {
                    <details class="more folded" part="evidence" open={capture::is_open(scene)}>
                        <summary>{ scene.say("more-title") }</summary>
                        { tls::section(scene) }
                        { more::section(scene) }
                    </details>
                } else {
                    { tls::section(scene) }
                    { more::section(scene) }
                }
                { frame::notes(scene) }
                { controls::limits(scene) }
            </main>
            { controls::footer(scene) }
        </div>
    }
}

fn notice(scene: Scene<'_>) -> Html {
    let Some(notice) = &scene.state.notice else { return html! {} };
    let onclick = scene.link.callback(|_: MouseEvent| Msg::State(state::Message::DismissNotice));
    html! {
        <div class="notice" part="notice" role="alert">
            { icon::warning() }
            <p>{ scene.tell(&notice.text) }</p>
            <button type="button" class="plain" {onclick}>{ scene.say("dismiss") }</button>
        </div>
    }
}
