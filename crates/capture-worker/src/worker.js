// Stands behind wasm-bindgen's glue in the worker's one script. Takes {file, program} and answers with
// {read, size, packets} while it reads and with {result, memory} or {error} at the end; `memory` is how many bytes the
// reader has taken. It sends nothing anywhere: `program` is the compiled reader, or its address beside the page.
const PIECE = 1024 * 1024;
const REPORT_MS = 100;

// A file's bytes, in two buffers that take turns. What is made anew for each piece stays in memory until the browser collects
// garbage, hundreds of megabytes later, and takes twice the time (measured in Chromium 156 and Firefox 153).
class Pieces {
  #file;
  #stream;
  #reader;
  #byob;
  #spare = [];

  constructor(file) {
    this.#file = file;
  }

  /** From now on, those from this place on; nothing comes of what is under way. */
  from(at) {
    this.#reader?.cancel().catch(() => {});
    this.#stream = this.#file.slice(at).stream();
    try {
      this.#reader = this.#stream.getReader({ mode: "byob" });
      this.#byob = true;
    } catch {
      // An older browser.
      this.#reader = this.#stream.getReader();
      this.#byob = false;
    }
  }

  /** The next ones; none at the end of the file. */
  async next() {
    const buffer = () => new Uint8Array(this.#spare.pop() ?? new ArrayBuffer(PIECE));
    const { value } = await (this.#byob ? this.#reader.read(buffer(), { min: PIECE }) : this.#reader.read());
    return value ?? new Uint8Array();
  }

  /** For the one after the next. */
  giveBack(bytes) {
    if (this.#byob) this.#spare.push(bytes.buffer);
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
    let at = reader.wants();
    let next;
    // Before the end of the file nothing may be wanted any more, or another place.
    for (let given; at >= 0 && at < file.size; ) {
      if (at !== given) {
        next?.catch(() => {});
        pieces.from(at);
        next = pieces.next();
      }
      const bytes = await next;
      if (bytes.length === 0) throw new Error("the browser gave no bytes of the file");
      given = at + bytes.length;
      // The next piece is fetched while this one is read.
      next = pieces.next();
      reader.push(bytes);
      pieces.giveBack(bytes);
      at = reader.wants();
      const now = performance.now();
      if (now - told > REPORT_MS) {
        told = now;
        postMessage({ read: Math.max(at, 0), size: file.size, packets: reader.packets() });
      }
    }
    next?.catch(() => {});
    const result = reader.finish();
    postMessage({ result, memory: memory.buffer.byteLength });
  } catch (error) {
    postMessage({ error: String((error && error.message) || error) });
  }
};
