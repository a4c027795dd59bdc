// Data for components: one thing that is fetched again, a list page by page, and the rows of a long list that show.

import { useCallback, useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import {
  Virtualizer,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  observeWindowOffset,
  observeWindowRect,
  windowScroll,
} from "@tanstack/virtual-core";
import { ApiError, get, type Query } from "../api/client";
import type { List } from "../api/types";

export const PAGE = 100;

export interface Resource<T> {
  data: T | null;
  error: ApiError | null;
  refresh: () => void;
  set: (data: T) => void;
}

/** Fetches what `load` returns, and again when `keys` change. `every` polls, in ms, while the page is visible. */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: unknown[],
  every?: (data: T) => number | null,
): Resource<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, refresh] = useReducer((count: number, _: void) => count + 1, 0);
  const shown = useRef<unknown[]>(keys);
  const key = JSON.stringify(keys);
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let pause: number | null | undefined = null;
    if (shown.current !== keys && JSON.stringify(shown.current) !== key) {
      shown.current = keys;
      setData(null);
    }
    async function run(): Promise<void> {
      try {
        const found = await load(controller.signal);
        setData(found);
        setError(null);
        pause = every?.(found);
        if (pause) timer = setTimeout(() => void next(), pause);
      } catch (failure) {
        if (controller.signal.aborted) return;
        const error = asError(failure);
        setError(error);
        if (pause && ![401, 403, 404].includes(error.status)) timer = setTimeout(() => void next(), pause);
      }
    }
    async function next(): Promise<void> {
      if (document.hidden) timer = setTimeout(() => void next(), 1000);
      else await run();
    }
    void run();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [key, turn]);
  return { data, error, refresh: useCallback(() => refresh(), []), set: setData };
}

function asError(failure: unknown): ApiError {
  return failure instanceof ApiError ? failure : new ApiError(0, String(failure));
}

export interface Pages<T> {
  items: T[];
  error: ApiError | null;
  loading: boolean;
  more: boolean;
  loadMore: () => void;
  refresh: () => void;
  replace: (changed: T) => void;
  removeItem: (id: string) => void;
}

/** A list by cursor. Only the pages that were scrolled to are fetched. */
export function usePages<T extends { id: string }>(path: string, query: Query, size = PAGE): Pages<T> {
  const [items, setItems] = useState<T[]>([]);
  const [error, setError] = useState<ApiError | null>(null);
  const [more, setMore] = useState(true);
  const [loading, setLoading] = useState(true);
  const [turn, refresh] = useReducer((count: number, _: void) => count + 1, 0);
  const state = useRef({ busy: false, after: null as string | null, controller: new AbortController() });
  const key = JSON.stringify([path, query, size]);

  const fetchPage = useCallback(
    async (after: string | null, controller: AbortController) => {
      state.current.busy = true;
      setLoading(true);
      try {
        const page = await get<List<T>>(path, { ...query, limit: size, after }, controller.signal);
        if (controller.signal.aborted) return;
        setItems((known) => (after === null ? page.data : [...known, ...page.data]));
        setMore(page.has_more && page.data.length > 0);
        setError(null);
        state.current.after = page.last_id;
      } catch (failure) {
        if (controller.signal.aborted) return;
        setError(asError(failure));
        setMore(false);
      }
      state.current.busy = false;
      setLoading(false);
    },
    [key],
  );

  useEffect(() => {
    const controller = new AbortController();
    state.current = { busy: false, after: null, controller };
    void fetchPage(null, controller);
    return () => controller.abort();
  }, [key, turn]);
  useEffect(() => {
    setItems([]);
    setMore(true);
  }, [key]);

  return {
    items,
    error,
    loading,
    more,
    loadMore: () => {
      if (!state.current.busy && more) void fetchPage(state.current.after, state.current.controller);
    },
    refresh: useCallback(() => refresh(), []),
    replace: (changed) => setItems((known) => known.map((each) => (each.id === changed.id ? changed : each))),
    removeItem: (id) => setItems((known) => known.filter((each) => each.id !== id)),
  };
}

type Windowed = Virtualizer<Window, HTMLElement>;
type Boxed = Virtualizer<HTMLElement, HTMLElement>;

function useVirtualizer<V extends Windowed | Boxed>(make: (rerender: () => void) => V, update: (made: V) => void): V {
  const [, rerender] = useReducer((count: number, _: void) => count + 1, 0);
  const [made] = useState(() => make(() => rerender()));
  update(made);
  useLayoutEffect(() => made._didMount(), []);
  useLayoutEffect(() => made._willUpdate());
  return made;
}

/** The rows of a list that scrolls with the page. */
export function useWindowRows(count: number, estimate: number, top: number): Windowed {
  const options = (rerender: () => void) => ({
    count,
    estimateSize: () => estimate,
    overscan: 8,
    scrollMargin: top,
    getScrollElement: (): Window => window,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    initialOffset: () => window.scrollY,
    onChange: rerender,
  });
  const latest = useRef<() => void>(() => undefined);
  return useVirtualizer<Windowed>(
    (rerender) => {
      latest.current = rerender;
      return new Virtualizer<Window, HTMLElement>(options(rerender));
    },
    (made) => made.setOptions(options(latest.current)),
  );
}

/** The rows of a list that scrolls in a box of its own. */
export function useBoxRows(count: number, estimate: number, box: { current: HTMLElement | null }): Boxed {
  const options = (rerender: () => void) => ({
    count,
    estimateSize: () => estimate,
    overscan: 4,
    getScrollElement: () => box.current,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: rerender,
  });
  const latest = useRef<() => void>(() => undefined);
  return useVirtualizer<Boxed>(
    (rerender) => {
      latest.current = rerender;
      return new Virtualizer<HTMLElement, HTMLElement>(options(rerender));
    },
    (made) => made.setOptions(options(latest.current)),
  );
}
