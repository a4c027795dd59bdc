// How numbers, sizes and times are written.

const UNITS = ["B", "KB", "MB", "GB", "TB"];

export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export const number = (value: number): string => value.toLocaleString("en-US");

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [3600, "minute"],
  [86400, "hour"],
  [30 * 86400, "day"],
  [365 * 86400, "month"],
];
const SECONDS = { second: 1, minute: 60, hour: 3600, day: 86400, month: 30 * 86400, year: 365 * 86400 };
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function ago(seconds: number, now = Date.now() / 1000): string {
  const past = seconds - now;
  const unit = STEPS.find(([limit]) => Math.abs(past) < limit)?.[1] ?? "year";
  if (unit === "second" && Math.abs(past) < 10) return "just now";
  return relative.format(Math.round(past / SECONDS[unit as keyof typeof SECONDS]), unit);
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const dayOnly = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

export const time = (seconds: number): string => exact.format(seconds * 1000);
export const day = (seconds: number): string => dayOnly.format(seconds * 1000);

export function percent(part: number, whole: number): number {
  return whole > 0 ? Math.min(100, Math.round((100 * part) / whole)) : 0;
}

export const STATUS: Record<string, string> = {
  in_progress: "In progress",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  expired: "Expired",
};
