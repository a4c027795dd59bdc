// Sends a file: in one request if it is small, else in parts, several at a time.

import { ApiError, errorOf, headers, idempotencyKey, post, url } from "./client";
import type { UploadedFile } from "./types";

/** Of one request. AWS takes 4.5 MB; the local edition takes more, but parts show progress and survive a bad line. */
export const PART = 4 * 1024 * 1024;
const AT_ONCE = 3;
const ATTEMPTS = 4;

export interface Upload {
  /** Bytes that the server has received. */
  onProgress: (sent: number) => void;
  signal: AbortSignal;
}

export async function upload(file: File, { onProgress, signal }: Upload): Promise<UploadedFile> {
  if (file.size <= PART) {
    const form = new FormData();
    form.set("purpose", "assistants");
    form.set("file", file, file.name);
    return sendForm<UploadedFile>("/files", form, onProgress, signal);
  }
  return inParts(file, { onProgress, signal });
}

async function inParts(file: File, { onProgress, signal }: Upload): Promise<UploadedFile> {
  const begun = await post<{ id: string }>(
    "/uploads",
    {
      filename: file.name,
      purpose: "assistants",
      bytes: file.size,
      mime_type: file.type || "application/octet-stream",
    },
    signal,
  );
  const count = Math.ceil(file.size / PART);
  const ids = new Array<string>(count);
  const sent = new Array<number>(count).fill(0);
  let next = 0;
  async function worker(): Promise<void> {
    while (next < count) {
      const at = next++;
      const form = new FormData();
      form.set("data", file.slice(at * PART, (at + 1) * PART), "part");
      const part = await sendForm<{ id: string }>(
        `/uploads/${begun.id}/parts`,
        form,
        (bytes) => {
          sent[at] = bytes;
          onProgress(Math.min(file.size, sent.reduce((sum, each) => sum + each, 0)));
        },
        signal,
      );
      ids[at] = part.id;
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker));
    const done = await post<{ file: UploadedFile }>(`/uploads/${begun.id}/complete`, { part_ids: ids }, signal);
    return done.file;
  } catch (error) {
    // What was sent would go in an hour anyway; a cancel that fails loses nothing.
    await post(`/uploads/${begun.id}/cancel`).catch(() => undefined);
    throw error;
  }
}

/** Sends a form, and repeats it under the same Idempotency-Key if the line or the server fails for a moment. */
async function sendForm<T>(
  path: string,
  form: FormData,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<T> {
  const key = idempotencyKey();
  for (let attempt = 1; ; attempt++) {
    try {
      return await sendOnce<T>(path, form, key, onProgress, signal);
    } catch (error) {
      const passing = error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status === 503);
      if (!passing || attempt === ATTEMPTS || signal.aborted || error.code === "insufficient_quota") throw error;
      await new Promise((done) => setTimeout(done, 500 * 2 ** attempt));
    }
  }
}

async function sendOnce<T>(
  path: string,
  form: FormData,
  key: string,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted(); // it may have been while this waited to try again
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload has come
    request.open("POST", url(path));
    for (const [name, value] of Object.entries({ ...headers(), "idempotency-key": key })) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      if (request.status === 200) done(JSON.parse(request.responseText) as T);
      else fail(errorOf(request.status, request.responseText, request.getResponseHeader("x-request-id")));
    };
    request.onerror = () => fail(new ApiError(0, "The connection broke while the file was sent."));
    request.onabort = () => fail(new ApiError(0, "Cancelled"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}
