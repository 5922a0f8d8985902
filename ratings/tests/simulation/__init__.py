"""A simulated cloud that knows what was really used, and a rater that is told of it badly.

Everything follows from one seed. The story, from the first module to the last:

    words       what a message says, and what is charged for what
    wire        the same as bytes, in every format that services send
    life        one resource: what happens to it, and what is told of that
    instances, volumes, others      the lives that resources of each kind lead
    cloud       tenants, resources, audits and noise of some days
    network     how messages get lost, doubled, late and out of order
    sabotage    processes, connections and servers that die at chosen statements
    site        PostgreSQL, and the processes of ratings on it
    office      prices that change and orders that are issued
    drive       the clock: who does what when, and what they answered
    rules       the ledger that the rules ask for, worked out naively
    verdicts    the comparison of the ledger with the rules, and with the truth
    campaign    many clouds, the figures, and a failure made small
    bugs        faults put into the code on purpose, to see that they are caught
"""
