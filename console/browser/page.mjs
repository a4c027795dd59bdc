// What every browser test does with a page: open it, wait for it, and check it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const EXPECTED = /status of 4\d\d/; // the browser logs each refused request, also those that a test asks for

/** Opens a page of the console, and collects what the browser complains about. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !EXPECTED.test(message.text())) {
      page.complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.show = async (hash) => {
    await page.goto(`${url}/console${hash}`);
    await page.locator("h1").first().waitFor();
    await settled(page);
  };
  return page;
}

/** Waits until nothing is being fetched for a page. */
export async function settled(page) {
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(() => !document.querySelector(".loading"));
}

/** Returns what axe finds in WCAG 2.2 A and AA and in its best practices, whatever its impact. */
export async function inaccessible(page, what) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    window.axe.run(document, {
      runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
    }),
  );
  return found.violations.map(
    (each) => `${what}: ${each.impact} ${each.id}: ${each.help}\n  ${each.nodes.map((node) => node.html).slice(0, 4).join("\n  ")}`,
  );
}

/** Returns what makes a page wider than its window. */
export async function overflowing(page, what) {
  const out = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .filter((each) => each.getBoundingClientRect().right > width + 1)
      .map((each) => `${each.tagName}.${each.className}`)
      .slice(0, 5);
  });
  return out.map((each) => `${what}: wider than the window: ${each}`);
}

export function quiet(page) {
  assert.deepEqual(page.complaints, [], "the browser's console");
}
