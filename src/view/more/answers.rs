//! The checklist: what only a person can see, and what messages mean.

use connector_check_diagnosis::answers::{Answers, Role, SignIn, WayOut, explanation};
use web_sys::{HtmlInputElement, InputEvent};
use yew::prelude::*;

use super::super::Scene;
use super::{act, choices, config};
use crate::desk::Action;

pub(super) fn panel(scene: Scene<'_>) -> Html {
    let answers = &scene.state.supplements.answers;
    let say = |id: &str| scene.say(id);
    let with = |change: fn(&mut Answers, u8)| {
        let before = answers.clone();
        move |picked: u8| {
            let mut after = before.clone();
            change(&mut after, picked);
            Action::Answer(after)
        }
    };
    let yes_no = [(1, say("answers-yes")), (0, say("answers-no")), (2, say("answers-unknown"))];
    let truth = |answer: Option<bool>| answer.map(u8::from);
    let sign_in = answers.sign_in.map(|answer| u8::from(answer == SignIn::Failed));
    let role = answers.role.map(|role| match role {
        Role::GlobalAdministrator => 0,
        Role::ApplicationAdministrator => 1,
        Role::Other => 2,
    });
    let way = answers.proxy.map(|way| match way {
        WayOut::Direct => 0,
        WayOut::Either => 1,
        WayOut::ProxyOnly => 2,
    });
    let before = answers.clone();
    let oninput = scene.link.batch_callback(move |event: InputEvent| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        Some(act(Action::Answer(Answers { message: input.value(), ..before.clone() })))
    });
    let meaning = explanation(&answers.message);
    let unknown = meaning.is_none() && !answers.message.trim().is_empty();
    html! {
        <>
            { choices(scene, "sign-in", say("answers-sign-in"),
                &[(0, say("answers-sign-in-worked")), (1, say("answers-sign-in-failed"))], sign_in,
                with(|answers, picked| answers.sign_in = Some(if picked == 0 { SignIn::Worked } else { SignIn::Failed }))) }
            <p><a href="https://login.microsoftonline.com/" target="_blank" rel="noopener noreferrer">{ say("answers-sign-in-link") }</a></p>
            <p class="fill">
                <label for="answers-message">{ say("answers-message") }</label>
                <input id="answers-message" type="text" value={answers.message.clone()} {oninput} autocomplete="off"
                       spellcheck="false" aria-describedby="answers-meaning" />
            </p>
            <p id="answers-meaning" role="status">
                { meaning.map_or_else(|| say(if unknown { "answers-message-unknown" } else { "answers-message-hint" }), say) }
            </p>
            { choices(scene, "role", say("answers-role"),
                &[(0, say("answers-role-global-administrator")), (1, say("answers-role-application-administrator")),
                  (2, say("answers-role-other"))], role,
                with(|answers, picked| answers.role = Some(match picked {
                    0 => Role::GlobalAdministrator,
                    1 => Role::ApplicationAdministrator,
                    _ => Role::Other,
                }))) }
            { choices(scene, "enhanced-security", say("answers-enhanced-security"), &yes_no,
                truth(answers.enhanced_security_off), with(|answers, picked| answers.enhanced_security_off = yes(picked))) }
            if answers.enhanced_security_off == Some(false) { <p>{ say("answers-enhanced-security-on") }</p> }
            { choices(scene, "way", say("answers-proxy"),
                &[(0, say("answers-proxy-direct")), (1, say("answers-proxy-either")), (2, say("answers-proxy-proxy-only"))], way,
                with(|answers, picked| answers.proxy = Some(match picked {
                    0 => WayOut::Direct,
                    1 => WayOut::Either,
                    _ => WayOut::ProxyOnly,
                }))) }
            if matches!(answers.proxy, Some(WayOut::Either | WayOut::ProxyOnly)) { { config::proxy(scene, "answers-proxy-address") } }
            { choices(scene, "wpad", say("answers-wpad"), &yes_no, truth(answers.wpad),
                with(|answers, picked| answers.wpad = yes(picked))) }
            if answers.wpad == Some(true) { <p>{ say("answers-wpad-hint") }</p> }
        </>
    }
}

/// "I do not know" is no answer.
const fn yes(picked: u8) -> Option<bool> {
    match picked {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}
