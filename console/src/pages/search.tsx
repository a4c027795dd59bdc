import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, post } from "../api/client";
import type { List, SearchPage as Found, SearchResult, Store } from "../api/types";
import { plural } from "../format";
import { useResource } from "../parts/hooks";
import { Icon } from "../parts/icons";
import { Button, Empty, Failure, Field, PageHead } from "../parts/ui";
import { filterOf, FilterRows, type Condition } from "../parts/filter";
import { href, isId, route, setQuery } from "../state/route";
import { placeOf, splitAtWords } from "../text";

const RANKERS = [
  { value: "auto", label: "Meaning and words" },
  { value: "none", label: "Meaning only" },
  { value: "rrf", label: "By ranks (rrf)" },
  { value: "rerank", label: "Reranker" },
];
/** Where the slider stands until it is moved; the server's default counts until then. */
const START_WORDS = 26;

interface Options {
  /** Weight of words in percent; null for the server's default. */
  words: number | null;
  ranker: string;
  results: number;
  threshold: number;
  perFile: number;
  rewrite: boolean;
  any: boolean;
  conditions: Condition[];
}

const START: Options = {
  words: null,
  ranker: "auto",
  results: 10,
  threshold: 0,
  perFile: 0,
  rewrite: false,
  any: false,
  conditions: [],
};

