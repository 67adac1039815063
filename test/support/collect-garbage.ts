/**
 * Loaded into a process of the service by `--import`: at SIGUSR2 it collects its garbage, so that what its heap then holds is
 * what somebody still refers to.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
process.on('SIGUSR2', () => {
  // What only finalizers held goes with the second.
  collect()
  collect()
})
