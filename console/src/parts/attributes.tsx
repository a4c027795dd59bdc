// Edits a map of names and values, such as attributes and metadata.

import { useState } from "preact/hooks";
import type { Attributes, Scalar } from "../api/types";
import { act } from "../state/notices";
import { Icon } from "./icons";
import { Button } from "./ui";

interface Row {
  key: string;
  value: string;
}

const MOST = 16;

/** Reads a value as it is typed: `12` is a number, `true` a boolean, and `"12"` a text. */
export function scalar(typed: string): Scalar {
  const text = typed.trim();
  if (text === "true" || text === "false") return text === "true";
  if (/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) && Number.isFinite(Number(text))) return Number(text);
  const quoted = /^"(.*)"$/s.exec(text);
  return quoted ? (quoted[1] ?? "") : typed;
}

export function typed(value: Scalar): string {
  if (typeof value !== "string") return String(value);
  return typeof scalar(value) === "string" && !/^".*"$/s.test(value) ? value : `"${value}"`;
}

export function AttributesEditor(props: {
  label: string;
  hint: string;
  value: Attributes;
  readOnly: boolean;
  save: (value: Attributes) => Promise<unknown>;
}) {
  const [rows, setRows] = useState<Row[]>(
    Object.entries(props.value).map(([key, value]) => ({ key, value: typed(value) })),
  );
  const [busy, setBusy] = useState(false);
  const change = (at: number, changed: Partial<Row>) =>
    setRows(rows.map((row, number) => (number === at ? { ...row, ...changed } : row)));
  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const kept = rows.filter((row) => row.key);
    await act(() => props.save(Object.fromEntries(kept.map((row) => [row.key, scalar(row.value)]))), "Saved");
    setBusy(false);
  }
  return (
    <form class="attributes card" onSubmit={(event) => void submit(event)}>
      <h2>{props.label}</h2>
      <p class="hint">
        {props.hint} Numbers and <code>true</code> or <code>false</code> are stored as such; put a text in quotes to keep
        it one.
      </p>
      {rows.map((row, at) => (
        <div class="attribute" key={at}>
          <input
            aria-label={`Name ${at + 1}`}
            placeholder="Name"
            maxLength={64}
            value={row.key}
            readOnly={props.readOnly}
            onInput={(event) => change(at, { key: event.currentTarget.value })}
          />
          <input
            aria-label={`Value of ${row.key || `name ${at + 1}`}`}
            placeholder="Value"
            value={row.value}
            readOnly={props.readOnly}
            onInput={(event) => change(at, { value: event.currentTarget.value })}
          />
          {!props.readOnly && (
            <Button
              kind="quiet"
              label={`Remove ${row.key || `name ${at + 1}`}`}
              onClick={() => setRows(rows.filter((_, number) => number !== at))}
            >
              <Icon name="close" />
            </Button>
          )}
        </div>
      ))}
      {!rows.length && <p class="muted">None.</p>}
      {!props.readOnly && (
        <footer>
          <Button disabled={rows.length >= MOST} onClick={() => setRows([...rows, { key: "", value: "" }])}>
            <Icon name="plus" />
            Add
          </Button>
          <Button kind="primary" type="submit" disabled={busy}>
            Save
          </Button>
        </footer>
      )}
    </form>
  );
}
