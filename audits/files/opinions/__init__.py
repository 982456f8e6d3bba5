"""What other scanners say of the same files: their alarms join ours, and never lift one.

They read and do not load. Their lists say what is forbidden; ours says what is allowed, so a silence of theirs is no
reason to pass anything. They are programs that read hostile bytes, so they run in the sandbox, by the interpreter of
whatever environment they are installed in.
"""