export function SearchPage() {
  const query = route.value.query;
  const chosen = (query.get("stores") ?? "").split(",").filter(isId);
  const [text, setText] = useState(query.get("q") ?? "");
  const [options, setOptions] = useState<Options>(START);
  const [found, setFound] = useState<Found | null>(null);
  const [took, setTook] = useState(0);
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const running = useRef<AbortController | null>(null);
  const stores = useResource((signal) => get<List<Store>>("/vector_stores", { limit: 100 }, signal), []);
  const linked = useResource(
    (signal) => Promise.all(chosen.map((id) => get<Store>(`/vector_stores/${id}`, {}, signal).catch(() => null))),
    [chosen.join()],
  );
  const known = new Map([...(stores.data?.data ?? []), ...(linked.data ?? [])].flatMap((each) => (each ? [[each.id, each]] : [])));
  const change = (changed: Partial<Options>) => setOptions((old) => ({ ...old, ...changed }));

  async function run(event?: Event): Promise<void> {
    event?.preventDefault();
    if (!text.trim()) return;
    const ids = chosen.length ? chosen : [...known.values()].filter((s) => s.status !== "expired").map((s) => s.id).slice(0, 20);
    if (!ids.length) return;
    setQuery({ q: text });
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setBusy(true);
    const began = performance.now();
    try {
      const filters = filterOf(options.conditions, options.any);
      const page = await post<Found>(
        "/vector_stores/search",
        {
          vector_store_ids: ids,
          query: text,
          explain: true,
          max_num_results: options.results,
          ...(options.rewrite ? { rewrite_query: true } : {}),
          ...(filters ? { filters } : {}),
          ...(options.perFile ? { max_results_per_file: options.perFile } : {}),
          ranking_options: {
            ranker: options.ranker,
            score_threshold: options.threshold,
            ...(options.ranker !== "none" && options.words !== null
              ? { hybrid_search: { embedding_weight: (100 - options.words) / 100, text_weight: options.words / 100 } }
              : {}),
          },
        },
        controller.signal,
      );
      setTook(performance.now() - began);
      setFound(page);
      setError(null);
    } catch (failure) {
      if (controller.signal.aborted) return;
      setError(failure instanceof ApiError ? failure : new ApiError(0, String(failure)));
      setFound(null);
    }
    setBusy(false);
  }

  const begun = useRef(false);
  useEffect(() => {
    if (!begun.current && text && (chosen.length || stores.data)) {
      begun.current = true;
      void run();
    }
  }, [stores.data]);

  return (
    <div class="playground">
      <PageHead title="Search" lead="Ask your stores, and see why each passage was found." />
      <form class="search-form" role="search" id="search" onSubmit={(event) => void run(event)}>
        <div class="search-line">
          <Icon name="search" />
          <input
            type="search"
            aria-label="Query"
            placeholder="What do you want to find?"
            value={text}
            maxLength={4096}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <Button kind="primary" type="submit" disabled={busy}>
            {busy ? "Searching…" : "Search"}
          </Button>
        </div>
      </form>
      <details class="options" open={innerWidth > 1080}>
          <summary>Stores, ranking and filters</summary>
          <div class="option-grid">
            <StoreChoice stores={[...known.values()]} chosen={chosen} />
            <fieldset>
              <legend>Ranking</legend>
              <div class="pair">
                <Field label="Ranker">
                  {(id) => (
                    <select id={id} value={options.ranker} onChange={(e) => change({ ranker: e.currentTarget.value })}>
                      {RANKERS.map((each) => (
                        <option key={each.value} value={each.value}>
                          {each.label}
                        </option>
                      ))}
                    </select>
                  )}
                </Field>
                <Field label="Results">
                  {(id) => (
                    <input id={id} type="number" min={1} max={50} value={options.results} onInput={(e) => change({ results: Number(e.currentTarget.value) || 10 })} />
                  )}
                </Field>
              </div>
              <Field
                label={`Weight of words: ${options.words === null ? "default" : `${options.words} %`}`}
                hint={options.words === null ? "Move it to weigh words and meaning." : `Meaning: ${100 - options.words} %`}
              >
                {(id) => (
                  <input
                    id={id}
                    type="range"
                    min={0}
                    max={100}
                    value={options.words ?? START_WORDS}
                    disabled={options.ranker === "none"}
                    onInput={(e) => change({ words: Number(e.currentTarget.value) })}
                  />
                )}
              </Field>
              <Field label={`Lowest score: ${options.threshold.toFixed(2)}`}>
                {(id) => (
                  <input id={id} type="range" min={0} max={1} step={0.01} value={options.threshold} onInput={(e) => change({ threshold: Number(e.currentTarget.value) })} />
                )}
              </Field>
              <div class="pair">
                <Field label="Results per file" hint="0: any number">
                  {(id) => (
                    <input id={id} type="number" min={0} max={50} value={options.perFile} onInput={(e) => change({ perFile: Number(e.currentTarget.value) || 0 })} />
                  )}
                </Field>
                <label class="check">
                  <input type="checkbox" checked={options.rewrite} onChange={(e) => change({ rewrite: e.currentTarget.checked })} />
                  Rewrite the query
                </label>
              </div>
            </fieldset>
            <FilterRows
              conditions={options.conditions}
              any={options.any}
              onChange={(conditions, any) => change({ conditions, any })}
            />
          </div>
        </details>
      <div class="found">
      <div role="status" class="search-status muted small">
        {found && !error
          ? `${plural(found.data.length, "result")} in ${Math.round(took)} ms` +
            (found.search_query.join() !== text ? ` for “${found.search_query.join("”, “")}”` : "")
          : ""}
      </div>
      {error && <Failure error={error} />}
      {found?.warnings.map((each) => (
        <div class="banner warn" key={each.code}>
          <Icon name="warn" />
          <p>{each.message}</p>
        </div>
      ))}
      {stores.data && !stores.data.data.length && <Empty title="There is no store to search yet" icon="search" />}
      {found && !found.data.length && (
        <Empty title="Nothing was found" icon="search">
          <p>Try other words, a lower score, or fewer filters.</p>
        </Empty>
      )}
      <ol class="results">
        {found?.data.map((result) => (
          <Result
            key={`${result.vector_store_id} ${result.file_id} ${result.content[0]?.location?.chunk}`}
            result={result}
            store={known.get(result.vector_store_id ?? "")}
          />
        ))}
      </ol>
      </div>
    </div>
  );
}

