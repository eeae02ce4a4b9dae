//! Catalogues that come from outside: by link, which asks first, and by file, chosen or dropped.

use std::fs;
use std::net::Ipv4Addr;

use connector_check_range::Behaviour;
use serde_json::{Value, json};

use super::{ONE, SLOW, SMALL, Stage, catalogue};
use crate::lab::{Kind, Lab, in_both_browsers};

in_both_browsers!(
    link_is_asked_first,
    link_is_taken,
    link_that_is_bad,
    file_is_taken,
    file_that_is_bad,
    file_is_dropped,
    text_stays_text,
    picker_shows_what_is_in_use,
);

/// A name that only the link knows.
const STRANGER: &str = "stranger.example";

/// What stands behind the page's address to offer this catalogue.
fn link(catalogue: &Value) -> String {
    let mut link = String::from("#catalogue=");
    let text = catalogue.to_string();
    // Base64url of RFC 4648, without padding.
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for bytes in text.as_bytes().chunks(3) {
        let word =
            bytes.iter().enumerate().fold(0, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for at in 0..=bytes.len() {
            link.push(char::from(digits[(word >> (18 - 6 * at) & 63) as usize]));
        }
    }
    link
}

fn offered() -> Value {
    let mut offered = catalogue("offered", &SLOW[..1]);
    let mut strange = offered["checks"][0].clone();
    strange["id"] = json!("strange");
    strange["url"] = json!(format!("https://{STRANGER}:9443/"));
    offered["checks"].as_array_mut().expect("a list").push(strange);
    offered
}

fn assert_nothing_sent(stage: &Stage, lab: &Lab) {
    assert_eq!(stage.accepted(&SLOW), 0, "a server was asked");
    assert!(!lab.net.asked().iter().any(|name| name.contains(STRANGER)), "{:?}", lab.net.asked());
}

/// Opens the page with a link and waits for its question.
async fn asked(lab: &mut Lab, kind: Kind) -> Stage {
    let stage = Stage::furnished(lab, kind, |_| ()).await;
    stage.browser.goto(&(stage.site.url() + &link(&offered()))).await;
    stage
        .js("await until(() => shadow()?.querySelector('.consent'), 'a question');
             // Whoever starts it in whatever way: not before the answer.
             element.run().catch(() => {});
             shadow().querySelector('.verdict button').click();
             await pause(1500);
             same([element.catalogue, element.state], ['small', 'idle'], 'before the answer');
             const question = shadow().querySelector('.consent').textContent;
             for (const part of ['stranger.example:9443', '127.0.0.2:8011', 'The offered one']) assert(question.includes(part), question);
             const sent = performance.getEntriesByType('resource').map(entry => entry.name).filter(name => !name.startsWith(location.origin));
             same(sent, [], 'requests before the answer');")
        .await;
    assert_nothing_sent(&stage, lab);
    assert_eq!(stage.accepted(&SMALL), 0, "nothing at all is asked before the answer");
    stage
}

async fn link_is_asked_first(mut lab: Lab, kind: Kind) {
    let stage = asked(&mut lab, kind).await;
    stage
        .js("shadow().querySelector('.consent .secondary').click();
             await until(() => !shadow().querySelector('.consent'), 'the question is gone');
             same(element.catalogue, 'small', 'after a no');
             if (element.state === 'idle') element.run();
             await until(() => element.state === 'done', 'a run of the list that stayed');
             same(element.report.catalogue.id, 'small', 'its report');
             same([...shadow().querySelectorAll('#catalogue option')].some(option => option.value === 'offered'), false, 'not on offer');")
        .await;
    assert_nothing_sent(&stage, &lab);
}

async fn link_is_taken(mut lab: Lab, kind: Kind) {
    let stage = asked(&mut lab, kind).await;
    stage
        .js("shadow().querySelector('.consent .primary').click();
             await until(() => element.catalogue === 'offered', 'the list is taken');
             await until(() => shadow().querySelector('#catalogue').value === 'offered', 'it is in the picker');
             if (element.state === 'idle') element.run();
             await until(() => element.state === 'done', 'a run of the list');
             const status = Object.fromEntries(element.report.checks.map(check => [check.id, check.status]));
             same([element.report.catalogue.id, status['region-2-8011']], ['offered', 'reachable'], 'its report');
             // Once, and once more because it failed.
             const asked = element.report.checks.find(check => check.id === 'strange').observations;
             same(asked.map(seen => seen.probe), ['fetch', 'repeat'], 'it was asked');")
        .await;
    assert!(lab.net.asked().iter().any(|name| name == STRANGER));
}

async fn link_that_is_bad(mut lab: Lab, kind: Kind) {
    let mut foreign = offered();
    foreign["checks"][1]["url"] = json!(format!("ftp://{STRANGER}/"));
    let stage = Stage::idle(&mut lab, kind).await;
    for (behind, place) in [
        ("#catalogue=%%%".to_owned(), "base64url"),
        ("#catalogue=e30".to_owned(), "line 1"),
        ("#catalogue=".to_owned(), "line 1"),
        (link(&foreign), "check \"strange\""),
    ] {
        let script = format!(
            "const error = next('connector-check:error');
             location.hash = {};
             const {{ message }} = (await error).detail;
             await until(() => alertText().includes(message), 'it is said on the page');
             same([element.catalogue, element.state], ['small', 'idle'], 'the list in use');
             assert(!shadow().querySelector('.consent'), 'nothing to ask');
             return message;",
            json!(behind)
        );
        let message = stage.js(&script).await;
        assert!(message.as_str().is_some_and(|message| message.contains(place)), "{behind}: {message}");
    }
    assert_nothing_sent(&stage, &lab);
}

/// After a file was taken: the list is in use, and nothing was asked yet.
const TAKEN: &str = "
    await until(() => element.catalogue === 'own', 'the file is taken');
    await until(() => shadow().querySelector('#catalogue').value === 'own', 'it is in the picker');
    same([element.state, alertText()], ['idle', ''], 'taken');";

async fn file_is_taken(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    let file = lab.dir.join("own list.json");
    // First with a mistake: the same file can be chosen again once it is mended.
    fs::write(&file, "{").expect("the lab's folder is there");
    stage.choose(&file).await;
    stage.js("await until(() => alertText().includes('own list.json'), 'the file is refused by name')").await;
    fs::write(&file, catalogue("own", &SLOW[..1]).to_string()).expect("the lab's folder is there");
    stage.choose(&file).await;
    stage.js(TAKEN).await;
    assert_eq!(stage.accepted(&SLOW), 0, "a file does not run by itself");
    stage.js("same((await element.run()).catalogue.id, 'own', 'its report')").await;
    assert_eq!(stage.accepted(&SLOW), 1);
}

async fn file_that_is_bad(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    let good = catalogue("own", &[(Ipv4Addr::new(127, 0, 0, 9), 8001, Behaviour::Answer)]);
    let spoilt = |spoil: fn(&mut Value)| {
        let mut bad = good.clone();
        spoil(&mut bad);
        bad.to_string()
    };
    for (name, text, place) in [
        ("comma.json", "{\n  \"format\": \"connector-check/catalogue@1\",\n}".to_owned(), "line 3"),
        ("region.json", spoilt(|bad| bad["checks"][0]["region"] = json!("atlantis")), "atlantis"),
        (
            "scheme.json",
            spoilt(|bad| bad["checks"][0]["url"] = json!("ftp://127.0.0.9/")),
            "check \"region-9-8001\"",
        ),
        ("large.json", spoilt(|bad| bad["title"] = json!("x".repeat(1 << 20))), "1048576"),
        ("empty.json", String::new(), "line 1"),
    ] {
        let file = lab.dir.join(name);
        fs::write(&file, text).expect("the lab's folder is there");
        stage.js("window.before = element.report; window.told = next('connector-check:error')").await;
        stage.choose(&file).await;
        let script = "const { message } = (await told).detail;
             await until(() => alertText().includes(message), 'it is said on the page');
             same([element.catalogue, element.state, shadow().querySelector('#catalogue').value], ['small', 'done', 'small'], 'kept');
             assert(element.report === before, 'the report is kept');
             shadow().querySelector('[role=alert] button').click();
             await until(() => !alertText(), 'the notice can be closed');
             return message;";
        let message = stage.js(script).await;
        let message = message.as_str().unwrap_or_default();
        assert!(message.contains(name) && message.contains(place), "{name}: {message}");
    }
}

/// Drags a file over the page and drops it.
const DROP: &str = "
    const data = new DataTransfer();
    data.items.add(new File([text], 'dropped.json', { type: 'application/json' }));
    const send = (name) => {
        const event = new DragEvent(name, { bubbles: true, composed: true, cancelable: true, dataTransfer: data });
        shadow().querySelector('.verdict').dispatchEvent(event);
        return event.defaultPrevented;
    };
    assert(send('dragover'), 'the page takes it');
    await until(() => shadow().querySelector('.page.dragging'), 'the page shows that it would take it');
    assert(send('drop'), 'the browser does not open it itself');
    await until(() => !shadow().querySelector('.page.dragging'), 'and shows no longer');";

async fn file_is_dropped(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    let good = catalogue("own", &SLOW[..1]);
    stage
        .js(&format!("const text = '['; {DROP} await until(() => alertText().includes('dropped.json'), 'refused by name');
                      same(element.catalogue, 'small', 'kept');"))
        .await;
    stage.js(&format!("const text = JSON.stringify({good}); {DROP} {TAKEN}")).await;
    assert_eq!(stage.accepted(&SLOW), 0, "a file does not run by itself");
}

async fn text_stays_text(mut lab: Lab, kind: Kind) {
    let markup = "<img src=x onerror=\"globalThis.hurt = 1\"><script>globalThis.hurt = 1</script>";
    let mut own = catalogue("own", &[(ONE, 8001, Behaviour::Answer), (ONE, 8009, Behaviour::Refuse)]);
    own["title"] = json!(markup);
    own["regions"][0]["title"] = json!(markup);
    for check in own["checks"].as_array_mut().expect("a list") {
        for field in ["title", "purpose"] {
            check[field] = json!(markup);
        }
    }
    own["sources"][0]["title"] = json!(markup);
    let stage = Stage::idle(&mut lab, kind).await;
    let script = format!(
        "const own = {own};
         element.catalogue = own;
         await until(() => element.catalogue === 'own' || alertText(), 'taken or refused');
         same(alertText(), '', 'taken');
         await element.run();
         await unfold();
         assert(shadow().textContent.includes('onerror='), 'it is shown');
         location.hash = 'catalogue=' + btoa(JSON.stringify({{ ...own, id: 'linked' }})).replaceAll('+', '-').replaceAll('/', '_');
         await until(() => shadow().querySelector('.consent'), 'a question');
         element.catalogue = '<img src=x onerror=1>';
         await until(() => alertText().includes('onerror='), 'a notice');
         await pause(100);
         same([shadow().querySelectorAll('img, script').length, globalThis.hurt ?? null], [0, null], 'markup');"
    );
    stage.js(&script).await;
    stage.browser.screenshot("markup").await;
}

/// Whoever chose last, by hand or not.
async fn picker_shows_what_is_in_use(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    let own = catalogue("own", &SLOW[..1]);
    let script = format!(
        "const picker = shadow().querySelector('#catalogue');
         const shows = (id) => until(() => element.catalogue === id && picker.value === id, id);
         const pick = async (id) => {{
             picker.value = id;
             picker.dispatchEvent(new Event('change', {{ bubbles: true, composed: true }}));
             await shows(id);
         }};
         await shows('small');
         await pick('slow');
         await pick('small');
         for (const [set, id] of [['slow', 'slow'], [{own}, 'own'], ['small', 'small']]) {{
             element.catalogue = set;
             await shows(id);
         }}
         await pick('own');
         element.catalogue = 'slow';
         await shows('slow');
         assert(shadow().querySelector('#catalogue-explained').textContent.length > 20, 'it is explained');"
    );
    stage.js(&script).await;
}
