// Takes the pictures of docs/console.md: `./dev console shots [FOLDER]`.

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { open } from "./page.mjs";
import { Api, seed } from "./seed.mjs";
import { openBrowser, startServer } from "./server.mjs";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../docs/images/", import.meta.url));
await mkdir(folder, { recursive: true });
const [browser, server] = await Promise.all([openBrowser(), startServer()]);
try {
  const api = new Api(server.url);
  const made = await seed(api);
  for (let asked = 0; asked < 3; asked++) { // once the model is loaded and the store read, times are as usual
    await api.call("POST", `/vector_stores/${made.handbook}/search`, { query: "hotel limit in Zürich" });
  }
  const store = `#/stores/${made.handbook}`;
  const search = `#/search?stores=${made.handbook}&q=hotel limit in Zürich`;
  const phone = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true };
  const pictures = [
    ["stores", "#/stores", {}],
    ["files", store, {}],
    ["search", search, {}],
    ["document", `#/stores/${made.handbook}/files/${made.architecture}?chunk=6`, { colorScheme: "dark" }],
    ["history", `${store}/history`, {}],
    ["phone", store, phone],
    ["phone-search", search, { ...phone, colorScheme: "dark" }],
  ];
  for (const [name, hash, options] of pictures) {
    const page = await open(browser, server.url, { viewport: { width: 1280, height: 800 }, ...options });
    await page.show(hash);
    if (hash === search) await page.locator(".result").first().waitFor();
    await page.screenshot({ path: `${folder}/console-${name}.png` });
    await page.context().close();
  }
} finally {
  await browser.close();
  await server.stop();
}
