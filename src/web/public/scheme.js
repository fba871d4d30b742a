// Runs before the first paint, so that the page never flashes in the other colour scheme.
(() => {
  let wanted = 'dark';
  try {
    wanted = localStorage.getItem('bartizan-color-scheme') || 'dark';
  } catch {
    // Storage can be forbidden; dark is the default then.
  }
  const dark = wanted === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : wanted === 'dark';
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
