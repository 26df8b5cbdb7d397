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

/** Tells the phone page's service worker which files the page is made of; a changed file makes a new worker. */
function phoneShell(): Plugin {
  return {
    name: 'phone-shell',
    apply: 'build',
    generateBundle(_, bundle) {
      const files = new Set<string>()
      const follow = (name: string): void => {
        const chunk = bundle[name]
        if (files.has(name) || !chunk) return
        files.add(name)
        if (chunk.type !== 'chunk') return
        for (const next of [...chunk.imports, ...chunk.dynamicImports]) follow(next)
        for (const next of [...chunk.viteMetadata?.importedCss ?? [], ...chunk.viteMetadata?.importedAssets ?? []]) follow(next)
      }
      for (const [name, chunk] of Object.entries(bundle)) {
        if (name.includes('maplibre-gl-worker') || (chunk.type === 'chunk' && chunk.facadeModuleId?.endsWith('/phone.html'))) follow(name)
      }
      const worker = bundle['phone-sw.js']
      if (worker?.type !== 'chunk') throw new Error('The service worker of the phone page is missing')
      const shell = [...files].sort().map((name) => `/static/${name}`)
      worker.code = worker.code.replace('__SHELL__', () => JSON.stringify(shell))
    },
  }
}

export default defineConfig({
  base: '/static/',
  plugins: [vue(), docsAssets(), phoneShell()],
  build: {
    outDir: '../service/static',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: { index: 'index.html', phone: 'phone.html', leader: 'leader.html', 'phone-sw': 'src/phone/sw.ts' },
      output: {
        entryFileNames: ({ name }) => name === 'phone-sw' ? '[name].js' : 'assets/[name]-[hash].js',
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
