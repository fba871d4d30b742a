/** Says on a box that scrolls to the side (`data-more`) whether something lies beyond its right edge, for the style sheet to hint at it. */
import { type RefObject, useEffect } from 'react';

export function useMoreBeside(box: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const node = box.current;
    if (!node) return;
    // By less than a pixel it scrolls where nothing is hidden.
    const look = () => node.toggleAttribute('data-more', node.scrollWidth - node.clientWidth - node.scrollLeft > 1);
    look();
    // The box by its panel, what is in it by its rows.
    const observer = new ResizeObserver(look);
    for (const watched of [node, ...node.children]) observer.observe(watched);
    node.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      node.removeEventListener('scroll', look);
    };
  }, [box]);
}
