// The custom element's shell. JavaScript because only a class can extend HTMLElement;
// everything it does is forwarded to the app that `mount` returns.

const elements = new Set();
let broken = null;
let failure = [];

/** Registers <connector-check>. `mount(host, place)` returns the app; `css` is its style sheet. */
export function define(css, mount) {
  if (customElements.get("connector-check")) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);

  class ConnectorCheck extends HTMLElement {
    static observedAttributes = ["catalogue", "lang", "compact"];
    #app = null;
    #pending = undefined;

    connectedCallback() {
      if (this.#app) return;
      const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet];
      if (broken) {
        this.fail(...failure);
        return;
      }
      root.replaceChildren();
      elements.add(this);
      // What was set before the class was known hides the accessors of the class.
      const early = Object.hasOwn(this, "catalogue") ? this.catalogue : this.#pending;
      delete this.catalogue;
      this.#pending = undefined;
      this.#app = mount(this, root);
      if (early !== undefined) this.catalogue = early;
    }

    disconnectedCallback() {
      // Moving an element disconnects and connects it: only one that stays away is taken down.
      queueMicrotask(() => {
        if (this.isConnected || !this.#app) return;
        const app = this.#app;
        this.#app = null;
        elements.delete(this);
        app.unmount();
        app.free();
      });
    }

    attributeChangedCallback(name, before, after) {
      if (before === after || !this.#app) return;
      // It is there or not, whatever its value.
      this.#app.attribute(name, name === "compact" ? String(after !== null) : (after ?? ""));
    }

    get catalogue() {
      return this.#app?.catalogue() ?? this.getAttribute("catalogue") ?? "";
    }
    set catalogue(value) {
      if (!this.#app) {
        this.#pending = value;
        return;
      }
      if (typeof value === "string") this.#app.attribute("catalogue", value);
      else this.#app.take(JSON.stringify(value) ?? "");
    }

    get report() {
      return this.#app?.report() ?? null;
    }

    get state() {
      return broken ? "failed" : (this.#app?.state() ?? "idle");
    }

    run() {
      if (broken) return Promise.reject(new Error(broken));
      if (!this.#app) return Promise.reject(new Error("connector-check: the element is not in a document"));
      return this.#app.run();
    }

    stop() {
      this.#app?.stop();
    }

    /** Shows the failure screen in place of the app. */
    fail(title, what, copy, text) {
      const main = document.createElement("main");
      const box = main.appendChild(document.createElement("section"));
      box.className = "failure";
      box.part = "failure";
      box.setAttribute("role", "alert");
      const add = (tag, words) => box.appendChild(Object.assign(document.createElement(tag), { textContent: words }));
      add("h1", title);
      add("p", what);
      const pre = add("pre", text);
      pre.tabIndex = 0;
      add("button", copy).onclick = () => copyText(text, this.shadowRoot);
      this.shadowRoot?.replaceChildren(main);
      this.dispatchEvent(new CustomEvent("connector-check:error", { bubbles: true, composed: true, detail: { message: text } }));
    }
  }

  customElements.define("connector-check", ConnectorCheck);
}

/** After a panic nothing of the program can be trusted: every element says so and stays readable. */
export function panicked(title, what, copy, message) {
  if (broken) return;
  broken = message;
  failure = [title, what, copy, `${message}\n\n${navigator.userAgent}\n${location.protocol}`];
  for (const element of elements) element.fail(...failure);
}

/** Copies text; falls back to a selection where the clipboard is closed to the page. */
export async function copyText(text, root) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    (root ?? document.body).appendChild(area);
    area.select();
    let copied = false;
    try {
      copied = document.execCommand("copy");
    } catch {
      copied = false;
    }
    area.remove();
    return copied;
  }
}

/** What a file is, by the end of its name; anything else is bytes. */
const TYPES = {
  json: "application/json",
  txt: "text/plain;charset=utf-8",
  ps1: "text/plain;charset=utf-8",
  csv: "text/csv;charset=utf-8",
  config: "application/xml",
};

/** Hands a text or bytes out as a file. */
export function saveFile(name, content, root) {
  const ending = name.split(".").at(-1).toLowerCase();
  const type = (Object.hasOwn(TYPES, ending) && TYPES[ending]) || "application/octet-stream";
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  (root ?? document.body).appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
