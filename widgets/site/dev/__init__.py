"""The development loop: `erp-widgets dev`. No other server loads any of it.

loop        the parent: watches files, and says what starts anew
processes   the mock ERP, and the servers that take over from each other
spare       a process with the libraries, which becomes the server
child       the server's process; where the code cannot be loaded, it serves the reason instead
application the application with what development changes in it: nothing kept, errors with their trace
front       what stands before it: the pages of mistakes, and the stream that tells browsers of a change
files       which files a browser shows something of, and whether they changed
trace       an error as a developer reads it
secrets     what no page may show
browser/    the script, the style sheet and the page of an error
"""
