"""What holds while things break: hundreds of viewers look at widgets, and upstreams, processes and disks fail
under them. `make bench-chaos`, or `python -m bench.chaos --help`.

    __main__    the command: runs scenarios, prints tables, then all of it as one line of JSON
    figures     what a scenario reports: rows of a table, and what must hold
    stage       the processes that are looked at, each of which can be killed and started again
    viewers     the load: a process of its own with one connection for each viewer
    crowd       the load as a scenario sees it: start it, read what was seen, end it
    page        what a viewer sees on a page

and one module a scenario: calls, faults (fault_list), kills, isolation, slow, many.
"""
