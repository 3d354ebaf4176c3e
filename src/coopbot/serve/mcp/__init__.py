"""The Model Context Protocol: tools for the models of others, on standard input and output or over HTTP."""
