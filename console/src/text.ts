// Passages of a document: which characters each adds to the text, and which of them are marked.

import type { Chunk } from "./api/types";

export interface Piece {
  chunk: Chunk;
  /** Number of the chunk in its file. */
  n: number;
  /** The chunk's characters that no earlier chunk had, and where they begin and end in the file's text. */
  text: string;
  start: number;
  end: number;
  /** Whether characters between the chunk before and this one are in no chunk, such as a blank line. */
  gap: boolean;
}

const BEYOND_BMP = /[\ud800-\udbff]/;

/** Places are in code points, strings are in UTF-16. */
export function slicePoints(text: string, from: number, to?: number): string {
  return BEYOND_BMP.test(text) ? Array.from(text).slice(from, to).join("") : text.slice(from, to);
}

export function numberOf(chunk: Chunk): number {
  return Number(chunk.id.split("-")[2] ?? 0);
}

/** Chunks overlap; their pieces do not. Chunks without a place are pieces as they are. */
export function pieces(chunks: Chunk[]): Piece[] {
  let reached = -1;
  return chunks.map((chunk) => {
    const n = numberOf(chunk);
    const place = chunk.location;
    if (!place) return { chunk, n, text: chunk.text, start: 0, end: 0, gap: true };
    const start = Math.min(Math.max(place.start, reached), place.end);
    const gap = reached >= 0 && place.start > reached;
    reached = Math.max(reached, place.end);
    return { chunk, n, text: slicePoints(chunk.text, start - place.start), start, end: place.end, gap };
  });
}

/** A piece as up to three parts: before what is marked, marked, and after. */
export function marked(piece: Piece, from: number, to: number): [string, string, string] {
  const first = Math.min(Math.max(from - piece.start, 0), piece.end - piece.start);
  const last = Math.min(Math.max(to - piece.start, first), piece.end - piece.start);
  return [slicePoints(piece.text, 0, first), slicePoints(piece.text, first, last), slicePoints(piece.text, last)];
}

/** Splits a text at words, in any case: every second part is one of them. */
export function splitAtWords(text: string, words: string[]): string[] {
  const kept = words.filter(Boolean).sort((a, b) => b.length - a.length);
  if (!kept.length) return [text];
  const any = kept.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return text.split(new RegExp(`(?<![\\p{L}\\p{N}])(${any})(?![\\p{L}\\p{N}])`, "giu"));
}

export function placeOf(chunk: Chunk): string {
  const place = chunk.location;
  if (!place) return "";
  const first = place.page_label ?? place.first_page;
  const pages =
    place.sheet !== null
      ? `sheet ${place.sheet}`
      : place.first_page === null
        ? ""
        : place.last_page !== null && place.last_page !== place.first_page
          ? `pages ${first}–${place.last_page}`
          : `page ${first}`;
  return [pages, place.headings.join(" › ")].filter(Boolean).join(" · ");
}
