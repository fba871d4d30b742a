/**
 * What Bartizan says of records in the words of MITRE ATT&CK, by the names of its matrix for enterprises. Pure data, so that
 * queries, documents, the page and the docs say the same. https://attack.mitre.org/matrices/enterprise/
 */

export interface Mapping {
  /** Number of the technique. */
  readonly technique: string;
  readonly techniqueName: string;
  /** Name of the tactic that the technique is one of. */
  readonly tactic: string;
}

/** Refused flows to remote administration (ADMIN_PORTS). https://attack.mitre.org/techniques/T1110/ */
export const REFUSED_ADMINISTRATION: Mapping = { technique: 'T1110', techniqueName: 'Brute Force', tactic: 'Credential Access' };

/** Names of the techniques that records are mapped to, by number. */
export const TECHNIQUE_NAMES: ReadonlyMap<string, string> = new Map([REFUSED_ADMINISTRATION].map(({ technique, techniqueName }) => [technique, techniqueName]));
