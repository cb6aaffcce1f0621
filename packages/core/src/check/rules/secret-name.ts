import { errorAt, type Rule } from '../rule.ts'

const allowed = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/

/** Secrets are names, not values. The malformed text is not printed: it may be a value. */
export const secretName: Rule = ({ graph }) =>
  Object.values(graph.tools).flatMap((tool) =>
    tool.secrets.flatMap((name, index) =>
      allowed.test(name)
        ? []
        : [
            errorAt('WAYSTONE_DEFINITION_SECRET_NAME', {
              place: tool.place,
              message: `secret ${index + 1} of tool "${tool.name}" has a malformed name of ${name.length} characters`,
              hint: 'Name it by letters, digits, _ . and -, beginning with a letter, 64 at most, e.g. STRIPE_KEY; the value itself must not stand here.',
            }),
          ],
    ),
  )
