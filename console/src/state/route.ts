// The address behind `#`: `#/stores/vs_1/files?status=failed`. The server always sends the same page.

import { signal } from "@preact/signals";

export interface Route {
  parts: string[];
  query: URLSearchParams;
}

/** Whether a part of an address can be an id. Nothing else becomes a part of a request's path. */
export const isId = (part: string): boolean => /^[\w-]+$/.test(part);

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

export const route = signal<Route>(parse(location.hash));

addEventListener("hashchange", () => (route.value = parse(location.hash)));

export function href(parts: (string | number)[], query: Record<string, string | number | null | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `#/${parts.map((part) => encodeURIComponent(part)).join("/")}${text ? `?${text}` : ""}`;
}

export function go(to: string): void {
  location.hash = to;
}

/** Changes the query of the address without a new entry in the history. */
export function setQuery(query: Record<string, string | number | null | undefined>): void {
  const merged = Object.fromEntries(route.value.query.entries());
  const to = href(route.value.parts, { ...merged, ...query });
  history.replaceState(null, "", to);
  route.value = parse(to);
}
