// Starts a server on a folder of its own, and a browser.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The browser of the distribution, or the one that VECTORLOG_CHROMIUM names. */
export function browserPath() {
  const named = process.env.VECTORLOG_CHROMIUM;
  if (named) return named;
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/bin"];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path));
}

export async function openBrowser() {
  const executablePath = browserPath();
  if (!executablePath) throw new Error("There is no Chromium: apt-get install chromium, or set VECTORLOG_CHROMIUM.");
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export async function startServer() {
  const folder = await mkdtemp(join(tmpdir(), "vectorlog-console-"));
  const program = process.env.VECTORLOG_PROGRAM ?? join(root, ".venv", "bin", "vectorlog");
  const child = spawn(program, ["serve", "--port", "0", "--data", folder], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const url = await new Promise((done, fail) => {
    const listen = (data) => {
      said += data;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) done(found[0]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("exit", () => fail(new Error(`The server did not start:\n${said}`)));
  });
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) break;
    if (tries > 300) throw new Error(`The server is not ready:\n${said}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    url,
    async stop() {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
