"""The model registry in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from typing_extensions import override

from ...entities.model import ModelStage, ModelVersionInfo, RegisteredModelInfo
from ...entities.run import now_ms
from ...errors import AlreadyExists, InvalidInput, ModelNotFound
from ..matching.model_registry import page_of_registered, page_of_versions
from ..protocol.model_registry import Registry, check_alias, check_model_name, check_tag, latest_of
from ..protocol.search import Page, Query
from ..text import storable

__all__ = ["MemoryModelRegistry"]

T = TypeVar("T")


@dataclass(slots=True)
class _Model:
    """A registered model, its versions by number, and the last number used."""

    info: RegisteredModelInfo
    versions: dict[int, ModelVersionInfo] = field(default_factory=dict)
    count: int = 0


class MemoryModelRegistry(Registry):
    """A model registry for as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._models: dict[str, _Model] = {}

    # Registered models.

    @override
    def create_model(self, name: str, *, description: str = "", tags: Mapping[str, str] | None = None) -> RegisteredModelInfo:
        name, description, checked = check_model_name(storable(name)), storable(description), _checked(tags)
        with self._lock:
            self._refuse_taken(name)
            now = now_ms()
            self._models[name] = _Model(RegisteredModelInfo(name, now, now, description, checked))
            return self._models[name].info

    @override
    def get_model(self, name: str) -> RegisteredModelInfo:
        with self._lock:
            return self._model(name).info

    @override
    def rename_model(self, name: str, new_name: str) -> RegisteredModelInfo:
        with self._lock:
            model, new_name = self._model(name), check_model_name(storable(new_name))
            if new_name != name:
                self._refuse_taken(new_name)
            del self._models[storable(name)]
            self._models[new_name] = model
            model.info = replace(model.info, name=new_name, updated=now_ms())
            model.versions = {number: replace(each, name=new_name) for number, each in model.versions.items()}
            return model.info

    @override
    def update_model(self, name: str, *, description: str) -> RegisteredModelInfo:
        with self._lock:
            model = self._model(name)
            model.info = replace(model.info, description=storable(description), updated=now_ms())
            return model.info

    @override
    def delete_model(self, name: str) -> None:
        with self._lock:
            self._model(name)
            del self._models[storable(name)]

    @override
    def search_models(self, search: Query) -> Page[RegisteredModelInfo]:
        with self._lock:
            infos = [model.info for model in self._models.values()]
        return page_of_registered(infos, search)

    @override
    def set_model_tag(self, name: str, key: str, value: str) -> None:
        tags = _checked({key: value})
        with self._lock:
            model = self._model(name)
            model.info = replace(model.info, tags={**model.info.tags, **tags})

    @override
    def delete_model_tag(self, name: str, key: str) -> None:
        with self._lock:
            model = self._model(name)
            model.info = replace(model.info, tags=_without(model.info.tags, storable(key)))

    @override
    def set_alias(self, name: str, alias: str, version: int) -> None:
        with self._lock:
            self._set_aliases(name, {**self._model(name).info.aliases, check_alias(alias): self._version(name, version).version})

    @override
    def delete_alias(self, name: str, alias: str) -> None:
        with self._lock:
            self._set_aliases(name, _without(self._model(name).info.aliases, storable(alias)))

    # Versions.

    @override
    def create_version(
        self,
        name: str,
        source: str,
        *,
        location: str = "",
        run_id: str = "",
        run_link: str = "",
        model_id: str = "",
        user: str = "",
        description: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> ModelVersionInfo:
        with self._lock:
            model, now = self._model(name), now_ms()
            model.count += 1
            new = ModelVersionInfo(
                name,
                model.count,
                now,
                now,
                source,
                location or source,
                description,
                run_id=run_id,
                run_link=run_link,
                model_id=model_id,
                user=user,
                tags=_checked(tags),
            )
            model.versions[model.count] = storable(new)
            model.info = replace(model.info, updated=now)
            return model.versions[model.count]

    @override
    def get_version(self, name: str, version: int) -> ModelVersionInfo:
        with self._lock:
            return self._version(name, version)

    @override
    def version_by_alias(self, name: str, alias: str) -> ModelVersionInfo:
        with self._lock:
            model = self._model(name)
            aliases = dict(model.info.aliases)
            if alias.lower() == "latest" and model.versions:
                aliases[alias] = max(model.versions)
            if storable(alias) not in aliases:
                raise ModelNotFound(f"Registered model alias {alias} not found; {name!r} has {', '.join(aliases) or 'none'}")
            return self._version(name, aliases[storable(alias)])

    @override
    def latest_versions(self, names: Sequence[str]) -> dict[str, list[ModelVersionInfo]]:
        with self._lock:
            known = {name: self._models[name].versions.values() if name in self._models else () for name in names}
            return {name: latest_of(versions) for name, versions in known.items()}

    @override
    def update_version(self, name: str, version: int, *, description: str) -> ModelVersionInfo:
        with self._lock:
            return self._change(name, self._version(name, version), description=storable(description), updated=now_ms())

    @override
    def transition(self, name: str, version: int, stage: ModelStage, *, archive_existing: bool = False) -> ModelVersionInfo:
        if archive_existing and not stage.is_active:
            raise InvalidInput(f"cannot archive existing model versions because {stage.value!r} is not an Active stage")
        with self._lock:
            moved, now = self._version(name, version), now_ms()
            for other in list(self._model(name).versions.values()) if archive_existing else ():
                if other.stage is stage and other.version != version:
                    self._change(name, other, stage=ModelStage.ARCHIVED, updated=now)
            self._touch(name, now)
            return self._change(name, moved, stage=stage, updated=now)

    @override
    def delete_version(self, name: str, version: int) -> None:
        with self._lock:
            self._version(name, version)
            model = self._model(name)
            del model.versions[version]
            self._set_aliases(name, {alias: number for alias, number in model.info.aliases.items() if number != version})
            self._touch(name, now_ms())

    @override
    def search_versions(self, search: Query) -> Page[ModelVersionInfo]:
        with self._lock:
            versions = [each for model in self._models.values() for each in model.versions.values()]
        return page_of_versions(versions, search)

    @override
    def set_version_tag(self, name: str, version: int, key: str, value: str) -> None:
        tags = _checked({key: value})
        with self._lock:
            old = self._version(name, version)
            self._change(name, old, tags={**old.tags, **tags})

    @override
    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        with self._lock:
            old = self._version(name, version)
            self._change(name, old, tags=_without(old.tags, storable(key)))

    # What several of these do.

    def _model(self, name: str) -> _Model:
        if storable(name) not in self._models:
            raise ModelNotFound(f"Registered Model with name={name} not found")
        return self._models[storable(name)]

    def _version(self, name: str, version: int) -> ModelVersionInfo:
        found = self._models[storable(name)].versions if storable(name) in self._models else {}
        if version not in found:
            raise ModelNotFound(f"Model Version (name={name}, version={version}) not found")
        return found[version]

    def _change(self, name: str, old: ModelVersionInfo, **changes: object) -> ModelVersionInfo:
        new = replace(old, **changes)  # type: ignore[arg-type]
        self._model(name).versions[old.version] = new
        return new

    def _touch(self, name: str, time: int) -> None:
        model = self._model(name)
        model.info = replace(model.info, updated=time)

    def _set_aliases(self, name: str, aliases: Mapping[str, int]) -> None:
        model = self._model(name)
        model.info = replace(model.info, aliases=dict(sorted(aliases.items())))
        for number, each in model.versions.items():
            its = tuple(alias for alias, version in model.info.aliases.items() if version == number)
            model.versions[number] = replace(each, aliases=its)

    def _refuse_taken(self, name: str) -> None:
        if name in self._models:
            raise AlreadyExists(f"Registered Model (name={name}) already exists; take another name")


def _without(values: Mapping[str, T], key: str) -> dict[str, T]:
    return {each: value for each, value in values.items() if each != key}


def _checked(tags: Mapping[str, str] | None) -> dict[str, str]:
    return dict(sorted(check_tag(*item) for item in storable(dict(tags or {})).items()))
