import { useState } from "preact/hooks";
import { get } from "../api/client";
import type { LogEvent, Store, StoreFile, List } from "../api/types";
import { number, plural, size, time } from "../format";
import { usePages, useResource } from "../parts/hooks";
import { Button, Failure, Field, Loading, Status, When } from "../parts/ui";
import { href, route, setQuery } from "../state/route";
import { Fact } from "./store";

const WORDS: Record<string, string> = {
  VectorStoreCreated: "Store created",
  VectorStoreModified: "Store changed",
  VectorStoreUsed: "Store used",
  VectorStoreExpired: "Store expired",
  VectorStoreMoved: "Moved from another server",
  VectorStoreShared: "Shared",
  VectorStoreUnshared: "Sharing ended",
  VectorStoreDeleted: "Store deleted",
  FileAttached: "Attached",
  FileChunked: "Split into chunks",
  FileIngested: "Indexed, and serves",
  FileFailed: "Failed",
  FileCancelled: "Cancelled",
  FileAttributesChanged: "Attributes changed",
  FileDetached: "Detached",
};
const HIDDEN = new Set(["type"]);
/** Fields that say nothing to a reader at a glance. They are among all fields. */
const TECHNICAL = new Set(["at", "search", "used", "row", "revision", "owner", "generation", "position", "file", "store", "key"]);

/** What happened, as a timeline, and how the thing was at any time. */
export function HistorySection(props: { kind: "store" | "file"; store: string; file?: string }) {
  const path = props.file ? `/vector_stores/${props.store}/files/${props.file}` : `/vector_stores/${props.store}`;
  const pages = usePages<LogEvent>(`${path}/events`, {}, 50);
  const at = route.value.query.get("at");
  return (
    <section aria-label="History" class="history">
      <AsOf {...props} path={path} at={at ? Number(at) : null} />
      {pages.error && <Failure error={pages.error} retry={pages.refresh} />}
      {!pages.items.length && pages.loading && <Loading />}
      <ol class="timeline">
        {pages.items.map((event) => (
          <li key={event.id} class={event.changes.some((each) => each.type === "FileFailed") ? "failed" : ""}>
            <div class="event">
              <header>
                <h2>{event.changes.map((each) => WORDS[each.type] ?? each.type).join(", ")}</h2>
                <When at={event.created_at} />
              </header>
              <p class="muted small">
                {time(event.created_at)}
                {event.actor ? ` · by ${actor(event.actor)}` : ""}
                {event.imported ? " · imported" : ""}
              </p>
              {event.changes.map((change) => (
                <Change key={change.type} change={change} />
              ))}
              <div class="event-actions">
                <Button kind="quiet" onClick={() => setQuery({ at: event.created_at })}>
                  As of then
                </Button>
                {event.request_id && <span class="muted small mono">{event.request_id}</span>}
              </div>
            </div>
          </li>
        ))}
      </ol>
      {pages.more && pages.items.length > 0 && (
        <Button disabled={pages.loading} onClick={pages.loadMore}>
          {pages.loading ? "Loading…" : "Show older"}
        </Button>
      )}
    </section>
  );
}

function actor(value: string | Record<string, unknown>): string {
  return typeof value === "string" ? value : Object.values(value).filter(Boolean).join(" / ");
}

function Change({ change }: { change: LogEvent["changes"][number] }) {
  const failure = change["failure"] as { message?: string } | undefined;
  const fields = Object.entries(change).filter(([name, value]) => !HIDDEN.has(name) && value !== null && value !== "");
  if (!fields.length) return null;
  const short = fields.filter(([name, value]) => !TECHNICAL.has(name) && typeof value !== "object");
  return (
    <>
      {failure?.message && <p class="reason bad">{failure.message}</p>}
      {short.length > 0 && (
        <p class="small ellipsis">
          {short
            .slice(0, 4)
            .map(([name, value]) => `${name.replaceAll("_", " ")}: ${String(value)}`)
            .join(" · ")}
        </p>
      )}
      <details>
        <summary>{plural(fields.length, "field")}</summary>
        <dl class="fields">
          {fields.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="mono small">{typeof value === "string" ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}

function local(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}` +
    `T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

function AsOf(props: { kind: "store" | "file"; store: string; path: string; at: number | null }) {
  const [moment, setMoment] = useState(local(props.at ?? Math.floor(Date.now() / 1000)));
  const at = props.at;
  return (
    <div class="as-of card">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const seconds = Math.floor(new Date(moment).getTime() / 1000);
          if (Number.isFinite(seconds)) setQuery({ at: seconds });
        }}
      >
        <Field label="As of">
          {(id) => (
            <input
              id={id}
              type="datetime-local"
              step={1}
              value={at === null ? moment : local(at)}
              onInput={(event) => {
                setMoment(event.currentTarget.value);
                if (at !== null) setQuery({ at: null });
              }}
            />
          )}
        </Field>
        <Button type="submit">Show</Button>
        {at !== null && (
          <Button kind="quiet" onClick={() => setQuery({ at: null })}>
            Back to now
          </Button>
        )}
      </form>
      {at !== null && (props.kind === "store" ? <StoreThen {...props} at={at} /> : <FileThen {...props} at={at} />)}
    </div>
  );
}

function StoreThen({ store, path, at }: { store: string; path: string; at: number }) {
  const then = useResource((signal) => get<Store>(path, { at }, signal), [path, at]);
  const files = useResource((signal) => get<List<StoreFile>>(`${path}/files`, { at, limit: 100 }, signal), [path, at]);
  if (then.error) return <Failure error={then.error} />;
  if (!then.data) return <Loading />;
  const counts = then.data.file_counts;
  return (
    <div class="then" aria-live="polite">
      <dl class="facts">
        <Fact name="Name" value={then.data.name || "Unnamed store"} />
        <Fact name="Status" value={<Status status={then.data.status} />} />
        <Fact name="Files" value={number(counts.total)} />
        <Fact name="Failed" value={number(counts.failed)} />
        <Fact name="Text" value={size(then.data.usage_bytes)} />
      </dl>
      {files.error && <Failure error={files.error} />}
      <ul class="then-files">
        {files.data?.data.map((file) => (
          <li key={file.id}>
            <a href={href(["stores", store, "files", file.id], { show: "history", at })}>{file.filename}</a>
            <Status status={file.status} />
          </li>
        ))}
      </ul>
      {files.data?.has_more && <p class="muted small">The first 100 of {number(counts.total)} files.</p>}
    </div>
  );
}

function FileThen({ path, at }: { path: string; at: number }) {
  const then = useResource((signal) => get<StoreFile>(path, { at }, signal), [path, at]);
  if (then.error) return <Failure error={then.error} />;
  if (!then.data) return <Loading />;
  const attributes = Object.entries(then.data.attributes);
  return (
    <dl class="facts then" aria-live="polite">
      <Fact name="Status" value={<Status status={then.data.status} />} />
      <Fact name="Text" value={size(then.data.usage_bytes)} />
      <Fact name="Chunks" value={then.data.chunk_count === null ? "–" : number(then.data.chunk_count)} />
      {then.data.last_error && <Fact name="Reason" value={then.data.last_error.message} />}
      {attributes.length > 0 && (
        <Fact name="Attributes" value={attributes.map(([key, value]) => `${key}: ${String(value)}`).join(", ")} />
      )}
    </dl>
  );
}
