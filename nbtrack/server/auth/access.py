"""What one user may do: asked before anything is done."""

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
    """A user, and what was granted."""

    user: User
    default: Permission
    granted: dict[str, dict[str, Permission]]

    @classmethod
    def of(cls, user: User, grants: Iterable[Grant], default: Permission) -> Rights:
        """Return the rights of a user."""
        granted: dict[str, dict[str, Permission]] = {EXPERIMENT: {}, MODEL: {}}
        for each in grants:
            granted[each.kind][each.resource] = Permission(each.permission)
        return cls(user, default, granted)

    def on(self, kind: str, name: str) -> Permission:
        """Return what may be done with one thing."""
        return Permission.MANAGE if self.user.is_admin else self.granted[kind].get(name, self.default)

    def reads_all(self, kind: str) -> bool:
        """Tell whether nothing of a kind is hidden."""
        readable = self.default >= Permission.READ and all(each >= Permission.READ for each in self.granted[kind].values())
        return self.user.is_admin or readable


@dataclass(frozen=True, slots=True)
class Access:
    """Refuses what a user may not do; every method raises ``AccessDenied``."""

    rights: Rights
    index: ExperimentIndex
    accounts: Accounts

    def experiment(self, experiment_id: str, least: Permission) -> None:
        """Let pass who has a permission on an experiment."""
        if self.rights.on(EXPERIMENT, experiment_id) < least:
            raise _denied(self.rights.user, least, f"experiment {experiment_id}")

    def model(self, name: str, least: Permission) -> None:
        """Let pass who has a permission on a registered model."""
        if self.rights.on(MODEL, name) < least:
            raise _denied(self.rights.user, least, f"registered model {name!r}")

    def run(self, run_id: str, least: Permission) -> None:
        """Let pass who has a permission on a run's experiment; RunNotFound."""
        self.experiment(self.index.of_run(run_id), least)

    def logged_model(self, model_id: str, least: Permission) -> None:
        """Let pass who has a permission on a logged model's experiment; ModelNotFound."""
        self.experiment(self.index.of_model(model_id), least)

    def trace(self, trace_id: str, least: Permission) -> None:
        """Let pass who has a permission on a trace's experiment; TraceNotFound."""
        self.experiment(self.index.of_trace(trace_id), least)

    def runs(self, run_ids: Iterable[str], least: Permission = Permission.READ) -> None:
        """Let pass who has a permission on all that there are of some runs."""
        self._those(self.index.of_run, run_ids, least)

    def logged_models(self, model_ids: Iterable[str], least: Permission) -> None:
        """Let pass who has a permission on all that there are of some logged models."""
        self._those(self.index.of_model, model_ids, least)

    def traces(self, trace_ids: Iterable[str], least: Permission) -> None:
        """Let pass who has a permission on all that there are of some traces."""
        self._those(self.index.of_trace, trace_ids, least)

    def _those(self, find: Callable[[str], str], ids: Iterable[str], least: Permission) -> None:
        if least <= Permission.READ and self.rights.reads_all(EXPERIMENT):
            return
        for experiment_id in self.index.of_those(find, ids):
            self.experiment(experiment_id, least)

    def path(self, path: str, least: Permission, *, deep: bool = False) -> None:
        """Let pass who has a permission on the experiment that has a file; what no experiment has is the administrators'."""
        if self.rights.user.is_admin:
            return
        found = self.index.of_path(path, deep=deep)
        if not found:
            raise NotPermitted("Permission denied: this path belongs to no experiment, only an administrator may use it")
        for experiment_id in found:
            self.experiment(experiment_id, least)

    def readable(self, experiment_ids: Iterable[str]) -> tuple[str, ...]:
        """Return those of some experiments that may be read."""
        return tuple(each for each in experiment_ids if self.rights.on(EXPERIMENT, each) >= Permission.READ)

    def grant_to_creator(self, kind: str, name: str) -> None:
        """Let who has made something manage it."""
        self.accounts.grant(self.rights.user.id, Grant(kind, name, Permission.MANAGE))
        self.rights.granted[kind][name] = Permission.MANAGE  # for the rest of this request

    def rename(self, kind: str, name: str, new: str) -> None:
        """Let what everybody was granted hold under another name."""
        self.accounts.rename(kind, name, new)
        granted = self.rights.granted[kind]
        if name in granted:
            granted[new] = granted.pop(name)


def _denied(user: User, least: Permission, what: str) -> AccessDenied:
    return NotPermitted(f"Permission denied: {user.name!r} needs {least.name} on {what}")
