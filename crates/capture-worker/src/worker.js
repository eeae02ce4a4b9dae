// Stands behind wasm-bindgen's glue in the worker's one script. Takes {file, program} and answers with
// {read, size, packets} while it reads and with {result, memory} or {error} at the end; `memory` is how many bytes the
// reader has taken. It sends nothing anywhere: `program` is the compiled reader, or its address beside the page.
const PIECE = 4 * 1024 * 1024;
const REPORT_MS = 100;

globalThis.onmessage = async ({ data: { file, program } }) => {
  try {
    const { memory } = await wasm_bindgen({ module_or_path: program });
    const reader = new wasm_bindgen.CaptureReader(file.name, file.size);
    // Firefox reads fastest without waiting, and gives memory back when it is told to. Chromium reads ahead meanwhile, and
    // would keep what it is told to give back until it collects garbage, which it then does much later (all measured).
    const firefox = /\bFirefox\//.test(navigator.userAgent);
    const piece = (at) => {
      const slice = file.slice(at, Math.min(at + PIECE, file.size));
      return firefox ? new FileReaderSync().readAsArrayBuffer(slice) : slice.arrayBuffer();
    };
    let told = 0;
    let at = reader.wants();
    let next = piece(at);
    while (at >= 0 && at < file.size) {
      const bytes = new Uint8Array(await next);
      if (bytes.length === 0) throw new Error("the browser gave no bytes of the file");
      // The next piece is fetched while this one is read; nearly always it is the one that follows.
      const expected = at + bytes.length;
      next = expected < file.size ? piece(expected) : null;
      reader.push(bytes);
      if (firefox) bytes.buffer.transfer?.(0);
      at = reader.wants();
      if (at >= 0 && at < file.size && at !== expected) next = piece(at);
      const now = performance.now();
      if (now - told > REPORT_MS) {
        told = now;
        postMessage({ read: Math.max(at, 0), size: file.size, packets: reader.packets() });
      }
    }
    const result = reader.finish();
    postMessage({ result, memory: memory.buffer.byteLength });
  } catch (error) {
    postMessage({ error: String((error && error.message) || error) });
  }
};
