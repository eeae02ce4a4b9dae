// Starts the worker that reads a capture. In the single file it stands in the page itself; else it lies beside the
// page's program, whose loader says where, and is loaded only now.
export async function startReader(file, heard) {
  const unpacked = (id, type) => {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream, { headers: { "Content-Type": type } });
  };
  let script, program;
  if (document.getElementById("connector-check-capture-script")) {
    const text = await unpacked("connector-check-capture-script", "text/javascript").blob();
    script = URL.createObjectURL(text);
    program = await WebAssembly.compile(await unpacked("connector-check-capture-program", "application/wasm").arrayBuffer());
  } else if (globalThis.connectorCheckReader) {
    ({ script, program } = globalThis.connectorCheckReader);
  } else {
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
    const base = loaded.find((name) => /\/connector-check_bg\.wasm$/.test(name.split("?")[0])) ?? document.baseURI;
    script = new URL("capture-worker.js", base).href;
    program = new URL("capture-worker.wasm", base).href;
  }
  const worker = new Worker(script);
  worker.onmessage = ({ data }) => {
    if (data.result !== undefined) heard("result", 0, 0, data.result);
    else if (data.error !== undefined) heard("error", 0, 0, data.error);
    else heard("progress", data.read, data.packets, "");
  };
  worker.onerror = (event) => heard("error", 0, 0, event.message || "the reader could not be loaded");
  worker.postMessage({ file, program });
  return worker;
}
