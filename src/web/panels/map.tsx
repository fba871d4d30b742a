import type { PanelViewProps } from './props.ts';
export default function MapPanel({ panel }: PanelViewProps) {
  return <p>{panel.title}</p>;
}
