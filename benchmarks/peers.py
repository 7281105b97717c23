"""Time experiment trackers on the same work, one process a peer: `python peers.py PEER WORKLOAD [N]`.

Workloads
  loop    N steps of 4 metrics logged one call a step: cost of the call (median, p99), and until all is readable again
  read    read back one metric of N points written by the peer's fastest documented way (written outside the timing)
  search  N runs of 10 params and 10 metrics: create all, then all as a table, then one filtered query
  runs    N empty runs started and ended
  start   import, then first run started, one point logged, ended, in a fresh process

Prints one JSON object. Each peer uses its embedded default on a temporary folder (no network).
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time

peer, workload = sys.argv[1], sys.argv[2]
N = int(sys.argv[3]) if len(sys.argv) > 3 else None
HERE = tempfile.mkdtemp(prefix=f"bench-{peer}-")
os.chdir(HERE)
os.environ.update(
    WANDB_MODE="offline",
    WANDB_SILENT="true",
    TRACKIO_DIR=HERE,
    MLFLOW_TRACKING_URI=f"sqlite:///{HERE}/mlflow.db",
    MLFLOW_DISABLE_TELEMETRY="true",
    DO_NOT_TRACK="1",
    HF_HUB_OFFLINE="1",
    AIM_UI_TELEMETRY_ENABLED="0",
    GIT_PYTHON_REFRESH="quiet",
)
now = time.perf_counter


def row(i):
    return {"loss": 1.0 / (i + 1), "acc": i * 1e-6, "lr": 1e-3, "grad_norm": (i * 7919 % 1000) / 1000}


class Peer:
    def start(self, params=None): ...
    def log(self, metrics, step): ...
    def end(self): ...
    def read(self, key, run=None):
        raise NotImplementedError

    def table(self):
        raise NotImplementedError

    def query(self):
        raise NotImplementedError

    def bulk(self, key, values):
        for i, v in enumerate(values):
            self.log({key: v}, i)


class Mlflow(Peer):
    def __init__(self):
        import logging

        logging.disable(logging.CRITICAL)
        import mlflow

        self.m = mlflow
        mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
        mlflow.set_experiment("bench")

    def start(self, params=None):
        self.run = self.m.start_run()
        if params:
            self.m.log_params(params)

    def log(self, metrics, step):
        self.m.log_metrics(metrics, step=step)

    def end(self):
        self.m.end_run()

    def bulk(self, key, values):
        from mlflow.entities import Metric

        c = self.m.MlflowClient()
        ms = [Metric(key, v, 1_700_000_000_000 + i, i) for i, v in enumerate(values)]
        for j in range(0, len(ms), 1000):
            c.log_batch(self.run.info.run_id, metrics=ms[j : j + 1000])

    def read(self, key):
        h = self.m.MlflowClient().get_metric_history(self.run.info.run_id, key)
        return [x.value for x in h]

    def table(self):
        return len(self.m.search_runs(experiment_names=["bench"], max_results=50000))

    def query(self):
        return len(
            self.m.search_runs(
                experiment_names=["bench"], filter_string="metrics.m0 < 0.1 and params.p0 = '1'", max_results=50000
            )
        )


class MlflowAsync(Mlflow):
    def log(self, metrics, step):
        self.m.log_metrics(metrics, step=step, synchronous=False)

    def end(self):
        self.m.flush_async_logging()
        self.m.end_run()


class Wandb(Peer):
    def __init__(self):
        import wandb

        self.w = wandb

    def start(self, params=None):
        self.run = self.w.init(
            project="bench", config=params or {}, reinit=True, settings=self.w.Settings(console="off", x_disable_stats=True)
        )

    def log(self, metrics, step):
        self.run.log(metrics, step=step)

    def end(self):
        self.run.finish()


class Trackio(Peer):
    def __init__(self):
        import trackio

        self.t = trackio

    def start(self, params=None):
        import contextlib
        import io

        with contextlib.redirect_stdout(io.StringIO()):
            self.run = (
                self.t.init(project="bench", config=params or {}, auto_log_gpu=False)
                if "auto_log_gpu" in self.t.init.__code__.co_varnames
                else self.t.init(project="bench", config=params or {})
            )

    def log(self, metrics, step):
        self.t.log(metrics, step=step)

    def end(self):
        import contextlib
        import io

        with contextlib.redirect_stdout(io.StringIO()):
            self.t.finish()


class TensorBoard(Peer):
    def __init__(self):
        from tensorboardX import SummaryWriter

        self.S = SummaryWriter
        self.n = 0

    def start(self, params=None):
        self.n += 1
        self.dir = f"{HERE}/tb/{self.n}"
        self.w = self.S(self.dir)

    def log(self, metrics, step):
        for k, v in metrics.items():
            self.w.add_scalar(k, v, step)

    def end(self):
        self.w.close()

    def read(self, key):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        e = EventAccumulator(self.dir, size_guidance={"scalars": 0})
        e.Reload()
        return [s.value for s in e.Scalars(key)]


class Dvclive(Peer):
    def __init__(self):
        from dvclive import Live

        self.L = Live
        self.n = 0

    def start(self, params=None):
        self.n += 1
        self.live = self.L(f"{HERE}/dvc/{self.n}", save_dvc_exp=False, report=None, monitor_system=False)
        if params:
            self.live.log_params(params)

    def log(self, metrics, step):
        for k, v in metrics.items():
            self.live.log_metric(k, v)
        self.live.next_step()

    def end(self):
        self.live.end()


class Aim(Peer):
    def __init__(self):
        import logging

        logging.disable(logging.CRITICAL)
        from aim import Repo, Run

        self.R, self.Repo = Run, Repo
        Repo.from_path(HERE, init=True)

    def start(self, params=None):
        self.run = self.R(repo=HERE, system_tracking_interval=None, log_system_params=False, capture_terminal_logs=False)
        if params:
            self.run["hparams"] = params

    def log(self, metrics, step):
        self.run.track(metrics, step=step)

    def end(self):
        self.hash = self.run.hash
        self.run.close()

    def read(self, key):
        run = self.Repo.from_path(HERE).get_run(self.hash)
        from aim.sdk.sequences.sequence_type_map import SEQUENCE_TYPE_MAP  # noqa

        for m in run.metrics():
            if m.name == key:
                return list(m.values.values_list())


class Mltraq(Peer):
    def __init__(self):
        import logging

        logging.disable(logging.CRITICAL)
        import mltraq
        from mltraq import Sequence

        self.q, self.Seq = mltraq, Sequence
        self.s = mltraq.create_session(f"sqlite:///{HERE}/mltraq.db")
        self.n = 0

    def start(self, params=None):
        self.n += 1
        self.e = self.s.create_experiment(f"e{self.n}")
        self.run = self.e.runs.add(self.q.Run()) or list(self.e.runs.values())[0]
        self.run.fields.metrics = self.Seq()
        if params:
            self.run.fields.update(params)

    def log(self, metrics, step):
        self.run.fields.metrics.append(step=step, **metrics)

    def end(self):
        self.e.persist(if_exists="replace")

    def read(self, key):
        e = self.s.load_experiment(f"e{self.n}")
        return list(list(e.runs.values())[0].fields.metrics.df()[key])


class Nbtrack(Peer):
    def __init__(self):
        import nbtrack

        self.n = nbtrack
        nbtrack.connect(f"sqlite:///{HERE}/nbtrack.db")

    def start(self, params=None):
        self.run = self.n.start_run(params=params)

    def log(self, metrics, step):
        self.run.log(metrics, step=step)

    def end(self):
        self.run.end()

    def read(self, key):
        return self.n.get_run(self.run.id).metrics[key].values

    def table(self):
        return len(self.n.runs())

    def query(self):
        return len(self.n.runs("metrics.m0 < 0.1 and params.p0 = '1'"))


PEERS = dict(
    mlflow=Mlflow,
    mlflow_async=MlflowAsync,
    wandb=Wandb,
    trackio=Trackio,
    tensorboardX=TensorBoard,
    dvclive=Dvclive,
    aim=Aim,
    mltraq=Mltraq,
    nbtrack=Nbtrack,
)

t0 = now()
p = PEERS[peer]()
out = {"peer": peer, "workload": workload, "N": N, "setup_s": round(now() - t0, 3)}


def du(path):
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(path) for f in fs)


try:
    if workload == "loop":
        p.start({"lr": 1e-3})
        calls = []
        t = now()
        for i in range(N):
            r = row(i)
            a = now()
            p.log(r, i)
            calls.append(now() - a)
        out["loop_s"] = round(now() - t, 4)
        p.end()
        out["loop_and_end_s"] = round(now() - t, 4)
        calls.sort()
        out["call_us_median"] = round(statistics.median(calls) * 1e6, 2)
        out["call_us_p99"] = round(calls[int(len(calls) * 0.99)] * 1e6, 2)
        out["call_us_max"] = round(calls[-1] * 1e6, 1)
        out["points_per_s"] = round(4 * N / out["loop_and_end_s"])
        out["bytes_per_point"] = round(du(HERE) / (4 * N), 1)
        try:
            t = now()
            v = p.read("loss")
            out["read_s"] = round(now() - t, 4)
            out["read_n"] = len(v)
            assert len(v) == N, len(v)
        except NotImplementedError:
            pass
    elif workload == "read":
        p.start()
        t = now()
        p.bulk("loss", [1.0 / (i + 1) for i in range(N)])
        p.end()
        out["write_s"] = round(now() - t, 4)
        t = now()
        v = p.read("loss")
        out["read_s"] = round(now() - t, 4)
        out["read_n"] = len(v)
        out["bytes_per_point"] = round(du(HERE) / N, 1)
    elif workload == "search":
        t = now()
        for i in range(N):
            p.start({f"p{j}": str((i + j) % 7) for j in range(10)})
            p.log({f"m{j}": ((i * 31 + j) % 1000) / 1000 for j in range(10)}, 0)
            p.end()
        out["create_s"] = round(now() - t, 3)
        t = now()
        out["table_n"] = p.table()
        out["table_s"] = round(now() - t, 4)
        t = now()
        out["query_n"] = p.query()
        out["query_s"] = round(now() - t, 4)
    elif workload == "runs":
        t = now()
        for i in range(N):
            p.start()
            p.end()
        out["run_ms"] = round((now() - t) / N * 1e3, 3)
    elif workload == "start":
        t = now()
        p.start()
        p.log({"loss": 1.0}, 0)
        p.end()
        out["first_run_s"] = round(now() - t, 3)
        out["total_s"] = round(now() - t0, 3)
except Exception as e:
    out["error"] = f"{type(e).__name__}: {e}"[:300]
print(json.dumps(out))
sys.stdout.flush()
os.chdir("/")
shutil.rmtree(HERE, ignore_errors=True)
os._exit(0)
