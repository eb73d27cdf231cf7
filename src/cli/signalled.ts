/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function signalled(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = () => {
      for (const name of ['SIGTERM', 'SIGINT']) {
        process.off(name, onSignal)
        // The kernel gives the first process of a container no signal that it does not listen to (pid_namespaces(7)).
        if (process.pid === 1) process.on(name, () => process.exit(1))
      }
      resolve()
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
