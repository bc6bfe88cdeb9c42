"""An SMTP server of a test's own, on a socket: it takes mails, refuses them, or goes away in the middle."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

TAKES, REFUSES, DROPS, NO_LOGIN = "takes", "refuses", "drops", "no login"
SECRET = "sesame-in-the-clear"


class _Conversation(socketserver.StreamRequestHandler):
    server: "MailServer"

    def handle(self) -> None:
        self._say("220 mail.example ready")
        for line in self.rfile:
            verb = line.decode().split()[0].upper() if line.strip() else ""
            if verb == "QUIT":
                self._say("221 bye")
                return
            if not self._answer(verb):
                return

    def _answer(self, verb: str) -> bool:
        mood = self.server.mood
        if verb in {"EHLO", "HELO"}:
            self._say("250-mail.example", "250 AUTH PLAIN") if mood == NO_LOGIN else self._say("250 mail.example")
        elif verb == "AUTH":
            self._say(f"535 5.7.8 wrong password {SECRET}")
        elif verb == "RCPT" and mood == REFUSES:
            self._say(f"550 5.1.1 nobody here is called so, nor has the password {SECRET}")
        elif verb == "DATA":
            self._say("354 go on")
            content = self._content()
            if mood == DROPS:
                return False
            self.server.mails.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
            self._say("250 taken")
        else:
            self._say("250 fine")
        return True

    def _content(self) -> bytes:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class MailServer(socketserver.ThreadingTCPServer):
    """`mails`: what it took; `mood`: what it does to the next one."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mood, self.mails = TAKES, list[EmailMessage]()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def running(settings: Any) -> Iterator[MailServer]:
    """A server that the product's settings name."""
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        settings.EMAIL_TIMEOUT = 5
        yield server
        server.shutdown()
