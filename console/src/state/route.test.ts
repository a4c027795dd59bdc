import { beforeAll, expect, test, vi } from "vitest";

beforeAll(() => {
  vi.stubGlobal("location", { hash: "" });
  vi.stubGlobal("addEventListener", () => undefined);
});

test("an address says the same when it is read back", async () => {
  const { href, parse } = await import("./route");
  const made = href(["stores", "vs_1", "files", "a/b ü"], { q: "what & why?", none: null });
  const found = parse(made);
  expect(found.parts).toEqual(["stores", "vs_1", "files", "a/b ü"]);
  expect(Object.fromEntries(found.query)).toEqual({ q: "what & why?" });
});

test("only what can be an id becomes a part of a request's path", async () => {
  const { isId } = await import("./route");
  expect(["vs_1a", "file-Ab_9", "..", "a/b", "", "%2e", "a?b"].map(isId)).toEqual([true, true, false, false, false, false, false]);
});

test("an address with a stray percent sign is no error", async () => {
  const { parse } = await import("./route");
  expect(parse("#/stores/100%").parts).toEqual(["stores", "100%"]);
});
