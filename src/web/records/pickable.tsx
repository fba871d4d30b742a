/** A value of a record: a click opens its menu. */
import type { ReactNode } from 'react';

interface PickableProps {
  readonly className?: string;
  /** Names a colour of meaning. */
  readonly meaning?: string;
  /** Why the value is what it is. */
  readonly title?: string | undefined;
  readonly onPick: (element: Element) => void;
  readonly children: ReactNode;
}

export function Pickable({ className, meaning, title, onPick, children }: PickableProps) {
  return (
    <button
      type="button"
      className={`bz-cell ${className ?? ''}`}
      data-meaning={meaning}
      title={title}
      aria-haspopup="menu"
      onClick={(event) => onPick(event.currentTarget)}
    >
      {children}
    </button>
  );
}
