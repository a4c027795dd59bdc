import { useState } from "preact/hooks";
import { post, remove } from "../api/client";
import type { Store } from "../api/types";
import { plural } from "../format";
import { AttributesEditor } from "../parts/attributes";
import { Button, Confirm, Field } from "../parts/ui";
import { act } from "../state/notices";
import { go, href } from "../state/route";
import { canWrite } from "../state/session";

export function SettingsSection({ store, onChange }: { store: Store; onChange: (store: Store) => void }) {
  const [name, setName] = useState(store.name ?? "");
  const [days, setDays] = useState(String(store.expires_after?.days ?? ""));
  const [busy, setBusy] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const path = `/vector_stores/${store.id}`;
  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const body = {
      name: name || null,
      expires_after: days ? { anchor: "last_active_at", days: Number(days) } : null,
    };
    await act(async () => onChange(await post<Store>(path, body)), "Saved");
    setBusy(false);
  }
  return (
    <section aria-label="Settings" class="settings">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h2>General</h2>
        <Field label="Name">
          {(id) => (
            <input id={id} maxLength={512} value={name} readOnly={!canWrite.value} onInput={(e) => setName(e.currentTarget.value)} />
          )}
        </Field>
        <Field label="Expires after days without use" hint="Empty: never.">
          {(id) => (
            <input id={id} type="number" min={1} max={365} value={days} readOnly={!canWrite.value} onInput={(e) => setDays(e.currentTarget.value)} />
          )}
        </Field>
        {canWrite.value && (
          <footer>
            <Button kind="primary" type="submit" disabled={busy}>
              Save
            </Button>
          </footer>
        )}
      </form>
      <AttributesEditor
        key={JSON.stringify(store.metadata)}
        label="Metadata"
        hint="For your own use. Up to 16."
        value={store.metadata}
        readOnly={!canWrite.value}
        save={async (metadata) => onChange(await post<Store>(path, { metadata }))}
      />
      {canWrite.value && (
        <div class="card danger-zone">
          <h2>Delete this store</h2>
          <p>Searches end at once. The uploaded files stay.</p>
          <Button kind="danger" onClick={() => setDeleting(true)}>
            Delete store
          </Button>
        </div>
      )}
      {deleting && (
        <Confirm
          title={`Delete ${store.name || "this store"}?`}
          action="Delete store"
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            if (await act(() => remove(path), "Store deleted")) go(href(["stores"]));
          }}
        >
          <p>It has {plural(store.file_counts.total, "file")}. This cannot be undone; the uploaded files stay.</p>
        </Confirm>
      )}
    </section>
  );
}
