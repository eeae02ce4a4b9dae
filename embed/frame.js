// For the page around a frame with Connector Check in it: messages, version 1, and the frame's height.

const SOURCE = "connector-check";
const VERSION = 1;

/**
 * Talks with the page in `frame`, whose origin is that of its address. `handlers` may have `ready`, `progress`, `report`
 * and `error`, each called with what the page says. Returns what the page can be told; what is said before the page is
 * ready reaches it then. `close()` ends it.
 */
export function connect(frame, handlers = {}) {
  const origin = new URL(frame.src, document.baseURI).origin;
  const post = (type, payload) => frame.contentWindow?.postMessage({ source: SOURCE, version: VERSION, type, payload }, origin);
  let isReady = false;
  const waiting = [];
  const tell = (type, payload) => (isReady ? post(type, payload) : waiting.push([type, payload]));
  const onMessage = (event) => {
    const data = event.data;
    if (event.source !== frame.contentWindow || event.origin !== origin) return;
    if (data?.source !== SOURCE || data.version !== VERSION) return;
    if (data.type === "ready") {
      isReady = true;
      for (const [type, payload] of waiting.splice(0)) post(type, payload);
    }
    if (data.type === "resize" && data.payload?.height > 0) frame.style.height = `${data.payload.height}px`;
    else if (Object.hasOwn(handlers, data.type)) handlers[data.type](data.payload);
  };
  const hello = () => post("hello");
  window.addEventListener("message", onMessage);
  frame.addEventListener("load", hello);
  // The page in it may have been ready before.
  hello();
  return {
    run: () => tell("run"),
    stop: () => tell("stop"),
    catalogue: (value) => tell("catalogue", value),
    theme: (value) => tell("theme", value),
    language: (value) => tell("language", value),
    close() {
      window.removeEventListener("message", onMessage);
      frame.removeEventListener("load", hello);
    },
  };
}
