import { useRef, useState } from "preact/hooks";
import { post } from "../api/client";
import type { UploadedFile } from "../api/types";
import { plural, size } from "../format";
import { useBoxRows, usePages } from "../parts/hooks";
import { Button, Dialog, Failure, Field, Loading, When } from "../parts/ui";
import { act } from "../state/notices";

const MOST = 2000;

/** Chooses among the project's uploaded files, and attaches them as a batch. */
export function AttachFiles(props: { store: string; onClose: () => void; onDone: () => void }) {
  const pages = usePages<UploadedFile>("/files", {});
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [size_, setSize] = useState("");
  const [overlap, setOverlap] = useState("");
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const rows = useBoxRows(pages.items.length, 44, box);
  const shown = rows.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? -1;
  if (last >= pages.items.length - 20 && pages.more && !pages.loading && pages.items.length) pages.loadMore();

  function toggle(id: string): void {
    const next = new Set(chosen);
    if (!next.delete(id) && next.size < MOST) next.add(id);
    setChosen(next);
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const chunking = size_
      ? {
          chunking_strategy: {
            type: "static",
            static: { max_chunk_size_tokens: Number(size_), chunk_overlap_tokens: Number(overlap || 0) },
          },
        }
      : {};
    const worked = await act(
      () => post(`/vector_stores/${props.store}/file_batches`, { file_ids: [...chosen], ...chunking }),
      `${plural(chosen.size, "file")} attached`,
    );
    setBusy(false);
    if (worked) {
      props.onDone();
      props.onClose();
    }
  }

  return (
    <Dialog title="Attach uploaded files" onClose={props.onClose} wide>
      <form onSubmit={(event) => void submit(event)}>
        {pages.error && <Failure error={pages.error} />}
        {!pages.error && !pages.items.length && (pages.loading ? <Loading /> : <p>No file is uploaded yet.</p>)}
        {pages.items.length > 0 && (
          <div class="picker" ref={box} tabIndex={0} role="group" aria-label="Uploaded files">
            <div style={{ height: `${rows.getTotalSize()}px` }}>
              {shown.map((each) => {
                const file = pages.items[each.index];
                return file ? (
                  <label key={file.id} style={{ transform: `translateY(${each.start}px)` }}>
                    <input type="checkbox" checked={chosen.has(file.id)} onChange={() => toggle(file.id)} />
                    <span class="sending-name">{file.filename}</span>
                    <span class="muted small">{size(file.bytes)}</span>
                    <span class="muted small">
                      <When at={file.created_at} />
                    </span>
                  </label>
                ) : null;
              })}
            </div>
          </div>
        )}
        <details>
          <summary>Chunking</summary>
          <div class="pair">
            <Field label="Tokens of a chunk" hint="100 to 4,096. Empty: 800 with an overlap of 400.">
              {(id) => (
                <input id={id} type="number" min={100} max={4096} value={size_} onInput={(e) => setSize(e.currentTarget.value)} />
              )}
            </Field>
            <Field label="Overlap" hint="At most half of that.">
              {(id) => (
                <input id={id} type="number" min={0} max={2048} value={overlap} onInput={(e) => setOverlap(e.currentTarget.value)} />
              )}
            </Field>
          </div>
        </details>
        <footer>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={busy || !chosen.size}>
            Attach {chosen.size ? plural(chosen.size, "file") : ""}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
