/** Values by name in the metadata database. */
import { type Kysely, sql } from 'kysely';

export interface SettingTables {
  setting: { name: string; value: string };
}

/** Undefined where none was saved. */
export async function readSetting<T extends SettingTables>(database: Kysely<T>, name: string): Promise<string | undefined> {
  return (await settingsOf(database).selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst())?.value;
}

/** Makes it, or takes the place of what it was. */
export async function saveSetting<T extends SettingTables>(database: Kysely<T>, name: string, value: string): Promise<void> {
  await settingsOf(database)
    .insertInto('setting')
    .values({ name, value })
    .onConflict((c) => c.column('name').doUpdateSet({ value: sql`excluded.value` }))
    .execute();
}

function settingsOf<T extends SettingTables>(database: Kysely<T>): Kysely<SettingTables> {
  return database as unknown as Kysely<SettingTables>;
}
