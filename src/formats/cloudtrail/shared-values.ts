/** JSON that many records share: what is made of it is made once a batch for each spelling. */
import { hashRange, type Source, SpellingTable } from '../intern.ts';
import type { RecordSlices } from './record-slices.ts';

const NOTHING: readonly number[] = [];

export class SharedValues {
  private readonly spellings = new SpellingTable();
  private made: (readonly number[])[] = [];
  private hash = 0;

  /** What was made of the value of a key; nothing where the record has none, undefined where it is new. */
  find(source: Source, slices: RecordSlices, key: number): readonly number[] | undefined {
    const from = slices.from[key]!;
    if (from === 0) return NOTHING;
    const to = slices.to[key]!;
    this.hash = hashRange(source, from, to);
    const known = this.spellings.find(source, from, to, this.hash);
    return known < 0 ? undefined : this.made[known];
  }

  /** Keeps what is made of the value that was not found just now. */
  add(source: Source, slices: RecordSlices, key: number, made: readonly number[]): readonly number[] {
    this.made[this.spellings.add(source.bytes, slices.from[key]!, slices.to[key]!, this.hash, 0, 0)] = made;
    return made;
  }

  /** Bytes of text held. */
  get size(): number {
    return this.spellings.size;
  }

  clear(): void {
    this.spellings.clear();
    this.made = [];
  }
}
