/** Panels dragged and resized with a pointer. Nothing changes before the pointer is let go of; Escape gives up. */
import { type PointerEvent as ReactPointerEvent, useCallback, useEffect, useRef, useState } from 'react';
import type { Panel } from '../../../dashboards/schema.ts';
import type { Spot } from './draft.ts';
import { type Drop, dropAt, type Rect, resized, type Size, type Zone } from './grid.ts';

export type Dragging =
  | { readonly kind: 'move'; readonly panel: Panel; readonly x: number; readonly y: number; readonly drop: Drop | null }
  | { readonly kind: 'resize'; readonly panel: Panel; readonly size: Size };

interface Wanted {
  readonly root: React.RefObject<HTMLElement | null>;
  readonly onMove: (panel: Panel, to: Spot) => void;
  readonly onResize: (panel: Panel, size: Size) => void;
}

/** Pixels before a press is a drag. */
const THRESHOLD = 4;
/** Near the window's edges the page scrolls along. */
const EDGE = 60;
const SCROLL = 14;

export type StartDrag = (event: ReactPointerEvent<HTMLElement>, panel: Panel, kind: Dragging['kind']) => void;

export function useDrag(wanted: Wanted): { readonly dragging: Dragging | null; readonly start: StartDrag } {
  const [dragging, setDragging] = useState<Dragging | null>(null);
  const latest = useRef(wanted);
  latest.current = wanted;
  const stop = useRef<(() => void) | null>(null);
  useEffect(() => () => stop.current?.(), []);

  const start = useCallback<StartDrag>((event, panel, kind) => {
    const slot = event.currentTarget.closest<HTMLElement>('[data-slot]');
    if (event.button !== 0 || !slot) return;
    stop.current?.();
    const box = slot.getBoundingClientRect();
    const gap = Number.parseFloat(getComputedStyle(slot.parentElement ?? slot).columnGap) || 0;
    const unit = { x: (box.width + gap) / panel.width, y: (box.height + gap) / panel.height };
    const from = { x: event.clientX, y: event.clientY + window.scrollY };
    let at = { x: event.clientX, y: event.clientY };
    let state: Dragging | null = null;
    const look = () => {
      const by = { x: at.x - from.x, y: at.y + window.scrollY - from.y };
      if (!state && Math.hypot(by.x, by.y) < THRESHOLD) return;
      state =
        kind === 'resize'
          ? { kind, panel, size: resized(panel, by, unit) }
          : { kind, panel, ...at, drop: dropAt(zonesOf(latest.current.root.current), panel.id, at.x, at.y) };
      setDragging(state);
    };
    const onPointerMove = (e: PointerEvent) => {
      at = { x: e.clientX, y: e.clientY };
      look();
    };
    const scroll = setInterval(() => {
      const by = !state ? 0 : at.y < EDGE ? -SCROLL : at.y > window.innerHeight - EDGE ? SCROLL : 0;
      if (by === 0) return;
      window.scrollBy(0, by);
      look();
    }, 16);
    const end = () => {
      clearInterval(scroll);
      window.removeEventListener('pointermove', onPointerMove);
      window.removeEventListener('pointerup', onPointerUp);
      window.removeEventListener('pointercancel', end);
      window.removeEventListener('keydown', onKeyDown, true);
      stop.current = null;
      setDragging(null);
    };
    const onPointerUp = () => {
      const done = state;
      end();
      if (done?.kind === 'resize') latest.current.onResize(panel, done.size);
      if (done?.kind === 'move' && done.drop) latest.current.onMove(panel, done.drop);
    };
    const onKeyDown = (e: KeyboardEvent) => {
      if (e.key !== 'Escape') return;
      e.stopPropagation();
      end();
    };
    stop.current = end;
    window.addEventListener('pointermove', onPointerMove);
    window.addEventListener('pointerup', onPointerUp);
    window.addEventListener('pointercancel', end);
    window.addEventListener('keydown', onKeyDown, true);
    // No text is selected on the way; the focus that this prevents is given by hand.
    event.preventDefault();
    slot.focus({ preventScroll: true });
  }, []);
  return { dragging, start };
}

function zonesOf(root: HTMLElement | null): Zone[] {
  return [...(root?.querySelectorAll<HTMLElement>('[data-section]') ?? [])].map((zone) => ({
    section: zone.dataset.section ?? '',
    rect: zone.getBoundingClientRect() satisfies Rect,
    slots: [...zone.querySelectorAll<HTMLElement>('[data-slot]')].map((slot) => ({ id: slot.dataset.slot ?? '', rect: slot.getBoundingClientRect() })),
  }));
}
