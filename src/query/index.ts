/**
 * The query layer's public face: text in, one parameterized ClickHouse statement out.
 *
 * text ─ lex ─► tokens ─ parse ─► tree ─ resolve ─► resolved tree ─ compile ─► Sql ─► Statement
 */
export { compile } from './compile.ts';
export { complete } from './complete.ts';
export type { Catalog, Compiled, CompileOptions, CompileResult, Diagnostic, ExtractionRule, LookupTable, Relations, Threats, Top } from './contract.ts';
export { EMPTY_CATALOG, isFor } from './contract.ts';
export { explain } from './explain.ts';
export { isConditionField } from './filter.ts';
export { zoneName } from './functions/time.ts';
export { fitsWildcard } from './match.ts';
export { vocabulary } from './offers.ts';
export { parse } from './parser.ts';
export { print } from './print.ts';
export { reference } from './reference.ts';
export { shape } from './shape.ts';
export { countStatement, extentStatement, fieldStatement, histogramStatement, recordsStatement, valuesStatement } from './statements.ts';
