import { useEffect, useRef, useState } from "preact/hooks";
import { get, post, remove } from "../api/client";
import type { FileStatus, Store, StoreFile } from "../api/types";
import { number, percent, size } from "../format";
import { usePages } from "../parts/hooks";
import { Icon } from "../parts/icons";
import { order as orderOf, OrderChoice } from "../parts/order";
import { Rows } from "../parts/rows";
import { Button, Confirm, Empty, Progress, Status, When } from "../parts/ui";
import { act } from "../state/notices";
import { href, route, setQuery } from "../state/route";
import { canWrite } from "../state/session";
import { attached } from "../state/uploads";
import { AttachFiles } from "./attach";
import { UploadArea } from "./upload_area";

const COLUMNS = [
  { name: "name", label: "File" },
  { name: "status", label: "Status" },
  { name: "chunks", label: "Chunks" },
  { name: "size", label: "Text" },
  { name: "added", label: "Added" },
  { name: "do", label: "Actions" },
];
const POLL_MS = 2000;
const MOST_POLLED = 20;
const FILTERS: (FileStatus | "")[] = ["", "in_progress", "completed", "failed", "cancelled"];

export function FilesSection({ store, refresh }: { store: Store; refresh: () => void }) {
  const query = route.value.query;
  const filter = query.get("status") ?? "";
  const order = orderOf();
  const path = `/vector_stores/${store.id}/files`;
  const pages = usePages<StoreFile>(path, { filter, order });
  const [visible, setVisible] = useState<StoreFile[]>([]);
  const [attaching, setAttaching] = useState(false);
  const [detaching, setDetaching] = useState<StoreFile | null>(null);
  const seen = useRef(attached.value);
  useEffect(() => {
    if (seen.current !== attached.value) {
      seen.current = attached.value;
      pages.refresh();
      refresh();
    }
  }, [attached.value]);

  const open = visible.filter((each) => each.status === "in_progress").slice(0, MOST_POLLED);
  const polled = open.map((each) => each.id).join();
  useEffect(() => {
    if (!polled) return undefined;
    const timer = setInterval(() => {
      if (document.hidden) return;
      for (const id of polled.split(",")) {
        get<StoreFile>(`${path}/${id}`)
          .then((changed) => {
            pages.replace(changed);
            setVisible((known) => known.map((each) => (each.id === changed.id ? changed : each)));
            if (changed.status !== "in_progress") refresh();
          })
          .catch(() => undefined); // the list shows it at the next refresh; a failure here is told by the page's own requests
      }
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [polled]);

  async function retry(file: StoreFile): Promise<void> {
    await act(async () => {
      const changed = await post<StoreFile>(path, {
        file_id: file.id,
        attributes: file.attributes,
        chunking_strategy: file.chunking_strategy,
      });
      pages.replace(changed);
      setVisible((known) => known.map((each) => (each.id === changed.id ? changed : each)));
      refresh();
    }, `${file.filename} is read again`);
  }

  const counts = store.file_counts;
  const total = filter ? counts[filter as FileStatus] : counts.total;
  const mayWrite = canWrite.value && store.status !== "expired";
  return (
    <section aria-label="Files">
      {mayWrite && <UploadArea store={store.id} />}
      <div class="toolbar">
        <div class="segments" role="group" aria-label="Show files">
          {FILTERS.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={filter === each}
              onClick={() => setQuery({ status: each || null })}
            >
              {each === "" ? "All" : each === "in_progress" ? "In progress" : each[0]?.toUpperCase() + each.slice(1)}
              <span class="count">{number(each === "" ? counts.total : counts[each])}</span>
            </button>
          ))}
        </div>
        <OrderChoice />
        {mayWrite && (
          <Button onClick={() => setAttaching(true)}>
            <Icon name="plus" />
            Attach
          </Button>
        )}
        <Button
          kind="quiet"
          onClick={() => {
            pages.refresh();
            refresh();
          }}
        >
          <Icon name="retry" />
          Refresh
        </Button>
      </div>
      <Rows
        className="files"
        label="Files of the store"
        columns={COLUMNS}
        pages={pages}
        height={68}
        total={total}
        onVisible={setVisible}
        empty={
          filter ? (
            <Empty title="No file has this status" icon="file" />
          ) : (
            <Empty title="No files yet" icon="file">
              <p>{mayWrite ? "Drop files above, or attach files that are uploaded already." : "Nothing to show."}</p>
            </Empty>
          )
        }
        row={(file) => [
          <div class="title-cell">
            <a href={href(["stores", store.id, "files", file.id])}>{file.filename}</a>
            <Reason file={file} />
          </div>,
          <FileProgress file={file} />,
          file.status === "completed" && file.chunk_count !== null ? number(file.chunk_count) : "–",
          file.status === "completed" ? size(file.usage_bytes) : "–",
          <When at={file.created_at} />,
          mayWrite ? (
            <div class="row-actions">
              <Button
                kind="quiet"
                label={`${file.status === "completed" ? "Read again" : "Retry"} ${file.filename}`}
                disabled={file.status === "in_progress"}
                onClick={() => void retry(file)}
              >
                <Icon name="retry" />
              </Button>
              <Button kind="quiet" label={`Detach ${file.filename}`} onClick={() => setDetaching(file)}>
                <Icon name="close" />
              </Button>
            </div>
          ) : null,
        ]}
      />
      {attaching && (
        <AttachFiles
          store={store.id}
          onClose={() => setAttaching(false)}
          onDone={() => {
            pages.refresh();
            refresh();
          }}
        />
      )}
      {detaching && (
        <Confirm
          title="Detach this file?"
          action="Detach"
          onClose={() => setDetaching(null)}
          onConfirm={() =>
            act(async () => {
              await remove(`${path}/${detaching.id}`);
              pages.removeItem(detaching.id);
              refresh();
            }, `${detaching.filename} was detached`)
          }
        >
          <p>
            <strong>{detaching.filename}</strong> leaves this store, and searches no longer find it. The uploaded file
            stays.
          </p>
        </Confirm>
      )}
    </section>
  );
}

function Reason({ file }: { file: StoreFile }) {
  if (file.last_error) {
    return (
      <span class="reason bad" title={file.last_error.message}>
        {file.last_error.message}
      </span>
    );
  }
  if (file.warnings.length) {
    return (
      <span class="reason warn" title={file.warnings.map((each) => each.message).join("\n")}>
        <Icon name="warn" />
        {file.warnings[0]?.message}
        {file.warnings.length > 1 && ` and ${file.warnings.length - 1} more`}
      </span>
    );
  }
  return <span class="muted small mono">{file.id}</span>;
}

export function FileProgress({ file }: { file: StoreFile }) {
  if (file.status !== "in_progress") return <Status status={file.status} />;
  const pages = file.page_count !== null && file.page_count > 0;
  const done = pages ? (file.processed_page_count ?? 0) : (file.processed_chunk_count ?? 0);
  const all = pages ? file.page_count : file.chunk_count;
  return (
    <span class="progress-cell">
      <Status status="in_progress" />
      {all ? (
        <>
          <Progress value={percent(done, all)} label={`Progress of ${file.filename}`} />
          <span class="muted small">
            {number(done)} of {number(all)} {pages ? "pages" : "chunks"}
          </span>
        </>
      ) : (
        <span class="muted small">waits or is read</span>
      )}
    </span>
  );
}
