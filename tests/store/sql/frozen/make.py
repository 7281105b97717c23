"""Make the database of the newest schema, once: ``python -m tests.store.sql.frozen.make``."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from nbtrack.entities.events import (
    ArtifactLogged,
    DatasetLogged,
    DocumentLogged,
    ModelMade,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    RunEnded,
)
from nbtrack.entities.model import LoggedModelStatus, ModelMetric, ModelStage
from nbtrack.entities.run import Dataset, Status
from nbtrack.entities.trace import Assessment, TraceInfo, TraceState
from nbtrack.store.open import open_store
from nbtrack.store.protocol.store import Store
from nbtrack.store.sql.schema.tables import HEAD

from ...building import START, batch, direct, rows, started

PARAMS = {
    "lr": 0.1,
    "epochs": 5,
    "amsgrad": True,
    "optimizer": "adam",
    "none": None,
    "layers": [64, 32],
    "nan": math.nan,
    "é 中": "🎉",
}
SMOOTH = [1 / (step + 1) for step in range(5000)]
ODD = [0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324]
TAGGED = Dataset("tagged", "abc", context="test", tags=(("seed", "7"), ("split", "é")))
PACKAGES = "numpy==2.0\n" * 50


def fill(store: Store) -> None:
    """Write what the test reads: three runs in two experiments."""
    store.create_experiment("vision", tags={"team": "blue"})
    data = Dataset("digits", "abc", "local", "digits.csv", "{}", '{"rows": 1797}', "train")
    facts = (
        ParamsLogged(PARAMS),
        DocumentLogged("packages", PACKAGES),
        ArtifactLogged("a/b.png", 7, "b" * 64),
        DatasetLogged(data),
    )
    store.apply([batch("finished", started("fit", "vision", user="ada", tags={"t": "1"}), *facts)])
    store.apply([batch("finished", first=5, lanes=[rows({"loss": SMOOTH, "acc": SMOOTH[::-1]})])])
    store.apply([batch("finished", first=5, lanes=[rows({"odd": ODD}, [5, 4, 3, 2, 1, -1], number=1)])])
    store.apply([batch("finished", RunEnded(Status.FINISHED, START + 60_000), first=5)])
    store.apply([batch("open", started("going on", owner="host:1:2"), lanes=[rows({"loss": [0.5]})])])
    store.apply([batch("deleted", started(), RunEnded(Status.FAILED, START + 1))])
    store.delete_run("deleted")
    fill_models(store)
    store.apply([direct("finished", DatasetLogged(TAGGED))])  # since schema 0003


def fill_models(store: Store) -> None:
    """Write what came with schema 0002: a registered model, a logged one and a trace."""
    registry, models = store.registry, store.models
    logged = models.create("1", name="net", source_run_id="finished", params={"lr": "0.1"}, tags={"t": "1"})
    seen = ModelMetric("loss", 0.5, START, 3, dataset_name="digits", dataset_digest="abc")
    store.apply([direct("finished", ModelMade(logged.id, 3), ModelRead("m-other"), ModelMeasured(logged.id, (seen,)))])
    models.finalize(logged.id, LoggedModelStatus.READY)
    registry.create_model("digits", description="é", tags={"team": "blue"})
    registry.create_version("digits", f"models:/{logged.id}", location="/data/net", run_id="finished", model_id=logged.id)
    registry.create_version("digits", "runs:/finished/net", tags={"k": "v"})
    registry.set_alias("digits", "champion", 1)
    registry.transition("digits", 2, ModelStage.PRODUCTION)
    thought = Assessment("a-1", "good", START, START, '{"value": true}')
    store.traces.start(TraceInfo("tr-1", "1", START, 5, TraceState.OK, "c", "?", "!", {"m": "1"}, {"t": "2"}, (thought,)))


def main() -> None:
    path = Path(__file__).with_name(f"schema-{HEAD}.db")
    if path.exists():
        sys.exit(f"{path} is there; a released schema is never made again")
    store = open_store(f"sqlite:///{path}", artifact_root=str(path.parent / "artifacts"))  # since schema 0004 relative
    fill(store)
    store.close()
    print(f"made {path}")


if __name__ == "__main__":
    main()
