/** Where the page opens. */
export const FIRST_DASHBOARD = 'vpc-overview';
