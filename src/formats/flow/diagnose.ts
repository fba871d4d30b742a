/**
 * Why a line is no record, in words for the person who will look at it. The decode loop only knows
 * where it stopped; a line that is wrong as a whole (binary, a wrong number of values) gets that reason
 * rather than its first bad value's.
 */
import { RAW_LIMIT, type RecordErrorCode } from '../../model/batch.ts';
import { type Plan, SLOTS } from './plan.ts';
import { utf8 } from './spellings.ts';

export interface Diagnosis {
  readonly code: RecordErrorCode;
  readonly message: string;
}

/** What the loop found: a code and the index of the value (-1: none in particular). */
export interface Failure {
  readonly code: RecordErrorCode;
  readonly at: number;
}

/**
 * Explains a line (without its line end). `plan`: the layout that was tried; undefined when none is
 * known for the line.
 */
export function diagnose(line: Uint8Array, length: number, plan: Plan | undefined, failure: Failure): Diagnosis {
  if (length > RAW_LIMIT) return { code: 'line-too-long', message: `the line has ${length} bytes, more than ${RAW_LIMIT}` };
  const control = line.findIndex((c) => c < 32 || c === 127);
  if (control >= 0) {
    return { code: 'binary-data', message: `control character 0x${line[control]!.toString(16).padStart(2, '0')} at byte ${control + 1} of the line` };
  }
  const text = utf8(line);
  if (text === undefined) return { code: 'invalid-utf8', message: 'the line is not valid UTF-8' };
  const values = text.split(' ');
  const empty = values.indexOf('');
  if (empty >= 0) return { code: 'empty-value', message: `value ${empty + 1} is empty: two spaces in a row, or a space at an end of the line` };
  if (!plan) {
    return {
      code: values.length > 14 ? 'too-many-fields' : 'too-few-fields',
      message: `${values.length} values and no header line fit no known layout: name the fields with --layout`,
    };
  }
  const wanted = plan.layout.length;
  if (values.length !== wanted) {
    const code = values.length < wanted ? 'too-few-fields' : 'too-many-fields';
    return { code, message: `${values.length} values where the layout has ${wanted} fields` };
  }
  return { code: failure.code, message: explain(failure, values, plan) };
}

function explain(failure: Failure, values: readonly string[], plan: Plan): string {
  const value = (name: string): string => values[plan.layout.indexOf(name)] ?? '-';
  const name = plan.layout[failure.at] ?? '';
  const shown = `${name}: "${shorten(values[failure.at] ?? '')}"`;
  switch (failure.code) {
    case 'not-a-number':
      return `${shown} is not a whole number`;
    case 'number-out-of-range':
      return `${shown} is more than ${SLOTS[plan.slots[failure.at]!]?.field.max ?? 4294967295}`;
    case 'not-an-address':
      return `${shown} is neither an IPv4 nor an IPv6 address`;
    case 'unknown-action':
      return `${shown} is neither ACCEPT nor REJECT`;
    case 'unknown-status':
      return `${shown} is none of OK, NODATA, SKIPDATA`;
    case 'invalid-utf8':
      return `${shown} is not valid percent-encoded UTF-8`;
    case 'time-out-of-range':
      return `start ${value('start') === '-' ? value('end') : value('start')} is before 2006-01-01 or more than 24 hours ahead of now`;
    case 'end-before-start':
      return `end ${value('end')} is before start ${value('start')}`;
    case 'time-missing':
      return 'neither start nor end has a value';
    default:
      return shown;
  }
}

/** At most 60 characters of a value, for a message. */
export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
