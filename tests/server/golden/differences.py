"""Where the server deliberately answers differently from MLflow's, and why: patterns of the lines of ``test_golden``."""

from __future__ import annotations

DIFFERENCES = {
    # Less than MLflow says.
    r' is "nothing", not (""|0)$': "what is empty or 0 is left out: clients read it as that",
    r'\.workspace is "nothing", not "default"$': "there are no workspaces",
    # More than MLflow says.
    r"/server-info .*\.answer\.(presigned|features_enabled|nbtrack)": "it can do other things",
    r'/runs/search .*\.inputs\.model_inputs is \[.*, not "nothing"$': "MLflow leaves them out of a search alone",
    r'(model_version|latest_versions|model_versions)(\[.\])*\.(aliases|model_id) is .*, not "nothing"$': "MLflow forgets them",
    r"\.model\.info\.(registrations|tags\[.\]\.value) is \[?.*digits": "MLflow notes a version only where the id was given",
    r'/get-download-uri .*is "mlflow-artifacts:.*, not "runs:': "where the files are, instead of the source that was given",
    # Requests that MLflow's server does not understand.
    r"\"filter\": \"(params\.p = 1|start_time = 'now'|name = 'a' OR name = 'b')\"": "the language of filters says more",
    r"\"filter\": \"status = 'READY'\"": "MLflow compares its numbers for states with the word",
    # Mistakes that it does not see, or takes for its own.
    r'"filter": "AND"': "MLflow drops a filter that it cannot read",
    r'"(run_view_type|status)": "SOM': "MLflow drops a word that it does not know",
    r'"artifact_location": "mlflow-artifacts:/a/\.\./\.\./b"': "a place does not lead out of itself",
    r'"order_by": \["metrics\.m", "metrics\.m DESC"\]': "it is the client's mistake: no 500",
    r'/experiments/update .*"new_name": "gone"': "that a name is taken has a code of its own, and no SQL in its message",
    # Messages that say more.
    r'/search .*"(filter|order_by)".* \.answer\.message is ': "a filter's mistake is shown with a caret under it",
    r'"page_token".* \.answer\.message is "Invalid page token': "it says what would do",
    r'"max_results".* \.answer\.message is "Invalid value .*at most': "it says how many would do",
    r'\.answer\.message is "no artifact \'': "in the words of the artifact store",
    # Forms.
    r'^PUT \S+/mlflow-artifacts/artifacts/.* \.answer is {}, not "nothing"$': "whatever is no file is JSON",
    r'(/nowhere|^GET \S+/experiments/create) .*("<!doctype html>|"error_code")': "and no HTML",
}
