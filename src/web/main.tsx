/** The page's start: providers and the router, nothing else. */
import '@mantine/core/styles.css';
import './app/app.css';
import './panels/panels.css';
import './dashboard/dashboard.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiFailure } from './api/client.ts';
import { router } from './app/router.tsx';
import { schemeManager, theme } from './theme/theme.ts';

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server refused once it refuses again; only a lost connection is worth another try.
      retry: (count, error) => count < 2 && error instanceof ApiFailure && error.status === 0,
      refetchOnWindowFocus: false,
      // The server may be on this machine or a network without the internet: what the browser thinks of its connection says nothing.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} colorSchemeManager={schemeManager} defaultColorScheme="dark">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
