/** Why a time of a CloudTrail trail is not proven by its digests: each code with its meaning. */

/** Codes are stable and never reused. */
export const DIGEST_FAULTS = {
  'digest-unreadable': 'The digest file cannot be read.',
  'digest-moved': 'The digest file does not lie where it says that it was delivered.',
  'signature-wrong': 'The signature is not that of the digest file: it was changed, or not written by AWS.',
  'signature-missing': 'The object has lost its signature: it was written anew by somebody.',
  'key-unknown': 'No public key of the digest’s fingerprint is known.',
  'key-not-valid': 'The digest was signed with a key that was not valid at its time.',
  'digest-missing': 'The digest that the next one names as its previous one is missing.',
  'digest-changed': 'The next digest names another hash or signature of this one.',
  'chain-restarted': 'A new chain begins: validation or logging was off, or the trail was made anew.',
  'chain-gap': 'Between two digests that name each other is time that neither covers.',
  'log-file-missing': 'A log file that the digest names is missing.',
  'log-file-changed': 'A log file has another hash than the digest says.',
  'log-file-unreadable': 'A log file could not be read.',
  'log-file-elsewhere': 'A log file lies in another bucket or under a name that is none of CloudTrail’s: it was not read.',
} as const;

export type DigestFaultCode = keyof typeof DIGEST_FAULTS;
