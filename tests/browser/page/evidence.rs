//! More evidence: what is brought by file, paste and answer, and what is handed out.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::{Value, json};

use super::{ONE, Stage, TWO};
use crate::lab::{Kind, Lab, in_both_browsers};

in_both_browsers!(
    host_result_joins_the_run,
    host_result_that_is_bad_is_refused_with_its_place,
    script_is_made_for_the_list,
    configs_are_mended_byte_for_byte,
    answers_are_kept_in_the_report,
    rules_follow_what_failed,
    guided_capture_has_its_commands,
);

/// Hands back what a button saves, as text and bytes, instead of saving it.
pub(super) const SAVED: &str = "
    const saved = async (button) => {
        const create = URL.createObjectURL;
        let blob;
        URL.createObjectURL = (made) => { blob = made; return create.call(URL, made); };
        button.click();
        await until(() => blob, 'a file');
        URL.createObjectURL = create;
        return new Uint8Array(await blob.arrayBuffer());
    };
    const panel = (id) => { const at = shadow().querySelector(`#panel-${id}`); at.open = true; return at; };
    const button = (id, text) => [...panel(id).querySelectorAll('button')].find(one => one.textContent.includes(text));
    const type = (field, text) => { field.value = text; field.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true })); };
    const codes = () => element.report.findings.map(finding => finding.code);";

/// A result in which Network Service does not reach what the browser does.
fn host() -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/diagnosis/tests/host/proxy-asks-for-sign-in.json");
    let mut host: Value = serde_json::from_str(&fs::read_to_string(path).expect("a sample")).expect("sound");
    let leg = |reached: &str, error: &str| {
        json!({"proxy": null, "reached": reached, "ms": 1.0, "error": error, "status": null, "protocol": null,
               "certificate": null})
    };
    let seen = |ip: Ipv4Addr, leg: &Value| json!({"host": ip.to_string(), "port": 8001, "tls": false, "direct": leg, "proxied": null});
    let (good, bad) = (leg("tcp", ""), leg("name", "no connection"));
    host["identities"][0]["endpoints"] = json!([seen(ONE, &good), seen(TWO, &good)]);
    host["identities"][1]["endpoints"] = json!([seen(ONE, &bad), seen(TWO, &good)]);
    host["identities"][2]["endpoints"] = json!([seen(ONE, &good), seen(TWO, &good)]);
    host
}

async fn host_result_joins_the_run(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    let file = lab.dir.join("connector-check-host.json");
    fs::write(&file, host().to_string()).expect("the lab's folder is there");
    stage.choose(&file).await;
    stage
        .js(&format!(
            "{SAVED}
             await until(() => codes().includes('routes-disagree'), 'the finding');
             assert(codes().includes('service-stopped'), codes());
             const routes = element.report.findings.find(finding => finding.code === 'routes-disagree');
             same([routes.checks, routes.confidence], [['region-2-8001'], 'proven'], 'what it explains');
             const text = panel('host').textContent;
             for (const part of ['Network Service', '1 of 2', '2 of 2', 'Stopped']) assert(text.includes(part), part);
             // Both views side by side: the browser's and the services'.
             shadow().querySelector('.cell[data-look=reachable]').click();
             await until(() => shadow().querySelector('.details .services'), 'what the services saw');
             const views = [...shadow().querySelectorAll('.details .services li')].map(line => line.className);
             same([...views].sort(), ['failed', 'reachable', 'reachable'], 'three accounts');
             button('host', 'Forget').click();
             await until(() => !codes().includes('routes-disagree'), 'forgotten');
             assert(!shadow().querySelector('.details .services'), 'and gone from the cell');"
        ))
        .await;
}

async fn host_result_that_is_bad_is_refused_with_its_place(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    let mut bad = host();
    bad["identities"][1]["endpoints"][0]["port"] = json!("https");
    let file = lab.dir.join("bad.json");
    fs::write(&file, bad.to_string()).expect("the lab's folder is there");
    stage.choose(&file).await;
    let good = host().to_string();
    stage
        .js(&format!(
            "{SAVED}
             await until(() => alertText().includes('identities[1].endpoints[0].port'), 'the place is named');
             assert(alertText().includes('bad.json'), alertText());
             assert(!codes().includes('routes-disagree'), codes());
             const field = panel('host').querySelector('textarea');
             same(button('host', 'Read what').disabled, true, 'nothing to read');
             type(field, '{{\"format\": \"connector-check/host@1\"}}');
             await until(() => !button('host', 'Read what').disabled, 'something to read');
             button('host', 'Read what').click();
             await until(() => alertText().includes('script'), 'what is missing is named');
             type(field, {});
             await pause(100);
             button('host', 'Read what').click();
             await until(() => codes().includes('routes-disagree'), 'what was pasted is taken');
             same([alertText(), field.value], ['', ''], 'and put away');",
            json!(good)
        ))
        .await;
}

async fn script_is_made_for_the_list(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    let text = stage
        .js(&format!(
            "{SAVED}
             const text = new TextDecoder().decode(await saved(button('host', 'Save the script')));
             const shown = [...panel('host').querySelectorAll('details pre')].map(part => part.textContent).find(text => text.startsWith('#Requires')) ?? '';
             same(shown, text.replaceAll('\\r\\n', '\\n'), 'what is shown is what is saved');
             return text;"
        ))
        .await;
    let text = text.as_str().expect("a script");
    for part in
        ["Host = '127.0.0.2'; Port = 8001; Tls = $false", "Host = '127.0.0.3'", "$CatalogueId = 'small'"]
    {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("8011"), "another list's hosts are not in it");
}

