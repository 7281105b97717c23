"""``nbtrack users``: who may use a server; a password is prompted for, or is the first line of standard input."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from getpass import getpass
from typing import TYPE_CHECKING

from ..entities.run import moment
from ..errors import InvalidInput
from ..server.auth.passwords import check_name, hash_password, hash_token, new_token
from ..settings import resolve

if TYPE_CHECKING:
    from ..server.auth.accounts import Accounts

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    parser.add_argument("--store", metavar="URI", help="the server's store, whose database has the users")
    parser.add_argument("--auth-db", metavar="URI", help="the database of the users, if it is another")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    new = _action(actions, "add", "add a user", _add)
    new.add_argument("--admin", action="store_true", help="the user may do everything")
    _action(actions, "password", "give a user another password", _set_password)
    _action(actions, "remove", "remove a user with all tokens and permissions", _remove)
    _action(actions, "list", "list all users", _list, named=False)
    tokens = actions.add_parser("token", help="create and revoke tokens, which programs use in place of a password")
    of_tokens = tokens.add_subparsers(metavar="ACTION", required=True)
    made = _action(of_tokens, "create", "create a token, and print it this once", _make_token)
    made.add_argument("token", metavar="TOKEN-NAME", help="what it is for, such as ci")
    _action(of_tokens, "revoke", "revoke a token", _revoke).add_argument("token", metavar="TOKEN-NAME")
    _action(of_tokens, "list", "list the tokens of a user", _list_tokens)


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    purpose: str,
    work: Callable[[Accounts, argparse.Namespace], None],
    *,
    named: bool = True,
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=purpose, description=purpose.capitalize() + ".")
    if named:
        action.add_argument("user", metavar="NAME", help="the user's name")
    action.set_defaults(work=work)
    return action


def run(arguments: argparse.Namespace) -> int:
    """Run an action."""
    from ..server.auth.accounts import open_accounts

    accounts = open_accounts(arguments.auth_db or resolve(arguments.store).for_writing.uri)
    try:
        arguments.work(accounts, arguments)
    finally:
        accounts.close()
    return 0


def _add(accounts: Accounts, arguments: argparse.Namespace) -> None:
    made = accounts.users.add(check_name(arguments.user), hash_password(_password()), is_admin=arguments.admin)
    print(f"{made.name} may use the server{', and do everything' if made.is_admin else ''}")


def _set_password(accounts: Accounts, arguments: argparse.Namespace) -> None:
    accounts.users.get(arguments.user)  # fail before a password is typed in vain
    accounts.users.set_password(arguments.user, hash_password(_password()))
    print(f"{arguments.user} has another password")


def _password() -> str:
    """Return a password; never from an argument, which every user of the machine could see."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        raise InvalidInput("the two passwords differ; nothing has changed")
    return password


def _remove(accounts: Accounts, arguments: argparse.Namespace) -> None:
    accounts.users.remove(arguments.user)
    print(f"{arguments.user} is removed")


def _list(accounts: Accounts, _arguments: argparse.Namespace) -> None:
    for user in accounts.users.all():
        print(f"{user.name}{'  (administrator)' if user.is_admin else ''}")


def _make_token(accounts: Accounts, arguments: argparse.Namespace) -> None:
    token = new_token()
    accounts.tokens.add(arguments.user, arguments.token, hash_token(token))
    print(token)


def _revoke(accounts: Accounts, arguments: argparse.Namespace) -> None:
    accounts.tokens.revoke(arguments.user, arguments.token)
    print(f"the token {arguments.token} of {arguments.user} is revoked")


def _list_tokens(accounts: Accounts, arguments: argparse.Namespace) -> None:
    for token in accounts.tokens.of(arguments.user):
        print(f"{token.name}  since {moment(token.created):%Y-%m-%d}")
