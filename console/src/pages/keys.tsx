import { useState } from "preact/hooks";
import { ask, get, post, remove } from "../api/client";
import type { Caller, Key, List, RateLimits, Scope } from "../api/types";
import { usePages, useResource } from "../parts/hooks";
import { Icon } from "../parts/icons";
import { Rows } from "../parts/rows";
import { Button, Confirm, Dialog, Empty, Failure, Field, Id, Loading, PageHead, When } from "../parts/ui";
import { act } from "../state/notices";
import { caller, keep, session } from "../state/session";

const COLUMNS = [
  { name: "name", label: "Key" },
  { name: "scope", label: "Scope" },
  { name: "project", label: "Project" },
  { name: "used", label: "Last use" },
  { name: "expires", label: "Expires" },
  { name: "do", label: "Actions" },
];

export function KeysPage() {
  const pages = usePages<Key>("/organization/admin_api_keys", { order: "desc" });
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  return (
    <>
      <PageHead title="Keys and limits" lead="Who may use this server, and how much.">
        <Button kind="primary" onClick={() => setCreating(true)}>
          <Icon name="plus" />
          New key
        </Button>
      </PageHead>
      <Rows
        className="keys"
        label="Keys"
        columns={COLUMNS}
        pages={pages}
        height={64}
        empty={
          <Empty title="No keys yet" icon="key">
            <p>
              {caller.value?.key_required
                ? "Nobody but you has a key."
                : "Until the first key is created, this server accepts every request from this machine."}
            </p>
          </Empty>
        }
        row={(key) => [
          <div class="title-cell">
            <span class="strong">{key.name || "Unnamed"}</span>
            <span class="muted small mono">{key.redacted_value}</span>
          </div>,
          <span class="tag">
            {key.scope}
            {key.all_projects ? ", all projects" : ""}
          </span>,
          key.project_id,
          <When at={key.last_used_at} />,
          key.expires_at ? <When at={key.expires_at} /> : <span class="muted">never</span>,
          key.id === caller.value?.key_id ? (
            <span class="muted small">this key</span>
          ) : (
            <Button label={`Revoke ${key.name || key.redacted_value}`} onClick={() => setRevoking(key)}>
              Revoke
            </Button>
          ),
        ]}
      />
      <Limits project={caller.value?.project_id ?? "default"} />
      {creating && <CreateKey onClose={() => setCreating(false)} onDone={pages.refresh} />}
      {revoking && (
        <Confirm
          title="Revoke this key?"
          action="Revoke"
          onClose={() => setRevoking(null)}
          onConfirm={() =>
            act(async () => {
              await remove(`/organization/admin_api_keys/${revoking.id}`);
              pages.removeItem(revoking.id);
            }, "The key was revoked")
          }
        >
          <p>
            Requests with <strong>{revoking.name || revoking.redacted_value}</strong> are refused from now on.
          </p>
        </Confirm>
      )}
    </>
  );
}

function CreateKey({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const who = caller.value;
  const [first] = useState(!who?.key_required);
  const [name, setName] = useState("");
  const [project, setProject] = useState(who?.project_id ?? "");
  const [scope, setScope] = useState<Scope>(first ? "admin" : "write");
  const [days, setDays] = useState("");
  const [made, setMade] = useState<Key | null>(null);
  const [busy, setBusy] = useState(false);
  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    await act(async () => {
      const key = await post<Key>("/organization/admin_api_keys", {
        name,
        scope,
        ...(project ? { project_id: project } : {}),
        ...(days ? { expires_in_seconds: Number(days) * 86400 } : {}),
      });
      setMade(key);
      if (first && key.value) {
        // from here on the server requires a key, so this tab goes on with the new one
        keep({ ...session.value, key: key.value });
        caller.value = await ask<Caller>("/whoami");
      }
      onDone();
    });
    setBusy(false);
  }
  if (made?.value) {
    return (
      <Dialog title="Your new key" onClose={onClose}>
        <p>Copy it now: it is shown this once.</p>
        <p class="secret">
          <Id id={made.value} />
        </p>
        {first && <p>From now on this server requires a key. This tab goes on with the new one.</p>}
        <footer>
          <Button kind="primary" onClick={onClose}>
            Done
          </Button>
        </footer>
      </Dialog>
    );
  }
  return (
    <Dialog title="New key" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {first && (
          <div class="banner warn">
            <Icon name="warn" />
            <p>This is the first key. It has the scope admin, and the server requires a key from then on.</p>
          </div>
        )}
        <Field label="Name">
          {(id) => <input id={id} required autofocus value={name} onInput={(e) => setName(e.currentTarget.value)} />}
        </Field>
        <div class="pair">
          <Field label="Scope">
            {(id) => (
              <select id={id} value={scope} disabled={first} onChange={(e) => setScope(e.currentTarget.value as Scope)}>
                <option value="read">Read and search</option>
                <option value="write">Write</option>
                <option value="admin">Administer</option>
              </select>
            )}
          </Field>
          <Field label="Days until it expires" hint="Empty: never.">
            {(id) => (
              <input id={id} type="number" min={1} max={3650} value={days} onInput={(e) => setDays(e.currentTarget.value)} />
            )}
          </Field>
        </div>
        <Field label="Project">
          {(id) => (
            <input id={id} value={project} readOnly={!who?.all_projects} onInput={(e) => setProject(e.currentTarget.value)} />
          )}
        </Field>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={busy}>
            Create key
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

const LIMITS = [
  ["max_requests_per_1_second", "Requests a second"],
  ["max_files_per_1_minute", "Files a minute"],
  ["max_stored_bytes", "Stored bytes"],
  ["max_files", "Files"],
  ["max_vector_stores", "Stores"],
] as const;

function Limits({ project }: { project: string }) {
  const path = `/organization/projects/${encodeURIComponent(project)}/rate_limits`;
  const found = useResource((signal) => get<List<RateLimits>>(path, {}, signal), [path]);
  const [changed, setChanged] = useState<Record<string, string>>({});
  const limits = found.data?.data[0];
  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const body = Object.fromEntries(
      Object.entries(changed).map(([name, value]) => [name, value === "" ? null : Number(value)]),
    );
    if (await act(() => post(`${path}/rl-project`, body), "Limits changed")) {
      setChanged({});
      found.refresh();
    }
  }
  return (
    <section class="card limits" aria-label="Limits">
      <h2>Limits of project {project}</h2>
      <p class="hint">0 is no limit. Empty a field to take the server's default.</p>
      {found.error && <Failure error={found.error} retry={found.refresh} />}
      {!limits && !found.error && <Loading />}
      {limits && (
        <form onSubmit={(event) => void submit(event)}>
          <div class="limit-grid">
            {LIMITS.map(([name, label]) => (
              <Field key={name} label={label}>
                {(id) => (
                  <input
                    id={id}
                    type="number"
                    min={0}
                    value={changed[name] ?? String(limits[name])}
                    onInput={(e) => setChanged({ ...changed, [name]: e.currentTarget.value })}
                  />
                )}
              </Field>
            ))}
          </div>
          <footer>
            <Button kind="primary" type="submit" disabled={!Object.keys(changed).length}>
              Save limits
            </Button>
          </footer>
        </form>
      )}
    </section>
  );
}
