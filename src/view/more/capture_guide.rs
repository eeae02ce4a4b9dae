//! The guided capture: stop the service, record, start the service, stop recording.

use yew::prelude::*;

use super::super::Scene;
use super::command;

const STOP: &str = "Stop-Service WAPCSvc";
const START: &str = "Start-Service WAPCSvc\r\nStart-Sleep -Seconds 120";
const PKTMON_START: &str = r"pktmon start --capture --pkt-size 0 --file-name C:\connector.etl";
const PKTMON_STOP: &str = "pktmon stop\r\npktmon etl2pcap C:\\connector.etl --out C:\\connector.pcapng";
const NETSH_START: &str =
    r"netsh trace start capture=yes report=disabled maxsize=512 tracefile=C:\connector.etl";
const NETSH_STOP: &str = "netsh trace stop";
const NETSH_CONVERT: &str = r"etl2pcapng.exe C:\connector.etl C:\connector.pcapng";
const WIRESHARK_FILTER: &str = "tcp port 443 or tcp port 80 or tcp port 8080 or tcp port 9090 or tcp port 9091 or tcp port 9350 or tcp port 9352 or tcp port 5671 or tcp portrange 10100-10120 or udp port 53";

pub(super) fn panel(scene: Scene<'_>) -> Html {
    let step =
        |id: &str, key: &str, text: &str| html! { <li>{ scene.say(id) }{ command(scene, key, text) }</li> };
    let word = |id: &str| html! { <li>{ scene.say(id) }</li> };
    let tool = |id: &str, inside: Html| {
        html! { <details class="more"><summary>{ scene.say(id) }</summary><ol class="steps">{ inside }</ol></details> }
    };
    let admin = || word("capture-guide-step-admin");
    let halt = |key: &str| step("capture-guide-step-stop", &format!("{key}-stop"), STOP);
    let start = |key: &str| step("capture-guide-step-start", &format!("{key}-start"), START);
    let drop = || word("capture-guide-step-drop");
    html! {
        <>
            { tool("capture-guide-tool-pktmon", html! { <>
                { admin() }{ halt("pktmon") }
                { step("capture-guide-step-start-capture", "pktmon-begin", PKTMON_START) }{ start("pktmon") }
                { step("capture-guide-step-stop-capture", "pktmon-end", PKTMON_STOP) }
                { word("capture-guide-pktmon-note") }{ drop() }
            </> }) }
            { tool("capture-guide-tool-netsh", html! { <>
                { admin() }{ halt("netsh") }
                { step("capture-guide-step-start-capture", "netsh-begin", NETSH_START) }{ start("netsh") }
                { step("capture-guide-step-stop-netsh", "netsh-end", NETSH_STOP) }
                { step("capture-guide-step-convert-netsh", "netsh-convert", NETSH_CONVERT) }{ drop() }
            </> }) }
            { tool("capture-guide-tool-wireshark", html! { <>
                { admin() }{ halt("wireshark") }
                { step("capture-guide-wireshark-start", "wireshark-begin", WIRESHARK_FILTER) }{ start("wireshark") }
                { word("capture-guide-wireshark-stop") }{ drop() }
            </> }) }
            <p>{ scene.say("capture-guide-updater") }</p>
        </>
    }
}
