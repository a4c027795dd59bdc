import { expect, test } from "vitest";
import type { Chunk } from "./api/types";
import { scalar, typed } from "./parts/attributes";
import { filterOf } from "./parts/filter";
import { ago, plural, size } from "./format";
import { marked, pieces, slicePoints, splitAtWords } from "./text";

const TEXT = "Eins 😀 zwei.\n\nDrei 𝒳 vier fünf.";
const points = Array.from(TEXT);

function chunk(n: number, start: number, end: number): Chunk {
  const location = { chunk: n, start, end, first_page: null, last_page: null, sheet: null, headings: [], page_label: null };
  return { id: `chunk-1-${n}`, text: points.slice(start, end).join(""), lead_in: "", lead_out: "", tokens: 1, location };
}

test("pieces of overlapping chunks have each character once, also beyond the BMP", () => {
  const found = pieces([chunk(0, 0, 12), chunk(1, 5, 20), chunk(2, 16, points.length)]);
  expect(found.map((each) => each.text).join("")).toBe(TEXT);
  expect(found.map((each) => each.gap)).toEqual([false, false, false]);
});

test("what is marked is the passage, whichever pieces hold it", () => {
  const [first, second] = pieces([chunk(0, 0, 12), chunk(1, 5, 20)]);
  if (!first || !second) throw new Error("two pieces");
  expect(marked(first, 5, 20)).toEqual([slicePoints(TEXT, 0, 5), slicePoints(TEXT, 5, 12), ""]);
  expect(marked(second, 5, 20)[1]).toBe(slicePoints(TEXT, 12, 20));
  expect(marked(first, 12, 20)[1]).toBe("");
});

test("characters between chunks are told as a gap", () => {
  expect(pieces([chunk(0, 0, 4), chunk(1, 6, 12)]).map((each) => each.gap)).toEqual([false, true]);
});

test("words are marked whole, in any case, with what a pattern would take for a sign", () => {
  expect(splitAtWords("A cat, Cats and c++", ["cat", "c++"])).toEqual(["A ", "cat", ", Cats and ", "c++", ""]);
  expect(splitAtWords("text", [])).toEqual(["text"]);
});

test("values keep their types on the way through the editor", () => {
  for (const value of [1, -2.5, true, false, "text", "12", "true", '"quoted"', ""]) expect(scalar(typed(value))).toBe(value);
});

test("conditions become the API's filter", () => {
  expect(filterOf([], false)).toBeNull();
  expect(filterOf([{ key: "year", type: "gte", value: "2024" }], false)).toEqual({ type: "gte", key: "year", value: 2024 });
  expect(filterOf([{ key: "a", type: "in", value: "1, x" }, { key: "b", type: "eq", value: "true" }], true)).toEqual({
    type: "or",
    filters: [
      { type: "in", key: "a", value: [1, "x"] },
      { type: "eq", key: "b", value: true },
    ],
  });
});

test("numbers are written for people", () => {
  expect([size(0), size(999), size(1500), size(250_000_000)]).toEqual(["0 B", "999 B", "1.5 KB", "250 MB"]);
  expect(plural(1, "file")).toBe("1 file");
  expect(plural(2000, "file")).toBe("2,000 files");
  expect(ago(1000, 1003)).toBe("just now");
  expect(ago(1000, 1000 + 7200)).toBe("2 hours ago");
});
