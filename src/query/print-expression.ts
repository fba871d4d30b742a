/** Expressions, names and strings as text that reads back to the same tree. */
import { type Expr, operands } from './tree.ts';

const RESERVED = new Set(['and', 'or', 'not', 'in', 'matches', 'as', 'by', 'if', 'true', 'false', 'null', 'row', 'column', 'nodrop', 'asc', 'desc', 'group']);

export function printString(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')}"`;
}

export function printName(name: string): string {
  return /^[A-Za-z_@][\w@.]*$/.test(name) && !RESERVED.has(name.toLowerCase()) ? name : `%${printString(name)}`;
}

/** Text of an expression: every inner operation in parentheses. */
export function printExpr(expr: Expr): string {
  switch (expr.node) {
    case 'literal':
      return typeof expr.value === 'string' ? printString(expr.value) : expr.text;
    case 'template':
      return `{{${expr.name}}}`;
    case 'regex':
      return `/${expr.source.replaceAll('/', '\\/')}/`;
    case 'field':
      return printName(expr.name);
    case 'call':
      return `${expr.name}(${expr.args.map(printExpr).join(', ')})`;
    case 'unary':
      return `${expr.op}${inner(expr.arg)}`;
    case 'binary':
      return (expr.op === 'and' || expr.op === 'or' ? operands(expr) : [expr.left, expr.right]).map(inner).join(` ${expr.op} `);
    case 'matches':
      return `${inner(expr.left)} ${expr.negate ? 'not ' : ''}matches ${inner(expr.pattern)}`;
    case 'in':
      return `${inner(expr.left)} ${expr.negate ? 'not ' : ''}in (${expr.list.map(printExpr).join(', ')})`;
    case 'subquery':
      return expr.printed ?? '[subquery: …]';
    case 'choose':
      return `if(${printExpr(expr.test)}, ${printExpr(expr.yes)}, ${printExpr(expr.no)})`;
  }
}

function inner(expr: Expr): string {
  const text = printExpr(expr);
  return ['unary', 'binary', 'matches', 'in'].includes(expr.node) || text.startsWith('-') ? `(${text})` : text;
}
