//! The verdict: one sentence on top, how far the run has come, and what can be done next.

use connector_check_diagnosis::Verdict;
use connector_check_diagnosis::finding::FindingCode;
use connector_check_diagnosis::text::Message as Text;
use yew::prelude::*;

use super::{Scene, icon};
use crate::app::Msg;
use crate::state::{Phase, Replay, Run};
use crate::tables::Look;

/// The banner on top.
pub fn banner(scene: Scene<'_>) -> Html {
    let state = scene.state;
    let (class, look, word, sentence) = match (&state.run, state.phase) {
        (Some(run), Phase::Running) => {
            let (done, total) = run.progress();
            let sentence = Text::new("verdict-running").count("done", done).count("total", total);
            ("running", Look::Running, scene.say("word-verdict-running"), scene.tell(&sentence))
        }
        (Some(run), Phase::Done | Phase::Stopped | Phase::Idle) => ended(scene, run),
        (None, _) => ("idle", Look::Waiting, scene.say("word-verdict-idle"), scene.say("verdict-idle")),
    };
    html! {
        <section class={classes!("verdict", class)} part={format!("verdict verdict-{class}")} aria-labelledby="verdict-word">
            <div class="face">{ icon::look(look) }</div>
            // Announced as a whole, and not with every cell.
            <div class="words" role="status" aria-atomic="true">
                <h2 id="verdict-word">{ word }</h2>
                <p class="sentence">{ sentence }</p>
            </div>
            { closer(scene) }
            <div class="actions">{ actions(scene) }</div>
            { progress(scene) }
        </section>
    }
}

/// That closer looks go on, and how to end them. Outside the words that are announced: the verdict stands.
fn closer(scene: Scene<'_>) -> Html {
    if !scene.state.run.as_ref().is_some_and(|run| run.closer) {
        return html! {};
    }
    let onclick = scene.link.callback(|_: MouseEvent| Msg::Stop);
    html! {
        <p class="closer">{ icon::look(Look::Running) }<span>{ scene.say("closer") }</span>
            <button type="button" class="plain" {onclick}>{ scene.say("closer-stop") }</button></p>
    }
}

fn ended(scene: Scene<'_>, run: &Run) -> (&'static str, Look, String, String) {
    let (class, look) = match run.diagnosis.verdict {
        Some(Verdict::Ready) => ("ready", Look::Reachable),
        Some(Verdict::Degraded) => ("degraded", Look::Intercepted),
        Some(Verdict::Blocked) => ("blocked", Look::Failed),
        Some(Verdict::Inconclusive) | None => ("inconclusive", Look::Inconclusive),
    };
    let first = run.diagnosis.findings.first();
    // What waits for the admin is less of a cause than what was seen, whatever the order of the list.
    let lead = run
        .diagnosis
        .findings
        .iter()
        .find(|finding| !matches!(finding.code, FindingCode::WaitingForInput | FindingCode::RunIncomplete))
        .or(first);
    let sentence = lead.map(|finding| scene.tell(&finding.summary)).unwrap_or_default();
    (class, look, scene.say(&format!("word-verdict-{class}")), sentence)
}

fn actions(scene: Scene<'_>) -> Html {
    let button = |class: &'static str, id: &str, message: fn() -> Msg| {
        let onclick = scene.link.callback(move |_: MouseEvent| message());
        html! { <button type="button" class={class} part={format!("button {class}-button")} {onclick}>{ scene.say(id) }</button> }
    };
    // Recorded runs cannot be run.
    let replayed = scene.state.replay != Replay::Off;
    let ended = matches!(scene.state.phase, Phase::Done | Phase::Stopped);
    // One button in one place, whatever it says: whoever pressed it keeps the focus.
    let first = match scene.state.phase {
        Phase::Running => button("primary", "action-stop", || Msg::Stop),
        Phase::Idle => button("primary", "action-run", || Msg::Start { only_failed: false }),
        Phase::Done | Phase::Stopped => {
            button("primary", "action-run-again", || Msg::Start { only_failed: false })
        }
    };
    html! {
        <>
            if !replayed { { first } }
            if ended && !replayed && scene.state.has_failed() {
                { button("secondary", "action-run-failed", || Msg::Start { only_failed: true }) }
            }
            if ended && scene.state.report.is_some() {
                { button("secondary", "action-save-report", || Msg::SaveReport) }
            }
        </>
    }
}

fn progress(scene: Scene<'_>) -> Html {
    let Some(run) = scene.state.run.as_ref().filter(|_| scene.state.phase == Phase::Running) else {
        return html! { <div class="bar" aria-hidden="true"></div> };
    };
    let (done, total) = run.progress();
    html! {
        <progress class="bar" max={total.to_string()} value={done.to_string()} aria-label={scene.say("progress")} />
    }
}
