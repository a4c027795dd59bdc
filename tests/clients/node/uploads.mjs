// Sends a file in parts, as a user of `openai` for Node does, and prints what became of it.
// Arguments: the base URL, the key, the end user, the size of the file and of its parts.
import { createHash } from "node:crypto";
import OpenAI, { toFile } from "openai";

const [baseURL, apiKey, user, size, partSize] = process.argv.slice(2);
const client = new OpenAI({ apiKey, baseURL, defaultHeaders: { "X-On-Behalf-Of": user } });

const bytes = Buffer.alloc(Number(size), "the quick brown fox jumps over the lazy dog\n");
const upload = await client.uploads.create({
  filename: "node.txt",
  purpose: "assistants",
  mime_type: "text/plain",
  bytes: bytes.length,
});
const pieces = [];
for (let start = 0; start < bytes.length; start += Number(partSize)) {
  pieces.push(bytes.subarray(start, start + Number(partSize)));
}
const parts = await Promise.all(
  pieces.map(async (piece) => client.uploads.parts.create(upload.id, { data: await toFile(piece, "part") })),
);
const completed = await client.uploads.complete(upload.id, {
  part_ids: parts.map((part) => part.id),
  md5: createHash("md5").update(bytes).digest("hex"),
});
const content = await client.files.content(completed.file.id);
const cancelled = await client.uploads.create({
  filename: "a",
  purpose: "batch",
  mime_type: "text/plain",
  bytes: 1,
  expires_after: { anchor: "created_at", seconds: 3600 },
});
console.log(
  JSON.stringify({
    status: completed.status,
    parts: parts.length,
    same: Buffer.from(await content.arrayBuffer()).equals(bytes),
    cancelled: (await client.uploads.cancel(cancelled.id)).status,
  }),
);
