import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, post, remove } from "../api/client";
import type { Chunk, List, StoreFile } from "../api/types";
import { number, plural, size, STATUS } from "../format";
import { useBoxRows, useResource } from "../parts/hooks";
import { Icon } from "../parts/icons";
import { Button, Confirm, Failure, Id, Loading, PageHead, Tabs, When } from "../parts/ui";
import { AttributesEditor } from "../parts/attributes";
import { act } from "../state/notices";
import { go, href, route, setQuery } from "../state/route";
import { canWrite, isAdmin } from "../state/session";
import { marked, numberOf, pieces, placeOf, splitAtWords, type Piece } from "../text";
import { FileProgress } from "./files";
import { HistorySection } from "./history";
import { Fact } from "./store";

const POLL_MS = 1500;
const PAGE = 100;
const BEFORE = 20;

export function DocumentPage({ store, file }: { store: string; file: string }) {
  const path = `/vector_stores/${store}/files/${file}`;
  const section = route.value.query.get("show") ?? "text";
  const [detaching, setDetaching] = useState(false);
  const found = useResource(
    (signal) => get<StoreFile>(path, {}, signal),
    [path],
    (data) => (data.status === "in_progress" ? POLL_MS : null),
  );
  const back = (
    <a class="back" href={href(["stores", store])}>
      <Icon name="back" />
      Files of the store
    </a>
  );
  if (!found.data) {
    return (
      <>
        {back}
        {found.error ? (
          <>
            <PageHead title="File" />
            <Failure error={found.error} retry={found.refresh} />
            {isAdmin.value && <HistorySection kind="file" store={store} file={file} />}
          </>
        ) : (
          <Loading />
        )}
      </>
    );
  }
  const data = found.data;
  const retry = () =>
    act(async () => {
      const { attributes, chunking_strategy } = data;
      found.set(await post(`/vector_stores/${store}/files`, { file_id: file, attributes, chunking_strategy }));
      found.refresh();
    }, "The file is read again");
  const tabs = [
    { name: "text", label: "Text and chunks" },
    { name: "details", label: "Attributes" },
    ...(isAdmin.value ? [{ name: "history", label: "History" }] : []),
  ].map((each) => ({ ...each, href: href(["stores", store, "files", file], { show: each.name }) }));
  const chunking = data.chunking_strategy;
  return (
    <>
      {back}
      <PageHead title={data.filename} lead={<Id id={file} />}>
        {canWrite.value && (
          <>
            <Button disabled={data.status === "in_progress"} onClick={() => void retry()}>
              <Icon name="retry" />
              {data.status === "completed" ? "Read again" : "Retry"}
            </Button>
            <Button onClick={() => setDetaching(true)}>Detach</Button>
          </>
        )}
      </PageHead>
      <dl class="facts">
        <Fact name="Status" value={<FileProgress file={data} />} />
        <Fact name="Text" value={size(data.usage_bytes)} />
        <Fact name="Chunks" value={data.chunk_count === null ? "–" : number(data.chunk_count)} />
        {data.page_count !== null && <Fact name="Pages" value={number(data.page_count)} />}
        <Fact name="Added" value={<When at={data.created_at} />} />
        <Fact
          name="Chunking"
          value={
            chunking.type === "static"
              ? `${chunking.static.max_chunk_size_tokens} tokens, overlap ${chunking.static.chunk_overlap_tokens}`
              : "auto"
          }
        />
      </dl>
      {data.last_error && (
        <div class="banner bad" role="alert">
          <Icon name="warn" />
          <div>
            <strong>This file could not be read.</strong>
            <p>{data.last_error.message}</p>
          </div>
        </div>
      )}
      {data.warnings.length > 0 && (
        <div class="banner warn">
          <Icon name="warn" />
          <div>
            <strong>{plural(data.warnings.length, "warning")}</strong>
            <ul>
              {data.warnings.map((each) => (
                <li key={each.message}>
                  {each.message}
                  {each.where && <span class="muted"> ({each.where})</span>}
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
      <Tabs tabs={tabs} current={section} />
      {section === "text" &&
        (data.status !== "completed" && data.chunk_count === null ? (
          <p class="muted">There is no text yet: the file is {STATUS[data.status]?.toLowerCase()}.</p>
        ) : (
          <TextSection key={data.status} path={path} file={data} />
        ))}
      {section === "details" && (
        <AttributesEditor
          key={JSON.stringify(data.attributes)}
          label="Attributes"
          hint="Searches can filter by these. Up to 16."
          value={data.attributes}
          readOnly={!canWrite.value}
          save={async (attributes) => found.set(await post(path, { attributes }))}
        />
      )}
      {section === "history" && <HistorySection kind="file" store={store} file={file} />}
      {detaching && (
        <Confirm
          title="Detach this file?"
          action="Detach"
          onClose={() => setDetaching(false)}
          onConfirm={async () => {
            if (await act(() => remove(path), `${data.filename} was detached`)) go(href(["stores", store]));
          }}
        >
          <p>Searches of this store no longer find it. The uploaded file stays.</p>
        </Confirm>
      )}
    </>
  );
}

interface Chunks {
  items: Chunk[];
  before: boolean;
  after: boolean;
  error: ApiError | null;
  busy: boolean;
  load: (way: "before" | "after") => Promise<void>;
}

/** The chunks around one of them. More are fetched towards either end. */
function useChunks(path: string, around: number): Chunks {
  const [items, setItems] = useState<Chunk[]>([]);
  const [ends, setEnds] = useState({ before: false, after: false });
  const [error, setError] = useState<ApiError | null>(null);
  const busy = useRef(false);
  const [loading, setLoading] = useState(true);

  async function guarded(step: () => Promise<void>): Promise<void> {
    if (busy.current) return;
    busy.current = true;
    setLoading(true);
    try {
      await step();
    } catch (failure) {
      setError(failure instanceof ApiError ? failure : new ApiError(0, String(failure)));
    }
    busy.current = false;
    setLoading(false);
  }

  useEffect(() => {
    void guarded(async () => {
      const first = Math.max(0, around - BEFORE);
      // A cursor names the ingest, which only a chunk says.
      const [one] = first > 0 ? (await get<List<Chunk>>(`${path}/chunks`, { limit: 1 })).data : [];
      const after = one && first > 0 ? `${one.id.replace(/-\d+$/, "")}-${first - 1}` : null;
      const page = await get<List<Chunk>>(`${path}/chunks`, { limit: PAGE, after });
      setItems(page.data);
      setEnds({ before: first > 0, after: page.has_more });
    });
  }, [path]);

  return {
    items,
    ...ends,
    error,
    busy: loading,
    load: (way) =>
      guarded(async () => {
        const edge = way === "after" ? items[items.length - 1] : items[0];
        if (!edge) return;
        const order = way === "after" ? "asc" : "desc";
        const page = await get<List<Chunk>>(`${path}/chunks`, { limit: PAGE, after: edge.id, order });
        setItems(way === "after" ? [...items, ...page.data] : [...page.data.reverse(), ...items]);
        setEnds({ ...ends, [way]: page.has_more });
      }),
  };
}

function TextSection({ path, file }: { path: string; file: StoreFile }) {
  const query = route.value.query;
  const asked = Number(query.get("chunk") ?? 0);
  const words = (query.get("words") ?? "").split(" ").filter(Boolean);
  const chunks = useChunks(path, asked);
  const [pane, setPane] = useState<"text" | "chunks">("text");
  const textBox = useRef<HTMLDivElement>(null);
  const chunkBox = useRef<HTMLDivElement>(null);
  const all = pieces(chunks.items);
  const text = useBoxRows(all.length, 320, textBox);
  const list = useBoxRows(all.length, 132, chunkBox);
  const at = all.findIndex((each) => each.n === asked);
  const active = all[at];
  const scrolled = useRef(-1);
  useEffect(() => {
    if (at < 0 || scrolled.current === asked) return;
    scrolled.current = asked;
    // The passage begins in an earlier piece, where it shares characters with the chunks before.
    const from = active?.chunk.location?.start;
    const begin = from === undefined ? at : all.findIndex((each) => each.n <= asked && each.end > from);
    text.scrollToIndex(begin < 0 ? at : begin, { align: "start" });
    list.scrollToIndex(at, { align: "auto" });
  }, [at, asked, all.length, pane]);

  function choose(n: number): void {
    setQuery({ chunk: n });
  }

  if (chunks.error) {
    return chunks.error.code === "file_not_ready" ? (
      <p class="muted">There is no text yet: the file is {file.status.replace("_", " ")}.</p>
    ) : (
      <Failure error={chunks.error} />
    );
  }
  if (!all.length) return chunks.busy ? <Loading what="Reading the text" /> : <p class="muted">No chunks.</p>;
  const place = active?.chunk.location;
  return (
    <div class={`document show-${pane}`}>
      <div class="segments only-narrow" role="group" aria-label="Show">
        <button type="button" aria-pressed={pane === "text"} onClick={() => setPane("text")}>
          Text
        </button>
        <button type="button" aria-pressed={pane === "chunks"} onClick={() => setPane("chunks")}>
          Chunks
        </button>
      </div>
      <section class="pane text-pane" aria-label="Text">
        <header>
          <h2>Text</h2>
          {active && <span class="muted small ellipsis">{placeOf(active.chunk)}</span>}
        </header>
        <div class="scroll" ref={textBox} tabIndex={0} role="region" aria-label="Text of the file">
          <More chunks={chunks} way="before" />
          <div class="virtual" style={{ height: `${text.getTotalSize()}px` }}>
            {text.getVirtualItems().map((each) => {
              const piece = all[each.index];
              return piece ? (
                <div
                  key={piece.n}
                  data-index={each.index}
                  ref={text.measureElement}
                  class="piece"
                  style={{ transform: `translateY(${each.start}px)` }}
                >
                  <PieceText piece={piece} active={active} from={place?.start} to={place?.end} words={words} />
                </div>
              ) : null;
            })}
          </div>
          <More chunks={chunks} way="after" />
        </div>
      </section>
      <section class="pane chunk-pane" aria-label="Chunks">
        <header>
          <h2>Chunks</h2>
          <span class="muted small">{file.chunk_count === null ? "" : number(file.chunk_count)}</span>
        </header>
        <div class="scroll" ref={chunkBox} tabIndex={0} role="region" aria-label="Chunks of the file">
          <More chunks={chunks} way="before" />
          <div class="virtual" style={{ height: `${list.getTotalSize()}px` }}>
            {list.getVirtualItems().map((each) => {
              const piece = all[each.index];
              if (!piece) return null;
              const { chunk, n } = piece;
              return (
                <div
                  key={n}
                  data-index={each.index}
                  ref={list.measureElement}
                  class="chunk-row"
                  style={{ transform: `translateY(${each.start}px)` }}
                >
                  <button type="button" class="chunk" aria-pressed={n === asked} onClick={() => choose(n)}>
                    <span class="chunk-head">
                      <strong>{number(n)}</strong>
                      <span class="muted small">{placeOf(chunk)}</span>
                      {chunk.tokens !== null && <span class="muted small">{chunk.tokens} tokens</span>}
                    </span>
                    {chunk.lead_in && <span class="lead-in small">{chunk.lead_in.trim()}</span>}
                    <span class="chunk-text">{chunk.text.slice(0, 220)}</span>
                  </button>
                </div>
              );
            })}
          </div>
          <More chunks={chunks} way="after" />
        </div>
      </section>
    </div>
  );
}

function More({ chunks, way }: { chunks: Chunks; way: "before" | "after" }) {
  if (!chunks[way]) return null;
  const edge = way === "before" ? numberOf(chunks.items[0] as Chunk) : null;
  return (
    <div class="more">
      <Button disabled={chunks.busy} onClick={() => void chunks.load(way)}>
        {way === "before" ? `Earlier (${number(edge ?? 0)} chunks)` : "Load more"}
      </Button>
    </div>
  );
}

function PieceText(props: { piece: Piece; active: Piece | undefined; from?: number; to?: number; words: string[] }) {
  const { piece, active, from, to, words } = props;
  const whole = piece === active && from === undefined;
  const [before, inside, after] =
    from === undefined || to === undefined ? ["", whole ? piece.text : "", whole ? "" : piece.text] : marked(piece, from, to);
  return (
    <p>
      {before}
      {inside && (
        <mark>
          {splitAtWords(inside, words).map((part, number) => (number % 2 ? <strong key={number}>{part}</strong> : part))}
        </mark>
      )}
      {after}
    </p>
  );
}
