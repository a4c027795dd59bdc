// Requests to the API of the server that the console comes from.

import { session, signOut } from "../state/session";

/** The address of the API: beside the console's, so below the same prefix. */
export const API = new URL("v1/", new URL(location.pathname, location.origin)).href;

const RETRIED = new Set([429, 503]);
const ATTEMPTS = 3;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly param: string | null = null,
    readonly code: string | null = null,
    readonly requestId: string | null = null,
  ) {
    super(message);
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

interface Options {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  /** For requests that find out whether a key is valid: a 401 does not end the session. */
  quiet?: boolean;
  key?: string;
}

export function url(path: string, query: Query = {}): string {
  const found = new URL(path.replace(/^\//, ""), API);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") found.searchParams.set(name, String(value));
  }
  return found.href;
}

export function headers(): Record<string, string> {
  const { key, user } = session.value;
  return {
    ...(key ? { authorization: `Bearer ${key}` } : {}),
    ...(user ? { "x-on-behalf-of": String.fromCharCode(...new TextEncoder().encode(user)) } : {}), // its UTF-8
  };
}

/** A value for Idempotency-Key. `crypto.randomUUID` exists on secure origins only. */
export function idempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function errorOf(status: number, text: string, requestId: string | null): ApiError {
  try {
    const { error } = JSON.parse(text) as { error: { message: string; param: string | null; code: string | null } };
    return new ApiError(status, error.message, error.param, error.code, requestId);
  } catch {
    return new ApiError(status, `The server answered ${status} without a message.`, null, null, requestId);
  }
}

function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), fail(signal.reason as Error)), { once: true });
  });
}

async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const repeatable = method === "POST" ? { "idempotency-key": options.key ?? idempotencyKey() } : undefined;
  const sent: RequestInit = {
    method,
    headers: {
      ...headers(),
      ...(path.endsWith("/search") ? {} : repeatable),
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    ...(options.signal ? { signal: options.signal } : {}),
    cache: "no-store",
    credentials: "omit",
  };
  for (let attempt = 1; ; attempt++) {
    let answer: Response;
    try {
      answer = await fetch(url(path, options.query), sent);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ApiError(0, "The server cannot be reached. Check that it runs, and try again.");
    }
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text) as T;
    const again = RETRIED.has(answer.status) && answer.headers.get("x-should-retry") !== "false";
    if (again && attempt < ATTEMPTS) {
      await wait(1000 * Math.min(Number(answer.headers.get("retry-after") ?? 1), 10), options.signal);
      continue;
    }
    const error = errorOf(answer.status, text, answer.headers.get("x-request-id"));
    if (error.status === 401 && !options.quiet) signOut(error.message);
    throw error;
  }
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  request<T>("GET", path, { ...(query ? { query } : {}), ...(signal ? { signal } : {}) });
export const post = <T>(path: string, body?: unknown, signal?: AbortSignal) =>
  request<T>("POST", path, { body: body ?? {}, ...(signal ? { signal } : {}) });
export const remove = <T>(path: string) => request<T>("DELETE", path);
export const ask = <T>(path: string) => request<T>("GET", path, { quiet: true });
