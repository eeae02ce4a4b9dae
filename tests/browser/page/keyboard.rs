//! Everything that a mouse can do, without one.

use fantoccini::key::Key;

use super::Stage;
use crate::lab::{Kind, Lab, in_both_browsers};

in_both_browsers!(keyboard_reaches_everything, keyboard_opens_and_closes, keyboard_runs_and_stops);

/// More than the page has stops; a trap for the focus would go on for ever.
const MANY: usize = 300;

/// Everything that takes the focus when Tab is pressed, in the page's own order.
const STOPS: &str = "
    const shown = (at) => at.checkVisibility({ visibilityProperty: true }) && !at.disabled;
    // Of a group of choices the chosen one takes the focus, or the first where none is chosen.
    const group = (at) => [...shadow().querySelectorAll(`input[type=radio][name='${at.name}']`)];
    const stop = (at) => at.type !== 'radio' || at === (group(at).find(one => one.checked) ?? group(at)[0]);
    window.stops = [...shadow().querySelectorAll('a[href], button, input, textarea, select, summary, [tabindex]')].filter(at => shown(at) && stop(at));
    return stops.length;";

/// Which of the stops has the focus, and whether one sees it.
const WHERE: &str = "
    const at = focused();
    const number = stops.indexOf(at);
    if (number < 0) return null;
    // The field for files is drawn by its label.
    const drawn = at.type === 'file' ? at.parentElement : at;
    const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
    const box = drawn.getBoundingClientRect();
    const seen = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 && box.bottom > 0 && box.top < innerHeight;
    return { number, seen, what: `${at.localName}.${at.className} ${at.textContent.trim().slice(0, 40)}` };";

async fn keyboard_reaches_everything(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    stage.browser.viewport(1024, 768).await;
    stage.js("await unfold(); scrollTo(0, 0)").await;
    let count = stage.js(STOPS).await.as_u64().expect("a number");
    assert!(count > 15, "{count} stops");
    let mut reached = Vec::new();
    let mut unseen = Vec::new();
    for _ in 0..MANY {
        stage.press(Key::Tab).await;
        let at = stage.js(WHERE).await;
        let Some(number) = at["number"].as_u64() else { break };
        reached.push(number);
        if at["seen"] != true {
            unseen.push(at["what"].to_string());
        }
    }
    let missed: Vec<_> = (0..count).filter(|number| !reached.contains(number)).collect();
    let script = format!("return {missed:?}.map(number => stops[number].outerHTML.slice(0, 200))");
    assert!(missed.is_empty(), "not reached: {}", stage.js(&script).await);
    assert_eq!(reached, (0..count).collect::<Vec<_>>(), "the order of the page, all of it, and out again");
    assert!(unseen.is_empty(), "the focus is not seen on {unseen:?}");
}

/// Presses Tab until the focus is on the first part of this kind.
async fn tab_to(stage: &Stage, selector: &str) {
    for _ in 0..MANY {
        stage.press(Key::Tab).await;
        if stage.js(&format!("return focused()?.matches('{selector}') ?? false")).await == true {
            return;
        }
    }
    panic!("Tab does not reach {selector}");
}

async fn keyboard_opens_and_closes(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    tab_to(&stage, ".cell").await;
    for key in [Key::Enter, Key::Space] {
        stage.press(key).await;
        stage
            .js("const cell = focused();
                 await until(() => cell.ariaExpanded === 'true', 'open');
                 const details = shadow().getElementById(cell.getAttribute('aria-controls'));
                 assert(details.textContent.includes('http://127.0.0.2:8001/'), 'the address of the check');
                 assert(focused() === cell && cell.matches('.cell'), 'the focus stays');")
            .await;
        stage.press(key).await;
        stage
            .js("await until(() => focused().ariaExpanded === 'false', 'closed');
                 assert(!shadow().querySelector('.details'), 'the details are gone');")
            .await;
    }
    tab_to(&stage, ".finding summary").await;
    for open in ["false", "true"] {
        stage.press(Key::Enter).await;
        stage
            .js(&format!("await until(() => focused().parentElement.open === {open}, 'open: {open}')"))
            .await;
    }
}

async fn keyboard_runs_and_stops(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    // `slow` by its first letters, as in any list.
    tab_to(&stage, "select").await;
    for letter in "The sl".chars() {
        stage.press(letter).await;
    }
    stage.js("await until(() => element.catalogue === 'slow', 'chosen by keyboard')").await;
    tab_to(&stage, ".verdict button").await;
    stage.press(Key::Enter).await;
    stage
        .js("await until(() => element.state === 'running', 'running');
             await pause(300);
             assert(focused()?.matches('.verdict button'), `the focus stays on the button, not on ${focused()?.localName}`);")
        .await;
    stage.press(Key::Enter).await;
    stage
        .js("await until(() => element.state === 'stopped', 'stopped');
             await pause(100);
             assert(focused()?.matches('.verdict button'), 'the focus stays on the button');")
        .await;
    stage.press(Key::Space).await;
    stage.js("await until(() => element.state === 'running', 'running again')").await;
}
