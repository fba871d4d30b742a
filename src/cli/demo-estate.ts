/** Reads the demo's files (content/demo/): the estate, what it asks of AWS, and the incident that is part of both. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import type { Activity, Incident } from '../demo/activity.ts';
import type { Estate } from '../demo/estate.ts';
import { activityWith, estateWith } from '../demo/incident.ts';
import { ActivitySchema, AdministratorsSchema, EstateSchema, IncidentSchema } from './demo-shapes.ts';

/** Where they lie, beside the sources and in the package alike. */
const FOLDER = new URL('../../content/demo/', import.meta.url);

const read = (name: string): unknown => parse(readFileSync(new URL(name, FOLDER), 'utf8'), { merge: true });

/** The estate with the incident's traffic and threats. Throws ZodError or a YAML error naming the place; so do the others. */
export function loadEstate(): Estate {
  return estateWith(EstateSchema.parse(read('estate.yaml')), loadIncident());
}

/** What is asked of AWS, with the incident's requests. */
export function loadActivity(): Activity {
  return activityWith(ActivitySchema.parse(read('activity.yaml')), loadIncident());
}

/** Who may do the most in the estate, for the list of administrators. */
export function loadAdministrators(): z.infer<typeof AdministratorsSchema> {
  return AdministratorsSchema.parse(read('administrators.yaml'));
}

export function loadIncident(): Incident {
  return IncidentSchema.parse(read('incident.yaml'));
}
