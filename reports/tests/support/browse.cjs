// Browse a page as a reader does, and print what was met as JSON.
// node browse.cjs FOLDER CHROMIUM PAGE: FOLDER has node_modules with playwright-core and axe-core.
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");

const [folder, executablePath, file] = process.argv.slice(2);
const { chromium } = require(path.resolve(folder, "node_modules", "playwright-core"));
const axe = fs.readFileSync(path.resolve(folder, "node_modules", "axe-core", "axe.min.js"), "utf8");
const url = pathToFileURL(path.resolve(file)).href;
const CELLS = "#matrix td[data-verdict] a";

const shown = (page, selector) => page.$$eval(selector, (found) => found.filter((one) => one.offsetParent).map((one) => one.hash));
const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
const asked = (page) => page.$eval("#filters", (form) => Object.fromEntries(new FormData(form)));
const settled = (page) => page.waitForTimeout(150);

const barriers = async (page) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)} ${one.nodes[0].failureSummary.slice(0, 300)}`);
};

/** Press Tab from the top until the last cell was met; return the cells that were. */
const tabbed = async (page) => {
  const wanted = new Set(await shown(page, CELLS));
  const met = new Set();
  await page.evaluate(() => document.activeElement.blur());
  for (let steps = 0; steps < 3000 && met.size < wanted.size; steps += 1) {
    await page.keyboard.press("Tab");
    const hash = await page.evaluate(() => document.activeElement.matches("#matrix td a") && document.activeElement.hash);
    if (hash && wanted.has(hash)) met.add(hash);
  }
  return { wanted: wanted.size, met: met.size };
};

/** Open the last cell by Enter; tell whether its own part is open, focused and at the top, and how long the claim is. */
const opened = async (page) => {
  const hash = (await shown(page, CELLS)).at(-1);
  await page.focus(`#matrix td a[href="${hash}"]`);
  await page.keyboard.press("Enter");
  await settled(page);
  return page.evaluate((id) => {
    const target = document.getElementById(id);
    const top = target.getBoundingClientRect().top;
    const paragraph = target.querySelector("p").getBoundingClientRect();
    return {
      open: target.open && target.closest("details.claim").open,
      focused: document.activeElement === target,
      seen: top >= 0 && top < window.innerHeight && paragraph.height > 0,
      address: location.hash.startsWith(`#${id}`),
      height: target.closest("details.claim").offsetHeight,
      drawn: [...target.closest("details.claim").querySelectorAll("img")].every((image) => image.complete && image.naturalWidth > 0),
    };
  }, hash.slice(1));
};

/** Ask by search and filter; the address must give the same view to whoever opens it, and back must undo it. */
const kept = async (page) => {
  const before = { asked: await asked(page), rows: await shown(page, CELLS) };
  await page.selectOption("select[name=verdict]", "refuted");
  await page.fill("input[name=q]", "router");
  await settled(page);
  const view = { asked: await asked(page), rows: await shown(page, CELLS) };
  const other = await page.context().newPage();
  await other.setViewportSize(page.viewportSize());
  await other.goto(page.url());
  const sent = { asked: await asked(other), rows: await shown(other, CELLS) };
  await other.close();
  await page.goBack();
  await settled(page);
  const after = { asked: await asked(page), rows: await shown(page, CELLS) };
  await page.goForward();
  await settled(page);
  const again = { asked: await asked(page), rows: await shown(page, CELLS) };
  await page.click("#filters button[type=reset]");
  await settled(page);
  return { before, view, sent, after, again, reset: await asked(page) };
};

const saved = async (page, kind) => {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(`button[data-save=${kind}]`)]);
  return fs.readFileSync(await download.path(), "utf8");
};

const printed = async (page) => {
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 718, height: 1000 });
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  await settled(page);
  return page.evaluate(() => ({
    clipped: [...document.querySelectorAll(".box")].filter((box) => box.offsetParent && box.scrollWidth > box.clientWidth + 1).length,
    folded: document.querySelectorAll("details:not([open])").length,
    controls: [...document.querySelectorAll("form, button, select")].filter((one) => one.offsetParent).length,
    wide: document.documentElement.scrollWidth - window.innerWidth,
  }));
};

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const met = { wrong: [], screens: [] };
  for (const [width, colorScheme] of [[1400, "light"], [768, "dark"], [390, "light"], [390, "dark"]]) {
    const page = await (await browser.newContext({ viewport: { width, height: 844 }, colorScheme })).newPage();
    page.on("console", (said) => { if (said.type() === "error") met.wrong.push(said.text()); });
    page.on("pageerror", (error) => met.wrong.push(error.message));
    page.on("request", (request) => { if (/^https?:/.test(request.url())) met.wrong.push(request.url()); });
    await page.goto(url);
    const screen = { width, colorScheme, wide: await wide(page), barriers: await barriers(page) };
    screen.places = await page.$$eval("#matrix section.grid[data-kind=moe] td[data-verdict]",
      (cells) => [...new Set(cells.filter((cell) => cell.offsetParent).map((cell) => cell.dataset.place))]);
    screen.kept = await kept(page);
    screen.tabbed = await tabbed(page);
    screen.opened = await opened(page);
    screen.wideOpen = await wide(page);
    screen.barriersOpen = await barriers(page);
    met.screens.push(screen);
    if (width === 1400) {
      met.csv = await saved(page, "csv");
      met.jsonl = await saved(page, "jsonl");
      met.printed = await printed(page);
    }
    await page.context().close();
  }
  await browser.close();
  process.stdout.write(JSON.stringify(met));
})();
