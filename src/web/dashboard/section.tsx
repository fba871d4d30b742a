/** A titled group of panels on the 24-column grid, in full lines on a narrower page, or on the wall's of 48; a click on its heading folds it away. */
import { type CSSProperties, type ReactElement, useMemo } from 'react';
import type { Panel } from '../../dashboards/schema.ts';
import { Icon } from '../app/icons.tsx';
import { sizeMedium } from './medium.ts';
import { placeWide } from './wide.ts';

interface Props {
  readonly title: string;
  readonly folded: boolean;
  readonly onToggle: () => void;
  readonly panels: readonly Panel[];
  /** One per panel, in the same order. */
  readonly children: readonly ReactElement[];
}

export function SectionView({ title, folded, onToggle, panels, children }: Props) {
  const wide = useMemo(() => placeWide(panels), [panels]);
  const medium = useMemo(() => sizeMedium(panels), [panels]);
  const styleOf = (at: number) => {
    const [panel, place, size] = [panels[at], wide[at], medium[at]];
    const onTheWall = place && {
      '--wide-x': place.column + 1,
      '--wide-y': place.row + 1,
      '--wide-w': place.width,
      '--wide-h': place.height,
    };
    return { '--w': panel?.width, '--h': panel?.height, '--medium-w': size?.width, '--medium-h': size?.height, ...onTheWall } as CSSProperties;
  };
  return (
    <section className="bz-section">
      <h2>
        <button type="button" onClick={onToggle} aria-expanded={!folded}>
          <Icon name={folded ? 'right' : 'down'} size={12} />
          {title}
          {folded && <span className="bz-dim"> · {panels.length} panels</span>}
        </button>
      </h2>
      {!folded && (
        <div className="bz-grid">
          {children.map((child, i) => (
            <div key={child.key} className="bz-slot" style={styleOf(i)}>
              {child}
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
