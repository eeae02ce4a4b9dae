// Around the program in dist/embed: starts it once, and shows in every element why it could not be started.

/** Starts the program from this address, unless the page has one already. Resolves when the element can be used. */
async function connectorCheckBegin(start, address) {
  if (customElements.get("connector-check")) return;
  try {
    await start({ module_or_path: address });
  } catch (error) {
    console.error(error);
    connectorCheckUnavailable(error);
    throw error;
  }
}

/** Registers an element that says why there is no other, and keeps to its interface. */
function connectorCheckUnavailable(error) {
  if (customElements.get("connector-check")) return;
  const { what, action, text } = connectorCheckExplain(error);
  class ConnectorCheck extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const box = this.attachShadow({ mode: "open" }).appendChild(document.createElement("section"));
      box.className = "failure";
      box.part = "failure";
      box.setAttribute("role", "alert");
      // One by one, because a policy may forbid style elements and attributes.
      Object.assign(box.style, { all: "initial", display: "block", padding: "1rem", border: "1px solid", font: "15px/1.5 system-ui, sans-serif" });
      for (const [tag, words] of [["h2", what], ["p", action], ["pre", text]]) {
        const part = box.appendChild(document.createElement(tag));
        part.textContent = words;
        part.style.whiteSpace = "pre-wrap";
      }
      const detail = { message: `${what} ${text}` };
      this.dispatchEvent(new CustomEvent("connector-check:error", { bubbles: true, composed: true, detail }));
    }
    get state() {
      return "failed";
    }
    get report() {
      return null;
    }
    get catalogue() {
      return this.getAttribute("catalogue") ?? "";
    }
    set catalogue(_) {
      // Nothing could test it.
    }
    run() {
      return Promise.reject(new Error(`connector-check: ${what} ${text}`));
    }
    stop() {}
  }
  customElements.define("connector-check", ConnectorCheck);
}
