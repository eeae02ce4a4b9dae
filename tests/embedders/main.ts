// A user of the package, for the compiler alone and, bundled, for the browsers. What is wrong must be refused.
import { ready, type ConnectorCheckReport } from "connector-check";
import { connect } from "connector-check/frame";
import program from "connector-check/connector-check.wasm?url";

const element = document.createElement("connector-check");
element.catalogue = "own.json";
element.addEventListener("connector-check:progress", (event) => {
  const { done, total }: { done: number; total: number } = event.detail;
  element.dataset.seen = `${done} of ${total}`;
});
element.addEventListener("connector-check:report", (event) => {
  element.dataset.verdict = event.detail.verdict;
});
element.addEventListener("connector-check:error", (event) => console.warn(event.detail.message.length));
element.addEventListener("click", (event) => event.clientX);
document.body.append(element);
element.dataset.program = program;

export async function check(): Promise<string[]> {
  await ready;
  const report: ConnectorCheckReport = await element.run();
  if (element.state === "done") element.stop();
  const blocking = report.findings.filter((finding) => finding.severity === "blocking");
  return [...blocking.map((finding) => finding.code), ...report.checks.map((one) => `${one.id} ${one.duration_ms?.toFixed()}`)];
}

export function around(frame: HTMLIFrameElement): () => void {
  const page = connect(frame, { report: (report) => report.verdict, error: ({ message }) => message.trim() });
  page.theme("dark");
  page.catalogue({ format: "connector-check/catalogue@1", id: "own" });
  return page.close;
}

export function wrong(frame: HTMLIFrameElement, report: ConnectorCheckReport): void {
  // @ts-expect-error: it can be read only
  element.report = report;
  // @ts-expect-error: neither an id nor a catalogue
  element.catalogue = 5;
  // @ts-expect-error: there is no such verdict
  if (report.verdict === "fine") element.stop();
  // @ts-expect-error: there is no such theme
  connect(frame).theme("purple");
  // @ts-expect-error: the report is a promise
  element.run().verdict;
  // @ts-expect-error: progress has no verdict
  element.addEventListener("connector-check:progress", (event) => event.detail.verdict);
}
