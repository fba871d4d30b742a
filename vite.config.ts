import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The page is built into dist/web, which the server serves under a strict content policy: nothing is
// inlined into the HTML, and every asset but the HTML has a hash in its name.
export default defineConfig({
  root: 'src/web',
  plugins: [react()],
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2023',
    // ECharts is one lazily loaded chunk beyond the default warning.
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { '/api': process.env.BARTIZAN_API ?? 'http://127.0.0.1:8620' } },
});
