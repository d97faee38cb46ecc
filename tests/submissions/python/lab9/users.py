"""Who may come in: names, hashes of their passwords, and sessions, in an SQLite database."""

import asyncio
import concurrent.futures
import hashlib
import hmac
import os
import secrets
import sqlite3
import time
import unicodedata

from common import Failure

MAX_NAME = 32  # characters
PASSWORD_BYTES = range(8, 129)
SESSION_SECONDS = 24 * 60 * 60


def parse_name(answer):
    """The name that this is; ValueError says what is wrong with it."""
    name = answer.strip(" ")
    if not 1 <= len(name) <= MAX_NAME:
        raise ValueError(f"A name has 1 to {MAX_NAME} characters")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise ValueError("A name has no control characters")
    return name


def check_password(password):
    if len(password.encode()) not in PASSWORD_BYTES:
        raise ValueError("A password has 8 to 128 bytes")


def slow_hash(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def quick_hash(token):
    """Enough for a token, which nobody can guess."""
    return hashlib.sha256(token.encode()).digest()


class StorageError(Exception):
    pass


class Users:
    def __init__(self, path):
        self.hasher = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        try:
            # SQLite gives its journals the mode that the database has.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self.database = sqlite3.connect(path, isolation_level=None)
            self.database.executescript("""
                CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, salt BLOB, hash BLOB);
                CREATE TABLE IF NOT EXISTS sessions (token BLOB PRIMARY KEY, name TEXT, ends REAL);
                """)
        except (OSError, sqlite3.Error) as error:
            raise Failure(f"open {path}: {error}") from None

    def execute(self, statement, *values):
        try:
            return self.database.execute(statement, values).fetchone()
        except sqlite3.Error as error:
            raise StorageError(error) from None

    def knows(self, name):
        return self.execute("SELECT 1 FROM users WHERE name = ?", name) is not None

    def hash_in_thread(self, password, salt):
        return asyncio.get_running_loop().run_in_executor(self.hasher, slow_hash, password, salt)

    async def add(self, name, password):
        """False if somebody was quicker."""
        salt = secrets.token_bytes(16)
        hash = await self.hash_in_thread(password, salt)
        if self.knows(name):
            return False
        self.execute("INSERT INTO users VALUES (?, ?, ?)", name, salt, hash)
        return True

    async def is_password_of(self, name, password):
        salt, right_hash = self.execute("SELECT salt, hash FROM users WHERE name = ?", name)
        if len(password.encode()) not in PASSWORD_BYTES:
            return False
        return hmac.compare_digest(await self.hash_in_thread(password, salt), right_hash)

    def open_session(self, name):
        token = secrets.token_hex(32)
        now = time.time()
        self.execute("DELETE FROM sessions WHERE ends <= ?", now)
        self.execute("INSERT INTO sessions VALUES (?, ?, ?)",
                     quick_hash(token), name, now + SESSION_SECONDS)
        return token

    def name_of(self, token):
        """Whose session it is, or None."""
        row = self.execute("SELECT name FROM sessions WHERE token = ? AND ends > ?",
                           quick_hash(token), time.time())
        return row and row[0]

    def close_session(self, token):
        self.execute("DELETE FROM sessions WHERE token = ?", quick_hash(token))

    def close(self):
        """No hash more, of those that are waited for."""
        self.hasher.shutdown(wait=False, cancel_futures=True)
