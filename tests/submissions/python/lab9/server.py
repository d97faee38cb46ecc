#!/usr/bin/env python3
"""Lab 9, the server: everybody at once, and a person who answers."""

import asyncio
import sys

import common
import listening
import log
from common import Failure, Left, ProtocolError, printable, reason
from connection import Client
from console import Console
from dialog import Dialog
from log import say
from users import StorageError, Users, check_password, parse_name

MAX_TRIES = 3


class Login:
    """The questions, until it is known who this is: `name`, `token`."""

    def __init__(self, client, users):
        self.client = client
        self.users = users
        self.wrong_answers = 0

    def refuse(self, why):
        """The end, after too many."""
        self.client.send(f"ERR {why}.")
        self.wrong_answers += 1
        if self.wrong_answers == MAX_TRIES:
            raise Left("had no right answer")

    async def run(self):
        self.token = await self.client.answer("token", "Have you a session?")
        self.name = self.users.name_of(self.token)
        if self.name:
            self.client.send(f"OK Welcome back, {self.name}!")
            return
        if self.token:
            self.client.send("ERR That session is over.")
        greeting = None
        while not greeting:
            self.name = await self.ask_name()
            if self.users.knows(self.name):
                await self.check_password()
                greeting = f"OK Hello, {self.name}!"
            elif await self.register():
                greeting = f"OK Nice to meet you, {self.name}!"
            else:
                self.refuse("Somebody has just taken that name")
        self.token = self.users.open_session(self.name)
        self.client.send("TOKEN " + self.token)
        self.client.send(greeting)

    async def ask_name(self):
        while True:
            try:
                return parse_name(await self.client.answer("name", "What is your name?"))
            except ValueError as problem:
                self.refuse(problem)

    async def check_password(self):
        while True:
            password = await self.client.answer("password", "What is your password?")
            if await self.users.is_password_of(self.name, password):
                return
            self.refuse("That is not your password")

    async def register(self):
        """False if somebody else has taken the name meanwhile."""
        while True:
            password = await self.client.answer("new-password", "Choose a password:")
            try:
                check_password(password)
            except ValueError as problem:
                self.refuse(problem)
                continue
            if await self.client.answer("repeat-password", "Once more:") == password:
                return await self.users.add(self.name, password)
            self.refuse("Those were two different ones")


async def converse(client, users, dialog):
    login = Login(client, users)
    try:
        await login.run()
        client.name = login.name
        dialog.enter(client)
        while (message := await client.message()) is not None:
            if message == "exit":
                raise Left("said exit")
            if message == "logout":
                users.close_session(login.token)
                client.send("OK See you.")
                raise Left("logged out")
            dialog.message(client, message)
    except StorageError as error:
        say("error", f"users: {error}")
        client.send("ERR That could not be stored, sorry.")
        raise Left("could not be served") from None
    raise Left("closed")


async def serve_client(connection, address, users, dialog):
    peer = common.address_text(address)
    say("connect", peer)
    client = Client(connection, peer)
    try:
        await converse(client, users, dialog)
    except Left as left:
        how = str(left)
        dialog.leave(client)
        await client.say_goodbye()
    except ProtocolError as error:
        say("error", f"{peer} sent {error}")
        how = "is dropped: it broke the protocol"
    except OSError as error:
        how = f"is lost: {reason(error)}"
    finally:
        dialog.leave(client)
        client.close()
    say("disconnect", f"{peer} {how}")


async def attend(keyboard, dialog):
    while line := await keyboard.line():
        dialog.line(line)
    dialog.person_leaves()


async def serve(port):
    say("start", "lab9_dialog")
    keyboard = listening.Input()
    listeners = listening.listen(port or await listening.ask_port(keyboard))
    users = Users("users.db")
    console = Console()
    dialog = Dialog(console)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(attend(keyboard, dialog))
            tasks.create_task(wait_for(console.failure))
            async for connection, address in listening.accept_in_turn(listeners):
                tasks.create_task(serve_client(connection, address, users, dialog))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        users.close()
        console.close()


async def wait_for(future):
    await future


def main():
    parser = common.Parser("server", description="Shows what clients say, and sends answers.")
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
