/** Before each file: the engine has one data directory in a process, and what the last statements of the file before hold is free then. */
import { drainPending } from 'chdb';
import { beforeAll } from 'vitest';

beforeAll(() => drainPending());
