"""Locations of a store behind a server, whose clients cannot see its local folders."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from .places import Home, Places, Prefix, distinct, local_folder, own_prefixes

__all__ = ["earlier_roots", "served_places", "unserved_folders", "with_earlier"]


def served_places(artifact_root: str, home: Home | None, served: str) -> Places:
    """Return the locations of a store.

    Args:
        artifact_root: The root with which clients reach artifacts through the server.
        home: The folders that belong to the store; None if the database is not a file.
        served: The URI of the artifacts that the server keeps. Where that is the store's own folder, what clients make is kept
            relative to it, as what is made there without a server.
    """
    own, path = own_prefixes(home, served), local_folder(served)
    names = [served] if path is None else [str(path), os.path.realpath(path)]
    kept = next((place for name in names if (place := Places(keeping=own).kept(name)) != name), "")
    inside = [Prefix(kept, artifact_root, is_encoded=True)] if kept else []
    outside = [Prefix(name, artifact_root, is_encoded=True) for name in dict.fromkeys((*names, served))]
    others = [Prefix(each.kept, artifact_root, is_encoded=True) for each in distinct(own) if each.kept != kept]
    unserved = tuple(each.kept for each in others)
    return Places(kept or artifact_root, (*inside, *own), (*inside, *outside, *others), unserved)


def earlier_roots(places: Places, locations: Iterable[tuple[int, str]]) -> list[str]:
    """Return the local folders, as rows store them, that have experiments by their id and are not served.

    That is where a store put its files by default when it was used without the server: nobody can name a number in advance.
    """
    found: dict[str, None] = {}
    for number, location in locations:
        root, _, last = location.rpartition("/")
        prefix = places.prefix_of(root)
        is_unserved = local_folder(root) is not None if prefix is None else prefix.kept in places.unserved
        if last == str(number) and is_unserved:
            found[root] = None
    return list(found)


def with_earlier(places: Places, roots: Iterable[str]) -> Places:
    """Return locations that also show these roots as the server's: clients would take them for folders of their own."""
    new = tuple(root for root in roots if root not in places.unserved)
    shown = places.showing[0].shown if places.showing else ""
    prefixes = tuple(Prefix(root, shown, is_encoded=True) for root in new)
    return replace(places, showing=(*places.showing, *prefixes), unserved=(*places.unserved, *new))


def unserved_folders(home: Home | None, roots: Iterable[str]) -> tuple[str, ...]:
    """Return the folders of roots, as people know them."""
    own = Places(showing=distinct(own_prefixes(home, "")))
    return tuple(own.shown(root) for root in roots)
