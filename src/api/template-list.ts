/** CloudFormation templates as the API gives them: what each asks, and one filled in. */
import { fillTemplate, readAwsTemplate, TemplateError, templateParameters } from './aws-templates.ts';
import { AWS_TEMPLATES } from './contract/aws-templates.ts';
import type { TemplateList } from './contract/sources.ts';
import { Problem } from './errors.ts';

export function listTemplates(): Promise<TemplateList['templates']> {
  return Promise.all(
    AWS_TEMPLATES.map(async ({ name, title, description, source, asked, given, outputs }) => ({
      name,
      title,
      description,
      kind: source ?? null,
      parameters: templateParameters(await readAwsTemplate(name)).map((parameter) => ({
        ...parameter,
        default: parameter.default ?? null,
        values: parameter.values ? [...parameter.values] : null,
        asked: asked.includes(parameter.name),
        given: given[parameter.name] ?? null,
      })),
      outputs: Object.entries(outputs).map(([output, setting]) => ({ name: output, setting })),
    })),
  );
}

/** Throws Problem. */
export async function filledTemplate(name: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  try {
    return fillTemplate(await readAwsTemplate(name), parameters);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    if (error.code === 'unknown-template') throw new Problem('not-found', error.message);
    throw new Problem('invalid-request', error.code === 'value-not-accepted' ? `parameters.${error.message}` : error.message);
  }
}
