"""How soon an explorer answers: in the kernel, and in the browser as the reader sees it."""
