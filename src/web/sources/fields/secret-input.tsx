/** A secret that the server keeps and never shows: empty leaves it as it is, and a switch forgets it. */
import { PasswordInput, Switch } from '@mantine/core';

interface Draft<S extends string> {
  readonly kept: readonly S[];
  readonly dropped: readonly S[];
}

interface Props<S extends string> {
  readonly name: S;
  readonly draft: Draft<S> & { readonly [name in S]: string };
  readonly set: (change: object) => void;
  readonly label: string;
  readonly description: string;
  readonly error: string | undefined;
  /** It can be another one, and not none. */
  readonly required?: boolean | undefined;
}

/** The proxy that requests go out by, which may hold a password. */
export const PROXY = {
  name: 'proxy',
  label: 'Outbound proxy',
  description: 'http://proxy.example.net:3128, with name:password@ where it asks. Goes before HTTPS_PROXY.',
} as const;

export function SecretInput<S extends string>({ name, draft, set, label, description, error, required = false }: Props<S>) {
  const kept = draft.kept.includes(name);
  const dropped = draft.dropped.includes(name);
  return (
    <div>
      <PasswordInput
        label={label}
        description={kept && !dropped ? `${description} One is stored: empty leaves it as it is.` : description}
        placeholder={kept && !dropped ? '••••••••  stored' : ''}
        classNames={{ innerInput: 'bz-mono' }}
        visibilityToggleButtonProps={{ 'aria-label': `Show the ${label.toLowerCase()}` }}
        autoComplete="off"
        maxLength={4096}
        value={draft[name]}
        required={required && !kept}
        error={error}
        onChange={(e) => set({ [name]: e.currentTarget.value })}
      />
      {kept && !required && (
        <Switch
          size="xs"
          mt={4}
          label={`Forget the stored ${label.toLowerCase()}`}
          checked={dropped}
          onChange={(e) => set({ dropped: e.currentTarget.checked ? [...draft.dropped, name] : draft.dropped.filter((field) => field !== name) })}
        />
      )}
    </div>
  );
}
