"""Files of every format to drafts, in a process of their own."""
