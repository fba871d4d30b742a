/**
 * Writes the reference pages in docs/ that are derived from the tables of truth: fields, settings,
 * reasons for quarantine, formats, AWS templates, metrics, dashboards, operators, functions, diagnostics. `node scripts/docs.ts` writes them; a test
 * fails when one is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { templateParameters } from '../src/api/aws-templates.ts';
import { AWS_TEMPLATES, type AwsTemplate } from '../src/api/contract/aws-templates.ts';
import { METRICS, MOST_SOURCES } from '../src/api/metric-table.ts';
import { ConfigSchema, ENVIRONMENT, variable } from '../src/config.ts';
import { NOT_READY, NOTICES } from '../src/ingest/vitals.ts';
import { RECORD_ERRORS } from '../src/model/batch.ts';
import { ADDED_FIELDS, AWS_FIELDS, DERIVED_FIELDS, type Field, namesOf, TGW_FIELDS } from '../src/model/fields.ts';
import { reference } from '../src/query/index.ts';
import { cloudtrailPage } from './cloudtrail-page.ts';
import { dashboardPage } from './dashboard-page.ts';
import { FORMAT_PAGES } from './format-pages.ts';
import { code, MADE, table } from './markdown.ts';

function fieldRows(fields: readonly Field[]): string[][] {
  return fields.map((f) => {
    const [first = '', ...others] = namesOf(f);
    return [code(first), others.map(code).join(' '), f.since ? String(f.since) : '', f.type, f.derived && !f.aws ? 'computed' : code(f.columnType), f.doc];
  });
}

const FIELD_HEAD = ['Name', 'Also answers to', 'Since', 'Form', 'Stored as', 'Meaning'];

/** What each setting of a source is called on the page. */
const SETTINGS: Readonly<Record<NonNullable<AwsTemplate['outputs'][string]>, string>> = {
  queue: 'queue (name, ARN or URL)',
  bucket: 'bucket',
  prefix: 'prefix',
  region: 'region',
  roleArn: 'role ARN',
  externalId: 'external id',
  accessKeyId: 'access key id',
  secretAccessKey: 'secret access key, read from the secret of this ARN',
  endpointUrl: 'address of the source',
  accessKey: 'access key of the source',
};

function templateSection(entry: AwsTemplate): string {
  const text = readFileSync(new URL(`../deploy/aws/${entry.name}.yaml`, import.meta.url), 'utf8');
  const note = (name: string, secret: boolean): string => {
    const given = entry.given[name];
    return given === undefined ? '' : ` From Bartizan: ${SETTINGS[given]}.${secret ? ' Secret: pasted when the stack is made.' : ''}`;
  };
  const parameters = templateParameters(text).map((p) => [
    code(p.name),
    p.default === undefined ? 'needed' : p.default === '' ? 'empty' : code(p.default),
    p.values ? p.values.map(code).join(' ') : '',
    p.description + note(p.name, p.secret),
  ]);
  const descriptions = [...text.slice(text.indexOf('\nOutputs:')).matchAll(/^ {2}(\w+):\n(?: {4}Condition: .*\n)? {4}Description: (.*)$/gm)];
  if (descriptions.length !== Object.keys(entry.outputs).length) throw new Error(`${entry.name}: an output has no description of one line`);
  const outputs = descriptions.map(([, name = '', description = '']) => {
    const setting = entry.outputs[name];
    return [code(name), setting ? SETTINGS[setting] : '', description];
  });
  return `## ${entry.title}: ${code(`deploy/aws/${entry.name}.yaml`)}

${entry.description}

${table(['Parameter', 'Default', 'Values', 'Meaning'], parameters)}

${table(['Output', 'Setting of the source', 'Meaning'], outputs)}`;
}

