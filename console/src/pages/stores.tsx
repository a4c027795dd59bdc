import { useState } from "preact/hooks";
import { get, post } from "../api/client";
import type { Store } from "../api/types";
import { number, percent, plural, size } from "../format";
import { usePages, useResource } from "../parts/hooks";
import { Icon } from "../parts/icons";
import { order as orderOf, OrderChoice } from "../parts/order";
import { Rows } from "../parts/rows";
import { Button, Dialog, Empty, Field, PageHead, Status, When } from "../parts/ui";
import { act } from "../state/notices";
import { go, href } from "../state/route";
import { canWrite } from "../state/session";

const COLUMNS = [
  { name: "name", label: "Store" },
  { name: "status", label: "Status" },
  { name: "files", label: "Files" },
  { name: "size", label: "Size" },
  { name: "used", label: "Last search" },
];

export function StoresPage() {
  const order = orderOf();
  const pages = usePages<Store>("/vector_stores", { order });
  const [creating, setCreating] = useState(false);
  return (
    <>
      <PageHead title="Stores" lead="What you can search, and how its files are doing.">
        {canWrite.value && (
          <Button kind="primary" onClick={() => setCreating(true)}>
            <Icon name="plus" />
            New store
          </Button>
        )}
      </PageHead>
      <div class="toolbar">
        <OrderChoice />
        <Button kind="quiet" onClick={pages.refresh}>
          <Icon name="retry" />
          Refresh
        </Button>
      </div>
      <Rows
        className="stores"
        label="Stores"
        columns={COLUMNS}
        pages={pages}
        height={64}
        empty={
          <Empty title="No stores yet">
            <p>A store holds files that are searched together.</p>
            {canWrite.value && (
              <Button kind="primary" onClick={() => setCreating(true)}>
                Create a store
              </Button>
            )}
          </Empty>
        }
        row={(store) => [
          <div class="title-cell">
            <a href={href(["stores", store.id])}>{store.name || "Unnamed store"}</a>
            <span class="muted small mono">{store.id}</span>
          </div>,
          <Status status={store.status} />,
          <CountBar store={store} />,
          size(store.usage_bytes),
          <When at={store.last_used_at} />,
        ]}
      />
      {creating && <CreateStore onClose={() => setCreating(false)} />}
    </>
  );
}

export function CountBar({ store }: { store: Store }) {
  const counts = store.file_counts;
  const parts = (["completed", "in_progress", "failed", "cancelled"] as const).filter((each) => counts[each] > 0);
  const words = parts.map((each) => `${number(counts[each])} ${each.replace("_", " ")}`).join(", ");
  return (
    <span class="count-bar" title={words}>
      <span class="bar" aria-hidden="true">
        {parts.map((each) => (
          <span key={each} class={each} style={{ flexGrow: counts[each] }} />
        ))}
      </span>
      <span>
        {plural(counts.total, "file")}
        {counts.failed > 0 && <span class="bad"> · {number(counts.failed)} failed</span>}
        {counts.in_progress > 0 && (
          <span class="muted"> · {percent(counts.total - counts.in_progress, counts.total)} % done</span>
        )}
      </span>
    </span>
  );
}

function CreateStore({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [days, setDays] = useState("");
  const [model, setModel] = useState("");
  const [busy, setBusy] = useState(false);
  const models = useResource((signal) => get<{ data: { id: string }[] }>("/models", {}, signal), []);
  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    await act(async () => {
      const store = await post<Store>("/vector_stores", {
        ...(name ? { name } : {}),
        ...(description ? { description } : {}),
        ...(days ? { expires_after: { anchor: "last_active_at", days: Number(days) } } : {}),
        ...(model ? { embedding_model: model } : {}),
      });
      onClose();
      go(href(["stores", store.id]));
    }, "Store created");
    setBusy(false);
  }
  const offered = models.data?.data ?? [];
  return (
    <Dialog title="New store" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <Field label="Name">
          {(id) => (
            <input id={id} maxLength={512} autofocus value={name} onInput={(e) => setName(e.currentTarget.value)} />
          )}
        </Field>
        <Field label="Description" hint="It cannot be changed later.">
          {(id) => (
            <textarea
              id={id}
              rows={2}
              maxLength={4096}
              value={description}
              onInput={(e) => setDescription(e.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="Expires after days without use" hint="Empty: never.">
          {(id) => (
            <input
              id={id}
              type="number"
              min={1}
              max={365}
              value={days}
              onInput={(e) => setDays(e.currentTarget.value)}
            />
          )}
        </Field>
        {offered.length > 1 && (
          <Field label="Embedding model" hint="A store keeps its model for life.">
            {(id) => (
              <select id={id} value={model} onChange={(e) => setModel(e.currentTarget.value)}>
                {offered.map((each, at) => (
                  <option key={each.id} value={at === 0 ? "" : each.id}>
                    {each.id}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={busy}>
            Create store
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
