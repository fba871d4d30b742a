/**
 * What can go wrong when EC2 is asked, explained as problems of S3 sources are (s3/problems.ts), with what EC2 says in its own way.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
import { CredentialsFailure, type Doing, explain, isThrottled, type S3Problem, type S3ProblemCode } from '../s3/problems.ts';

/** Each code with its meaning. Codes are stable and never reused. */
export const EC2_PROBLEMS = {
  'region-disabled': 'The region is not enabled for the account.',
  'credentials-refused': 'EC2 does not accept the credentials in this region.',
  'account-blocked': 'The account may not use EC2.',
  'answer-endless': 'The pages of an answer do not end.',
  'answer-too-large': 'A region has more than is taken.',
  'answer-incomplete': 'An answer lacks what it must have.',
  'clock-went-back': 'This machine’s clock was set back.',
  'not-stored': 'What was answered could not be stored.',
} as const;

export type Ec2ProblemCode = keyof typeof EC2_PROBLEMS | S3ProblemCode;
export type Ec2Problem = Omit<S3Problem, 'code'> & { readonly code: Ec2ProblemCode };

/** An Ec2Problem on its way up. */
export class Ec2Failure extends Error {
  readonly problem: Ec2Problem;
  constructor(code: Ec2ProblemCode, message: string, hint: string, retryable = true) {
    super(message);
    this.name = 'Ec2Failure';
    this.problem = { code, message, hint, retryable };
  }
}

/** Actions that the lookup needs, on all resources: EC2 knows no narrower grant for them. */
export const EC2_ACTIONS = ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeInstances', 'ec2:DescribeSecurityGroups'] as const;

/** Any error of the SDK or the network, explained. `doing.resource` names the region. */
export function explainEc2(error: unknown, doing: Doing): Ec2Problem {
  if (error instanceof Ec2Failure) return error.problem;
  if (error instanceof CredentialsFailure) return explain(error, doing);
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message : '';
  switch (name) {
    case 'UnauthorizedOperation': {
      const action = /not authorized to perform: (ec2:[A-Za-z]+)/.exec(message)?.[1] ?? doing.action;
      const deny = /explicit deny in an? ([a-z -]+?policy)/.exec(message)?.[1];
      return {
        code: 'access-denied',
        message: `${action} in ${doing.resource} is not allowed.`,
        hint: deny
          ? `A ${deny} denies it explicitly; such a denial wins over every permission.`
          : `Allow ${EC2_ACTIONS.join(', ')} on all resources (*) in the identity’s policy; a service control policy may leave out regions.`,
        retryable: false,
      };
    }
    case 'OptInRequired':
      return {
        code: 'region-disabled',
        message: `${doing.resource} is not enabled for the account.`,
        hint: 'Enable the region in the account’s settings, or take it out of this lookup.',
        retryable: false,
      };
    case 'AuthFailure':
      return {
        code: 'credentials-refused',
        message: `EC2 in ${doing.resource} does not accept the credentials.`,
        hint: 'In a region that is not enabled for the account EC2 answers so: enable it, or take it out of this lookup. Where no region accepts them, enter the keys again.',
        retryable: false,
      };
    case 'Blocked':
    case 'PendingVerification':
    case 'InvalidAccountState':
      return {
        code: 'account-blocked',
        message: `The account may not use EC2 in ${doing.resource} (${name}).`,
        hint: 'AWS support says why; new accounts are verified within a few hours.',
        retryable: true,
      };
  }
  if (isThrottled(error))
    return {
      code: 'throttled',
      message: `AWS asks for fewer requests (${doing.action} in ${doing.resource}).`,
      hint: 'The region is asked again at the next interval; a longer interval asks less often.',
      retryable: true,
    };
  return explain(error, doing);
}

/** Whether the same request may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof CredentialsFailure || error instanceof Ec2Failure) return false;
  const { code } = explainEc2(error, { action: '', resource: '' });
  return code === 'throttled' || code === 'server-error' || code === 'connection-lost' || code === 'timed-out';
}
