import { useState } from "preact/hooks";
import { get, post, remove } from "../api/client";
import type { Permission } from "../api/types";
import { useResource } from "../parts/hooks";
import { Button, Failure, Field, Loading } from "../parts/ui";
import { act } from "../state/notices";
import { canWrite } from "../state/session";

export function SharingSection({ store }: { store: string }) {
  const path = `/vector_stores/${store}/permissions`;
  const found = useResource((signal) => get<{ data: Permission[] }>(path, {}, signal), [path]);
  const [grantee, setGrantee] = useState<"user" | "team">("user");
  const [user, setUser] = useState("");
  const [role, setRole] = useState("reader");
  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const body = grantee === "team" ? { grantee_type: "team", role } : { user_id: user.trim(), role };
    if (await act(() => post(path, body), "Shared")) {
      setUser("");
      found.refresh();
    }
  }
  if (found.error) return <Failure error={found.error} retry={found.refresh} />;
  if (!found.data) return <Loading />;
  return (
    <section aria-label="Sharing" class="settings">
      <div class="card">
        <h2>Who has a role</h2>
        <ul class="grants">
          {found.data.data.map((each) => (
            <li key={`${each.grantee_type} ${each.user_id}`}>
              <span>{each.grantee_type === "team" ? "Everyone in the project" : each.user_id}</span>
              <span class="tag">{each.role}</span>
              {each.role !== "owner" && canWrite.value && (
                <Button
                  label={`Remove the role of ${each.user_id ?? "everyone in the project"}`}
                  onClick={() =>
                    void act(
                      () => remove(`${path}/${encodeURIComponent(each.user_id ?? "team")}`),
                      "The role was removed",
                    ).then(found.refresh)
                  }
                >
                  Remove
                </Button>
              )}
            </li>
          ))}
        </ul>
      </div>
      {canWrite.value && (
        <form class="card" onSubmit={(event) => void submit(event)}>
          <h2>Share</h2>
          <div class="pair">
            <Field label="With">
              {(id) => (
                <select id={id} value={grantee} onChange={(e) => setGrantee(e.currentTarget.value as "user" | "team")}>
                  <option value="user">An end user</option>
                  <option value="team">Everyone in the project</option>
                </select>
              )}
            </Field>
            <Field label="Role">
              {(id) => (
                <select id={id} value={role} onChange={(e) => setRole(e.currentTarget.value)}>
                  <option value="reader">Reader: read and search</option>
                  <option value="writer">Writer: also change and delete</option>
                </select>
              )}
            </Field>
          </div>
          {grantee === "user" && (
            <Field label="End user" hint="What X-On-Behalf-Of names.">
              {(id) => (
                <input id={id} required maxLength={256} value={user} onInput={(e) => setUser(e.currentTarget.value)} />
              )}
            </Field>
          )}
          <footer>
            <Button kind="primary" type="submit">
              Share
            </Button>
          </footer>
        </form>
      )}
    </section>
  );
}
