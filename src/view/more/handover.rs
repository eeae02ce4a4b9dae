//! Rules to hand over: as a table here, and in the forms that others work with.

use connector_check_diagnosis::catalogue::Need;
use connector_check_diagnosis::decision::Status;
use connector_check_diagnosis::guidance::port_list;
use connector_check_diagnosis::plan::Plan;
use connector_check_diagnosis::text::Message as Text;
use connector_check_host::handover::{Demands, Form, Rule, render, rules};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::super::Scene;
use super::{act, choices, command, config, save};
use crate::desk::Action;

pub(super) fn panel(scene: Scene<'_>) -> Html {
    let state = scene.state;
    let desk = &state.desk;
    let plan = Plan::new(state.catalogue(), state.fill(), "preview");
    let failed = |id| {
        let run = state.run.as_ref();
        let result = run.and_then(|run| run.diagnosis.results.iter().find(|result| result.id == id));
        result.is_some_and(|result| result.status() == Some(Status::Unreachable))
    };
    let rules = rules(&plan, |id| desk.everything || failed(id.clone()));
    let demands =
        Demands { proxy: desk.proxy().and_then(Result::ok), revocation_direct: desk.revocation_direct };
    let text = render(&rules, desk.form, &demands, &state.texts);
    let forms = Form::ALL.map(|form| (form, scene.say(&format!("handover-form-{}", form.as_str()))));
    let onfailed = scene.link.batch_callback(|event: Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        Some(act(Action::Everything(!input.checked())))
    });
    let ondirect = scene.link.batch_callback(|event: Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        Some(act(Action::RevocationDirect(input.checked())))
    });
    let label = Text::new("handover-save").text("file", desk.form.file_name());
    html! {
        <>
            <label class="switch"><input type="checkbox" checked={!desk.everything} onchange={onfailed} />{ " " }{ scene.say("handover-only-failed") }</label>
            <label class="switch"><input type="checkbox" checked={desk.revocation_direct} onchange={ondirect} />{ " " }{ scene.say("handover-revocation-direct") }</label>
            { config::proxy(scene, "handover-proxy") }
            if rules.is_empty() {
                <p>{ scene.say("handover-none") }</p>
            } else {
                { table(scene, &rules) }
                { choices(scene, "handover-form", scene.say("handover-form"), &forms, Some(desk.form), Action::Form) }
                { command(scene, "handover", &text) }
                <p>{ save(scene, scene.tell(&label), desk.form.file_name(), text.clone().into_bytes()) }</p>
            }
        </>
    }
}

fn table(scene: Scene<'_>, rules: &[Rule]) -> Html {
    let column = |id: &str| html! { <th scope="col">{ scene.say(&format!("handover-column-{id}")) }</th> };
    let need = |need| match need {
        Need::Required => "handover-need-required",
        Need::Recommended => "handover-need-recommended",
        Need::Informational => "handover-need-informational",
    };
    html! {
        <div class="scroll" tabindex="0" role="group" aria-label={scene.say("handover-title")}><table>
            <caption>{ scene.tell(&Text::new("handover-count").count("count", rules.len())) }</caption>
            <thead><tr>{ for ["host", "ports", "direction", "need", "reason"].into_iter().map(column) }</tr></thead>
            <tbody>{ for rules.iter().map(|rule| html! {
                <tr>
                    <th scope="row">{ &rule.allow }</th>
                    <td>{ format!("TCP {}", port_list(&rule.ports())) }</td>
                    <td>{ scene.say("handover-outbound") }</td>
                    <td>{ scene.say(need(rule.need)) }</td>
                    <td>{ rule.reasons.join("; ") }</td>
                </tr>
            }) }</tbody>
        </table></div>
    }
}
