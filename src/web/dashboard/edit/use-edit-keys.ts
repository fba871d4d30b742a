/** Ctrl or Cmd with Z, Shift+Z, Y and S while a dashboard is edited; fields that take text keep their own undo. */
import { useEffect, useRef } from 'react';

interface Actions {
  readonly undo: () => void;
  readonly redo: () => void;
  readonly save: () => void;
}

/** null while a dialog is open. */
export function useEditKeys(actions: Actions | null): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || !latest.current) return;
      const key = event.key.toLowerCase();
      const types = event.target instanceof HTMLElement && (event.target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName));
      const what = key === 's' ? 'save' : types ? undefined : key === 'z' ? (event.shiftKey ? 'redo' : 'undo') : key === 'y' ? 'redo' : undefined;
      if (!what) return;
      event.preventDefault();
      latest.current[what]();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