async fn configs_are_mended_byte_for_byte(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/host/tests/configs");
    for (sample, name, wants) in [
        ("utf16le", "ApplicationProxyConnectorService.exe.config", "bypass"),
        ("without-scheme", "ApplicationProxyConnectorUpdaterService.exe.config", "named"),
    ] {
        let folder = corpus.join(sample);
        let file = lab.dir.join(name);
        fs::copy(folder.join("input.config"), &file).expect("a sample");
        stage.choose(&file).await;
        let expected = fs::read(folder.join(format!("{wants}.config"))).expect("a sample");
        let bytes = stage
            .js(&format!(
                "{SAVED}
                 await until(() => panel('config').textContent.includes('{name}'), 'the file is read');
                 const named = {};
                 const field = () => panel('config').querySelector('#config-proxy');
                 const choices = () => panel('config').querySelectorAll('input[type=radio]');
                 await until(() => choices().length > named, 'what can be chosen');
                 choices()[named].click();
                 await until(() => !!field() === !!named, 'the field for the address, where there is to be one');
                 if (named) {{
                     type(field(), 'https://proxyserver:8080');
                     await until(() => panel('config').textContent.includes('over http:// only'), 'what is wrong');
                     assert(!button('config', '{name}'), 'nothing to save yet');
                     type(field(), 'proxyserver:8080');
                 }}
                 await until(() => button('config', '{name}'), 'a corrected file');
                 return [...await saved(button('config', '{name}'))];",
                usize::from(wants == "named")
            ))
            .await;
        let bytes: Vec<u8> = serde_json::from_value(bytes).expect("bytes");
        assert_eq!(bytes, expected, "{sample}");
    }
    stage
        .js(&format!(
            "{SAVED}
             const text = panel('config').textContent;
             for (const part of ['Restart-Service WAPCSvc, WAPCUpdaterSvc', 'Microsoft AAD App Proxy Connector', 'upgrade', '.bak'])
                 assert(text.includes(part), part);
             const found = [...shadow().querySelectorAll('.finding .code code')].map(code => code.textContent);
             assert(found.includes('config-proxy-without-scheme'), found.join());"
        ))
        .await;
}

async fn answers_are_kept_in_the_report(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    stage
        .js(&format!(
            "{SAVED}
             same(element.report.answers ?? null, null, 'nothing answered, nothing there');
             const pick = (name, at) => panel('answers').querySelectorAll(`input[name=${{name}}]`)[at].click();
             pick('sign-in', 1);
             await until(() => codes().includes('sign-in-failed'), 'the finding');
             type(panel('answers').querySelector('#answers-message'), 'AADSTS50059: No tenant');
             await until(() => panel('answers').querySelector('#answers-meaning').textContent.includes('personal Microsoft account'), 'the meaning');
             pick('role', 2);
             await until(() => codes().includes('role-missing'), 'the other finding');
             pick('role', 1);
             await until(() => !codes().includes('role-missing'), 'taken back');
             same(element.report.answers, {{ message: 'AADSTS50059: No tenant', role: 'application-administrator', sign_in: 'failed' }}, 'in the report');"
        ))
        .await;
}

async fn rules_follow_what_failed(mut lab: Lab, kind: Kind) {
    let stage = Stage::done(&mut lab, kind).await;
    stage
        .js(&format!(
            "{SAVED}
             const rows = () => [...panel('handover').querySelectorAll('tbody tr')].map(row => row.querySelector('th').textContent);
             same(rows(), ['127.0.0.2', '127.0.0.3'], 'everything');
             panel('handover').querySelector('input[type=checkbox]').click();
             await until(() => rows().length === 1, 'only what failed');
             same(rows(), ['127.0.0.3'], 'only what failed');
             type(panel('handover').querySelector('#handover-proxy'), 'proxyserver:8080');
             [...panel('handover').querySelectorAll('input[name=handover-form]')][4].click();
             await until(() => panel('handover').textContent.includes('FindProxyForURL'), 'the PAC file');
             const pac = new TextDecoder().decode(await saved(button('handover', 'Save as connector-rules.pac')));
             const dnsDomainIs = (host, domain) => host.endsWith(domain);
             const find = new Function('dnsDomainIs', pac + '; return FindProxyForURL;')(dnsDomainIs);
             same([find('', '127.0.0.3'), find('', '127.0.0.2')], ['PROXY proxyserver:8080', 'DIRECT'], 'where it sends');"
        ))
        .await;
}

async fn guided_capture_has_its_commands(mut lab: Lab, kind: Kind) {
    let stage = Stage::idle(&mut lab, kind).await;
    stage
        .js(&format!(
            "{SAVED}
             const text = panel('capture-guide').textContent;
             for (const part of ['Stop-Service WAPCSvc', 'pktmon start', 'pktmon etl2pcap', 'netsh trace start', 'etl2pcapng', 'tcp port 443'])
                 assert(text.includes(part), part);"
        ))
        .await;
}
