import { guild, strongroom } from '../workflows/guild.ts'
import { suite } from './suite.ts'

/** Groups that keep to themselves, failures by name, and runs that stall. */
export const groups = suite({
  name: 'groups',
  share: 0.34,
  workflows: [guild, strongroom],
  rows: [
    'private value stored',
    'private value kept from an effect outside',
    'private value in the store of its group',
    'private key patched: applied',
    'private key patched: delivered',
    'failed put',
    'torn put',
    'failed get',
    'crash before put',
    'crash after put',
    'crash before get',
    'failure of a group told outside',
    'failure routed by its name',
    'failure routed otherwise',
    'stalled',
    'stalled again',
    'counted anew after a patch',
    'ended completed',
    'ended failed',
    'ended cancelled',
  ],
})
