/** A place that takes a file: dropped on it, or chosen. */
import { type DragEvent, type ReactNode, useRef, useState } from 'react';

interface Props {
  readonly className: string;
  readonly label: string;
  /** Of the field that a file is chosen with. */
  readonly inputLabel: string;
  readonly onFile: (file: File) => void;
  /** `choose` opens the dialog of the system. */
  readonly children: (choose: () => void) => ReactNode;
}

export function FileDrop({ className, label, inputLabel, onFile, children }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (file: File | undefined): void => {
    if (file) onFile(file);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  return (
    <section
      className={`bz-drop ${className}`}
      aria-label={label}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        ref={input}
        type="file"
        className="bz-hidden"
        aria-label={inputLabel}
        tabIndex={-1}
        onChange={(event) => {
          take(event.currentTarget.files?.[0]);
          // The same file, chosen again, is a change too.
          event.currentTarget.value = '';
        }}
      />
      {children(() => input.current?.click())}
    </section>
  );
}
