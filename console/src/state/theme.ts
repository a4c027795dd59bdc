import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const STORED = "vectorlog.theme";

function stored(): Theme {
  const found = localStorage.getItem(STORED);
  return found === "light" || found === "dark" ? found : "system";
}

export const theme = signal<Theme>(stored());

effect(() => {
  if (theme.value === "system") localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, theme.value);
  document.documentElement.dataset["theme"] = theme.value;
});
