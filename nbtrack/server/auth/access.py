"""Checks what one user may do, before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...errors import AccessDenied, NotPermitted
from .accounts import Accounts, Grant, User
from .experiment_index import ExperimentIndex
from .permissions import EXPERIMENT, MODEL, Permission

__all__ = ["Access", "Rights"]


@dataclass(frozen=True, slots=True)
class Rights:
    """A user with all grants.

    Attributes:
        user: The user; an administrator may do everything.
        default: The permission on whatever the user has no grant for.
        granted: The permissions by kind and resource.
    """

    user: User
    default: Permission
    granted: dict[str, dict[str, Permission]]

    @classmethod
    def of(cls, user: User, grants: Iterable[Grant], default: Permission) -> Rights:
        """Return the rights that a user's grants amount to."""
        granted: dict[str, dict[str, Permission]] = {EXPERIMENT: {}, MODEL: {}}
        for each in grants:
            granted[each.kind][each.resource] = Permission(each.permission)
        return cls(user, default, granted)

    def on(self, kind: str, name: str) -> Permission:
        """Return the permission on one resource."""
        return Permission.MANAGE if self.user.is_admin else self.granted[kind].get(name, self.default)

    def reads_all(self, kind: str) -> bool:
        """Return whether every resource of a kind is readable."""
        readable = self.default >= Permission.READ and all(each >= Permission.READ for each in self.granted[kind].values())
        return self.user.is_admin or readable


@dataclass(frozen=True, slots=True)
class Access:
    """Raises ``AccessDenied`` when a user lacks a permission.

    Attributes:
        rights: The user's rights.
        index: Finds the experiment that a run, model, trace or file belongs to.
        accounts: Where grants are kept.
    """

    rights: Rights
    index: ExperimentIndex
    accounts: Accounts

    def experiment(self, experiment_id: str, least: Permission) -> None:
        """Require a permission on an experiment."""
        if self.rights.on(EXPERIMENT, experiment_id) < least:
            raise _denied(self.rights.user, least, f"experiment {experiment_id}")

    def model(self, name: str, least: Permission) -> None:
        """Require a permission on a registered model."""
        if self.rights.on(MODEL, name) < least:
            raise _denied(self.rights.user, least, f"registered model {name!r}")

    def run(self, run_id: str, least: Permission) -> None:
        """Require a permission on a run's experiment; RunNotFound."""
        self.experiment(self.index.of_run(run_id), least)

    def logged_model(self, model_id: str, least: Permission) -> None:
        """Require a permission on a logged model's experiment; ModelNotFound."""
        self.experiment(self.index.of_model(model_id), least)

    def trace(self, trace_id: str, least: Permission) -> None:
        """Require a permission on a trace's experiment; TraceNotFound."""
        self.experiment(self.index.of_trace(trace_id), least)

    def runs(self, run_ids: Iterable[str], least: Permission = Permission.READ) -> None:
        """Require a permission on the experiments of those of some runs that exist."""
        self._existing(self.index.of_run, run_ids, least)

    def logged_models(self, model_ids: Iterable[str], least: Permission) -> None:
        """Require a permission on the experiments of those of some logged models that exist."""
        self._existing(self.index.of_model, model_ids, least)

    def traces(self, trace_ids: Iterable[str], least: Permission) -> None:
        """Require a permission on the experiments of those of some traces that exist."""
        self._existing(self.index.of_trace, trace_ids, least)

    def _existing(self, find: Callable[[str], str], ids: Iterable[str], least: Permission) -> None:
        if least <= Permission.READ and self.rights.reads_all(EXPERIMENT):
            return  # the usual case, without a look-up for each id
        for experiment_id in self.index.of_existing(find, ids):
            self.experiment(experiment_id, least)

    def path(self, path: str, least: Permission, *, deep: bool = False) -> None:
        """Require a permission on the experiment that a file belongs to; files of no experiment are for administrators only.

        Args:
            path: A path in the artifact store.
            least: The permission.
            deep: Whether the experiments of all files below the path count too.
        """
        if self.rights.user.is_admin:
            return
        found = self.index.of_path(path, deep=deep)
        if not found:
            raise NotPermitted("Permission denied: this path belongs to no experiment, only an administrator may use it")
        for experiment_id in found:
            self.experiment(experiment_id, least)

    def readable(self, experiment_ids: Iterable[str]) -> tuple[str, ...]:
        """Return the readable ones of some experiments."""
        return tuple(each for each in experiment_ids if self.rights.on(EXPERIMENT, each) >= Permission.READ)

    def grant_to_creator(self, kind: str, name: str) -> None:
        """Grant the user MANAGE on a resource that the user has created."""
        self.accounts.grants.set(self.rights.user.id, Grant(kind, name, Permission.MANAGE))
        self.rights.granted[kind][name] = Permission.MANAGE  # for the rest of this request

    def rename(self, kind: str, name: str, new: str) -> None:
        """Move all grants on a resource to its new name."""
        self.accounts.grants.rename(kind, name, new)
        granted = self.rights.granted[kind]
        if name in granted:
            granted[new] = granted.pop(name)


def _denied(user: User, least: Permission, what: str) -> AccessDenied:
    return NotPermitted(f"Permission denied: {user.name!r} needs {least.name} on {what}")
