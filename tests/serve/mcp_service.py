"""`python -m tests.serve.mcp_service INDEX`: the tools over a small index on standard input and output."""

from __future__ import annotations

import sys
from pathlib import Path

from coopbot.index.live import LiveIndex
from coopbot.serve.logs import log_as_json
from coopbot.serve.mcp.server import make_server, serve_stdio
from coopbot.serve.mcp.tools import make_tools
from tests.fakes import BagOfWords
from tests.serve.small_service import answerer_over


def main() -> None:
    log_as_json()
    index = LiveIndex(Path(sys.argv[1]), BagOfWords().fingerprint)
    print("noise that must not reach the protocol", file=sys.stderr)
    serve_stdio(make_server(make_tools(answerer_over(index), index), base_of=lambda request: ""))


if __name__ == "__main__":
    main()
