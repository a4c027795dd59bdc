import { useRef, useState } from "preact/hooks";
import { percent, plural, size } from "../format";
import { Icon } from "../parts/icons";
import { Button, Progress } from "../parts/ui";
import { notify } from "../state/notices";
import { again, forget, forgetDone, send, sendings, type Sending } from "../state/uploads";

const SHOWN = 8;

/** Where files are dropped or chosen, and what is being sent. */
export function UploadArea({ store }: { store: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const mine = sendings.value.filter((each) => each.store === store);

  async function drop(event: DragEvent): Promise<void> {
    event.preventDefault();
    setOver(false);
    const entries = Array.from(event.dataTransfer?.items ?? []).flatMap((item) => item.webkitGetAsEntry() ?? []);
    const files = entries.length ? await allFiles(entries) : Array.from(event.dataTransfer?.files ?? []);
    begin(files);
  }

  function begin(files: File[]): void {
    const full = files.filter((file) => file.size > 0);
    if (full.length < files.length) notify("failed", `${plural(files.length - full.length, "empty file")} left out.`);
    if (full.length) send(store, full);
  }

  return (
    <div class="upload">
      <div
        class={`drop ${over ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => void drop(event)}
      >
        <Icon name="upload" />
        <p>Drop files or folders here, or</p>
        <Button onClick={() => input.current?.click()}>Choose files</Button>
        <input
          ref={input}
          class="hidden-input"
          type="file"
          multiple
          tabIndex={-1}
          aria-label="Files to upload"
          onChange={(event) => {
            begin(Array.from(event.currentTarget.files ?? []));
            event.currentTarget.value = "";
          }}
        />
      </div>
      {mine.length > 0 && <Sendings store={store} mine={mine} />}
    </div>
  );
}

function Sendings({ store, mine }: { store: string; mine: Sending[] }) {
  const bytes = mine.reduce((sum, each) => sum + each.file.size, 0);
  const sent = mine.reduce((sum, each) => sum + (each.state === "done" ? each.file.size : each.sent), 0);
  const done = mine.filter((each) => each.state === "done").length;
  const failed = mine.filter((each) => each.state === "failed").length;
  const order = ["failed", "sending", "attaching", "waiting", "done"];
  const shown = [...mine].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).slice(0, SHOWN);
  return (
    <div class="sendings">
      <header>
        <p role="status">
          {done} of {plural(mine.length, "file")} uploaded
          {failed > 0 && <span class="bad"> · {failed} failed</span>}
        </p>
        <Progress value={percent(sent, bytes)} label="Upload of all files" />
        {done > 0 && (
          <Button kind="quiet" onClick={() => forgetDone(store)}>
            Clear uploaded
          </Button>
        )}
      </header>
      <ul>
        {shown.map((each) => (
          <li key={each.id}>
            <span class="sending-name">{each.file.name}</span>
            <span class="muted small">
              {each.state === "sending"
                ? `${size(each.sent)} of ${size(each.file.size)}`
                : each.state === "failed"
                  ? ""
                  : each.state}
            </span>
            {each.state === "sending" && (
              <Progress value={percent(each.sent, each.file.size)} label={`Upload of ${each.file.name}`} />
            )}
            {each.state === "failed" && <span class="reason bad">{each.error}</span>}
            {each.state === "failed" && <Button onClick={() => again(each)}>Retry</Button>}
            {each.state !== "done" && (
              <Button kind="quiet" label={`Cancel ${each.file.name}`} onClick={() => forget(each)}>
                <Icon name="close" />
              </Button>
            )}
          </li>
        ))}
      </ul>
      {mine.length > shown.length && <p class="muted small">and {mine.length - shown.length} more</p>}
    </div>
  );
}

async function allFiles(entries: FileSystemEntry[]): Promise<File[]> {
  const found: File[] = [];
  for (const entry of entries) {
    if (entry.isFile) {
      found.push(await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail)));
    } else if (entry.isDirectory) {
      const reader = (entry as FileSystemDirectoryEntry).createReader();
      for (;;) {
        // a reader gives a hundred entries at a time, and none at the end
        const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
        if (!some.length) break;
        found.push(...(await allFiles(some)));
      }
    }
  }
  return found;
}
