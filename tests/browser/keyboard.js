// What the keyboard reaches on the page, and whether one sees where it is (WCAG 2.2: 2.1.1, 2.1.2, 2.4.7), and the
// contrast of texts within charts (1.4.3), where axe does not look. Sets window.kin.
(() => {
  const ACTIVE = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true], " +
    "[role=button], [role=link], [role=tab], [role=checkbox], [role=switch], [role=slider], [role=combobox]";
  const GROUP = "[role=tablist], [role=radiogroup], [role=listbox], [role=toolbar]";
  const off = (element) => element.closest(":disabled, [aria-disabled=true], [inert], [aria-hidden=true]");
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && element.checkVisibility({visibilityProperty: true});
  };
  const said = (element) => {
    const text = (element.ariaLabel ?? element.innerText ?? "").trim().replace(/\s+/g, " ").slice(0, 50);
    const home = element.closest("[data-testid]")?.dataset.testid ?? "";
    return `${element.localName} ${JSON.stringify(text)} in ${home}`;
  };
  const look = (element) => { // of itself, of what lies beside it, and of what it lies in
    const parts = [element, element.nextElementSibling, element.previousElementSibling];
    for (let one = element.parentElement, i = 0; one && i < 3; one = one.parentElement, i++) parts.push(one);
    return JSON.stringify(parts.filter(Boolean).flatMap((one) => [null, "::before", "::after"].map((pseudo) => {
      const s = getComputedStyle(one, pseudo);
      const outline = s.outlineStyle === "none" ? "" : s.outline;
      return [outline, s.boxShadow, s.borderColor, s.backgroundColor, s.textDecorationLine];
    })));
  };
  const still = new CSSStyleSheet();
  still.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important; }");
  // A table on a canvas draws a frame around the cell that has the focus, and Tab goes from cell to cell first.
  const CELLS = "[data-testid=data-grid-canvas], [data-testid=data-grid-canvas] *";
  let wanted = new Map();
  let first = null;
  let last = null;
  let times = 0;
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const prepare = async () => { // how it all looks while nothing has the focus; how many there are
    document.activeElement?.blur();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
    await drawn();
    wanted = new Map([...document.querySelectorAll(ACTIVE)]
      .filter((e) => shown(e) && !off(e))
      .map((e) => [e, {look: look(e), reached: false}]));
    return wanted.size;
  };
  const step = async () => { // after one Tab: what is wrong here; null once it has left the page, or begins anew
    await drawn();
    const element = document.activeElement;
    if (!element || element === document.body || element === first) return null;
    const known = wanted.get(element);
    first ??= element;
    times = element === last ? times + 1 : 1;
    last = element;
    if (known) known.reached = true;
    if (times > (element.matches(CELLS) ? 40 : 1)) return `Tab leads nowhere from ${said(element)}`;
    return known && !element.matches(CELLS) && known.look === look(element) ? `the focus is not seen on ${said(element)}` : "";
  };
  const missed = () => { // a group of tabs or radio buttons is one stop: arrows lead within
    const groups = new Set([...wanted].filter(([, one]) => one.reached).map(([e]) => e.closest(GROUP)).filter(Boolean));
    const names = new Set([...wanted].filter(([e, one]) => one.reached && e.type === "radio").map(([e]) => e.name));
    return [...wanted].filter(([e, one]) => !one.reached && e.isConnected && shown(e))
      .filter(([e]) => !groups.has(e.closest(GROUP)) && !(e.type === "radio" && names.has(e.name)))
      .map(([e]) => `Tab does not reach ${said(e)}`);
  };
  const pot = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (color) => { // whatever CSS allows, as the browser itself paints it
    pot.clearRect(0, 0, 1, 1);
    pot.fillStyle = color;
    pot.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pot.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => below.map((value, i) => (i < 3 ? top[i] * top[3] + value * (1 - top[3]) : 1));
  const luminance = (color) => color.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const charts = () => [...new Set([...document.querySelectorAll(".js-plotly-plot svg text")]
    .filter((e) => e.textContent.trim() && e.checkVisibility({opacityProperty: true, visibilityProperty: true}))
    .map((e) => {
      const style = getComputedStyle(e);
      const below = ground(e.closest("svg").parentElement);
      const [r, g, b, a] = rgba(style.fill);
      const pair = [luminance(over([r, g, b, a * style.fillOpacity * style.opacity], below)), luminance(below)];
      const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
      const least = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
      return ratio < least && `contrast ${ratio.toFixed(2)} of ${JSON.stringify(e.textContent)} in a chart`;
    }).filter(Boolean))];
  window.kin = {prepare, step, missed, charts};
})()
