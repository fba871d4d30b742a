/**
 * What a page wrote into its address comes back to it a moment later, when one may have typed on: that is no reason to
 * put the older text in the place of the newer. What comes from elsewhere, by Back or a link, is.
 */
import { useMemo } from 'react';

interface OwnChanges {
  /** The page puts this into the address. */
  readonly sent: (text: string) => void;
  /** Whether a text of the address is what the page put there; asked once for each change of the address. */
  readonly isOwn: (text: string) => boolean;
}

export function useOwnChanges(): OwnChanges {
  return useMemo(ownChanges, []);
}

export function ownChanges(): OwnChanges {
  let under: string[] = [];
  return {
    sent: (text) => {
      under.push(text);
    },
    isOwn: (text) => {
      const at = under.indexOf(text);
      // Of several that are under way only the last may arrive.
      under = at < 0 ? [] : under.slice(at + 1);
      return at >= 0;
    },
  };
}
