import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const DOCS_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-standalone-preset.js']

/** Lays the files of the API documentation page beside the pages. */
function docsAssets(): Plugin {
  const home = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  return {
    name: 'docs-assets',
    apply: 'build',
    generateBundle() {
      for (const name of DOCS_FILES) {
        this.emitFile({ type: 'asset', fileName: `docs/${name}`, source: readFileSync(join(home, name)) })
      }
    },
  }
}

export default defineConfig({
  base: '/static/',
  plugins: [vue(), docsAssets()],
  build: {
    outDir: '../service/static',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'map', test: /node_modules[\\/]maplibre-gl/ }] },
      },
    },
  },
  worker: { format: 'es' },
  // The host stays as the browser knows it: the server compares it with the origin of each change.
  server: {
    proxy: { '/api': { target: process.env.GRIDPATROL_URL ?? 'http://127.0.0.1:8080', changeOrigin: false } },
  },
})