function StoreChoice({ stores, chosen }: { stores: Store[]; chosen: string[] }) {
  function toggle(id: string): void {
    const next = chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id];
    setQuery({ stores: next.join(",") || null });
  }
  return (
    <fieldset>
      <legend>Stores</legend>
      <p class="hint">{chosen.length ? plural(chosen.length, "store") : "All that are listed, up to 20"}</p>
      <div class="choices" tabIndex={0} role="group" aria-label="Stores to search">
        {stores.map((store) => (
          <label key={store.id} class="check">
            <input
              type="checkbox"
              checked={chosen.includes(store.id)}
              disabled={store.status === "expired" || (chosen.length >= 20 && !chosen.includes(store.id))}
              onChange={() => toggle(store.id)}
            />
            <span class="ellipsis">{store.name || store.id}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Result({ result, store }: { result: SearchResult; store: Store | undefined }) {
  const [whole, setWhole] = useState(false);
  const part = result.content[0];
  const text = part?.text ?? "";
  const why = result.explanation;
  const words = why?.words ?? [];
  const place = part?.location;
  const shown = whole || text.length < 700 ? text : `${text.slice(0, 700)}…`;
  const id = result.vector_store_id ?? "";
  const to = href(["stores", id, "files", result.file_id], { chunk: place?.chunk ?? 0, words: words.join(" ") });
  const where = place ? placeOf({ id: "", text: "", lead_in: "", lead_out: "", tokens: null, location: place }) : "";
  return (
    <li class="result card">
      <header>
        <div class="result-head">
          <a class="result-title" href={to}>
            {result.filename}
          </a>
          <span class="muted small">{[store?.name ?? id, where].filter(Boolean).join(" · ")}</span>
        </div>
        <span class="score" title="From 0 to 1; 0.5 means unrelated">
          <span class="muted small">score </span>
          {result.score.toFixed(3)}
        </span>
      </header>
      <blockquote>
        {splitAtWords(shown, words).map((piece, number) => (number % 2 ? <mark key={number}>{piece}</mark> : piece))}
      </blockquote>
      {text.length >= 700 && (
        <Button kind="quiet" onClick={() => setWhole(!whole)}>
          {whole ? "Show less" : "Show the whole passage"}
        </Button>
      )}
      {why && <Why why={why} score={result.score} />}
      {Object.keys(result.attributes).length > 0 && (
        <p class="tags">
          {Object.entries(result.attributes).map(([key, value]) => (
            <span class="tag" key={key}>
              {key}: {String(value)}
            </span>
          ))}
        </p>
      )}
    </li>
  );
}

function Why({ why, score }: { why: NonNullable<SearchResult["explanation"]>; score: number }) {
  const { meaning, words } = why.shares;
  return (
    <div class="why">
      <span class="share-bar" aria-hidden="true">
        <span class="meaning" style={{ width: `${100 * meaning}%` }} />
        <span class="words" style={{ width: `${100 * words}%` }} />
      </span>
      <dl>
        <div>
          <dt>
            <span class="key meaning" aria-hidden="true" />
            Meaning
          </dt>
          <dd>
            {meaning.toFixed(3)}
            <span class="muted"> {why.cosine === null ? "" : `cosine ${why.cosine.toFixed(3)}`}</span>
          </dd>
        </div>
        <div>
          <dt>
            <span class="key words" aria-hidden="true" />
            Words
          </dt>
          <dd>
            {words.toFixed(3)}
            <span class="muted"> {why.match === null ? "" : `match ${why.match.toFixed(2)}`}</span>
          </dd>
        </div>
        {Math.abs(meaning + words - score) > 0.005 && (
          <div>
            <dt>Reranker</dt>
            <dd>{score.toFixed(3)}</dd>
          </div>
        )}
        <div class="matched">
          <dt>Matched</dt>
          <dd>
            {why.words.length ? why.words.map((word) => <span class="tag" key={word}>{word}</span>) : <span class="muted">no words</span>}
          </dd>
        </div>
      </dl>
    </div>
  );
}
