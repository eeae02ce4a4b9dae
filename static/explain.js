// Why the program could not be started, and what to do about it. Old browsers must read it, so it is written as
// scripts were written in 2009; the page and the embed both carry it.
function connectorCheckExplain(error) {
  var name = String((error && error.name) || "Error");
  var message = String((error && error.message) || error);
  var all = name + ": " + message;
  // An origin that says nothing, although the page came from a server.
  var sandboxed = window.origin === "null" && /^https?:$/.test(location.protocol);
  var modern = typeof Promise === "function" && window.customElements && "noModule" in document.createElement("script") &&
    typeof CSSStyleSheet === "function" && "replaceSync" in CSSStyleSheet.prototype && typeof Object.hasOwn === "function";
  var what = "The program could not be started.";
  var action = "Reload the page. If it happens again, send the text below to whoever gave you the page.";
  if (!modern) {
    what = "This browser is too old for the page, or in a mode that imitates an old one.";
    action = "Use a current Edge, Chrome or Firefox; Edge and Chrome from version 93 and Firefox from version 113 on will do. " +
      "In Edge, leave Internet Explorer mode.";
  } else if (typeof WebAssembly !== "object") {
    what = "This browser has no WebAssembly, or it is switched off.";
    action = "Use a current Edge, Chrome or Firefox. In Edge, allow this page under Settings, Privacy, Enhance your security on the web.";
  } else if (/unsafe-eval|Content Security Policy|blocked by CSP/i.test(all)) {
    what = "A security policy forbids WebAssembly on this page.";
    action = "Whoever hosts the page must allow 'wasm-unsafe-eval' in script-src of its Content-Security-Policy.";
  } else if (/MIME|Content-Type/i.test(message)) {
    what = "The web server sends a part of the page with a wrong type.";
    action = "Whoever hosts the page must put all of its files there, and serve .js files as text/javascript and .wasm files as application/wasm.";
  } else if (sandboxed && /load|fetch|network/i.test(message)) {
    what = "The page is inside a sandbox that keeps its own files from it.";
    action = "Whoever runs the page around must add allow-same-origin to the frame's sandbox, or open this page in a window of its own.";
  } else if (name === "CompileError" || name === "LinkError") {
    what = "The program is damaged, or this browser is too old for it.";
    action = "Whoever hosts the page must serve the files unchanged; otherwise use a current Edge, Chrome or Firefox.";
  } else if (/fetch|network|load|HTTP status/i.test(message)) {
    what = "A part of the page could not be loaded.";
    action = "Check that all files of the page are there, and reload. A page opened by double-click must be the single file.";
  }
  return { what: what, action: action, text: all + "\n" + navigator.userAgent + "\n" + location.protocol };
}
