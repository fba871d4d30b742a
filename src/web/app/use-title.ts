/** The title of the browser's window: what the page shows, and the product. */
import { useEffect } from 'react';

/** `what` followed by the product's name, as long as the page is shown. */
export function useTitle(what: string): void {
  useEffect(() => {
    document.title = `${what} · Bartizan`;
  }, [what]);
}
