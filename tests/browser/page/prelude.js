const element = document.querySelector("connector-check");
const shadow = () => element.shadowRoot;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds, what) {
  const begun = performance.now();
  while (!holds()) {
    if (performance.now() - begun > 60_000) throw new Error(`never: ${what}`);
    await pause(20);
  }
}

function assert(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
}

function same(seen, expected, what) {
  const [a, b] = [seen, expected].map((value) => JSON.stringify(value));
  assert(a === b, `${what}: ${a} instead of ${b}`);
}

/** The next event of this name, its detail and how it travels. */
function next(name, from = document) {
  return new Promise((resolve, reject) => {
    setTimeout(reject, 60_000, `no ${name}`);
    from.addEventListener(name, resolve, { once: true });
  });
}

/** The element that has the focus, through shadow roots. */
function focused() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at;
}

/** Opens every part that folds, and one cell. */
async function unfold() {
  if (!shadow().querySelector(".details")) shadow().querySelector(".cell").click();
  await until(() => shadow().querySelector(".details"), "details of a cell");
  for (const details of shadow().querySelectorAll("details")) details.open = true;
}

const alertText = () => shadow().querySelector("[role=alert]")?.textContent ?? "";
