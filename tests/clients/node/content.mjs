// Reads the text of a file in a store, uncompressed; it may come from another address, which must not get the key.
import OpenAI from "openai";

const [baseURL, apiKey, store, file] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, defaultHeaders: { "Accept-Encoding": "identity" } });
let length = 0;
for await (const part of client.vectorStores.files.content(file, { vector_store_id: store })) length += part.text.length;
console.log(length);
