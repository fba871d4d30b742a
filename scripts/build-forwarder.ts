// Puts the forwarder's code (deploy/aws/forwarder/) into its template, as one CommonJS file per function: what
// CloudFormation writes to index.js. So the template is all that a stack needs: no bucket, no upload.
// `node scripts/build-forwarder.ts` writes; a test fails while the template is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = new URL('../', import.meta.url);
export const TEMPLATE = fileURLToPath(new URL('deploy/aws/cloudwatch-forwarder.yaml', root));
const ENTRY = fileURLToPath(new URL('deploy/aws/forwarder/index.ts', root));

/** The bundle. The AWS SDK stays outside: Lambda's Node.js brings it. */
export async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      ssr: ENTRY,
      target: 'node22',
      minify: true,
      rolldownOptions: { external: [/^node:/, /^@aws-sdk\//], output: { format: 'cjs' } },
    },
    ssr: { target: 'node' },
  });
  if (!('output' in built)) throw new Error('one bundle was asked for');
  return built.output[0].code.trim();
}

/** `template` with every inline source (`ZipFile: |` and what is indented below it) replaced by `code`. */
export function inline(template: string, code: string): string {
  return template.replace(/^( *)ZipFile: \|-?\n(?:\1 .*\n|\n)*/gm, (_, indent: string) => {
    const lines = code.split('\n').map((line) => (line ? `${indent}  ${line}` : ''));
    return `${indent}ZipFile: |-\n${lines.join('\n')}\n`;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const template = readFileSync(TEMPLATE, 'utf8');
  writeFileSync(TEMPLATE, inline(template, await bundle()));
}
