// The console in a real browser, on a real server. Each test states what a user may rely on.

import assert from "node:assert/strict";
import { createServer, request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { inaccessible, open, overflowing, quiet, settled } from "./page.mjs";
import { Api, seed } from "./seed.mjs";
import { openBrowser, startServer } from "./server.mjs";

let browser, server, api, made;

before(async () => {
  [browser, server] = await Promise.all([openBrowser(), startServer()]);
  api = new Api(server.url);
  made = await seed(api);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function on(options, steps) {
  const page = await open(browser, server.url, options);
  try {
    await steps(page);
    quiet(page);
  } finally {
    await page.context().close();
  }
}

const names = (page) => page.locator(".table-body .title-cell a").allTextContents();

test("a store is created, changed and deleted", () =>
  on({}, async (page) => {
    await page.goto(`${server.url}/`);
    await page.waitForURL(/\/console/);
    await page.getByRole("button", { name: "New store" }).click();
    await page.getByLabel("Name").fill("Minutes");
    await page.getByLabel("Expires after days without use").fill("7");
    await page.getByRole("button", { name: "Create store" }).click();
    await page.getByRole("heading", { level: 1, name: "Minutes" }).waitFor();
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Minutes of 2026");
    await page.getByRole("button", { name: "Save" }).first().click();
    await page.getByRole("heading", { level: 1, name: "Minutes of 2026" }).waitFor();
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByLabel("Name 1", { exact: true }).fill("year");
    await page.getByLabel("Value of year").fill("2026");
    await page.getByRole("button", { name: "Save" }).nth(1).click();
    await page.getByText("Saved").last().waitFor();
    const id = /vs_[0-9a-f]+/.exec(page.url())[0];
    await assert.doesNotReject(async () => {
      for (let tries = 0; ; tries++) {
        const store = await api.call("GET", `/vector_stores/${id}`);
        if (store.metadata.year === 2026) {
          assert.equal(store.name, "Minutes of 2026");
          assert.equal(store.expires_after.days, 7);
          return;
        }
        assert.ok(tries < 50);
        await page.waitForTimeout(100);
      }
    });
    await page.getByRole("button", { name: "Delete store" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete store" }).click();
    await page.getByRole("heading", { level: 1, name: "Stores" }).waitFor();
    await settled(page);
    assert.ok(!(await names(page)).includes("Minutes of 2026"));
  }));

test("a failed file shows its reason, and can be retried", () =>
  on({}, async (page) => {
    await page.show(`#/stores/${made.handbook}`);
    await page.getByRole("button", { name: /^Failed/ }).click();
    await page.locator(".reason.bad", { hasText: "The file is an image" }).waitFor();
    assert.deepEqual(await names(page), ["whiteboard.png"]);
    await page.getByRole("button", { name: "Retry whiteboard.png" }).click();
    await page.getByText("whiteboard.png is read again").waitFor();
    await page.show(`#/stores/${made.handbook}/files/${made.image}`);
    await page.getByRole("alert").getByText("The file is an image").waitFor();
  }));

test("files are uploaded with progress, a large one in parts, by choosing and by dropping; and detached", () =>
  on({}, async (page) => {
    const store = await api.call("POST", "/vector_stores", { name: "Inbox" });
    await page.show(`#/stores/${store.id}`);
    const requests = [];
    page.on("request", (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
    const large = Buffer.alloc(9 * 1024 * 1024, "0123456789abcdef");
    await page.getByLabel("Files to upload").setInputFiles([
      { name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("A letter about owls.") },
      { name: "numbers.bin", mimeType: "application/octet-stream", buffer: large },
    ]);
    await page.getByText("2 of 2 files uploaded").waitFor({ timeout: 60_000 });
    assert.equal(requests.filter((each) => /\/uploads\/[^/]+\/parts$/.test(each)).length, 3);
    assert.equal(requests.filter((each) => each === "POST /v1/files").length, 1);
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(["A dropped note about foxes."], "note.md", { type: "text/markdown" }));
      return data;
    });
    await page.dispatchEvent(".drop", "drop", { dataTransfer: transfer });
    await page.getByText("3 of 3 files uploaded").waitFor();
    await page.getByRole("link", { name: "note.md" }).waitFor();
    await page.locator(".row", { hasText: "note.md" }).getByText("Completed").waitFor();
    const files = await api.call("GET", `/vector_stores/${store.id}/files`);
    const sent = files.data.find((file) => file.filename === "numbers.bin");
    assert.equal((await api.call("GET", `/files/${sent.id}`)).bytes, large.length);
    await page.getByRole("button", { name: "Detach note.md" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Detach" }).click();
    await page.getByText("note.md was detached").waitFor();
    assert.ok(!(await names(page)).includes("note.md"));
    await page.getByRole("button", { name: "Attach" }).click();
    await page.getByRole("dialog").getByLabel("note.md").check();
    await page.getByRole("button", { name: "Attach 1 file" }).click();
    await page.getByRole("link", { name: "note.md" }).waitFor();
  }));

test("an upload that the server refuses says why", () =>
  on({}, async (page) => {
    const store = await api.call("POST", "/vector_stores", { name: "Refused" });
    await page.route("**/v1/files", (route) =>
      route.fulfill({
        status: 429,
        headers: { "x-should-retry": "false" },
        json: { error: { message: "The project may hold 3 files.", type: "", param: null, code: "insufficient_quota" } },
      }),
    );
    await page.show(`#/stores/${store.id}`);
    await page.getByLabel("Files to upload").setInputFiles([{ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("a") }]);
    await page.getByText("The project may hold 3 files.").waitFor();
    await page.unroute("**/v1/files");
    await page.locator(".sendings").getByRole("button", { name: "Retry" }).click();
    await page.getByText("1 of 1 file uploaded").waitFor();
  }));

test("a search tells why, and leads to the passage in its document", () =>
  on({}, async (page) => {
    await page.show(`#/search?stores=${made.handbook}`);
    await page.getByRole("searchbox", { name: "Query" }).fill("hotel limit in Zürich");
    await page.keyboard.press("Enter");
    const first = page.locator(".result").first();
    await first.getByRole("link", { name: "travel-policy.md" }).waitFor();
    const text = await first.locator(".why").innerText();
    assert.match(text, /Meaning\s+0\.\d+\s+cosine/);
    assert.match(text, /Words\s+0\.\d+\s+match/);
    assert.deepEqual((await first.locator(".matched .tag").allTextContents()).sort(), ["Hotels", "Zürich", "limit"]);
    const shares = await first.locator(".why dd").allInnerTexts();
    const sum = parseFloat(shares[0]) + parseFloat(shares[1]);
    const score = parseFloat((await first.locator(".score").innerText()).replace("score", ""));
    assert.ok(Math.abs(sum - score) < 0.002, `${sum} is not ${score}`);
    await page.getByRole("button", { name: "Add a condition" }).click();
    await page.getByLabel("Attribute of condition 1").fill("kind");
    await page.getByLabel("Value of condition 1").fill("reference");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.waitForFunction(() => document.querySelector(".result-title")?.textContent !== "travel-policy.md");
    const titles = new Set(await page.locator(".result-title").allTextContents());
    assert.deepEqual([...titles].filter((title) => !["contract.md", "guarantees.md"].includes(title)), []);
    await page.getByRole("button", { name: "Remove condition 1" }).click();
    await page.getByLabel("Ranker").selectOption("none");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.locator(".result-title", { hasText: "travel-policy.md" }).first().waitFor();
    await page.locator(".result-title", { hasText: "travel-policy.md" }).first().click();
    await page.locator(".piece mark", { hasText: "A night costs at most 140 euros" }).waitFor();
  }));

test("several stores are searched together", () =>
  on({}, async (page) => {
    await page.show(`#/search?stores=${made.handbook},${made.support}&q=ERR_2007 export of a region`);
    await page.locator(".result-title", { hasText: "ticket-2007.txt" }).waitFor();
    assert.match(await page.locator(".result").first().innerText(), /Support tickets/);
  }));

test("a document shows its text beside its chunks, from any chunk on", () =>
  on({}, async (page) => {
    await page.show(`#/stores/${made.handbook}/files/${made.architecture}?chunk=30`);
    const active = page.locator(".chunk[aria-pressed=true]");
    await active.waitFor();
    assert.match(await active.innerText(), /^30/);
    const chunks = await api.call("GET", `/vector_stores/${made.handbook}/files/${made.architecture}/chunks?limit=100`);
    const passage = (await page.locator(".piece mark").allInnerTexts()).join("").replace(/\s+/g, " ");
    const begin = chunks.data[30].text.replace(/\s+/g, " ").slice(0, 60);
    await page.getByRole("region", { name: "Text of the file" }).evaluate((box) => box.scrollBy(0, -2000));
    await page.waitForTimeout(200);
    const more = (await page.locator(".piece mark").allInnerTexts()).join("").replace(/\s+/g, " ");
    assert.ok((passage + more).includes(begin), begin);
    await page.getByRole("button", { name: /^Earlier/ }).first().click();
    await page.waitForFunction(() => !document.querySelector(".chunk-pane .more button"));
  }));

test("history is a timeline, and shows how things were", () =>
  on({}, async (page) => {
    await api.call("POST", `/vector_stores/${made.support}`, { name: "Tickets" });
    await page.show(`#/stores/${made.support}/history`);
    await page.getByRole("heading", { level: 2, name: "Store changed" }).waitFor();
    await page.getByRole("heading", { level: 2, name: "Store created" }).waitFor();
    await page.getByRole("button", { name: "As of then" }).last().click();
    await page.locator(".then").getByText("Support tickets").waitFor();
    await page.show(`#/stores/${made.handbook}/files/${made.image}?show=history`);
    await page.getByRole("heading", { level: 2, name: "Failed" }).first().waitFor();
    await api.call("POST", `/vector_stores/${made.support}`, { name: "Support tickets" });
  }));

test("a hundred thousand files are scrolled through, and few are in the page", () =>
  on({}, async (page) => {
    const total = 100_000;
    const counts = { in_progress: 0, completed: total, failed: 0, cancelled: 0, total };
    const store = { ...(await api.call("GET", `/vector_stores/${made.handbook}`)), file_counts: counts };
    const one = (await api.call("GET", `/vector_stores/${made.handbook}/files?limit=1`)).data[0];
    const id = (at) => `file-${String(at).padStart(22, "0")}`;
    let asked = 0;
    await page.route(`**/v1/vector_stores/${made.handbook}`, (route) => route.fulfill({ json: store }));
    await page.route(`**/v1/vector_stores/${made.handbook}/files?*`, (route) => {
      asked++;
      const query = new URL(route.request().url()).searchParams;
      const first = query.get("after") ? Number(query.get("after").slice(5)) + 1 : 0;
      const data = Array.from({ length: Math.min(Number(query.get("limit")), total - first) }, (_, n) => ({
        ...one,
        id: id(first + n),
        filename: `report-${first + n}.pdf`,
        status: "completed",
        last_error: null,
      }));
      return route.fulfill({ json: { object: "list", data, last_id: data.at(-1)?.id, has_more: first + data.length < total } });
    });
    await page.show(`#/stores/${made.handbook}`);
    await page.getByText("report-0.pdf").waitFor();
    assert.ok(asked <= 2, `${asked} pages were fetched at once`);
    assert.ok((await page.locator(".table-body .row").count()) < 60);
    for (let turn = 0; turn < 40; turn++) {
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
      await page.waitForTimeout(60);
    }
    await page.waitForFunction(() => [...document.querySelectorAll(".title-cell a")].some((a) => /report-[1-9]\d{3}/.test(a.textContent)));
    assert.ok((await page.locator(".table-body .row").count()) < 60);
    const began = Date.now();
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.getByText("report-0.pdf").waitFor();
    assert.ok(Date.now() - began < 2000);
    await page.getByRole("link", { name: "report-0.pdf", exact: true }).focus();
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction(() => document.activeElement?.textContent === "report-1.pdf");
    await page.keyboard.press("End");
    await page.waitForFunction(() => /report-\d{4}/.test(document.activeElement?.textContent ?? ""));
    await page.keyboard.press("Home");
    await page.waitForFunction(() => document.activeElement?.textContent === "report-0.pdf");
  }));

test("everything can be reached with the keyboard", () =>
  on({}, async (page) => {
    await page.show("#/stores");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.keyboard.press("Tab");
    assert.equal((await page.evaluate(() => document.activeElement.textContent)).trim(), "New store");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal((await page.evaluate(() => document.activeElement.textContent)).trim(), "New store");
    await page.getByRole("link", { name: "Handbook" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Handbook" }).waitFor();
  }));

const PAGES = () => ({
  stores: "#/stores",
  files: `#/stores/${made.handbook}/files`,
  history: `#/stores/${made.handbook}/history`,
  sharing: `#/stores/${made.handbook}/sharing`,
  settings: `#/stores/${made.handbook}/settings`,
  document: `#/stores/${made.handbook}/files/${made.architecture}?chunk=4`,
  attributes: `#/stores/${made.handbook}/files/${made.policy}?show=details`,
  "failed file": `#/stores/${made.handbook}/files/${made.image}`,
  search: `#/search?stores=${made.handbook}&q=hotel limit in Zürich`,
  usage: "#/usage",
  keys: "#/keys",
  queues: "#/queues",
  "a missing store": "#/stores/vs_00000000000000000000000000000000",
});

for (const [look, options] of Object.entries({
  light: {},
  dark: { colorScheme: "dark" },
  phone: { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true },
})) {
  test(`every page passes axe and fits the window: ${look}`, () =>
    on({ reducedMotion: "reduce", ...options }, async (page) => {
      const faults = [];
      for (const [name, hash] of Object.entries(PAGES())) {
        await page.show(hash);
        if (name === "search") await page.locator(".result").first().waitFor();
        faults.push(...(await inaccessible(page, name)), ...(await overflowing(page, name)));
      }
      await page.show("#/stores");
      await page.getByRole("button", { name: "New store" }).click();
      faults.push(...(await inaccessible(page, "dialog")));
      assert.deepEqual(faults, []);
    }));
}

test("nothing is loaded from elsewhere, and the policy has no exceptions", () =>
  on({}, async (page) => {
    const others = [];
    page.on("request", (request) => new URL(request.url()).origin !== server.url && others.push(request.url()));
    const answer = await page.goto(`${server.url}/console`);
    const policy = answer.headers()["content-security-policy"];
    assert.doesNotMatch(policy, /unsafe|\*|https?:|data:|blob:/);
    for (const hash of Object.values(PAGES())) await page.show(hash);
    assert.deepEqual(others, []);
  }));

test("usage, queues, sharing and limits are shown and changed", () =>
  on({}, async (page) => {
    await page.show("#/usage");
    await page.getByRole("region", { name: "Text in stores" }).getByRole("strong").or(page.locator(".chart strong")).first().waitFor();
    assert.match(await page.locator(".chart strong").first().innerText(), /KB|MB/);
    await page.show("#/queues");
    assert.deepEqual((await page.locator(".queue h2").allTextContents()).sort(), ["deliver", "embed", "slow", "work"]);
    await page.show(`#/stores/${made.support}/sharing`);
    await page.getByLabel("End user").fill("grace");
    await page.getByRole("button", { name: "Share", exact: true }).click();
    await page.getByRole("button", { name: "Remove the role of grace" }).click();
    await page.getByText("The role was removed").waitFor();
    await page.show("#/keys");
    await page.getByLabel("Stores", { exact: true }).fill("50");
    await page.getByRole("button", { name: "Save limits" }).click();
    await page.getByText("Limits changed").waitFor();
    const limits = await api.call("GET", "/organization/projects/default/rate_limits");
    assert.equal(limits.data[0].max_vector_stores, 50);
  }));

test("it works below a prefix, such as the stage of API Gateway", async () => {
  const gateway = createServer(async (request, response) => {
    if (!request.url.startsWith("/prod/")) return response.writeHead(403).end();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const headers = { ...request.headers, host: new URL(server.url).host };
    delete headers.origin;
    const sent = { port: new URL(server.url).port, path: request.url.slice(5), method: request.method, headers };
    const upstream = httpRequest(sent, (answer) => answer.pipe(response.writeHead(answer.statusCode, answer.headers)));
    upstream.end(Buffer.concat(chunks));
  });
  await new Promise((done) => gateway.listen(0, "127.0.0.1", done));
  const page = await open(browser, `http://127.0.0.1:${gateway.address().port}/prod`);
  try {
    await page.goto(`http://127.0.0.1:${gateway.address().port}/prod/`);
    await page.waitForURL(/\/prod\/console$/);
    await page.getByRole("link", { name: "Handbook" }).click();
    await page.getByText("travel-policy.md").waitFor();
    quiet(page);
  } finally {
    await page.context().close();
    gateway.closeAllConnections();
    gateway.close();
  }
});

// The last: from here on the server requires a key.
test("the first key is made, and logs in; it stays in the tab's session, and a revoked key logs out", () =>
  on({}, async (page) => {
    await page.show("#/keys");
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("first");
    await page.getByRole("dialog").getByRole("button", { name: "Create key" }).click();
    const secret = await page.locator(".secret code").innerText();
    assert.match(secret, /^vlk_/);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByText("admin key").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Log in to Vectorlog" }).waitFor();
    assert.deepEqual(await inaccessible(page, "log-in"), []);
    await page.getByLabel("API key").fill("vlk_wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").getByText("Incorrect API key").waitFor();
    await page.getByLabel("API key").fill(secret);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("admin key").waitFor();
    const kept = await page.evaluate(() => [JSON.stringify(localStorage), document.cookie, location.href].join());
    assert.ok(!kept.includes(secret));
    await page.reload();
    await page.getByText("admin key").waitFor();

    api.headers = { authorization: `Bearer ${secret}` };
    const reader = await api.call("POST", "/organization/admin_api_keys", { name: "reader", scope: "read" });
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key").fill(reader.value);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("read key").waitFor();
    await page.show("#/stores");
    assert.equal(await page.getByRole("button", { name: "New store" }).count(), 0);
    assert.equal(await page.getByRole("link", { name: "Queues" }).count(), 0);
    await api.call("DELETE", `/organization/admin_api_keys/${reader.id}`);
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByRole("heading", { name: "Log in to Vectorlog" }).waitFor();
    await page.getByRole("alert").getByText("Incorrect API key").waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  }));
