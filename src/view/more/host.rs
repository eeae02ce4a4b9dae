//! The host script: show, copy, save; take its result back; what it saw.

use connector_check_diagnosis::host::{HostReport, Identity};
use connector_check_diagnosis::text::Message as Text;
use connector_check_host::script::{COMMAND, FILE_NAME, RESULT_NAME, script};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::super::Scene;
use super::{act, command, save};
use crate::desk::Action;

/// Seconds; Kerberos and certificates bear five minutes, and a clock that is a minute off is worth a word.
const CLOCK_MATTERS: f64 = 60.0;

pub(super) fn panel(scene: Scene<'_>) -> Html {
    let made = script(scene.state.catalogue(), scene.state.fill());
    let asks = Text::new("host-asks").count("count", made.asks);
    let back = Text::new("host-step-back").text("file", RESULT_NAME);
    let oninput = scene.link.batch_callback(|event: InputEvent| {
        let area: HtmlTextAreaElement = event.target_dyn_into()?;
        Some(act(Action::Paste(area.value())))
    });
    let pasted = scene.state.desk.pasted.clone();
    let empty = pasted.trim().is_empty();
    let text = pasted.clone();
    let take = scene.link.callback(move |_: MouseEvent| {
        let report = HostReport::parse(&text).map_err(|error| error.to_string());
        act(Action::Host(String::new(), Box::new(report)))
    });
    html! {
        <>
            <p>{ scene.tell(&asks) }
                if made.waits > 0 { { " " }{ scene.tell(&Text::new("host-waits").count("count", made.waits)) } }</p>
            <ol class="steps">
                <li>{ scene.say("host-step-save") }{ " " }{ save(scene, scene.say("host-save"), FILE_NAME, made.text.clone().into_bytes()) }</li>
                <li>{ scene.say("host-step-run") }{ command(scene, "host-command", COMMAND) }</li>
                <li>{ scene.tell(&back) }</li>
            </ol>
            <details class="more"><summary>{ scene.say("host-show") }</summary>{ command(scene, "host-script", &made.text) }</details>
            <label for="host-pasted">{ scene.say("host-paste") }</label>
            <textarea id="host-pasted" rows="4" spellcheck="false" value={pasted} {oninput} />
            <p><button type="button" class="secondary" disabled={empty} onclick={take}>{ scene.say("host-take") }</button></p>
            <p class="fine">{ scene.say("host-tested") }</p>
            { scene.state.supplements.host.as_deref().map(|host| seen(scene, host)).unwrap_or_default() }
        </>
    }
}

/// What the script saw.
fn seen(scene: Scene<'_>, host: &HostReport) -> Html {
    let read = Text::new("host-read")
        .text("caption", host.windows.caption.clone())
        .text("time", host.finished.clone());
    let rights = if host.administrator { "host-read-admin" } else { "host-read-user" };
    let forget = scene.link.callback(|_: MouseEvent| act(Action::ForgetHost));
    let clock = host.clock.as_ref().map(|clock| {
        let id = if clock.skew_seconds.abs() < CLOCK_MATTERS { "host-clock-good" } else { "host-clock" };
        Text::new(id)
            .text("seconds", format!("{:.0}", clock.skew_seconds))
            .text("against", clock.against.clone())
    });
    let other = host.catalogue.id != scene.state.catalogue().id;
    html! {
        <div class="result" role="status">
            <h3>{ scene.tell(&read) }</h3>
            <p>{ scene.say(rights) }{ " " }{ clock.map(|text| scene.tell(&text)).unwrap_or_default() }</p>
            if other { <p>{ scene.tell(&Text::new("host-other-catalogue").text("id", host.catalogue.id.clone())) }</p> }
            <table>
                <caption>{ scene.say("host-accounts") }</caption>
                <thead><tr><th scope="col">{ scene.say("host-account") }</th><th scope="col">{ scene.say("host-reached") }</th></tr></thead>
                <tbody>{ for host.identities.iter().map(|identity| account(scene, identity)) }</tbody>
            </table>
            if !host.services.is_empty() {
                <ul>{ for host.services.iter().map(|service| {
                    let version = service.version.clone().unwrap_or_else(|| scene.say("host-version-unknown"));
                    let line = Text::new("host-service-line").text("display", service.display.clone())
                        .text("name", service.name.clone()).text("state", service.state.clone()).text("version", version);
                    html! { <li>{ scene.tell(&line) }</li> }
                }) }</ul>
            }
            if !host.skipped.is_empty() {
                <h3>{ scene.say("host-skipped") }</h3>
                <ul>{ for host.skipped.iter().map(|skipped| {
                    let line = Text::new("host-skipped-line").text("what", skipped.what.clone()).text("why", skipped.why.clone());
                    html! { <li>{ scene.tell(&line) }</li> }
                }) }</ul>
            }
            <button type="button" class="plain" onclick={forget}>{ scene.say("host-forget") }</button>
        </div>
    }
}

fn account(scene: Scene<'_>, identity: &Identity) -> Html {
    let reached = identity.endpoints.iter().filter(|seen| seen.works(seen.route()) == Some(true)).count();
    let word = if identity.ran {
        Text::new("host-count").count("reached", reached).count("total", identity.endpoints.len())
    } else {
        Text::new("host-not-tried").text("why", identity.note.clone())
    };
    html! {
        <tr><th scope="row">{ scene.say(&format!("host-account-{}", identity.account.as_str())) }</th><td>{ scene.tell(&word) }</td></tr>
    }
}
