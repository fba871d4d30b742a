/** What a dialog could not do, in place and in words. */
import { explain } from '../api/client.ts';
import { Icon } from '../app/icons.tsx';

export function ProblemNote({ error }: { error: unknown }) {
  if (!error) return null;
  const { message, hint, code } = explain(error);
  return (
    <p className="bz-library-problem" role="alert">
      <Icon name="warn" size={14} /> {message} {hint && <span className="bz-dim">{hint}</span>} <code className="bz-dim">{code}</code>
    </p>
  );
}
