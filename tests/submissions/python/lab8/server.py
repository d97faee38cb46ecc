#!/usr/bin/env python3
"""Lab 8, the server: the same conversation as in lab 7, in frames."""

import sys

import common
import listening
import log
from common import Failure, Left, ProtocolError, printable, reason
from connection import Client
from log import say
from users import StorageError, Users, check_password, parse_name

MAX_TRIES = 3


class Login:
    """The questions, until it is known who this is: `name`, `token`."""

    def __init__(self, client, users):
        self.client = client
        self.users = users
        self.wrong_answers = 0

    async def refuse(self, why):
        """The end, after too many."""
        await self.client.send(f"ERR {why}.")
        self.wrong_answers += 1
        if self.wrong_answers == MAX_TRIES:
            raise Left("had no right answer")

    async def run(self):
        self.token = await self.client.answer("token", "Have you a session?")
        self.name = self.users.name_of(self.token)
        if self.name:
            return await self.client.send(f"OK Welcome back, {self.name}!")
        if self.token:
            await self.client.send("ERR That session is over.")
        self.name = await self.ask_name()
        if self.users.knows(self.name):
            await self.check_password()
            greeting = f"OK Hello, {self.name}!"
        else:
            await self.register()
            greeting = f"OK Nice to meet you, {self.name}!"
        self.token = self.users.open_session(self.name)
        await self.client.send("TOKEN " + self.token)
        await self.client.send(greeting)

    async def ask_name(self):
        while True:
            try:
                return parse_name(await self.client.answer("name", "What is your name?"))
            except ValueError as problem:
                await self.refuse(problem)

    async def check_password(self):
        while True:
            password = await self.client.answer("password", "What is your password?")
            if self.users.is_password_of(self.name, password):
                return
            await self.refuse("That is not your password")

    async def register(self):
        while True:
            password = await self.client.answer("new-password", "Choose a password:")
            try:
                check_password(password)
            except ValueError as problem:
                await self.refuse(problem)
                continue
            if await self.client.answer("repeat-password", "Once more:") == password:
                return self.users.add(self.name, password)
            await self.refuse("Those were two different ones")


async def converse(client, users):
    login = Login(client, users)
    try:
        await login.run()
        while (message := await client.message()) is not None:
            if message == "exit":
                raise Left("said exit")
            if message == "logout":
                users.close_session(login.token)
                await client.send("OK See you.")
                raise Left("logged out")
            await client.send(message)
    except StorageError as error:
        say("error", f"users: {error}")
        await client.send("ERR That could not be stored, sorry.")
        raise Left("could not be served") from None
    raise Left("closed")


async def serve_client(connection, address, users):
    peer = common.address_text(address)
    say("connect", peer)
    with connection:
        try:
            await converse(Client(connection, peer), users)
        except Left as left:
            how = str(left)
        except ProtocolError as error:
            say("error", f"{peer} sent {error}")
            how = "is dropped: it broke the protocol"
        except TimeoutError:
            how = "is dropped: nothing came from it for too long"
        except OSError as error:
            how = f"is lost: {reason(error)}"
    say("disconnect", f"{peer} {how}")


async def serve(port):
    say("start", "lab8_framing")
    listeners = listening.listen(port or await listening.ask_port())
    users = Users("users.db")
    async for connection, address in listening.accept_in_turn(listeners):
        await serve_client(connection, address, users)


def main():
    parser = common.Parser("server", description="Knows who you are, and returns your messages.")
    parser.add_argument("port", metavar="PORT", type=common.port_number, nargs="?")
    port = parser.parse_args().port
    try:
        log.open_log("server.log")
    except OSError as error:
        raise Failure(f"open server.log: {reason(error)}") from None
    try:
        say("stop", listening.run(lambda: serve(port)))
    except (Failure, OSError) as error:  # which is told on the console as well
        say("error", printable(reason(error)))
        raise


if __name__ == "__main__":
    sys.exit(common.run("server", main))
