/** What kind of client a user agent names. */

const CLIENTS: readonly (readonly [RegExp, string | ((m: RegExpExecArray) => string)])[] = [
  [/^(?:console|signin)\.amazonaws\.com|aws-?console|S3Console|CloudFront Console|AWSCloudTrail|AWS Service Console/i, 'AWS Console'],
  [/^(?:[\w-]+\.)+amazonaws\.com$|^AWS Internal$/i, 'AWS service'],
  [/\bTerraform\b/i, 'Terraform'],
  [/\bOpenTofu\b/i, 'OpenTofu'],
  [/\bPulumi\b/i, 'Pulumi'],
  [/\bAnsible\b/i, 'Ansible'],
  [/\baws-cdk\b|\bcdk\b/i, 'AWS CDK'],
  [/\bAWSPowerShell\b|\bAWS Tools for PowerShell\b/i, 'AWS Tools for PowerShell'],
  [/^aws-cli\//i, 'AWS CLI'],
  [/\b(?:Cloud9|aws-toolkit)\b/i, 'AWS Toolkit'],
  [/\bBoto3\//i, 'Boto3'],
  [/\bBotocore\//i, 'Botocore'],
  [/\bBoto\//i, 'Boto'],
  [
    /\baws-sdk-(nodejs|js|java|go|ruby|php|dotnet|net|cpp|rust|kotlin|swift|ios|android)(?:-v\d)?/i,
    (m) => `AWS SDK for ${SDKS[(m[1] as string).toLowerCase()]}`,
  ],
  [/\b(?:kubectl|kubernetes|eksctl)\b/i, 'Kubernetes'],
  [/\bS3Browser|Cyberduck|\bS3 Browser\b/i, 'S3 browser'],
  [/\b(?:rclone|s3cmd|s5cmd)\b/i, (m) => m[0].toLowerCase()],
  [/^curl\//i, 'curl'],
  [/^python-requests\//i, 'Python'],
  [/^Go-http-client\//i, 'Go'],
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^Mozilla\//, 'Browser'],
];

const SDKS: Readonly<Record<string, string>> = {
  nodejs: 'JavaScript',
  js: 'JavaScript',
  java: 'Java',
  go: 'Go',
  ruby: 'Ruby',
  php: 'PHP',
  dotnet: '.NET',
  net: '.NET',
  cpp: 'C++',
  rust: 'Rust',
  kotlin: 'Kotlin',
  swift: 'Swift',
  ios: 'iOS',
  android: 'Android',
};

/** Longer ones are judged by their beginning. */
const LONGEST = 1000;

/** `aws-cli/2.15.0 Python/3.11 …` → `AWS CLI`; empty for an empty one, `Other` for what nobody knows. */
export function clientOf(userAgent: string): string {
  if (userAgent === '') return '';
  // S3 puts it in brackets.
  const head = userAgent.slice(0, LONGEST).replace(/^\[/, '');
  for (const [pattern, name] of CLIENTS) {
    const match = pattern.exec(head);
    if (match) return typeof name === 'string' ? name : name(match);
  }
  return 'Other';
}
