import { defineConfig } from 'vitest/config'

const SERVER = 'http://127.0.0.1:8000'
// changeOrigin stays off: Host and Origin then agree, and Django's CSRF check needs no exception.
const PROXIED = ['/api', '/_allauth', '/media', '/sw.js', '/rules', '/transparency', '/statements']

// Written for React, run by Preact, which is a tenth of its size (docs/decisions/0005).
const PREACT = [
  { find: /^react\/jsx(-dev)?-runtime$/, replacement: 'preact/jsx-runtime' },
  { find: /^react-dom\/client$/, replacement: 'preact/compat/client' },
  { find: /^react-dom\/test-utils$/, replacement: 'preact/test-utils' },
  {
    find: /^(react|react-dom|use-sync-external-store\/shim(\/index\.js)?)$/,
    replacement: 'preact/compat',
  },
]
// Vitest leaves packages to Node, which would hand React itself to those that are written for it.
const FOR_REACT = /@base-ui|@tanstack|@testing-library\/react|react-i18next|virtua|wouter/
const TESTING_LIBRARY = {
  find: /^@testing-library\/react$/,
  replacement: '@testing-library/react/dist/@testing-library/react.esm.js',
}

export default defineConfig(({ command }) => ({
  base: command === 'build' ? '/static/' : '/',
  resolve: { alias: PREACT },
  build: {
    manifest: true,
    assetsInlineLimit: 0, // an inlined font is a data: address, which the policy forbids
    modulePreload: { polyfill: false },
    target: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: false,
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    proxy: {
      ...Object.fromEntries(PROXIED.map((path) => [path, SERVER])),
      '/ws': { target: SERVER, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['test/**/*.test.{ts,tsx}', 'src/**/*.test.{ts,tsx}'],
    setupFiles: ['test/setup.ts'],
    css: { modules: { classNameStrategy: 'non-scoped' } },
    restoreMocks: true,
    retry: 1, // and says so: docs/decisions/0007
    alias: [TESTING_LIBRARY],
    server: { deps: { inline: [FOR_REACT] } },
  },
}))
