import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  esbuild: { jsx: "automatic" },
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === "connector-check" } } })],
  // The program is awaited, and the names of modules are kept apart: what today's browsers take.
  build: { target: "es2022", rollupOptions: { input: ["index.html", "react.html", "vue.html"] } },
});
