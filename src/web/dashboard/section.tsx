/** A titled group of panels on the 24-column grid; a click on its heading folds it away. */
import type { CSSProperties, ReactElement } from 'react';
import type { Panel } from '../../dashboards/schema.ts';
import { Icon } from '../app/icons.tsx';

interface Props {
  readonly title: string;
  readonly folded: boolean;
  readonly onToggle: () => void;
  readonly panels: readonly Panel[];
  /** One per panel, in the same order. */
  readonly children: readonly ReactElement[];
}

export function SectionView({ title, folded, onToggle, panels, children }: Props) {
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
            <div key={child.key} className="bz-slot" style={{ '--w': panels[i]?.width, '--h': panels[i]?.height } as CSSProperties}>
              {child}
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
