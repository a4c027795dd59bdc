// Fills a server with what the browser tests and the screenshots show.

import { readFile } from "node:fs/promises";

export class Api {
  constructor(url, key) {
    this.url = url;
    this.headers = key ? { authorization: `Bearer ${key}` } : {};
  }

  async call(method, path, body) {
    const json = body === undefined || body instanceof FormData ? {} : { "content-type": "application/json" };
    const answer = await fetch(`${this.url}/v1${path}`, {
      method,
      headers: { ...this.headers, ...json },
      body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  async upload(name, content) {
    const form = new FormData();
    form.set("purpose", "assistants");
    form.set("file", new Blob([content]), name);
    return this.call("POST", "/files", form);
  }

  /** Uploads and attaches files `[name, content, attributes]`, and waits until each has ended. */
  async fill(store, files) {
    const items = [];
    for (const [name, content, attributes = {}] of files) {
      items.push({ file_id: (await this.upload(name, content)).id, attributes });
    }
    const batch = await this.call("POST", `/vector_stores/${store}/file_batches`, { files: items });
    for (let found = batch; found.status === "in_progress"; ) {
      await new Promise((done) => setTimeout(done, 200));
      found = await this.call("GET", `/vector_stores/${store}/file_batches/${batch.id}`);
    }
    return items.map((item) => item.file_id);
  }
}

const root = new URL("../../", import.meta.url);
const read = (path) => readFile(new URL(path, root));

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const POLICY = `# Travel policy

## Booking

Book trains and flights at least two weeks ahead. Second class is the rule; a night train may be first class.

## Hotels

A night costs at most 140 euros, breakfast included. In Zürich and Geneva the limit is 210 euros.

## Reimbursement

Send receipts within 30 days. Expenses above 500 euros need the approval of your manager, ticket TRV-2041 tracks exceptions.
`;

const MINUTES = Buffer.from("Protokoll der Sitzung vom 3. März: Die Gebühr für Änderungen an laufenden Verträgen beträgt künftig zwölf Euro, und die Mitarbeiter werden darüber schriftlich unterrichtet. Frau Müller prüft bis zum Ende des Monats, welche Verträge davon betroffen sind und ob die Kunden schon informiert wurden. Der Vorstand hat dem Vorschlag ohne Gegenstimmen zugestimmt.\n", "latin1");

export async function seed(api) {
  const handbook = await api.call("POST", "/vector_stores", {
    name: "Handbook",
    description: "What everybody in the company should be able to find.",
    metadata: { team: "people", reviewed: 2026 },
  });
  const ids = await api.fill(handbook.id, [
    ["travel-policy.md", POLICY, { year: 2026, kind: "policy" }],
    ["architecture.md", await read("ARCHITECTURE.md"), { year: 2026, kind: "guide" }],
    ["contract.md", await read("docs/contract.md"), { year: 2025, kind: "reference" }],
    ["guarantees.md", await read("docs/guarantees.md"), { year: 2025, kind: "reference" }],
    ["protokoll.txt", MINUTES, { year: 2024, kind: "minutes" }],
    ["whiteboard.png", PNG, { year: 2026, kind: "photo" }],
  ]);
  const support = await api.call("POST", "/vector_stores", {
    name: "Support tickets",
    expires_after: { anchor: "last_active_at", days: 30 },
  });
  await api.fill(
    support.id,
    Array.from({ length: 24 }, (_, at) => [
      `ticket-${String(2000 + at)}.txt`,
      `Ticket ERR_${2000 + at}. The customer reports that the export of region ${at % 5} stops after ${at + 3} minutes. ` +
        `Restarting the worker helped. Priority ${at % 3}.`,
      { priority: at % 3, region: `r${at % 5}` },
    ]),
  );
  await api.call("POST", `/vector_stores/${handbook.id}/permissions`, { user_id: "ada", role: "writer" });
  await api.call("POST", `/vector_stores/${handbook.id}/permissions`, { grantee_type: "team", role: "reader" });
  await api.call("POST", "/vector_stores", { name: "Contracts 2027" });
  return { handbook: handbook.id, support: support.id, policy: ids[0], architecture: ids[1], image: ids[5] };
}
