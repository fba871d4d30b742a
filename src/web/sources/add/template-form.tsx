/** A CloudFormation template: its questions, the file filled in with the answers, and the commands that make the stack. */
import { Button, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { TemplateList } from '../../../api/contract/sources.ts';
import { explain } from '../../api/client.ts';
import { Icon } from '../../app/icons.tsx';
import { ProblemNote } from '../../library/problem.tsx';
import { filledTemplate, templatesQuery } from '../ask.ts';
import { Commands, Folded } from '../parts.tsx';
import { fieldProblems } from '../problems.ts';
import { stackCommands } from './commands.ts';

type Template = TemplateList['templates'][number];
type Parameter = Template['parameters'][number];

interface Props {
  readonly name: string;
  readonly region: string;
  /** Values by parameter; absent: the template's default. */
  readonly values: Readonly<Record<string, string>>;
  readonly onValue: (parameter: string, value: string) => void;
  /** What the source knows already, by the names that parameters give. */
  readonly known: Readonly<Record<string, string>>;
}

export function TemplateForm({ name, ...props }: Props) {
  const templates = useQuery(templatesQuery);
  const template = templates.data?.templates.find((t) => t.name === name);
  if (templates.isError) return <ProblemNote error={templates.error} />;
  return template ? <Form template={template} {...props} /> : <div aria-busy="true" className="bz-source-template" />;
}

function Form({ template, region, values, onValue, known }: Omit<Props, 'name'> & { template: Template }) {
  const [open, setOpen] = useState(false);
  const given = (p: Parameter): string | undefined => (p.given === null ? undefined : known[p.given]);
  const free = template.parameters.filter((p) => given(p) === undefined && !p.secret);
  const answer = (p: Parameter): string => given(p) ?? values[p.name] ?? p.default ?? '';
  // Defaults need not be said, and secrets are not written into a file.
  const filled = Object.fromEntries(template.parameters.filter((p) => !p.secret && answer(p) !== (p.default ?? '')).map((p) => [p.name, answer(p)]));
  const secrets = template.parameters.filter((p) => p.secret);
  const downloading = useMutation({
    mutationFn: () => filledTemplate(template.name, filled),
    onSuccess: (file) => save(file, `${template.name}.yaml`),
  });
  const problems = downloading.isError ? fieldProblems(explain(downloading.error).message) : new Map<string, string>();
  const rest = downloading.isError && (problems.size === 0 || problems.has('')) ? downloading.error : undefined;
  const field = (p: Parameter) => (
    <ParameterField
      key={p.name}
      parameter={p}
      value={answer(p)}
      wrong={problems.get(`parameters.${p.name}`)}
      onValue={(value) => {
        downloading.reset();
        onValue(p.name, value);
      }}
    />
  );
  const others = free.filter((p) => !p.asked);
  const othersWrong = others.some((p) => problems.has(`parameters.${p.name}`));
  return (
    <div className="bz-source-template">
      <p className="bz-dim">{template.description}</p>
      <div className="bz-source-grid">{free.filter((p) => p.asked).map(field)}</div>
      {others.length > 0 && (
        <Folded title="More of the template" open={open || othersWrong} onOpen={setOpen}>
          <div className="bz-source-grid">{others.map(field)}</div>
        </Folded>
      )}
      <ProblemNote error={rest} />
      <p>
        <Button size="xs" leftSection={<Icon name="download" size={14} />} loading={downloading.isPending} onClick={() => downloading.mutate()}>
          Download {template.name}.yaml
        </Button>{' '}
        <span className="bz-dim">
          with your answers in it: CloudFormation → Create stack → Upload a template file. Or on the command line:
          {secrets.length > 0 && ` ${secrets.map((p) => p.name).join(', ')} is secret and not in the file; paste it when it is asked.`}
        </span>
      </p>
      <Commands commands={stackCommands({ template: template.name, region, parameters: filled, secrets: secrets.map((p) => p.name) })} />
      <Outputs template={template} />
    </div>
  );
}

function ParameterField({
  parameter,
  value,
  wrong,
  onValue,
}: {
  parameter: Parameter;
  value: string;
  wrong: string | undefined;
  onValue: (value: string) => void;
}) {
  const { label, description, values } = parameter;
  if (values)
    return (
      <Select label={label} description={description} data={values} value={value} allowDeselect={false} error={wrong} onChange={(v) => onValue(v ?? '')} />
    );
  return (
    <TextInput
      label={label}
      description={description}
      classNames={{ input: 'bz-mono' }}
      value={value}
      spellCheck={false}
      error={wrong}
      onChange={(e) => onValue(e.currentTarget.value)}
    />
  );
}

const SETTING: Readonly<Record<string, string>> = {
  queue: 'Queue',
  bucket: 'Bucket',
  prefix: 'Prefix',
  region: 'Region',
  roleArn: 'Role ARN',
  externalId: 'External id',
  accessKeyId: 'Access key id',
  secretAccessKey: 'Secret access key (it names where the secret is read)',
};

function Outputs({ template }: { template: Template }) {
  const used = template.outputs.filter((output) => output.setting !== null);
  if (used.length === 0) return null;
  return (
    <>
      <p>The stack’s outputs are what the next step asks for:</p>
      <table className="bz-source-list">
        <thead>
          <tr>
            <th>Output</th>
            <th>Field of the source</th>
          </tr>
        </thead>
        <tbody>
          {used.map(({ name, setting }) => (
            <tr key={name}>
              <td className="bz-mono">{name}</td>
              <td>{SETTING[setting ?? ''] ?? setting}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** A file of the browser's downloads. */
function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
