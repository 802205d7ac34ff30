"""Proxies that break connections: one in front of PostgreSQL, which knows enough of its protocol to do it at a chosen
moment, and one in front of anything."""
import contextlib
import fcntl
import socket
import struct
import termios
import threading

STARTUP_PROTOCOL = 196608


class Stop(Exception):
    """The connection is to be cut here."""


class PgProxy:
    """Listens on a free port and passes every connection on. What to break is set by the attributes, at any time.

    cut_commit_answers: so many answers "COMMIT" are kept back and their connections cut: committed, but nobody said so.
    cut_commits:        so many connections are cut when the client asks for the commit, before the server hears of it.
    cut_clients():      every client is cut off and its server's side stays open, as after a network that went away: the
                        server hears nothing of it.
    resume/stall:       stall() stops reading from clients; everything they send piles up at their side.
    """

    def __init__(self, port):
        self.server_port = port
        self.cut_commit_answers = 0
        self.cut_commits = 0
        self.cuts = 0
        self.from_client_bytes = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._lock = threading.Lock()
        self._pairs = []
        self._half_open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self):
        self._flowing.clear()

    def resume(self):
        self._flowing.set()

    def unread_bytes(self):
        """What clients have sent since the stall."""
        with self._lock:
            ends = [client for client, _ in self._pairs]
        return sum(struct.unpack("i", fcntl.ioctl(end, termios.FIONREAD, bytes(4)))[0] for end in ends)

    def cut_all(self):
        """Cuts every connection there is, wherever it stands."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            self._close(*pair)

    def cut_clients(self):
        with self._lock:
            pairs, self._pairs = self._pairs, []
            self._half_open += [server for _, server in pairs]
        for client, _ in pairs:
            reset(client)

    def close(self):
        self._listener.close()
        self.resume()
        self.cut_all()
        self._close(*self._half_open)

    @staticmethod
    def _close(*ends):
        for end in ends:
            reset(end)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                self._close(client)
                continue
            with self._lock:
                self._pairs.append((client, server))
            threading.Thread(target=self._relay, args=(client, server, self._pass_client), daemon=True).start()
            threading.Thread(target=self._relay, args=(server, client, self._pass_server), daemon=True).start()

    def _relay(self, source, sink, pass_one):
        try:
            with source.makefile("rb", buffering=1 << 16) as stream:
                pass_one(stream, sink)
        except (OSError, Stop, struct.error, ValueError):
            pass
        finally:
            with self._lock:
                kept = sink in self._half_open
            self._close(source, *([] if kept else [sink]))

    def _take(self, counter):
        with self._lock:
            if getattr(self, counter) <= 0:
                return False
            setattr(self, counter, getattr(self, counter) - 1)
            self.cuts += 1
            return True

    def _pass_client(self, stream, sink):
        self._pass_startup(stream, sink)
        while True:
            self._flowing.wait()
            message = read_message(stream)
            self.from_client_bytes += len(message)
            if message[:1] == b"Q" and b"COMMIT" in message[-64:] and self._take("cut_commits"):
                raise Stop
            sink.sendall(message)

    @staticmethod
    def _pass_startup(stream, sink):
        """Up to the startup message; SSL and GSS requests before it are passed on, the server says no to them."""
        while True:
            head = stream.read(8)
            length, code = struct.unpack("!II", head)
            sink.sendall(head + stream.read(length - 8))
            if code == STARTUP_PROTOCOL:
                return

    def _pass_server(self, stream, sink):
        while stream.peek(1)[:1] == b"N" and len(stream.peek(1)) == 1:
            sink.sendall(stream.read(1))
        while True:
            message = read_message(stream)
            if message[:1] == b"C" and message[5:] == b"COMMIT\0" and self._take("cut_commit_answers"):
                raise Stop
            sink.sendall(message)


def read_message(stream):
    """One message with its type byte and length; Stop at the end of the stream."""
    head = stream.read(5)
    if len(head) < 5:
        raise Stop
    length = struct.unpack("!I", head[1:])[0]
    return head + stream.read(length - 4)


class CutProxy:
    """Passes connections on to "HOST:PORT"; the first `cuts` of them whose client sends more than cut_bytes are reset
    there."""

    def __init__(self, server, cuts, cut_bytes):
        host, port = server.rsplit(":", 1)
        self._server = (host, int(port))
        self._lock = threading.Lock()
        self._left = cuts
        self._cut_bytes = cut_bytes
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                threading.Thread(target=self._pass, args=(server, client, None), daemon=True).start()
                threading.Thread(target=self._pass, args=(client, server, self._cut_bytes), daemon=True).start()

    def _is_to_cut(self):
        with self._lock:
            if self._left == 0:
                return False
            self._left -= 1
            self.cuts += 1
            return True

    def _pass(self, source, sink, bound):
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 12):
                passed += len(data)
                if bound is not None and passed > bound and self._is_to_cut():
                    break
                sink.sendall(data)
        reset(source)
        reset(sink)


def reset(end):
    """Closes it with a TCP reset."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()
