// Messages between the page in a frame and the page around it, version 1; docs/embed.md describes them.

const SOURCE = "connector-check";
const VERSION = 1;

/** The origin of the page around; undefined where the browser does not tell. */
export function parentOrigin() {
  const ancestors = location.ancestorOrigins;
  if (ancestors?.length) return ancestors[0];
  try {
    const origin = new URL(document.referrer).origin;
    // After a link within the frame, the referrer is this page itself.
    return origin === location.origin ? undefined : origin;
  } catch {
    return undefined;
  }
}

/** Whether the page came from a server and yet has no origin: a sandbox without allow-same-origin. */
export function sandboxed() {
  return window.origin === "null" && location.protocol.startsWith("http");
}

/** Whether the browser forbids the page to keep anything. */
export function storageDenied() {
  try {
    return !window.localStorage;
  } catch {
    return true;
  }
}

/** Talks for an element with the parent, if it is of one of these origins; `close()` ends it. */
export function openChannel(host, origins) {
  const known = parentOrigin();
  // Where the browser does not tell, it delivers to the right origin only, and to nobody otherwise.
  let partners = known === undefined ? origins : origins.filter((origin) => origin === known);
  const post = (type, payload) => {
    for (const origin of partners) window.parent.postMessage({ source: SOURCE, version: VERSION, type, payload }, origin);
  };

  const commands = {
    hello: () => {
      post("ready", { state: host.state, catalogue: host.catalogue });
      post("resize", { height });
    },
    run: () => host.run().catch((error) => post("error", { message: String(error) })),
    stop: () => host.stop(),
    catalogue: (payload) => (host.catalogue = payload),
    theme: (payload) => host.setAttribute("theme", String(payload)),
    language: (payload) => host.setAttribute("lang", String(payload)),
  };
  const onMessage = (event) => {
    const data = event.data;
    if (event.source !== window.parent || !origins.includes(event.origin) || data?.source !== SOURCE) return;
    partners = [event.origin];
    if (data.version !== VERSION) {
      post("error", { message: `version ${data.version} is not spoken here, only ${VERSION}` });
    } else if (!Object.hasOwn(commands, data.type)) {
      post("error", { message: `there is no command "${data.type}"; there are ${Object.keys(commands).join(", ")}` });
    } else {
      commands[data.type](data.payload);
    }
  };

  const forwarded = ["progress", "report", "error"];
  const onEvent = (event) => post(event.type.slice("connector-check:".length), event.detail);
  let height = 0;
  const sizes = new ResizeObserver(() => {
    const now = Math.ceil(host.getBoundingClientRect().height);
    if (now !== height) post("resize", { height: (height = now) });
  });

  window.addEventListener("message", onMessage);
  for (const name of forwarded) host.addEventListener(`connector-check:${name}`, onEvent);
  post("ready", { state: host.state, catalogue: host.catalogue });
  sizes.observe(host);
  return {
    close() {
      window.removeEventListener("message", onMessage);
      for (const name of forwarded) host.removeEventListener(`connector-check:${name}`, onEvent);
      sizes.disconnect();
    },
  };
}
