import type { RecordsResponse } from '../../api/contract.ts';

/** A stored record, as the server hands it to the page. */
export type Rec = RecordsResponse['records'][number];
