import { defineConfig } from "vite";

// Addresses are relative, so the console works below any prefix. It is served at /console, without a slash at the end,
// so its files are at console/assets/. What is built goes into the package and is committed.
export default defineConfig({
  base: "./",
  experimental: {
    renderBuiltUrl: (file, { hostType }) => (hostType === "html" ? `console/${file}` : { relative: true }),
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  server: { proxy: { "/v1": "http://127.0.0.1:8080" } },
  build: {
    outDir: "../functions/vectorlog/console",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
