/** The batch that the decoder of flow logs is filling. */
import type { Batch } from '../../model/batch.ts';
import { FLOW_DATASETS, FLOW_FORMATS } from '../../model/log-formats.ts';
import { BatchShares } from '../batch-shares.ts';
import type { DatasetRows, DeliveryPart } from '../result.ts';
import type { Table } from './columns.ts';
import type { Plan } from './plan.ts';
import type { RowReader } from './row.ts';
import { RECORD_STATUS } from './spellings.ts';

export class BatchUnderway extends BatchShares {
  private readonly reader: RowReader;

  constructor(capacity: number, reader: RowReader) {
    super(capacity, {
      rows: () => reader.tables.map((table) => table?.rows ?? 0),
      size: () => reader.values.size,
      stored: (sizes) => FLOW_FORMATS.reduce((sum, { flows }) => sum + sizes[FLOW_DATASETS.indexOf(flows)]!, 0),
      formats: (sizes, records) => formatsOf(reader, sizes, records),
      take: () => {
        const rows = takeTables(reader);
        reader.values.clear();
        return rows;
      },
    });
    this.reader = reader;
  }

  /** Keeps the row that the reader holds. `raw`: its bytes, where the columns would not give them back; `time`: the record's time, epoch milliseconds, where it is not its start. */
  keep(plan: Plan, raw: Uint8Array | undefined, time?: number): void {
    const { reader, counts } = this;
    const status = reader.keep(plan, raw);
    const place = status ? reader.place + 1 : reader.place;
    if (time !== undefined) (reader.tables[place] as Table).setMessageTime(time);
    if (status) {
      if (reader.recordStatus === RECORD_STATUS.NODATA) counts.nodata++;
      else counts.skipdata++;
    }
    this.count(place, raw?.length);
  }

  /** Keeps the row that the reader holds, which is `plain`. */
  keepPlain(): void {
    const { reader } = this;
    reader.flows.keep(reader.low, reader.high, undefined);
    this.count(reader.place);
  }
}

/** Records that are no rows count as what most of the rows are. */
function formatsOf(reader: RowReader, sizes: readonly number[], records: number): DeliveryPart['formats'] {
  const of = FLOW_FORMATS.map(({ name, flows, status }) => ({ name, rows: sizes[FLOW_DATASETS.indexOf(flows)]! + sizes[FLOW_DATASETS.indexOf(status)]! }));
  const others = records - of.reduce((sum, { rows }) => sum + rows, 0);
  const tried = FLOW_FORMATS.findIndex(({ flows }) => flows === FLOW_DATASETS[reader.place]);
  const most = of.reduce((a, b) => (b.rows > a.rows ? b : a), of[tried]!);
  const given = of.map((one) => [one.name, one.rows + (one === most ? others : 0)] as const);
  return Object.fromEntries(given.filter(([, count]) => count > 0));
}

/** The largest table takes the dictionaries and addresses as they are, the others what they use of them. */
function takeTables({ tables, values }: RowReader): DatasetRows[] {
  const largest = tables.reduce((a, b) => ((b?.rows ?? 0) > (a?.rows ?? 0) ? b : a));
  const take = (table: Table | undefined): Batch => table?.take(values, table !== largest) ?? noRows();
  return FLOW_DATASETS.map((dataset, i) => ({ dataset, batch: take(tables[i]) }));
}

function noRows(): Batch {
  return { rows: 0, columns: new Map(), addresses: { count: 1, bytes: new Uint8Array(16) } };
}
