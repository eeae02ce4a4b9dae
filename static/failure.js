// Shows in the page itself why it did not start: before anything else, so that no failure ends in a blank page.
window.connectorCheckFailed = function (error) {
  var box = document.getElementById("connector-check-start");
  if (!box || box.getAttribute("role") === "alert") return;
  var why = connectorCheckExplain(error);
  box.setAttribute("role", "alert");
  box.textContent = "";
  var parts = [["h1", why.what], ["p", why.action], ["pre", why.text]];
  for (var at = 0; at < parts.length; at++) {
    var element = document.createElement(parts[at][0]);
    element.textContent = parts[at][1];
    box.appendChild(element);
  }
};
document.addEventListener("DOMContentLoaded", function () {
  if (typeof WebAssembly !== "object") connectorCheckFailed(new Error("WebAssembly is missing"));
  else if (!window.customElements || !("noModule" in document.createElement("script"))) {
    connectorCheckFailed(new Error("Modules or custom elements are missing"));
  }
});
// A script that does not arrive is told to its own element only, and not why. Asking again tells.
window.addEventListener("error", function (event) {
  var element = event.target;
  if (!/^(SCRIPT|LINK)$/.test(element && element.tagName) || (window.customElements && customElements.get("connector-check"))) return;
  var address = element.src || element.href;
  var failed = function (why) { connectorCheckFailed(new Error("A file of the page did not load: " + address + why)); };
  if (typeof fetch !== "function" || window.origin === "null") return failed("");
  fetch(address, { cache: "no-store" }).then(function (response) {
    var type = response.headers.get("content-type") || "none";
    var script = element.tagName === "SCRIPT" && !/javascript|ecmascript/i.test(type);
    failed(response.ok && script ? " (its Content-Type is " + type + ")" : " (HTTP status " + response.status + ")");
  }, function () { failed(""); });
}, true);
window.addEventListener("unhandledrejection", function (event) {
  if (!customElements.get("connector-check")) connectorCheckFailed(event.reason);
});
