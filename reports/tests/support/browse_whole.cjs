// Browse a large page slice by slice, and print what was met as JSON.
// node browse_whole.cjs FOLDER CHROMIUM PAGE [PICTURES]: FOLDER as for browse.cjs; PICTURES is a folder for screenshots.
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");

const [folder, executablePath, file, pictures] = process.argv.slice(2);
const { chromium } = require(path.resolve(folder, "node_modules", "playwright-core"));
const axe = fs.readFileSync(path.resolve(folder, "node_modules", "axe-core", "axe.min.js"), "utf8");
const url = pathToFileURL(path.resolve(file)).href;
const SERIOUS = ["serious", "critical"];

const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

/** Take every part but the frame out of the document: axe reads all of it, whatever part it is asked about. */
const takenOut = (page) => page.evaluate(() => {
  window.taken = new Map();
  for (const one of document.querySelectorAll("#matrix section.grid, details.claim, details.paper")) {
    const name = one.id || `grid-${window.taken.size}`;
    window.taken.set(name, [one, one.parentElement]);
    one.remove();
  }
  return [...window.taken.keys()];
});

/** Return the serious barriers of the parts of a name, put back alone and unfolded; of the frame where there is none. */
const barriers = (page, names) => page.evaluate(async ([parts, serious]) => {
  for (const [one, parent] of parts.map((name) => window.taken.get(name))) {
    parent.append(one);
    for (const fold of [one, ...one.querySelectorAll("details")]) fold.open = true;
  }
  await new Promise((done) => setTimeout(done, 50));
  const found = await window.axe.run({ resultTypes: ["violations"], elementRef: false, preload: false });
  for (const name of parts) window.taken.get(name)[0].remove();
  return found.violations.filter((one) => serious.includes(one.impact))
    .map((one) => `${parts}: ${one.id}: ${one.nodes[0].html.slice(0, 160)} ${one.nodes[0].failureSummary.slice(0, 200)}`);
}, [names, SERIOUS]);

/** Press Tab from the table's first cell on; return how many cells of the page there are, and how many were reached. */
const tabbed = (page) => page.evaluate(() => {
  const cells = [...document.querySelectorAll("#matrix td[data-verdict] a")].filter((one) => one.offsetParent);
  const reached = cells.filter((cell) => {
    cell.focus();
    return document.activeElement === cell && cell.tabIndex === 0 && cell.hasAttribute("href");
  });
  return { wanted: cells.length, met: reached.length };
});

/** Open claims by their ids; note which are not filled and drawn, and which make the body scroll sideways. */
const opened = async (page, screen, ids) => {
  await page.evaluate((all) => { for (const id of all) document.getElementById(id).open = true; }, ids);
  await page.waitForFunction((all) => all.every((id) => [...document.getElementById(id).querySelectorAll("img")]
    .every((image) => image.complete && image.naturalWidth > 1)), ids, { timeout: 60000 }).catch(() => {});
  screen.empty = await page.evaluate((all) => all.filter((id) =>
    [...document.getElementById(id).querySelectorAll(".more")].some((more) => !more.childElementCount)
    || [...document.getElementById(id).querySelectorAll("img")].some((image) => image.naturalWidth <= 1)), ids);
  await page.$$eval("details", (found) => { for (const one of found) one.open = true; });
  if (await wide(page) > 0) screen.wide.push("the open page");
};

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const met = { wrong: [], screens: [] };
  const started = Date.now();
  for (const [width, colorScheme, every] of [[1400, "light", 1], [768, "dark", 5], [390, "light", 5], [390, "dark", 9]]) {
    const page = await (await browser.newContext({ viewport: { width, height: 844 }, colorScheme })).newPage();
    page.on("console", (said) => { if (said.type() === "error") met.wrong.push(said.text()); });
    page.on("pageerror", (error) => met.wrong.push(error.message));
    page.on("request", (request) => { if (/^https?:/.test(request.url())) met.wrong.push(request.url()); });
    await page.goto(url);
    const screen = { width, colorScheme, barriers: [], empty: [], wide: [], claims: 0 };
    if (pictures) await page.screenshot({ path: path.join(pictures, `${width}-${colorScheme}.png`) });
    if (await wide(page) > 0) screen.wide.push("the page");
    screen.tabbed = await tabbed(page);
    if (pictures) {
      const cell = await page.$$eval("#matrix td[data-verdict] a", (found) => found.find((one) => one.offsetParent).hash);
      await page.click(`#matrix td a[href="${cell}"]`);
      await page.waitForTimeout(500);
      await page.screenshot({ path: path.join(pictures, `${width}-${colorScheme}-open.png`) });
      await page.evaluate(() => document.getElementById("matrix").scrollIntoView());
      await page.screenshot({ path: path.join(pictures, `${width}-${colorScheme}-matrix.png`) });
    }
    const ids = await page.$$eval("details.claim", (found) => found.map((one) => one.id));
    screen.claims = ids.length;
    await opened(page, screen, ids);
    await page.evaluate(axe);
    const parts = await takenOut(page);
    screen.barriers.push(...await barriers(page, []));
    for (const part of parts.filter((_, place) => place % every === 0)) screen.barriers.push(...await barriers(page, [part]));
    process.stderr.write(`${width} ${colorScheme} ${Date.now() - started} ms\n`);
    met.screens.push(screen);
    await page.context().close();
  }
  await browser.close();
  process.stdout.write(JSON.stringify(met));
})();
