/** The name that people give to what they make: trimmed, 1 to 200 characters, none of them a control character. */
import { z } from 'zod';

export const Name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'a name has no control characters');
