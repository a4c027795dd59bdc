// The official `openai` client for Node on a running server. It prints what it saw as JSON; test_node.py compares it.
import OpenAI, { toFile } from "openai";

const [baseURL, apiKey, user] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, defaultHeaders: { "X-On-Behalf-Of": user } });
const seen = {};

const store = await client.vectorStores.create({ name: "node", metadata: { a: "1" } });
seen.created = [store.name, store.status, store.file_counts.total];
seen.requestId = store._request_id.startsWith("req_");

const row = await client.vectorStores.files.uploadAndPoll(store.id, await toFile(Buffer.from("the owl flies at night"), "owl.txt"));
seen.attached = [row.status, row.last_error];

const files = await Promise.all(["bees make honey", "the fox is quick"].map(async (text, n) =>
  client.files.create({ file: await toFile(Buffer.from(text), `${n}.txt`), purpose: "assistants" })));
const batch = await client.vectorStores.fileBatches.createAndPoll(store.id, {
  files: files.map((file, n) => ({ file_id: file.id, attributes: { n } })),
});
seen.batch = [batch.status, batch.file_counts.completed];

const many = await client.vectorStores.fileBatches.uploadAndPoll(store.id, { files: [await toFile(Buffer.from("a hare"), "hare.txt")] });
seen.uploaded = [many.status, many.file_counts.total];

const found = [];
for await (const hit of client.vectorStores.search(store.id, { query: "honey", filters: { type: "eq", key: "n", value: 0 } })) {
  found.push([hit.filename, hit.content[0].text, hit.attributes.n]);
}
seen.found = found;

const listed = [];
for await (const each of client.vectorStores.files.list(store.id, { limit: 1, order: "asc" })) listed.push(each.id);
seen.pages = [listed.length, new Set(listed).size];

const text = [];
for await (const part of client.vectorStores.files.content(files[1].id, { vector_store_id: store.id })) text.push(part.text);
seen.text = text;
seen.content = await (await client.files.content(files[0].id)).text();
seen.updated = (await client.vectorStores.update(store.id, { name: "renamed" })).name;

try {
  await client.vectorStores.retrieve("vs_nothing");
} catch (error) {
  seen.refused = [error instanceof OpenAI.NotFoundError, error.message];
}
seen.deleted = [(await client.files.delete(files[0].id)).deleted, (await client.vectorStores.delete(store.id)).deleted];
console.log(JSON.stringify(seen));
