/** A mistake with its place: the text with the wrong part underlined, what is wrong, and the way out. */
interface Wrong {
  readonly span?: { readonly start: number; readonly end: number } | undefined;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Characters shown on either side of the wrong part. */
const AROUND = 60;

export function Problem({ text, wrong, id }: { text: string; wrong: Wrong; id?: string }) {
  const { span, message, hint } = wrong;
  const start = span ? Math.min(span.start, text.length) : 0;
  const end = span ? Math.min(Math.max(span.end, start), text.length) : 0;
  return (
    <div className="bz-rule-problem" role="alert" id={id}>
      {span && text !== '' && (
        <code>
          {start > AROUND && '…'}
          {text.slice(Math.max(0, start - AROUND), start)}
          <mark>{text.slice(start, end) || ' '}</mark>
          {text.slice(end, end + AROUND)}
          {end + AROUND < text.length && '…'}
        </code>
      )}
      <p>
        {message} {hint && <span className="bz-dim">{hint}</span>}
      </p>
    </div>
  );
}
