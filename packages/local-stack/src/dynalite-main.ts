import dynalite from 'dynalite'

// Its own process, so that it is stopped, frozen and killed by pid like the real ones. Argument: the port.
// The default delays of 500 ms imitate the real service's CREATING; nobody here waits for them to learn anything.
dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 }).listen(Number(process.argv[2]), '127.0.0.1')
