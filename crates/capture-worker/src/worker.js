// Stands behind wasm-bindgen's glue in the worker's one script. Takes {file, program} and answers with
// {read, size, packets} while it reads and with {result, memory} or {error} at the end; `memory` is how many bytes the
// reader has taken. It sends nothing anywhere: `program` is the compiled reader, or its address beside the page.
const PIECE = 256 * 1024;
const REPORT_MS = 100;

// A file's bytes, in two buffers that take turns. What is made anew for each piece stays in memory until the browser collects
// garbage, hundreds of megabytes later, and takes twice the time (measured in Chromium 156 and Firefox 153).
class Pieces {
  #spare = [new ArrayBuffer(PIECE), new ArrayBuffer(PIECE)];
  #stream;
  #reader;
  #byob = true;

  constructor(file) {
    this.#stream = file.stream();
    try {
      this.#reader = this.#stream.getReader({ mode: "byob" });
    } catch {
      // An older browser.
      this.#byob = false;
      this.#reader = this.#stream.getReader();
    }
  }

  /** The next ones, as `{value, done}`; no more than twice without giving some back. */
  read() {
    return this.#byob ? this.#reader.read(new Uint8Array(this.#spare.pop())) : this.#reader.read();
  }

  giveBack(bytes) {
    if (this.#byob) this.#spare.push(bytes.buffer);
  }

  close() {
    return this.#reader.cancel();
  }
}

// Here and not in a function: Chromium collects a stream that only a waiting function knows, and the function waits for ever
// (measured: after some 40,000 reads).
let pieces;

globalThis.onmessage = async ({ data: { file, program } }) => {
  try {
    const { memory } = await wasm_bindgen({ module_or_path: program });
    const reader = new wasm_bindgen.CaptureReader(file.name, file.size);
    pieces = new Pieces(file);
    let told = 0;
    let read = 0;
    let next = pieces.read();
    // Of a file that is no capture, the first bytes are enough.
    while (reader.wants() >= 0) {
      const { value, done } = await next;
      if (done) break;
      // The next piece is fetched while this one is read.
      next = pieces.read();
      reader.push(value);
      read += value.length;
      pieces.giveBack(value);
      const now = performance.now();
      if (now - told > REPORT_MS) {
        told = now;
        postMessage({ read, size: file.size, packets: reader.packets() });
      }
    }
    if (reader.wants() >= 0 && read < file.size) throw new Error("the browser gave no bytes of the file");
    await pieces.close();
    const result = reader.finish();
    postMessage({ result, memory: memory.buffer.byteLength });
  } catch (error) {
    postMessage({ error: String((error && error.message) || error) });
  }
};
