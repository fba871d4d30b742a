/** Samples of an open data directory; what enriches them is loaded when the first is tried. */
import { join } from 'node:path';
import { createEnricher } from '../enrich/enricher.ts';
import { Samples } from '../ingest/samples.ts';
import { epochSeconds } from './clock.ts';
import type { Workspace } from './workspace.ts';

export function samplesOf(workspace: Workspace): Pick<Samples, 'run'> {
  let samples: Samples | undefined;
  return {
    run(...asked) {
      const enricher = () => createEnricher(workspace.databases.databases, { internalNetworks: workspace.config.internalNetworks });
      samples ??= new Samples({ store: workspace.store, staging: join(workspace.config.data, 'staging'), enricher: enricher(), now: epochSeconds });
      return samples.run(...asked);
    },
  };
}
