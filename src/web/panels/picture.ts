/**
 * How the menu of a panel asks what is drawn in it for a picture: an event at the panel's body, answered by
 * whatever has one, so that the menu needs no handle on a chart.
 */
const EVENT = 'bartizan-picture';

interface Request {
  /** Colour behind the picture. */
  readonly background: string;
  readonly take: (url: string) => void;
}

/** Answers requests at a node with a PNG's URL; returns how to stop. */
export function onPicture(node: Element, draw: (background: string) => string | undefined): () => void {
  const answer = (event: Event) => {
    const { background, take } = (event as CustomEvent<Request>).detail;
    const url = draw(background);
    if (url !== undefined) take(url);
  };
  node.addEventListener(EVENT, answer);
  return () => node.removeEventListener(EVENT, answer);
}

/** Asks the first thing with a picture below a node. */
export function askForPicture(below: Element | null, request: Request): void {
  below?.querySelector('[data-picture]')?.dispatchEvent(new CustomEvent(EVENT, { detail: request }));
}