const PAGES: Readonly<Record<string, () => string>> = {
  'fields.md': () => `# Fields

${MADE}

Every field answers to each of its names, in any letter case. A name with spaces is written \`%"Interface ID"\`. “Since” is
the version of the flow log format that brought the field.

## Of a VPC flow log (\`_index=vpc_flow\`, \`vpc_flow_status\`)

${table(FIELD_HEAD, fieldRows(AWS_FIELDS))}

## Of a transit gateway flow log (\`_index=tgw_flow\`, \`tgw_flow_status\`)

In the order of AWS’s default format, which has all of them. Those that VPC flow logs have too are in the same columns. There is
no action, and nothing that is computed from one.

${table(
  FIELD_HEAD.toSpliced(2, 1),
  fieldRows(TGW_FIELDS).map((row) => row.toSpliced(2, 1)),
)}

## Added by Bartizan

${table(FIELD_HEAD, fieldRows(ADDED_FIELDS))}

## Computed when read

${table(FIELD_HEAD, fieldRows(DERIVED_FIELDS))}
`,
  'configuration.md': () => `# Configuration

${MADE}

Settings come from a YAML file (\`--config FILE\`), then the environment, then the command line; the later wins. In the
environment a setting is \`BARTIZAN_\` and its name in capitals: \`BARTIZAN_RETENTION_DAYS=30\`. Lists are separated by commas there.

${table(
  ['Setting', 'Environment', 'Default', 'Meaning'],
  Object.entries(ConfigSchema.shape).map(([name, schema]) => {
    const fallback = name === 'workers' ? 'number of cores' : JSON.stringify((schema as z.ZodType).parse(undefined));
    return [code(name), code(variable(name)), code(fallback), (schema as z.ZodType).description ?? ''];
  }),
)}

## In the environment only

Secrets are no settings: they stand in no file and are never shown.

${table(
  ['Environment', 'Meaning'],
  Object.entries(ENVIRONMENT).map(([name, text]) => [code(name), text]),
)}
`,
  'quarantine.md': () => `# Quarantine

${MADE}

A record that cannot be read is kept with its bytes (up to 64 KiB), the byte offset in the decompressed file, the layout
that was tried and where it came from. It never stops a file and it is counted in every summary.

\`\`\`sh
bartizan quarantine list                 # by reason, and the newest
bartizan quarantine show ID              # one record, whole
bartizan quarantine retry                # read all again with today's code
bartizan quarantine retry ID --layout 'dstaddr srcaddr action start end'
\`\`\`

A retry stores what can be read now, once, and marks the record resolved; it is never deleted. The record goes through the settings
that its source has now ([sources](sources.md)), so that what a source masks today is stored masked; what its rules or its internal
traffic leave out is resolved without being stored.

${table(
  ['Reason', 'Meaning'],
  Object.entries(RECORD_ERRORS).map(([name, text]) => [code(name), text]),
)}
`,
  'aws-templates.md': () => `# AWS templates

${MADE}

Parameters and outputs of the CloudFormation templates. [aws.md](aws.md) says which one to take and how.

${AWS_TEMPLATES.map(templateSection).join('\n\n')}
`,
  'metrics.md': () => `# Health and metrics

${MADE}

\`GET /healthz\` answers while the process runs. \`GET /readyz\` answers 200 while the server takes and stores what comes, and 503
with reasons otherwise: \`{"ok":false,"reasons":[{"code","message"}],"notices":[]}\`. Codes are stable. A source in trouble is no reason: the
others go on, and \`bartizan_source_trouble\` tells of it. What the engine or the machine says, with statements and paths, is in a message
only where the request comes from a browser that is signed in, or carries the token of the data directory.

${table(
  ['Reason', 'Meaning'],
  Object.entries(NOT_READY).map(([name, text]) => [code(name), text]),
)}

Notices stand beside the reasons, also where the answer is 200:

${table(
  ['Notice', 'Meaning'],
  Object.entries(NOTICES).map(([name, text]) => [code(name), text]),
)}

\`GET /metrics\` is for Prometheus. The three need no session and hold no data of the logs; the names of sources are in the labels.
The first ${MOST_SOURCES} sources by name have metrics of their own: \`source\` is the id, \`name\` the name of today. Counters and
histograms count since the start of the server; what outlasts it is on the [completeness board](completeness.md). Metrics of
the process itself begin with \`bartizan_process_\` and \`bartizan_nodejs_\`.

${table(
  ['Metric', 'Type', 'Labels', 'Meaning'],
  METRICS.map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(' '), help]),
)}
`,
  'query-language.md': () => reference().replace(/^(# .*\n)/, `$1\n${MADE}\n`),
  'dashboards.md': dashboardPage,
  ...FORMAT_PAGES,
  'formats/cloudtrail.md': cloudtrailPage,
};

/** Page name → text. */
export function pages(): Map<string, string> {
  return new Map(Object.entries(PAGES).map(([name, write]) => [name, write()]));
}

if (import.meta.main) {
  for (const [name, text] of pages()) {
    const file = new URL(`../docs/${name}`, import.meta.url);
    let before = '';
    try {
      before = readFileSync(file, 'utf8');
    } catch {
      // A new page.
    }
    if (before !== text) {
      writeFileSync(file, text);
      console.log(`docs/${name}`);
    }
  }
}
